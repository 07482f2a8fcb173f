//! Running a task from its beginning to its end.

mod outcome;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use keruta_api::{LogLevel, Receipt, ReceiptOutcome, Task, TaskStatus};
use keruta_redact::Redactor;

use crate::api::{Api, ApiError};
use crate::backoff::Backoff;
use crate::checkout::{self, Checkout};
use crate::config::{ApiArgs, LogArgs, LogSource, PatienceArgs, TaskArgs, level};
use crate::control::{self, Desk, Socket};
use crate::diagnostics::{error, info, set_level, warning};
use crate::logs::{Place, Shipping};
use crate::output::{Output, Sink, Tail};
use crate::report::Reporter;
use crate::supervise::{End, Limits, Supervisor, Told};
use crate::{artifacts, exit, prepare, receipt, secret};
use outcome::{Outcome, Stop};

/// How much of the output's end goes into the receipt; more would not fit.
const TAIL: usize = 2048;
/// How long a Pod that is to end lets the agent say so, after the grace of the command.
const LAST_WORD: Duration = Duration::from_secs(4);
/// How long the end waits for an API that never answered.
const NEVER_HEARD: Duration = Duration::from_secs(5);
/// How long the cleanup script may take.
const CLEANUP: Duration = Duration::from_secs(60);
/// How often a repository is tried to be cloned.
const CLONES: u32 = 4;
/// How often a failed Pod is tried again, where the manifest says so.
const RETRIES: &str = "KERUTA_BACKOFF_LIMIT";
/// In the task's scratch directory: what was there to be handed in before it began.
const BEFORE: &str = "docs.json";
/// What every container in a cluster has.
const IN_CLUSTER: &str = "KUBERNETES_SERVICE_HOST";

/// Runs a task: its script, or the command after `--`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ExecuteArgs {
    #[command(flatten)]
    pub(crate) task: TaskArgs,
    #[command(flatten)]
    pub(crate) api: ApiArgs,
    #[command(flatten)]
    pub(crate) patience: PatienceArgs,
    #[command(flatten)]
    pub(crate) log: LogArgs,
    /// What the agent says of itself on standard error
    #[arg(long, env = "KERUTA_LOG_LEVEL", value_name = "LEVEL", value_parser = level, default_value = "INFO")]
    pub(crate) log_level: LogLevel,
    /// Leaves out the document and the install script
    #[arg(long)]
    pub(crate) skip_init: bool,
    /// Leaves out the cleanup script
    #[arg(long)]
    pub(crate) no_cleanup: bool,
    /// Gives the command a terminal as its input, and tells the API where it waits for an answer
    #[arg(long, env = "KERUTA_PTY", value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub(crate) pty: bool,
    /// What is run in place of the task's script
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// Runs the task, and says what to end with.
pub(crate) fn execute(args: &ExecuteArgs) -> u8 {
    set_level(args.log_level);
    // The command has the same user, and could read the token out of the agent's memory or `/proc/<pid>/environ` otherwise.
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable) {
        warning!("the agent's memory cannot be closed to other processes: {error}");
    }
    let api = match Api::of(&args.api) {
        Ok(api) => api,
        Err(error) => {
            error!("{error}");
            return exit::USAGE;
        }
    };
    let supervisor = match Supervisor::start() {
        Ok(supervisor) => supervisor,
        Err(error) => {
            error!("there is no room for the agent's own work: {error}");
            return exit::AGENT;
        }
    };
    Execution::new(args, api, supervisor).run()
}

struct Execution<'a> {
    args: &'a ExecuteArgs,
    api: Option<Api>,
    supervisor: Supervisor,
    reporter: Option<Reporter>,
    began: Instant,
    started_at: Timestamp,
    tail: Arc<Mutex<Tail>>,
    output: Output,
    redactor: Redactor,
    shipping: Option<Arc<Shipping>>,
    spool: Option<PathBuf>,
    socket: Option<Socket>,
    /// What the tasks before have left to be handed in; `None` where this one has not begun.
    before: Option<artifacts::Before>,
    variables: Vec<(String, String)>,
    attempt: Option<u32>,
}

