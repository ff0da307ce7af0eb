//! `filter-catalog explain`: what a reason means, and what to do about it.
//!
//! The tables are next to the reasons, in `filters/<name>/src/reasons.md`.

use anyhow::{Result, bail};

use crate::catalog::{FILTERS, Filter};
use crate::nearest::nearest;

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The filter.
    pub filter: &'static str,
    /// The name, as in the response-code details.
    pub name: &'static str,
    /// The status of the response, and what is wrong.
    pub meaning: &'static str,
    /// What an operator or a client can do.
    pub remedy: &'static str,
}

impl Filter {
    /// Returns the reasons of the filter.
    #[must_use]
    pub fn reasons(&self) -> Vec<Reason> {
        let rows = self.reasons.lines().filter(|line| line.starts_with("| `"));
        rows.filter_map(|row| {
            let row = row.strip_prefix("| `")?.strip_suffix(" |")?;
            let (name, rest) = row.split_once("` | ")?;
            let (meaning, remedy) = rest.split_once(" | ")?;
            Some(Reason {
                filter: self.name,
                name,
                meaning,
                remedy,
            })
        })
        .collect()
    }
}

/// Returns the reasons with this name (the part before a brace, as in `rate_limited{per-client}`),
/// or all reasons.
///
/// # Errors
/// If the reason does not exist; suggests the nearest name.
pub fn explain(name: Option<&str>) -> Result<Vec<Reason>> {
    let all: Vec<Reason> = FILTERS.iter().flat_map(Filter::reasons).collect();
    let Some(name) = name else { return Ok(all) };
    let head = |name: &str| name.split('{').next().unwrap_or_default().to_owned();
    let exact = all.iter().any(|reason| reason.name == name);
    let found: Vec<_> = all
        .iter()
        .filter(|reason| reason.name == name || (!exact && head(reason.name) == head(name)))
        .cloned()
        .collect();
    if found.is_empty() {
        let hint = match nearest(&head(name), all.iter().map(|reason| reason.name)) {
            Some(near) => format!("did you mean {near}?"),
            None => "`filter-catalog explain` lists all".to_owned(),
        };
        bail!("\"{name}\" is not a reason of the catalog's filters; {hint}");
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn a_reason_is_found_as_an_access_log_shows_it() {
        let names = |asked| -> Vec<_> {
            let found = explain(Some(asked)).unwrap();
            found.iter().map(|r| (r.filter, r.name)).collect()
        };
        assert_eq!(names("jwt_expired"), [("jwt-auth", "jwt_expired")]);
        assert_eq!(
            names("rate_limited{per-client}"),
            [("rate-limit", "rate_limited")]
        );
        assert_eq!(
            names("cors_preflight_refused{method}"),
            [("cors", "cors_preflight_refused{method}")]
        );
        assert_eq!(names("cors_preflight_refused").len(), 4);
        let filters: Vec<_> = names("malformed_host").iter().map(|(f, _)| *f).collect();
        for filter in ["cors", "header-rewrite", "jwt-auth", "rate-limit"] {
            assert!(filters.contains(&filter), "{filter}: {filters:?}");
        }
        let error = explain(Some("jwt_expird")).unwrap_err().to_string();
        assert!(error.ends_with("did you mean jwt_expired?"), "{error}");
    }

    /// Collects the names of reasons in Rust code: strings that begin like one, outside of tests.
    fn named_in(folder: &Path, names: &mut Vec<String>) {
        let name = regex::Regex::new(
            "\"((?:jwt_|cors_|rewrite_|rate_limit_|chain_)[a-z_]+(?:\\{[a-z_]+\\})?|rate_limited|ambiguous_path|malformed_host)\"",
        )
        .unwrap();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("tests") {
                named_in(&path, names);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                names.extend(name.captures_iter(code).map(|found| found[1].to_owned()));
            }
        }
    }

    #[test]
    fn every_reason_that_the_code_names_has_its_row() {
        for filter in FILTERS {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../filters");
            let mut names = Vec::new();
            named_in(&root.join(filter.name).join("src"), &mut names);
            names.retain(|name| *name != filter.name.replace('-', "_"));
            let rows = filter.reasons();
            for name in names {
                assert!(
                    rows.iter().any(|row| row.name == name),
                    "filters/{}/src/reasons.md has no row `{name}`",
                    filter.name
                );
            }
            assert!(
                rows.iter()
                    .all(|row| !row.meaning.is_empty() && !row.remedy.is_empty())
            );
        }
    }
}
