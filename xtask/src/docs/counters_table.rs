//! The counters of a filter, as the README lists them.

use super::cell;
use crate::catalog::Counter;

/// The table of these counters, under the names that Envoy's admin page shows.
pub(super) fn table(counters: &[Counter]) -> String {
    let rows = counters
        .iter()
        .map(|counter| format!("| `wasmcustom.{}` | {} |", counter.name, cell(counter.help)));
    ["| Counter | Counts |".to_owned(), "|---|---|".to_owned()]
        .into_iter()
        .chain(rows)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_listed_under_the_name_that_envoy_gives_it() {
        let table = table(&[Counter {
            name: "cors.preflight.allowed_total",
            help: "Allowed.",
        }]);
        assert_eq!(
            table,
            "| Counter | Counts |\n|---|---|\n| `wasmcustom.cors.preflight.allowed_total` | Allowed. |"
        );
    }
}
