//! `cargo test` with words that select tests, by test program or package, or by a part of their
//! names.

use anyhow::{Result, bail};

use crate::{process, workspace};

/// Tests to run.
pub(super) struct Tests<'a> {
    selection: Vec<&'a str>,
    /// The option that selects a program or package, and their names.
    choice: (&'static str, &'a [String]),
    /// Whether to name all of them if none is selected.
    always: bool,
    /// An environment variable for the tests.
    env: Option<(&'static str, &'a str)>,
}

impl<'a> Tests<'a> {
    /// Creates a run of the tests that these arguments of cargo select.
    pub(super) fn new(selection: &[&'a str]) -> Self {
        Self {
            selection: selection.to_vec(),
            choice: ("", &[]),
            always: false,
            env: None,
        }
    }

    /// Restricts the run to these names: all of them, or those that a word names.
    pub(super) fn choice(self, option: &'static str, names: &'a [String]) -> Self {
        Self {
            choice: (option, names),
            always: true,
            ..self
        }
    }

    /// Allows a word to name one of these.
    pub(super) fn optional(self, option: &'static str, names: &'a [String]) -> Self {
        Self {
            choice: (option, names),
            ..self
        }
    }

    /// Sets an environment variable for the tests.
    pub(super) fn env(self, name: &'static str, value: &'a str) -> Self {
        Self {
            env: Some((name, value)),
            ..self
        }
    }

    /// Runs the tests. A word that selects nothing is an error. The first argument that begins with
    /// `-`, and everything after it, is passed to the test programs.
    pub(super) fn run(self, arguments: &[String]) -> Result<()> {
        let options = arguments.iter().position(|word| word.starts_with('-'));
        let (words, options) = arguments.split_at(options.unwrap_or(arguments.len()));
        let (chosen, words): (Vec<&String>, Vec<&String>) =
            words.iter().partition(|word| self.choice.1.contains(word));
        let chosen = if chosen.is_empty() && self.always {
            self.choice.1.iter().collect()
        } else {
            chosen
        };
        let mut cargo = vec!["test", "--no-fail-fast"];
        cargo.extend(&self.selection);
        for name in chosen {
            cargo.extend([self.choice.0, name]);
        }
        let run = |options: &[&str]| {
            let mut command = process::cargo();
            command.current_dir(workspace::root()).args(&cargo);
            command.arg("--").args(options).envs(self.env);
            command
        };
        if !words.is_empty() {
            let listed = process::captured(&mut run(&["--list"]))?;
            let tests: Vec<_> = listed
                .lines()
                .filter_map(|line| line.strip_suffix(": test"))
                .collect();
            for word in &words {
                if !tests.iter().any(|test| test.contains(word.as_str())) {
                    bail!("no test matches \"{word}\"{}", self.known());
                }
            }
        }
        let options: Vec<&str> = words
            .into_iter()
            .chain(options)
            .map(String::as_str)
            .collect();
        process::run(&mut run(&options))
    }

    fn known(&self) -> String {
        match self.choice {
            ("", _) => String::new(),
            ("--test", names) => format!(
                "; a part of a test's name, or one of the programs {}",
                names.join(", ")
            ),
            (_, names) => format!(
                "; a part of a test's name, or one of the packages {}",
                names.join(", ")
            ),
        }
    }
}
