//! Diagnostics for people, in the form of rustc and cargo.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use keruta_manifest::review::Severity;

use super::{Diagnostic, LeftOut};
use crate::place::Place;

/// Something to tell that was not written in an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// How much it matters.
    pub severity: Severity,
    /// What is so.
    pub title: String,
    /// By what one knows.
    pub notes: Vec<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Message {
    /// An error.
    pub fn error(title: impl Into<String>) -> Self {
        Self { severity: Severity::Error, title: title.into(), notes: Vec::new(), help: None }
    }

    /// A warning.
    pub fn warning(title: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(title) }
    }

    /// The same with a note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Writes diagnostics, in colour or not.
pub struct Human {
    renderer: Renderer,
}

impl Human {
    /// With colour or without.
    #[must_use]
    pub const fn new(colour: bool) -> Self {
        Self { renderer: if colour { Renderer::styled() } else { Renderer::plain() } }
    }

    /// One line without a place.
    #[must_use]
    pub fn line(&self, severity: Severity, text: &str) -> String {
        let group = Group::with_title(level(severity).primary_title(visible(text)));
        let mut line = self.renderer.render(&[group]);
        line.push('\n');
        line
    }

    /// A message with its notes and cure.
    #[must_use]
    pub fn message(&self, message: &Message) -> String {
        let mut group = Group::with_title(level(message.severity).primary_title(visible(&message.title)));
        for note in &message.notes {
            group = group.element(Level::NOTE.message(visible(note)));
        }
        if let Some(help) = &message.help {
            group = group.element(Level::HELP.message(visible(help)));
        }
        let mut text = self.renderer.render(&[group]);
        text.push('\n');
        text
    }

    /// Appends a line for diagnostics that are not told one by one.
    pub fn write_left_out(&self, out: &mut String, left_out: &LeftOut) {
        let message = left_out.message();
        let title = level(left_out.severity).primary_title(message.as_str()).id(left_out.rule);
        out.push_str(&self.renderer.render(&[Group::with_title(title)]));
        out.push('\n');
    }

    /// Appends one diagnostic and an empty line.
    pub fn write(&self, out: &mut String, diagnostic: &Diagnostic) {
        let title = level(diagnostic.severity).primary_title(visible(&diagnostic.headline())).id(diagnostic.rule);
        let mut group = Group::with_title(title);
        let mut partial = false;
        match (&diagnostic.place, &diagnostic.object) {
            (Some(place), _) => {
                partial = place.partial;
                group = with_excerpt(group, place);
            }
            (None, Some(object)) => {
                group = group.element(Origin::path(format!("{}/{} {}", object.kind, object.name, object.pointer)));
            }
            (None, None) => {}
        }
        if let (Some(_), Some(object)) = (&diagnostic.place, &diagnostic.object) {
            let target = format!("it becomes {}/{} {}", object.kind, object.name, object.pointer);
            group = group.element(Level::NOTE.message(visible(&target)));
        }
        if let Some(task) = &diagnostic.task {
            group = group.element(Level::NOTE.message(format!("in the task {task:?}")));
        }
        group = group.element(Level::HELP.message(visible(&diagnostic.cure)));
        group = group.element(Level::NOTE.message(format!("see {}", diagnostic.reference)));
        let text = self.renderer.render(&[group]);
        for line in text.lines() {
            if !(partial && is_connector(line)) {
                out.push_str(line);
                out.push('\n');
            }
        }
        out.push('\n');
    }
}

const fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    }
}

fn with_excerpt<'a>(group: Group<'a>, place: &'a Place) -> Group<'a> {
    let name = visible(place.origin.name());
    let mark = AnnotationKind::Primary.span(place.marked.clone());
    let snippet = Snippet::source(place.excerpt.as_str()).line_start(place.line).annotation(mark);
    if place.partial {
        // The excerpt does not begin where its line does, so the column is told apart from it.
        group.element(Origin::path(name).line(place.line).char_column(place.column)).element(snippet)
    } else {
        group.element(snippet.path(name))
    }
}

/// Control characters of an input must not reach a terminal.
fn visible(text: &str) -> String {
    if !text.contains(|character: char| character.is_control() && character != '\n') {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() && character != '\n' {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// The `:::` line that joins a place to its excerpt and says nothing here.
fn is_connector(line: &str) -> bool {
    let mut plain = String::new();
    let mut in_escape = false;
    for character in line.chars() {
        match character {
            '\u{1b}' => in_escape = true,
            'm' if in_escape => in_escape = false,
            _ if in_escape => {}
            _ => plain.push(character),
        }
    }
    plain.trim() == ":::"
}
