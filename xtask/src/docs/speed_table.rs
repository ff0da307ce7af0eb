//! What a filter costs, for its README: the main figures of the last published report of
//! `cargo xtask bench`.

use serde_json::Value;

use super::{cell, markdown_table};

/// Returns the cases of this filter.
pub(super) fn table(report: &Value, filter: &str) -> String {
    let prefix = format!("{filter}: ");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let rows: Vec<String> = list(&report["jobs"])
        .iter()
        .filter_map(|job| {
            let title = job["title"].as_str()?.strip_prefix(&prefix)?.to_owned();
            let filters = list(&job["filters"]);
            let cost = |who: &str| {
                let found = filters.iter().find(|filter| filter["who"] == who);
                let cost = found.and_then(|filter| filter["microseconds"]["median"].as_f64());
                cost.map(|cost| format!("{cost:.1}"))
            };
            // Comparisons of one and many are left out.
            let ours = cost("ours")?;
            let others = ["floor", "native", "Lua"].map(|who| cost(who).unwrap_or("–".to_owned()));
            Some(format!(
                "| {} | {ours} | {} |",
                cell(&title),
                others.join(" | ")
            ))
        })
        .collect();
    if rows.is_empty() {
        return "Not measured yet: `cargo xtask bench`.".to_owned();
    }
    let head = "| Request | This filter, µs | Its host calls alone | Envoy's own filter | Lua |";
    let about = format!(
        "CPU time of Envoy {} per request, {}.",
        report["envoy"].as_str().unwrap_or_default(),
        report["machine"].as_str().unwrap_or_default(),
    );
    format!("{}\n\n{about}", markdown_table(head, rows.into_iter()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_cases_of_a_filter_stand_beside_their_rivals() {
        let cost = |who: &str, cost: f64| json!({"who": who, "microseconds": {"median": cost}});
        let report = json!({"envoy": "1.40.0", "machine": "a machine", "jobs": [
            {"title": "cors: simple", "filters": [cost("native", 0.51), cost("floor", 2.0), cost("ours", 2.26)]},
            {"title": "cors: 1 origin, and 1,000", "filters": [cost("one", 1.0), cost("many", 1.0)]},
            {"title": "rate-limit: a key", "filters": [cost("ours", 9.0)]},
        ]});
        let table = table(&report, "cors");
        assert!(
            table.contains("| simple | 2.3 | 2.0 | 0.5 | – |"),
            "{table}"
        );
        assert!(
            !table.contains("origin") && !table.contains("9.0"),
            "{table}"
        );
        assert_eq!(
            super::table(&json!({}), "cors"),
            "Not measured yet: `cargo xtask bench`."
        );
    }
}
