//! What is to be measured.

/// The command line.
#[derive(Debug, Clone)]
pub(crate) struct Arguments {
    pub(crate) tasks: usize,
    /// How many requests are under way at once.
    pub(crate) concurrency: usize,
    pub(crate) rounds: usize,
    pub(crate) storage_class: Option<String>,
    /// Set in the process of one phase, with its namespace.
    pub(crate) phase: Option<(Phase, String)>,
}

/// Who creates the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// A bare client.
    Bare,
    /// The submitter.
    Ours,
}

impl Phase {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Ours => "ours",
        }
    }
}

impl Arguments {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Self { tasks: 500, concurrency: 32, rounds: 2, storage_class: None, phase: None };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} wants a value"));
            match word.as_str() {
                "--tasks" => arguments.tasks = number(&value()?)?,
                "--concurrency" => arguments.concurrency = number(&value()?)?,
                "--rounds" => arguments.rounds = number(&value()?)?,
                "--storage-class" => arguments.storage_class = Some(value()?),
                "--phase-bare" => arguments.phase = Some((Phase::Bare, value()?)),
                "--phase-ours" => arguments.phase = Some((Phase::Ours, value()?)),
                // cargo says this to every benchmark.
                "--bench" => {}
                other => return Err(format!("unknown argument {other}")),
            }
        }
        Ok(arguments)
    }

    /// The arguments for the process of one phase.
    pub(crate) fn of_phase(&self, phase: Phase, namespace: &str) -> Vec<String> {
        let mut words = vec!["--tasks".to_owned(), self.tasks.to_string()];
        words.extend(["--concurrency".to_owned(), self.concurrency.to_string()]);
        if let Some(class) = &self.storage_class {
            words.extend(["--storage-class".to_owned(), class.clone()]);
        }
        words.extend([format!("--phase-{}", phase.name()), namespace.to_owned()]);
        words
    }
}

fn number(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("{text:?} is not a number from 1 on")),
    }
}
