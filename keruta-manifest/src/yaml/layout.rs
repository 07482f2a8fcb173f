//! Where on the page a value stands, and so how it begins.

/// How far a level of nesting is moved to the right.
pub(super) const STEP: usize = 2;

/// What stands on the line before a value, none of it followed by a blank yet.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// Nothing: the value is the whole document.
    Document,
    /// `key:`, with the key in column `indent`. A map or list begins on the next line.
    AfterKey { indent: usize },
    /// `-` of a list's item or `:` of an explicit entry, in column `indent`. A map or list begins on this very line.
    AfterMark { indent: usize },
}

impl Place {
    /// Writes what parts a scalar from what stands before it.
    pub(super) fn lead(self, out: &mut String) {
        match self {
            Self::Document => {}
            Self::AfterKey { .. } | Self::AfterMark { .. } => out.push(' '),
        }
    }

    /// The column of the keys of a map in this place.
    pub(super) fn map_indent(self) -> usize {
        match self {
            Self::Document => 0,
            Self::AfterKey { indent } | Self::AfterMark { indent } => indent + STEP,
        }
    }

    /// The column of the dashes of a list in this place. Under a key they stand in the key's own column.
    pub(super) fn list_indent(self) -> usize {
        match self {
            Self::Document => 0,
            Self::AfterKey { indent } => indent,
            Self::AfterMark { indent } => indent + STEP,
        }
    }

    /// The column of the lines of a literal block in this place.
    pub(super) fn text_indent(self) -> usize {
        match self {
            Self::Document => STEP,
            Self::AfterKey { indent } | Self::AfterMark { indent } => indent + STEP,
        }
    }
}

/// A line break and the blanks of all but the deepest lines.
const LINE: &str = "\n                                                ";

/// Writes the blanks that a line begins with.
pub(super) fn push_indent(out: &mut String, width: usize) {
    match LINE.get(1..=width) {
        Some(blanks) => out.push_str(blanks),
        None => out.extend(std::iter::repeat_n(' ', width)),
    }
}

/// Ends a line and writes the blanks that the next one begins with.
pub(super) fn push_line_break(out: &mut String, width: usize) {
    if let Some(line) = LINE.get(..=width) {
        out.push_str(line);
    } else {
        out.push('\n');
        push_indent(out, width);
    }
}