impl<'a> Execution<'a> {
    fn new(args: &'a ExecuteArgs, api: Option<Api>, supervisor: Supervisor) -> Self {
        let tail = Arc::new(Mutex::new(Tail::new(TAIL)));
        let output = Output { tail: Some(Arc::clone(&tail)), ..Output::through() };
        let token = api.as_ref().and_then(Api::token);
        let redactor = secret::redactor(token.as_ref(), &args.log.redact_env).unwrap_or_else(|error| {
            warning!("{error}; none but the agent's own token is");
            secret::redactor(token.as_ref(), &[]).unwrap_or_default()
        });
        Self {
            args,
            api,
            supervisor,
            reporter: None,
            began: Instant::now(),
            started_at: Timestamp::now(),
            tail,
            output,
            redactor,
            shipping: None,
            spool: None,
            socket: None,
            before: None,
            variables: Vec::new(),
            attempt: args.task.attempt,
        }
    }

    fn run(mut self) -> u8 {
        self.start_reporter();
        self.start_shipping();
        self.open_desk();
        let outcome = match self.work() {
            Ok(end) => Outcome::of_end(&end),
            Err(stop) => Outcome::of_stop(&stop),
        };
        if outcome.is(ReceiptOutcome::Completed) {
            info!("the task is completed");
        } else {
            warning!("{}", outcome.reason);
        }
        // First of all, because what comes now may be cut short.
        self.write_receipt(&outcome, None);
        self.clean_up();
        drop(self.socket.take());
        let until = Instant::now() + self.patience_at_the_end();
        self.hand_in(&outcome, until);
        if let Some(reporter) = self.reporter.take() {
            let last = final_status(&outcome).map(|status| (status, Some(outcome.reason.clone())));
            if !reporter.finish(last, until) {
                warning!("the API has not heard how the task ended; the receipt says it");
            }
        }
        outcome.exit_code
    }

    fn start_reporter(&mut self) {
        let Some(api) = self.api.clone() else { return };
        let waker = self.supervisor.waker();
        match Reporter::start(api, &self.args.task.task_id, self.attempt, self.args.patience.poll, waker) {
            Ok(reporter) => {
                reporter.say(TaskStatus::InProgress, None);
                self.reporter = Some(reporter);
            }
            Err(error) => warning!("the API will not be told of the task: {error}"),
        }
    }

    /// Begins to send the log, where that is the agent's to do.
    fn start_shipping(&mut self) {
        let Some(api) = self.api.clone().filter(|_| self.args.log.log_source == LogSource::Agent) else { return };
        let place = Place::of_environment(&self.args.task.task_id, self.attempt);
        let directory = self.scratch().join(place.directory());
        match Shipping::start(&api, &place, &directory, self.args.log.spool_bytes, &self.redactor) {
            Ok(shipping) => {
                let shipping = Arc::new(shipping);
                self.output.sink = Some(Arc::clone(&shipping) as Arc<dyn Sink>);
                (self.shipping, self.spool) = (Some(shipping), Some(directory));
            }
            Err(error) => warning!("the log is not sent to the API: {}: {error}", directory.display()),
        }
    }

    /// Listens to what the task's script asks.
    fn open_desk(&mut self) {
        let desk = Desk {
            task: self.args.task.task_id.clone(),
            api: self.api.clone(),
            shipping: self.shipping.clone(),
            progress: self.reporter.as_ref().map(Reporter::teller),
        };
        match desk.open(&self.args.task.work_dir.join(prepare::OWN)) {
            Ok(socket) => self.socket = Some(socket),
            Err(error) => warning!("`keruta-agent log` and the like will not work: {error}"),
        }
    }

