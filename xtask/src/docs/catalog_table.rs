//! The list of filters in the root README.

use anyhow::Result;

use super::{cell, markdown_table};
use crate::catalog;

/// The table of all filters.
pub(super) fn table() -> Result<String> {
    let rows = catalog::filters()?.iter().map(|filter| {
        format!(
            "| [{0}](filters/{0}/README.md) | {1} |",
            filter.name,
            cell(&filter.summary)
        )
    });
    Ok(markdown_table("| Filter | What it does |", rows))
}
