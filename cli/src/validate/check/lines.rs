//! Line numbers of a text inside another text.

use crate::validate::yaml::{Node, Style};

/// Where the lines of a text are in its file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lines {
    /// This many lines further down.
    Below(usize),
    /// All in this line.
    In(usize),
}

impl Lines {
    pub(super) fn of(self, inner: Option<usize>) -> Option<usize> {
        match self {
            Self::Below(lines) => inner.map(|line| line.saturating_add(lines)),
            Self::In(line) => Some(line).filter(|line| *line > 0),
        }
    }

    /// Returns the lines for the text of a scalar, whose key is in this line.
    pub(super) fn inside(self, text: &Node, key: usize) -> Self {
        match (self, text) {
            (
                Self::Below(lines),
                Node::Scalar {
                    style: Style::Literal,
                    ..
                },
            ) => Self::Below(lines.saturating_add(key)),
            (Self::Below(lines), _) if key > 0 => Self::In(lines.saturating_add(key)),
            (lines, _) => lines,
        }
    }
}
