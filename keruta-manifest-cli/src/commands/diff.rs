use crate::args::DiffArgs; use crate::exit::Exit; use crate::failure::Failure; use crate::terminal::Talk;
pub(super) fn run(_: &DiffArgs, _: Talk) -> Result<Exit, Failure> { Ok(Exit::Fine) }
