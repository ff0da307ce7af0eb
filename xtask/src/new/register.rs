//! Rows for a new filter in Cargo's files and in the lists of filters.
//!
//! Each row is a copy of the old filter's. A list whose format has changed is an error, not a
//! guess.

use std::path::Path;

use anyhow::{Result, bail};

use super::name::{Forms, Names};
use super::{File, read};

/// Returns all files that change, with their new content.
pub(super) fn changes(root: &Path, names: &Names) -> Result<Vec<File>> {
    let (new, old) = (names.new_forms(), names.old());
    let change = |path: &str, edit: &dyn Fn(&str) -> Option<String>| -> Result<File> {
        match edit(&read(root, path)?) {
            Some(text) => Ok((path.to_owned(), text)),
            None => bail!(
                "{path} has no row of {} where one is expected; add {} by hand, as CONTRIBUTING.md says",
                old.kebab,
                new.kebab
            ),
        }
    };
    let key = format!("{} = {{", old.kebab);
    let sample = |forms: &Forms| format!("    {}: \"{}\",\n", forms.snake, forms.kebab);
    Ok(vec![
        change("cli/Cargo.toml", &|text| {
            let row = text.lines().find(|line| line.starts_with(&key))?;
            let row = format!("{row}\n");
            twice(text, &row, &row.replace(&old.kebab, &new.kebab))
        })?,
        change("tests/src/cases.rs", &|text| {
            twice(text, &sample(old), &sample(new))
        })?,
    ])
}

/// Gives the new filter's manifest a neutral description.
pub(super) fn with_description(manifest: &str, names: &Names) -> String {
    manifest
        .split_inclusive('\n')
        .map(|line| {
            if line.starts_with("description = ") {
                format!("description = \"{}\"\n", description(names))
            } else {
                line.to_owned()
            }
        })
        .collect()
}

fn description(names: &Names) -> String {
    format!("Does what {} does, until it is changed", names.old().kebab)
}

/// Inserts `copy` after the first `row`.
fn twice(text: &str, row: &str, copy: &str) -> Option<String> {
    let (before, after) = text.split_once(row)?;
    Some(format!("{before}{row}{copy}{after}"))
}
