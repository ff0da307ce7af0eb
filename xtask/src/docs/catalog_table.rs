//! The filters, as the root README lists them.

use super::cell;
use crate::catalog::FILTERS;

/// The table of all filters.
pub(super) fn table() -> String {
    let rows = FILTERS.iter().map(|filter| {
        format!(
            "| [{0}](filters/{0}/README.md) | {1} |",
            filter.name,
            cell(filter.summary)
        )
    });
    [
        "| Filter | What it does |".to_owned(),
        "|---|---|".to_owned(),
    ]
    .into_iter()
    .chain(rows)
    .collect::<Vec<_>>()
    .join("\n")
}