    /// Hands in what the task has made, and the rest of its log.
    fn hand_in(&mut self, outcome: &Outcome, until: Instant) {
        if let (Some(api), Some(before)) = (&self.api, &self.before)
            && !self.is_to_be_quick()
        {
            let TaskArgs { task_id, work_dir, .. } = &self.args.task;
            if artifacts::upload_all(api, task_id, work_dir, before, until) {
                // Another agent of this task hands in what is new then.
                let _ = std::fs::remove_file(self.scratch().join(BEFORE));
                let _ = std::fs::remove_dir(self.scratch());
            }
        }
        let Some(shipping) = self.shipping.take() else { return };
        let lost = shipping.finish(until);
        self.write_receipt(outcome, Some(lost));
        if lost > 0 {
            warning!("{lost} lines of the log have not reached the API");
        } else if let Some(spool) = self.spool.take() {
            let _ = std::fs::remove_dir_all(spool);
            let _ = std::fs::remove_dir(self.scratch());
        }
    }

    /// The work itself.
    fn work(&mut self) -> Result<End, Stop> {
        // A command needs nothing of the API, so that nothing of it can keep the command from starting.
        let needs_task = self.args.command.is_empty() || !self.args.skip_init;
        let task = if needs_task { self.task()? } else { None };
        if let Some(task) = &task {
            self.attempt.get_or_insert(task.attempt);
            self.variables = prepare::variables(task, &self.args.task.work_dir);
            self.variables.extend(checkout::variables(task, &self.args.task.work_dir));
        }
        let words = if self.args.command.is_empty() { self.script()? } else { self.args.command.clone() };
        if let Some(task) = task.as_ref().filter(|_| !self.args.skip_init) {
            self.check_out(task)?;
        }
        if self.api.is_some() {
            self.before = Some(artifacts::Before::take(&self.args.task.work_dir, &self.scratch().join(BEFORE)));
        }
        if !self.args.skip_init {
            self.init(task.as_ref())?;
        }
        let time_left = self.time_left()?;
        if self.args.pty {
            let told = self.reporter.as_ref().map(Reporter::teller);
            self.output.terminal = Some(Arc::new(move |waits| {
                info!("the command {}", if waits { "waits for input" } else { "goes on" });
                if let Some(told) = &told {
                    told.say(if waits { TaskStatus::WaitingForInput } else { TaskStatus::InProgress }, None);
                }
            }));
        }
        let end = self.command(&words, "the task's command", time_left);
        self.output.terminal = None;
        end
    }

    /// The task as the API has it; `None` where there is no API and none is needed.
    fn task(&mut self) -> Result<Option<Task>, Stop> {
        if self.api.is_none() && !self.args.command.is_empty() {
            return Ok(None);
        }
        let id = self.args.task.task_id.clone();
        self.patiently(|api| api.task(&id)).map(Some)
    }

    fn script(&mut self) -> Result<Vec<OsString>, Stop> {
        let id = self.args.task.task_id.clone();
        let Some(text) = self.patiently(|api| api.script(&id))? else {
            return Err(Stop::Invalid("the task has no script, and no command was given behind `--`".to_owned()));
        };
        let path = self.scratch().join("script");
        prepare::script(&path, &text).map_err(|error| Stop::local("write the script", &path, &error))
    }

    /// A directory of this task's own in the workspace.
    fn scratch(&self) -> PathBuf {
        let TaskArgs { task_id, work_dir, .. } = &self.args.task;
        work_dir.join(prepare::OWN).join("agent").join(crate::api::segment(task_id))
    }

    /// Clones the task's repository, where its checkout is not there.
    fn check_out(&mut self, task: &Task) -> Result<(), Stop> {
        let work_dir = self.args.task.work_dir.clone();
        let checkout = Checkout::of(task, &work_dir, &self.scratch()).map_err(Stop::Invalid)?;
        let Some(checkout) = checkout else { return Ok(()) };
        info!("the repository is cloned");
        let mut pauses = Backoff::new(Duration::from_secs(2), Duration::from_secs(15));
        let mut tries = 0;
        loop {
            checkout.prepare().map_err(|error| Stop::local("clone", &work_dir, &error))?;
            let end = self.command(&checkout.fetch(), "git", self.time_left()?)?;
            tries += 1;
            if end.succeeded() {
                break;
            }
            if end.ending.told.is_some() || tries == CLONES {
                return Err(Stop::Clone(end));
            }
            if !self.supervisor.sleep(pauses.pause()) {
                return Err(self.supervisor.told().map_or(Stop::OutOfTime, Stop::Told));
            }
        }
        self.git(&checkout.files())?;
        checkout.finish().map_err(|error| Stop::local("clone", &work_dir, &error))?;
        checkout.submodules().map_or(Ok(()), |words| self.git(&words))
    }

