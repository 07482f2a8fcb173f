//! The way of tasks from their submission to their end, as one program sees it.

mod followers;
mod queue;
mod tasks;
mod words;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use keruta_input::diagnostic::human::Message;
use keruta_manifest::settings::GraceSettings;
use keruta_submitter::bundle::Bundle;
use keruta_submitter::cluster::{Backoff, Cluster};
use keruta_submitter::journal::Ledger;
use keruta_submitter::logs::Redactor;
use keruta_submitter::stop::{StopTarget, stop};
use keruta_submitter::submit::{Created, SubmitError, SubmitOptions, Submitted, submit};
use keruta_submitter::{Attempt, Verdict};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::args::{JournalPlace, JournalTokenArgs, Output};
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::interrupts::{Interrupt, interrupts};
use super::super::session::Session;
use super::super::view::{self, Ended, Event, Fate, Screen, ViewJournal};
use followers::Followers;
use tasks::Tasks;
pub(super) use words::silence as silence_words;
use words::{cancelled, timed_out, way_back};

/// How many submissions are under way at once.
const SUBMISSIONS: usize = 32;
/// How long after the first Ctrl-C a second one cancels.
const SECOND_THOUGHTS: Duration = Duration::from_secs(3);
/// How long after the last verdict the logs may be read to their end; a little longer than one capture tries.
const DRAIN: Duration = Duration::from_secs(330);

/// How the tasks are seen through.
#[derive(Debug, Clone)]
pub(super) struct Course {
    pub(super) output: Output,
    /// How they are followed to their end; `None` where they are left alone.
    pub(super) wait: Option<Wait>,
    pub(super) enabled: bool,
    pub(super) grace: GraceSettings,
    /// What is not shown.
    pub(super) redactor: Arc<Redactor>,
}

/// How tasks are followed to their end.
#[derive(Debug, Clone, Default)]
pub(super) struct Wait {
    /// Whether log lines are shown.
    pub(super) logs: bool,
    /// How long a task may take from its submission.
    pub(super) timeout: Option<Duration>,
    pub(super) max_in_flight: Option<usize>,
    pub(super) journal: Option<JournalPlace>,
    pub(super) journal_token: JournalTokenArgs,
    pub(super) exit_code_from_task: bool,
}

/// Submits the tasks and, if they are to be waited for, sees them to their end.
pub(super) async fn run(
    cluster: Cluster,
    ledger: Arc<dyn Ledger>,
    bundles: Vec<Bundle>,
    course: Course,
    session: &Session,
) -> Result<Exit, Failure> {
    let closed = CancellationToken::new();
    let plan = view::Plan { output: course.output, tasks: bundles.len(), wait: course.wait.is_some() };
    let screen = view::open(session, plan, closed.clone());
    let (journal, ends) = ViewJournal::new(Arc::clone(&screen), course.wait.as_ref().is_some_and(|wait| wait.logs));
    let followers = Followers::new(cluster.clone(), Arc::clone(&journal), Arc::clone(&ledger), &course, &bundles)?;
    let run = Run {
        cluster,
        ledger,
        followers,
        journal,
        screen: Arc::clone(&screen),
        tasks: Tasks::new(bundles),
        submissions: JoinSet::new(),
        stops: JoinSet::new(),
        detach_at: None,
        drained_by: None,
        cancelling: false,
        course,
    };
    let exit = run.see_through(ends, closed).await;
    let shown = tokio::task::spawn_blocking(|| screen.close()).await;
    let exit = exit?;
    match shown {
        // Nobody reads what becomes of the tasks: no more is said.
        Ok(Err(keruta_input::failure::Failure::Closed)) => Err(Failure::Told(exit)),
        Ok(shown) => shown.map(|()| exit).map_err(Failure::from),
        Err(_) => Ok(exit),
    }
}

/// Tasks on their way.
struct Run {
    cluster: Cluster,
    ledger: Arc<dyn Ledger>,
    course: Course,
    followers: Followers,
    journal: Arc<ViewJournal>,
    screen: Arc<Screen>,
    tasks: Tasks,
    submissions: JoinSet<(usize, Result<Submitted, SubmitError>)>,
    stops: JoinSet<Option<Message>>,
    /// When the first Ctrl-C takes effect.
    detach_at: Option<Instant>,
    /// When to leave the rest of the logs, once all is judged.
    drained_by: Option<Instant>,
    cancelling: bool,
}

