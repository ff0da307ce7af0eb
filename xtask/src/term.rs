//! What the commands print on the terminal: numbered steps, and colour only where somebody sees it.

use std::env;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use anyhow::Result;

/// Steps of a command, printed as `[2/4] modules … ok`.
pub(crate) struct Steps {
    done: usize,
    total: usize,
}

impl Steps {
    /// A run of `total` steps.
    pub(crate) fn new(total: usize) -> Steps {
        Steps { done: 0, total }
    }

    /// Runs a step that prints nothing itself; its answer says what was found or done.
    pub(crate) fn quiet<T>(
        &mut self,
        title: &str,
        work: impl FnOnce() -> Result<(T, String)>,
    ) -> Result<T> {
        self.done += 1;
        eprint!("{} {title} … ", self.number());
        io::stderr().flush().ok();
        let outcome = work();
        match &outcome {
            Ok((_, note)) => eprintln!("{}{}", green("ok"), in_brackets(note)),
            Err(_) => eprintln!("{}", red("failed")),
        }
        Ok(outcome?.0)
    }

    /// Runs a step whose programs print their own progress in between.
    pub(crate) fn noisy<T>(
        &mut self,
        title: &str,
        work: impl FnOnce() -> Result<(T, String)>,
    ) -> Result<T> {
        self.done += 1;
        eprintln!("{} {title} …", self.number());
        let (value, note) = work()?;
        eprintln!(
            "{} {title} … {}{}",
            self.number(),
            green("ok"),
            in_brackets(&note)
        );
        Ok(value)
    }

    fn number(&self) -> String {
        bold(format!("[{}/{}]", self.done, self.total))
    }
}

fn in_brackets(note: &str) -> String {
    if note.is_empty() {
        String::new()
    } else {
        format!(" ({note})")
    }
}

/// For failures.
pub(crate) fn red(text: impl Display) -> String {
    painted("31", text)
}

/// For success.
pub(crate) fn green(text: impl Display) -> String {
    painted("32", text)
}

/// For what is the reader's to act on, but no failure.
pub(crate) fn yellow(text: impl Display) -> String {
    painted("33", text)
}

/// For headings.
pub(crate) fn bold(text: impl Display) -> String {
    painted("1", text)
}

/// For what matters least.
pub(crate) fn dim(text: impl Display) -> String {
    painted("2", text)
}

/// Colours need a terminal on both outputs and no `NO_COLOR` (<https://no-color.org>).
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
