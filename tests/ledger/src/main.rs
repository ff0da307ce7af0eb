//! Prints the current cost of each case, next to that in the ledger:
//! `cargo run -p ledger [FILTER…]`. With the feature `profile`, `--profile PART` prints the
//! functions in which the cases whose name contains this part spend their instructions.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use anyhow::Result;
use ledger::{cases, file, measure, parse};

fn main() -> Result<()> {
    let filters: Vec<String> = std::env::args().skip(1).collect();
    #[cfg(feature = "profile")]
    if let [flag, part] = filters.as_slice()
        && flag == "--profile"
    {
        for case in
            cases().filter(|case| format!("{}: {}", case.filter, case.name).contains(part.as_str()))
        {
            println!("{}: {}", case.filter, case.name);
            for (name, used) in ledger::profile(case)?.iter().take(40) {
                println!("{used:>8}  {name}");
            }
        }
        return Ok(());
    }
    let kept = parse(&std::fs::read_to_string(file()).unwrap_or_default());
    for case in cases() {
        if !filters.is_empty() && !filters.iter().any(|filter| filter == case.filter) {
            continue;
        }
        let row = measure(case)?;
        let old = kept
            .iter()
            .find(|old| old.filter == row.filter && old.case == row.case)
            .map_or_else(String::new, |old| old.instructions.to_string());
        println!(
            "{:<15} {:<55} {old:>8} {:>8}  {}",
            row.filter, row.case, row.instructions, row.calls
        );
    }
    Ok(())
}
