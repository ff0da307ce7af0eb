//! Tables of invalid configurations, each with the lines that are printed for it, as users see
//! them.

use crate::config::{Env, FilterConfig, load_with_warnings};
use std::path::Path;

/// Checks a file that has one configuration per line, each followed by the expected messages,
/// indented. Other lines are comments. With `UPDATE_GOLDEN=1` in the environment the file is
/// rewritten.
///
/// # Panics
/// If a line differs; shows both.
pub fn check_mistakes<C: FilterConfig>(file: &Path) {
    #[allow(clippy::panic, reason = "a test that cannot read its table fails")]
    let table = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{error}"));
    let mut expected = String::new();
    for line in table.lines().filter(|line| !line.starts_with("    ")) {
        expected.push_str(line);
        expected.push('\n');
        if !line.is_empty() && !line.starts_with('#') {
            for answer in answers::<C>(line) {
                expected.push_str(&format!("    {answer}\n"));
            }
        }
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        #[allow(clippy::panic, reason = "a test that cannot write its table fails")]
        std::fs::write(file, &expected).unwrap_or_else(|error| panic!("{error}"));
        return;
    }
    for (table, now) in table.lines().zip(expected.lines()) {
        assert_eq!(
            table, now,
            "run the test with UPDATE_GOLDEN=1 and look at the difference"
        );
    }
    assert_eq!(table.lines().count(), expected.lines().count());
}

fn answers<C: FilterConfig>(configuration: &str) -> Vec<String> {
    match load_with_warnings::<C>(configuration.as_bytes(), &Env::new()) {
        Err(error) => vec![error.to_string()],
        Ok((_, warnings)) if warnings.is_empty() => vec!["accepted".to_owned()],
        Ok((_, warnings)) => warnings.iter().map(|w| format!("warning: {w}")).collect(),
    }
}
