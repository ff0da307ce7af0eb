//! `docs/promises.md` names tests. Each must exist, and each promise of SECURITY.md must have a
//! row.

use std::collections::BTreeSet;
use std::path::Path;

use crate::workspace;

fn tests_in(folder: &Path, names: &mut BTreeSet<String>) {
    for path in workspace::files_below(folder).unwrap() {
        if path.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            match line.strip_prefix("fn ") {
                Some(rest) if is_test => {
                    names.extend(rest.split('(').next().map(str::to_owned));
                    is_test = false;
                }
                _ => is_test |= line == "#[test]",
            }
        }
    }
}

fn read(name: &str) -> String {
    std::fs::read_to_string(workspace::root().join(name)).unwrap()
}

#[test]
fn every_test_that_the_page_names_is_one() {
    let mut tests = BTreeSet::new();
    for folder in ["cli", "filters", "shared", "tests", "xtask"] {
        tests_in(&workspace::root().join(folder), &mut tests);
    }
    let page = read("docs/promises.md");
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let cells = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    let named: Vec<_> = cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    assert!(named.len() > 100, "{named:?}");
    let unknown: Vec<_> = named
        .iter()
        .filter(|name| !tests.contains(**name))
        .collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn every_promise_has_its_row() {
    let security = read("SECURITY.md");
    let (_, promises) = security.split_once("| Promise | How it is kept |").unwrap();
    let promises = promises.lines().skip(2).take_while(|line| !line.is_empty());
    let page = read("docs/promises.md");
    for promise in promises.map(|row| row.split(" | ").next().unwrap()) {
        assert!(page.contains(&format!("\n{promise} | ")), "{promise}");
    }
}