    fn git(&mut self, words: &[OsString]) -> Result<(), Stop> {
        let end = self.command(words, "git", self.time_left()?)?;
        if end.succeeded() { Ok(()) } else { Err(Stop::Clone(end)) }
    }

    /// Fetches the document, and runs the install script: the repository's at the API, or the checkout's own.
    fn init(&mut self, task: Option<&Task>) -> Result<(), Stop> {
        let work_dir = &self.args.task.work_dir.clone();
        if let Some(id) = task.and_then(prepare::document_id) {
            let text = self.patiently(|api| api.document(&id))?;
            let written = prepare::own_file(work_dir, "README.md", &text);
            written.map_err(|error| Stop::local("write the document", work_dir, &error))?;
        }
        let repository = task.and_then(|task| task.spec.get("repositoryId")?.as_str());
        if let Some(id) = repository
            && let Some(text) = self.patiently(|api| api.repository_script(id))?
        {
            let written = prepare::script(&work_dir.join(prepare::OWN).join("install.sh"), &text);
            written.map_err(|error| Stop::local("write the install script", work_dir, &error))?;
        }
        let words = prepare::own_script(work_dir, "install.sh");
        let words = words.map_err(|error| Stop::local("read the install script", work_dir, &error))?;
        let Some(words) = words else { return Ok(()) };
        info!("the install script runs");
        let end = self.command(&words, "the install script", self.time_left()?)?;
        if end.succeeded() { Ok(()) } else { Err(Stop::Install(end)) }
    }

    fn command(&mut self, words: &[OsString], what: &str, timeout: Option<Duration>) -> Result<End, Stop> {
        let Some(mut command) = prepare::command(words, &self.variables) else {
            return Err(Stop::Invalid(format!("{what} is empty")));
        };
        if let Some(socket) = &self.socket {
            command.env(control::SOCKET, &socket.path);
        }
        // A command behind `--` runs where the container was started, a script in the workspace.
        if self.args.command.is_empty() && self.args.task.work_dir.is_dir() {
            command.current_dir(&self.args.task.work_dir);
        }
        let PatienceArgs { grace, drain, .. } = self.args.patience;
        let limits = Limits { timeout, grace, drain };
        self.supervisor.run_with(command, &limits, &self.output).map_err(Stop::Start)
    }

    /// What is left of the task's time.
    fn time_left(&self) -> Result<Option<Duration>, Stop> {
        let Some(timeout) = self.args.patience.timeout else { return Ok(None) };
        timeout.checked_sub(self.began.elapsed()).map(Some).ok_or(Stop::OutOfTime)
    }

    /// Asks the API until it answers. What it is asked for is needed, so that there is nothing else to do meanwhile.
    fn patiently<T>(&mut self, ask: impl Fn(&Api) -> Result<T, ApiError>) -> Result<T, Stop> {
        let Some(api) = self.api.clone() else {
            return Err(Stop::Invalid(
                "there is no API to ask for the task: give --api-url or KERUTA_API_URL".to_owned(),
            ));
        };
        let mut pauses = Backoff::new(Duration::from_millis(200), Duration::from_secs(15));
        let mut complained = false;
        loop {
            match ask(&api) {
                Ok(answer) => return Ok(answer),
                Err(error) if error.is_passing() => {
                    if !complained {
                        complained = true;
                        warning!("{error}; it is asked again until it does");
                    }
                }
                Err(error @ ApiError::Refused { .. }) => return Err(Stop::Refused(error)),
                Err(error) => return Err(Stop::Invalid(error.to_string())),
            }
            let pause = pauses.pause();
            let pause = self.time_left()?.map_or(pause, |left| pause.min(left));
            if !self.supervisor.sleep(pause) {
                return Err(self.supervisor.told().map_or(Stop::OutOfTime, Stop::Told));
            }
        }
    }

