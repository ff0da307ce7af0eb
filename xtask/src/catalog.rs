//! The one list of filters. Adding a filter is one row here and one dependency in `xtask/Cargo.toml`; `cargo xtask new` writes both.

use anyhow::{Result, bail};
use filter_kit::config::{self, Env};
use filter_kit::metrics::Event;
use filter_kit::pipeline;
use serde_json::Value;

/// A filter of the catalog.
pub(crate) struct Filter {
    /// Name of the folder, the package, the module and the metrics.
    pub(crate) name: &'static str,
    /// One line for the tables of the READMEs.
    pub(crate) summary: &'static str,
    /// The largest module in KiB that `build` accepts: Envoy compiles a module at start, at about 1.2 s per MiB.
    pub(crate) budget_kib: u64,
    /// Loads a configuration from the bytes that Envoy would hand over; the error is the filter's own line.
    pub(crate) check: fn(&[u8], &Env) -> Result<(), String>,
    /// The exports that Envoy finds in the module.
    pub(crate) exports: fn() -> Vec<&'static str>,
    /// The JSON Schema of the configuration.
    pub(crate) schema: fn() -> Value,
    /// What the filter counts.
    pub(crate) counters: fn() -> Vec<Counter>,
}

/// A counter of a filter.
pub(crate) struct Counter {
    /// The name in Envoy's statistics, without `wasmcustom.`.
    pub(crate) name: &'static str,
    /// Its name in report mode, where it has another.
    pub(crate) reported: Option<&'static str>,
    /// What is counted.
    pub(crate) help: &'static str,
}

/// All filters, in the order in which READMEs list them.
pub(crate) const FILTERS: &[Filter] = &[
    Filter {
        name: "cors",
        summary: "Cross-origin resource sharing by the Fetch standard",
        budget_kib: 600,
        check: check::<cors::Cors>,
        exports: exports::<cors::Cors>,
        schema: || cors::schema().into(),
        counters: counters::<cors::Event>,
    },
    Filter {
        name: "header-rewrite",
        summary: "Edits request and response headers, the path, the query and the host",
        budget_kib: 700,
        check: check::<header_rewrite::HeaderRewrite>,
        exports: exports::<header_rewrite::HeaderRewrite>,
        schema: || header_rewrite::schema().into(),
        counters: counters::<header_rewrite::Event>,
    },
    Filter {
        name: "jwt-auth",
        summary: "Verifies JSON Web Tokens, requires claims and scopes, and hands claims on as headers",
        budget_kib: 1600,
        check: check::<jwt_auth::JwtAuth>,
        exports: exports::<jwt_auth::JwtAuth>,
        schema: || jwt_auth::schema().into(),
        counters: counters::<jwt_auth::Event>,
    },
    Filter {
        name: "rate-limit",
        summary: "Limits requests per client, key or route: exact over all workers, or by a rate limit service",
        budget_kib: 750,
        check: check::<rate_limit::RateLimit>,
        exports: exports::<rate_limit::RateLimit>,
        schema: || rate_limit::schema().into(),
        counters: counters::<rate_limit::Event>,
    },
];

/// The filters of these names; no name means all.
pub(crate) fn select(names: &[String]) -> Result<Vec<&'static Filter>> {
    if names.is_empty() {
        return Ok(FILTERS.iter().collect());
    }
    names.iter().map(|name| find(name)).collect()
}

/// The filter of this name.
pub(crate) fn find(name: &str) -> Result<&'static Filter> {
    match FILTERS.iter().find(|filter| filter.name == name) {
        Some(filter) => Ok(filter),
        None => bail!("\"{name}\" is not a filter; one of: {}", names()),
    }
}

fn names() -> String {
    FILTERS
        .iter()
        .map(|filter| filter.name)
        .collect::<Vec<_>>()
        .join(", ")
}

fn check<F: pipeline::Filter>(bytes: &[u8], env: &Env) -> Result<(), String> {
    config::load::<F::Config>(bytes, env)
        .map(drop)
        .map_err(|error| error.to_string())
}

fn exports<F: pipeline::Filter>() -> Vec<&'static str> {
    F::CALLBACKS.exports()
}

fn counters<E: Event>() -> Vec<Counter> {
    E::ALL
        .iter()
        .map(|event| Counter {
            name: event.name(),
            reported: event.reported_name(),
            help: event.help(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;
    use crate::workspace;

    #[test]
    fn every_folder_under_filters_has_its_row() {
        let folders: BTreeSet<String> = fs::read_dir(workspace::root().join("filters"))
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().join("Cargo.toml").is_file())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        let rows: BTreeSet<String> = FILTERS
            .iter()
            .map(|filter| filter.name.to_owned())
            .collect();
        assert_eq!(rows, folders);
    }

    #[test]
    fn a_filter_is_called_the_same_in_its_row_and_in_its_errors_and_counters() {
        for filter in FILTERS {
            let error = (filter.check)(b"[]", &Env::new()).unwrap_err();
            assert!(error.starts_with(&format!("{}: ", filter.name)), "{error}");
            let prefix = format!("{}.", filter.name.replace('-', "_"));
            for counter in (filter.counters)() {
                for name in std::iter::once(counter.name).chain(counter.reported) {
                    assert!(name.starts_with(&prefix), "{name}");
                    assert!(name.ends_with("_total"), "{name}");
                }
            }
        }
    }

    #[test]
    fn a_wrong_name_is_told_the_right_ones() {
        let Err(error) = find("header-rewrit") else {
            panic!("found an unknown filter")
        };
        assert_eq!(
            error.to_string(),
            format!("\"header-rewrit\" is not a filter; one of: {}", names())
        );
        assert!(names().starts_with("cors, "), "{}", names());
    }
}
