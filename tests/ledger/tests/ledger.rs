//! No case costs more than the ledger says, within a small tolerance. With `LEDGER=renew` the
//! ledger is rewritten.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed assumption is a failed test"
)]

use ledger::{Row, TOLERANCE, cases, file, measure, parse, render};

#[test]
fn no_case_is_dearer_than_the_ledger_says() {
    let rows: Vec<Row> = cases().map(|case| measure(case).unwrap()).collect();
    if std::env::var_os("LEDGER").is_some_and(|mode| mode == "renew") {
        std::fs::create_dir_all(file().parent().unwrap()).unwrap();
        std::fs::write(file(), render(&rows)).unwrap();
        return;
    }
    let text = std::fs::read_to_string(file()).unwrap();
    let kept = parse(&text);
    let mut faults = Vec::new();
    for row in &rows {
        let Some(old) = kept
            .iter()
            .find(|old| old.filter == row.filter && old.case == row.case)
        else {
            faults.push(format!("{}: {}: not in the ledger", row.filter, row.case));
            continue;
        };
        if row.instructions * 1000 > old.instructions * (1000 + TOLERANCE) {
            faults.push(format!(
                "{}: {}: {} instructions, {} in the ledger",
                row.filter, row.case, row.instructions, old.instructions
            ));
        }
        if row.calls != old.calls {
            faults.push(format!(
                "{}: {}: calls {}, in the ledger {}",
                row.filter, row.case, row.calls, old.calls
            ));
        }
    }
    assert!(
        kept.len() == rows.len(),
        "the ledger has other cases: run cargo xtask bench --ledger"
    );
    assert!(
        faults.is_empty(),
        "{}\nIf that is meant: cargo xtask bench --ledger",
        faults.join("\n")
    );
}

#[test]
fn the_counts_are_the_same_on_every_run() {
    let case = cases().next().unwrap();
    assert_eq!(measure(case).unwrap(), measure(case).unwrap());
}
