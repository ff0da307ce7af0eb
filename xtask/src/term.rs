//! Terminal output of the commands, with colour only if a terminal shows it.

use std::env;
use std::fmt::Display;
use std::io::{self, IsTerminal};

/// For failures.
pub(crate) fn red(text: impl Display) -> String {
    painted("31", text)
}

/// For success.
pub(crate) fn green(text: impl Display) -> String {
    painted("32", text)
}

/// For something that the reader should act on, but that is not a failure.
pub(crate) fn yellow(text: impl Display) -> String {
    painted("33", text)
}

/// For headings.
pub(crate) fn bold(text: impl Display) -> String {
    painted("1", text)
}

/// For unimportant details.
pub(crate) fn dim(text: impl Display) -> String {
    painted("2", text)
}

/// Adds colour if both outputs are terminals and `NO_COLOR` is not set (<https://no-color.org>).
fn painted(code: &str, text: impl Display) -> String {
    let wanted = io::stdout().is_terminal()
        && io::stderr().is_terminal()
        && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wanted {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_string()
    }
}
