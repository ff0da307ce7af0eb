//! The counters of a filter, as the README lists them.

use super::cell;
use crate::catalog::Counter;

/// The table of these counters, under the names that Envoy's admin page shows.
pub(super) fn table(counters: &[Counter]) -> String {
    let rows = counters.iter().map(|counter| {
        let reported = counter.reported.map(|name| format!("`wasmcustom.{name}`"));
        format!(
            "| `wasmcustom.{}` | {} | {} |",
            counter.name,
            reported.unwrap_or_default(),
            cell(counter.help)
        )
    });
    let head = "| Counter | In report mode | Counts |";
    [head.to_owned(), "|---|---|---|".to_owned()]
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
            reported: Some("cors.reported.preflight_allowed_total"),
            help: "Allowed.",
        }]);
        assert_eq!(
            table,
            "| Counter | In report mode | Counts |\n|---|---|---|\n\
             | `wasmcustom.cors.preflight.allowed_total` | `wasmcustom.cors.reported.preflight_allowed_total` | Allowed. |"
        );
    }
}