impl Run {
    /// Goes on until there is nothing to wait for, or nobody waits any more.
    async fn see_through(
        mut self,
        mut ends: mpsc::UnboundedReceiver<(Attempt, Verdict)>,
        closed: CancellationToken,
    ) -> Result<Exit, Failure> {
        let mut interrupts = interrupts();
        let mut silence = self.followers.silence();
        let mut detached = false;
        loop {
            self.start();
            if self.is_over() {
                break;
            }
            let deadline = self.tasks.next_deadline();
            tokio::select! {
                Some(done) = self.submissions.join_next() => {
                    if let Ok((index, outcome)) = done {
                        self.submitted(index, outcome).await;
                    }
                }
                Some((attempt, verdict)) = ends.recv() => self.ended(&attempt, Fate::Judged(verdict)).await,
                Some(refused) = self.followers.next() => {
                    if let Some(error) = refused {
                        return Err(error.into());
                    }
                    self.followers.start_again(self.tasks.under_way());
                }
                Some(done) = self.stops.join_next() => {
                    if let Ok(Some(message)) = done {
                        self.screen.show(Event::Message(message)).await;
                    }
                }
                Ok(()) = silence.changed() => {
                    let words = silence_words(silence.borrow_and_update().as_deref());
                    self.screen.show(Event::Message(words)).await;
                }
                () = at(deadline) => self.time_is_up(),
                () = at(self.detach_at) => { detached = true; break; }
                () = at(self.drained_by) => break,
                () = closed.cancelled() => { detached = true; break; }
                Some(interrupt) = interrupts.recv() => {
                    if !self.interrupted(interrupt).await {
                        detached = true;
                        break;
                    }
                }
            }
        }
        // What was judged in the last moment counts.
        while let Ok((attempt, verdict)) = ends.try_recv() {
            self.ended(&attempt, Fate::Judged(verdict)).await;
        }
        self.end(detached).await
    }

    /// Whether there is nothing to wait for any more: with the last verdict the logs may still be read to their end.
    fn is_over(&mut self) -> bool {
        if !self.submissions.is_empty() || !self.stops.is_empty() || self.tasks.is_under_way() {
            return false;
        }
        if self.tasks.is_waiting() {
            // Tasks in a circle, which no rendering has.
            return self.detach_at.is_none();
        }
        self.drained_by.get_or_insert_with(|| Instant::now() + DRAIN);
        self.followers.is_empty()
    }

    /// Submits as many as may be under way.
    fn start(&mut self) {
        let most = self.course.wait.as_ref().and_then(|wait| wait.max_in_flight).unwrap_or(usize::MAX);
        while !self.cancelling
            && self.detach_at.is_none()
            && self.submissions.len() < SUBMISSIONS
            && self.submissions.len() + self.tasks.count_under_way() < most
        {
            let Some((index, bundle)) = self.tasks.next() else { break };
            let (cluster, ledger) = (self.cluster.clone(), Arc::clone(&self.ledger));
            let options = SubmitOptions {
                follow: self.course.wait.is_some(),
                enabled: self.course.enabled,
                backoff: Backoff::default(),
            };
            self.submissions
                .spawn(async move { (index, submit(&cluster, &*ledger, &bundle, &options, Timestamp::now()).await) });
        }
    }

    async fn submitted(&mut self, index: usize, outcome: Result<Submitted, SubmitError>) {
        match outcome {
            Ok(Submitted { job, created, .. }) => {
                let attempt = self.tasks.attempt(index).clone();
                let created = created == Created::Created;
                let event = Event::Submitted { attempt: attempt.clone(), job: job.clone(), created };
                self.screen.show(event).await;
                let Some(wait) = &self.course.wait else {
                    self.settle(index, Fate::Submitted).await;
                    return;
                };
                self.journal.add(&attempt);
                let limit = wait.timeout.map(|limit| Instant::now() + limit);
                self.tasks.submitted(index, limit);
                self.followers.expect(attempt, job);
                if self.cancelling {
                    self.stop(index, cancelled());
                }
            }
            Err(SubmitError::Cancelled { stop, .. }) => {
                let verdict = stop.map_or_else(cancelled, |stop| stop.verdict);
                self.settle(index, Fate::Judged(verdict)).await;
            }
            Err(error) => {
                let fate = Fate::Refused { why: error.to_string(), cure: error.cure() };
                self.settle(index, fate).await;
            }
        }
    }