    /// Runs the workspace's own cleanup script, whatever became of the task.
    fn clean_up(&mut self) {
        let scratch = self.scratch();
        if !self.args.no_cleanup && !self.is_to_be_quick() {
            match prepare::own_script(&self.args.task.work_dir, "cleanup.sh") {
                Ok(None) => {}
                Ok(Some(words)) => {
                    info!("the cleanup script runs");
                    self.supervisor.forget();
                    match self.command(&words, "the cleanup script", Some(CLEANUP)) {
                        Ok(end) if end.succeeded() => {}
                        Ok(end) => warning!("the cleanup script {}", outcome::how(&end)),
                        Err(stop) => warning!("{}", Outcome::of_stop(&stop).reason),
                    }
                }
                Err(error) => warning!("the cleanup script cannot be read: {error}"),
            }
        }
        let _ = std::fs::remove_file(scratch.join("script"));
        // Only where nothing else is in it.
        let _ = std::fs::remove_dir(&scratch);
    }

    /// How long the end may wait for the API.
    fn patience_at_the_end(&self) -> Duration {
        let flush = self.args.patience.flush;
        // Where there is no API at all, a task is not to wait for one. Its log, which only the agent has, is worth a wait.
        let is_alone = self.shipping.is_none() && !self.reporter.as_ref().is_some_and(Reporter::has_heard);
        if self.is_to_be_quick() {
            flush.min(LAST_WORD)
        } else if is_alone {
            flush.min(NEVER_HEARD)
        } else {
            flush
        }
    }

    /// Whether nothing is to be done any more but to say how it ended: the Pod is to end, or the workspace is another agent's.
    fn is_to_be_quick(&self) -> bool {
        matches!(self.supervisor.told(), Some(Told::Signal(_) | Told::Replaced))
    }

    /// Writes the receipt; `lines_lost` is known where the log was sent.
    fn write_receipt(&self, outcome: &Outcome, lines_lost: Option<u64>) {
        let Some(place) = receipt::place() else { return };
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner).text();
        let tail = String::from_utf8_lossy(&self.redactor.redact(tail.into())).into_owned();
        let written = Receipt {
            keruta_receipt: Receipt::VERSION,
            task: self.args.task.task_id.clone(),
            attempt: self.attempt.unwrap_or(0),
            outcome: outcome.kind,
            exit_code: outcome.exit_code,
            signal: outcome.signal,
            reason: (!outcome.is(ReceiptOutcome::Completed)).then(|| outcome.reason.clone()),
            started_at: self.started_at,
            finished_at: outcome.finished_at,
            log_sent: lines_lost.is_some(),
            lines_lost: lines_lost.unwrap_or(0),
            tail,
        };
        receipt::write(&place, &written);
    }
}

/// What the API is told of the end. A failure that the Job may try again in another Pod is not the task's yet, and one that was
/// interrupted is not its own: those are the submitter's to judge.
fn final_status(outcome: &Outcome) -> Option<TaskStatus> {
    let is_last = || match std::env::var(RETRIES) {
        Ok(retries) => retries.trim() == "0",
        Err(_) => std::env::var_os(IN_CLUSTER).is_none(),
    };
    match outcome.kind {
        ReceiptOutcome::Completed => Some(TaskStatus::Completed),
        ReceiptOutcome::Cancelled => Some(TaskStatus::Cancelled),
        ReceiptOutcome::TimedOut => Some(TaskStatus::Failed),
        ReceiptOutcome::Failed => (outcome.is_for_good || is_last()).then_some(TaskStatus::Failed),
        ReceiptOutcome::Interrupted => None,
    }
}
