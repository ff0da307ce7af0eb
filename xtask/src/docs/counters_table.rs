//! The counters of a filter in its README.

use serde_json::Value;

use super::{cell, markdown_table};

/// Returns the table of these counters, with their names on Envoy's admin page.
pub(super) fn table(counters: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let counters = counters.as_array().into_iter().flatten();
    let rows = counters.map(|counter| {
        let reported = counter["reported"].as_str();
        let reported = reported.map(|name| format!("`wasmcustom.{name}`"));
        format!(
            "| `wasmcustom.{}` | {} | {} |",
            text(&counter["name"]),
            reported.unwrap_or_default(),
            cell(&text(&counter["help"]))
        )
    });
    markdown_table("| Counter | In report mode | Counts |", rows)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_counter_is_listed_under_the_name_that_envoy_gives_it() {
        let counters = json!([{"name": "cors.preflight.allowed_total", "reported": "cors.reported.preflight_allowed_total", "help": "Allowed."}]);
        assert_eq!(
            table(&counters),
            "| Counter | In report mode | Counts |\n|---|---|---|\n\
             | `wasmcustom.cors.preflight.allowed_total` | `wasmcustom.cors.reported.preflight_allowed_total` | Allowed. |"
        );
    }
}
