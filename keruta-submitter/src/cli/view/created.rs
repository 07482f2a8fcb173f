//! Tasks that are submitted and left alone: a line each, as kubectl writes it.

use keruta_input::failure::Failure;
use keruta_input::terminal::{Stdout, Talk};

use super::event::Event;
use super::screen::Show;
use super::text;

/// What was created.
pub(super) struct Created(pub(super) Talk);

impl Show for Created {
    fn show(&mut self, event: Event, stdout: &mut Stdout) -> Result<(), Failure> {
        match event {
            Event::Submitted { job, created, .. } => {
                let how = if created { "created" } else { "unchanged" };
                stdout.write(&format!("job.batch/{job} {how}\n"))?;
            }
            Event::Ended(ended) => {
                if let Some(message) = text::by_what_one_knows(&ended) {
                    self.0.message(&message);
                }
            }
            Event::Message(message) => self.0.message(&message),
            _ => {}
        }
        Ok(())
    }
}
