//! Runs a command's work over all tasks: on every core, in the order of the file, in bounded memory.
//!
//! Each worker takes a batch, reads its tasks, waits for its turn to enter them into the index, does the work, and
//! waits for its turn to hand over what it made. So there are never more batches in memory than workers.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use keruta_manifest::lineage::Lineage;
use keruta_manifest::problem::{FieldPath, Problem, Rule};
use keruta_manifest::read;
use keruta_manifest::render::Rendered;

use super::batch::{Batch, Batches};
use super::flags::TaskFlags;
use super::index::Index;
use super::lineage_file;
use super::summary::Summary;
use super::whence::Whence;
use super::{Item, Read};
use crate::args::TaskArgs;
use crate::diagnostic::Diagnostic;
use crate::exit::Exit;
use crate::failure::Failure;

/// More workers than these only wait for their turns.
const MOST_WORKERS: usize = 8;

/// What a command does with one task.
pub trait Work: Sync {
    /// Adds to `done` what comes of the task; says how it went.
    fn work(&self, item: &mut Item<'_>, done: &mut Done) -> Exit;

    /// Whether the tasks after one that went wrong are worked on too.
    fn keeps_going(&self) -> bool;

    /// Whether the tasks after one that went so are left alone.
    fn stops_at(&self, exit: Exit) -> bool {
        exit > Exit::Fine && !self.keeps_going()
    }
}

/// What came of some tasks, in their order.
#[derive(Debug, Default)]
pub struct Done {
    /// For standard output.
    pub out: String,
    /// For files: name and content.
    pub files: Vec<(String, String)>,
    /// For those who want the objects themselves.
    pub rendered: Vec<Rendered>,
    /// For people.
    pub diagnostics: Vec<Diagnostic>,
    /// The findings that are not among them.
    pub summary: Summary,
    /// How many tasks went right.
    pub fine: usize,
    /// How many went wrong.
    pub wrong: usize,
    /// What ends the command.
    pub failure: Option<Failure>,
}

/// Takes what was made, in order.
pub trait Sink: Send {
    /// Takes it; what is left in `done` is thrown away.
    ///
    /// # Errors
    ///
    /// What keeps it from being taken, which ends the command.
    fn take(&mut self, done: &mut Done) -> Result<(), Failure>;
}

/// Works on all tasks and says how it went, at its worst.
///
/// # Errors
///
/// Where the tasks cannot be read as a whole, or the sink fails.
pub fn run<W: Work, S: Sink>(args: &TaskArgs, work: &W, sink: &mut S) -> Result<Exit, Failure> {
    let mut index = Index::default();
    let is_stdin = |path: &Option<PathBuf>| path.as_ref().is_some_and(|path| path.as_os_str() == "-");
    if is_stdin(&args.task) && is_stdin(&args.lineage) {
        return Err(Failure::Usage("only one of --task and --lineage can be standard input".to_owned()));
    }
    if let Some(path) = &args.lineage {
        index = Index::with(lineage_file::read(path)?);
    }
    if let Some(flags) = TaskFlags::of(args) {
        return single(&flags, &mut index, work, sink);
    }
    let Some(path) = &args.task else {
        return Err(Failure::Usage("name a file of tasks with --task, or a task with --id".to_owned()));
    };
    let mut batches = Batches::open(path).map_err(|error| Failure::read(path.display().to_string(), error))?;
    let name = batches.name.clone();
    let mut first = Batch::default();
    if !batches.next(&mut first).map_err(|error| error.of_file(&name))? {
        return Ok(Exit::Fine);
    }
    // Looking ahead tells a single task, of which nothing is written if anything is wrong, from the first of many.
    let mut second = Batch::default();
    let more = match batches.next(&mut second) {
        Ok(more) => more,
        Err(error) if first.len() == 1 => return Err(error.of_file(&name)),
        Err(error) => {
            let crew = Crew::new(vec![first], batches, index, work, sink);
            crew.work_alone();
            return crew.end().and(Err(error.of_file(&name)));
        }
    };
    let ready = if more { vec![second, first] } else { vec![first] };
    let crew = Crew::new(ready, batches, index, work, sink);
    if more {
        let workers = std::thread::available_parallelism().map_or(1, |cores| cores.get() + 1).min(MOST_WORKERS);
        std::thread::scope(|scope| {
            for _ in 1..workers {
                // Without another thread this one does all the work.
                let _ = std::thread::Builder::new().spawn_scoped(scope, || crew.work_alone());
            }
            crew.work_alone();
        });
    } else {
        crew.work_alone();
    }
    crew.end()
}

fn single<W: Work, S: Sink>(flags: &TaskFlags, index: &mut Index, work: &W, sink: &mut S) -> Result<Exit, Failure> {
    let read = match flags.read() {
        Ok(task) => Read::Whole(task),
        Err(partial) => Read::Part(partial),
    };
    let mut item = Item { whence: Whence::Flags(flags), read, lineage: Ok(Lineage::Root) };
    enter(&mut item, index);
    let mut done = Done::default();
    let exit = work.work(&mut item, &mut done);
    sink.take(&mut done)?;
    done.failure.map_or(Ok(exit), Err)
}

fn read_task(whence: &Whence<'_>) -> Read {
    match whence.text() {
        Some(Ok(text)) => match read::from_json(text) {
            Ok(task) => Read::Whole(task),
            Err(partial) => Read::Part(partial),
        },
        Some(Err(problem)) => Read::Nothing(problem),
        None => Read::Nothing(Problem::custom(FieldPath::root(), Rule::Syntax, "is not readable", "check the file")),
    }
}

/// Enters a task into the index, or what could be read of it, so that its children find their ancestors.
fn enter(item: &mut Item<'_>, index: &mut Index) {
    let Some(lineage) = item.task().map(|task| index.enter(task)) else { return };
    item.lineage = lineage;
}

/// The workers, and what they share.
struct Crew<'w, W, S> {
    feed: Mutex<Feed>,
    index: Mutex<Index>,
    entering: Turn,
    handing_over: Turn,
    end: Mutex<End<'w, S>>,
    stop: AtomicBool,
    work: &'w W,
}