    async fn ended(&mut self, attempt: &Attempt, fate: Fate) {
        if let Some(index) = self.tasks.index(attempt) {
            self.settle(index, fate).await;
        }
    }

    /// A task's way is over; those below it start, or are left out.
    async fn settle(&mut self, index: usize, fate: Fate) {
        for ended in self.tasks.settle(index, fate) {
            self.screen.show(Event::Ended(ended)).await;
        }
    }

    fn time_is_up(&mut self) {
        let limit = self.course.wait.as_ref().and_then(|wait| wait.timeout).unwrap_or_default();
        for index in self.tasks.overdue(Instant::now()) {
            let doing = self.journal.doing(self.tasks.attempt(index));
            self.stop(index, timed_out(limit, doing));
        }
    }

    /// Has a task's Job ended; the follower then tells its verdict.
    fn stop(&mut self, index: usize, verdict: Verdict) {
        let target = StopTarget::of_bundle(self.tasks.bundle(index));
        let (cluster, ledger) = (self.cluster.clone(), Arc::clone(&self.ledger));
        self.tasks.stopping(index);
        self.stops.spawn(async move {
            let now = Timestamp::now();
            let order = super::cancel::order(verdict, now);
            let stopped = stop(&cluster, &*ledger, &target, &order, Backoff::default(), now).await;
            let message = |error| Message::error(format!("{} could not be cancelled: {error}", target.attempt.task));
            stopped.err().map(message)
        });
    }

    /// Whether to go on.
    async fn interrupted(&mut self, interrupt: Interrupt) -> bool {
        if interrupt == Interrupt::Terminate || self.cancelling || self.course.wait.is_none() {
            return false;
        }
        if self.detach_at.take().is_none() {
            self.detach_at = Some(Instant::now() + SECOND_THOUGHTS);
            let what = "detaching: what was submitted goes on; press Ctrl-C again to cancel it";
            self.screen.show(Event::Message(Message::warning(what))).await;
            return true;
        }
        self.cancelling = true;
        let what = "cancelling; press Ctrl-C again to leave at once";
        self.screen.show(Event::Message(Message::warning(what))).await;
        for ended in self.tasks.leave_out("the run was cancelled") {
            self.screen.show(Event::Ended(ended)).await;
        }
        for index in self.tasks.under_way_indices() {
            self.stop(index, cancelled());
        }
        true
    }

    async fn end(&mut self, detached: bool) -> Result<Exit, Failure> {
        self.followers.shutdown().await;
        let why = if detached { "the run was left before its turn" } else { "its ancestors wait for each other" };
        for ended in self.tasks.leave_out(why) {
            self.screen.show(Event::Ended(ended)).await;
        }
        let left: Vec<Ended> = self.tasks.leave();
        if let Some(message) = way_back(&left) {
            self.screen.show(Event::Message(message)).await;
        }
        let results = self.tasks.results();
        let exit = results.iter().map(|ended| self.exit_of(ended)).max().unwrap_or(Exit::Fine);
        let unfinished = results.iter().any(|ended| matches!(ended.fate, Fate::Left | Fate::Skipped(_)));
        self.screen.show(Event::Results(results)).await;
        Ok(if detached && unfinished { Exit::Detached } else { exit })
    }

    fn exit_of(&self, ended: &Ended) -> Exit {
        let from_task = self.course.wait.as_ref().is_some_and(|wait| wait.exit_code_from_task);
        match &ended.fate {
            Fate::Judged(verdict) => Exit::of_verdict(verdict, from_task),
            Fate::Refused { .. } => Exit::Cluster,
            Fate::Skipped(_) if self.cancelling => Exit::Stopped,
            Fate::Skipped(_) => Exit::Failed,
            Fate::Submitted => Exit::Fine,
            Fate::Left => Exit::Detached,
        }
    }
}

/// Sleeps until then, or for ever.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
