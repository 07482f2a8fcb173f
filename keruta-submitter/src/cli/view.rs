//! What a person or a program sees of tasks under way.
//!
//! All that is shown goes through one thread: whoever reports waits where the reader is slow, and two never write at once.

mod created;
mod event;
mod json;
mod live;
mod live_many;
mod live_one;
mod log_line;
mod paint;
mod plain;
mod screen;
mod text;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::args::Output;
use super::session::Session;

pub(crate) use event::{Ended, Event, Fate};
pub(crate) use json::{log_value, verdict_value};
pub(crate) use log_line::LogStyle;
pub(crate) use paint::Paint;
pub(crate) use screen::{Screen, Show, ViewJournal};
pub(crate) use text::{by_what_one_knows, phase as phase_words, seconds, table};

/// What is going to be shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// How.
    pub(crate) output: Output,
    /// How many tasks there are.
    pub(crate) tasks: usize,
    /// Whether they are followed.
    pub(crate) wait: bool,
}

/// Begins to show; `closed` is cancelled when nobody reads any more.
pub(crate) fn open(session: &Session, plan: Plan, closed: CancellationToken) -> Arc<Screen> {
    let talk = session.talk();
    let style = LogStyle {
        paint: Paint(talk.stdout_has_colour()),
        terminal: Session::is_watched(),
        task: plan.tasks > 1,
        timestamps: false,
    };
    let show: Box<dyn Show> = match plan.output {
        Output::Json => Box::new(json::Document::new(talk)),
        Output::Ndjson => Box::new(json::Lines(talk)),
        Output::Human if !plan.wait => Box::new(created::Created(talk)),
        Output::Human if Session::is_watched() && !talk.is_quiet() => {
            let live = live::Live::new(session.bars().clone(), talk, style);
            if plan.tasks == 1 {
                Box::new(live_one::LiveOne::new(live))
            } else {
                Box::new(live_many::LiveMany::new(live, plan.tasks))
            }
        }
        Output::Human => Box::new(plain::Plain::new(talk, style, plan.tasks > 1)),
    };
    Screen::start(show, closed)
}