struct Feed {
    /// Batches that were read already, the next one last.
    ready: Vec<Batch>,
    batches: Batches,
    /// Whether there is nothing more to read, or it could not be read.
    ended: bool,
}

struct End<'w, S> {
    sink: &'w mut S,
    exit: Exit,
    failure: Option<Failure>,
}

impl<'w, W: Work, S: Sink> Crew<'w, W, S> {
    fn new(ready: Vec<Batch>, batches: Batches, index: Index, work: &'w W, sink: &'w mut S) -> Self {
        Self {
            feed: Mutex::new(Feed { ready, batches, ended: false }),
            index: Mutex::new(index),
            entering: Turn::default(),
            handing_over: Turn::default(),
            end: Mutex::new(End { sink, exit: Exit::Fine, failure: None }),
            stop: AtomicBool::new(false),
            work,
        }
    }

    /// The work of one worker.
    fn work_alone(&self) {
        let (mut batch, mut done) = (Batch::default(), Done::default());
        loop {
            match self.next(&mut batch) {
                Ok(true) => self.batch(&batch, &mut done),
                Ok(false) => return,
                Err(failure) => {
                    self.handing_over.wait(batch.number);
                    if !self.stop.swap(true, Ordering::Relaxed) {
                        lock(&self.end).failure = Some(failure);
                    }
                    return;
                }
            }
        }
    }

    fn next(&self, batch: &mut Batch) -> Result<bool, Failure> {
        let mut feed = lock(&self.feed);
        if feed.ended || self.stop.load(Ordering::Relaxed) {
            return Ok(false);
        }
        if let Some(ready) = feed.ready.pop() {
            *batch = ready;
            return Ok(true);
        }
        let next = feed.batches.next(batch).map_err(|error| error.of_file(&feed.batches.name));
        feed.ended = !matches!(next, Ok(true));
        next
    }

    fn batch(&self, batch: &Batch, done: &mut Done) {
        let name = lock(&self.feed).batches.name.clone();
        let mut items: Vec<Item<'_>> = batch
            .records()
            .map(|record| {
                let whence = Whence::File { name: &name, record };
                Item { whence, read: read_task(&whence), lineage: Ok(Lineage::Root) }
            })
            .collect();
        self.entering.wait(batch.number);
        {
            let mut index = lock(&self.index);
            for item in &mut items {
                enter(item, &mut index);
            }
        }
        self.entering.pass();
        let (mut exit, mut stops) = (Exit::Fine, false);
        for item in &mut items {
            let went = self.work.work(item, done);
            exit = exit.max(went);
            if self.work.stops_at(went) {
                stops = true;
                break;
            }
        }
        self.handing_over.wait(batch.number);
        if !self.stop.load(Ordering::Relaxed) {
            let mut end = lock(&self.end);
            end.exit = end.exit.max(exit);
            let taken = end.sink.take(done);
            if let Some(failure) = taken.err().or_else(|| done.failure.take()) {
                end.failure = Some(failure);
                stops = true;
            }
            self.stop.store(stops, Ordering::Relaxed);
        }
        self.handing_over.pass();
        done.clear();
    }

    /// How it went.
    fn end(self) -> Result<Exit, Failure> {
        let end = self.end.into_inner().unwrap_or_else(PoisonError::into_inner);
        end.failure.map_or(Ok(end.exit), Err)
    }
}

impl Done {
    fn clear(&mut self) {
        self.out.clear();
        self.files.clear();
        self.rendered.clear();
        self.diagnostics.clear();
        self.summary.clear();
        (self.fine, self.wrong, self.failure) = (0, 0, None);
    }
}

/// Lets batches through one after the other.
#[derive(Default)]
struct Turn {
    next: Mutex<usize>,
    passed: Condvar,
}

impl Turn {
    fn wait(&self, number: usize) {
        let mut next = lock(&self.next);
        while *next != number {
            next = self.passed.wait(next).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn pass(&self) {
        *lock(&self.next) += 1;
        self.passed.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
