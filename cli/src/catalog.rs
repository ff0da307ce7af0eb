//! The list of all filters: those that `cli/Cargo.toml` depends on. `build.rs` writes a row for
//! each.

use anyhow::{Result, bail};
use filter_kit::config::{self, Env};
use filter_kit::metrics::Event;
use filter_kit::pipeline;
use serde_json::{Value, json};

/// A filter of the catalog.
pub struct Filter {
    /// The name of the folder, the package, the module and the metrics.
    pub name: &'static str,
    /// Loads a configuration from the bytes that Envoy would pass. Warnings and the error are the
    /// filter's own lines.
    pub(crate) check: fn(&[u8], &Env) -> Result<Vec<String>, String>,
    exports: fn() -> Vec<&'static str>,
    schema: fn() -> Value,
    counters: fn() -> Vec<Value>,
    /// The table of reasons, in Markdown.
    pub(crate) reasons: &'static str,
}

macro_rules! filter {
    ($name:literal, $package:ident :: $filter:ident) => {
        Filter {
            counters: counters::<$package::Event>,
            reasons: include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../filters/",
                $name,
                "/src/reasons.md"
            )),
            ..composed!($name, $package::$filter)
        }
    };
}

/// A filter whose items do the counting and have the reasons.
macro_rules! composed {
    ($name:literal, $package:ident :: $filter:ident) => {
        Filter {
            name: $name,
            check: check::<$package::$filter>,
            exports: exports::<$package::$filter>,
            schema: || $package::schema().into(),
            counters: Vec::new,
            reasons: "",
        }
    };
}

/// All filters, by name.
pub const FILTERS: &[Filter] = include!(concat!(env!("OUT_DIR"), "/filters.rs"));

impl Filter {
    /// Returns the filter with this name.
    ///
    /// # Errors
    /// If it does not exist; lists the existing names.
    pub fn find(name: &str) -> Result<&'static Filter> {
        match FILTERS.iter().find(|filter| filter.name == name) {
            Some(filter) => Ok(filter),
            None => bail!("\"{name}\" is not a filter; one of: {}", names().join(", ")),
        }
    }

    /// Returns the JSON Schema of the configuration.
    #[must_use]
    pub fn schema(&self) -> Value {
        crate::schema::of(self.name, (self.schema)())
    }

    /// Returns the input for the generated documentation: schema, counters and exports.
    #[must_use]
    pub fn description(&self) -> Value {
        json!({
            "name": self.name,
            "schema": self.schema(),
            "counters": (self.counters)(),
            "exports": (self.exports)(),
        })
    }
}

/// Returns the names of all filters.
#[must_use]
pub fn names() -> Vec<&'static str> {
    FILTERS.iter().map(|filter| filter.name).collect()
}

fn check<F: pipeline::Filter>(bytes: &[u8], env: &Env) -> Result<Vec<String>, String> {
    let loaded = config::load_with_warnings::<F::Config>(bytes, env);
    let (_, warnings) = loaded.map_err(|error| error.to_string())?;
    Ok(warnings.iter().map(ToString::to_string).collect())
}

fn exports<F: pipeline::Filter>() -> Vec<&'static str> {
    F::CALLBACKS.exports()
}

fn counters<E: Event>() -> Vec<Value> {
    E::ALL
        .iter()
        .map(|event| json!({"name": event.name(), "reported": event.reported_name(), "help": event.help()}))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    fn folder() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../filters")
    }

    #[test]
    fn every_folder_under_filters_has_its_row() {
        let folders: BTreeSet<String> = fs::read_dir(folder())
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().join("Cargo.toml").is_file())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        let rows: BTreeSet<String> = names().into_iter().map(str::to_owned).collect();
        assert_eq!(rows, folders);
    }

    #[test]
    fn the_manifest_of_a_filter_lists_the_callbacks_that_its_code_declares() {
        for filter in FILTERS {
            let manifest = folder().join(filter.name).join("Cargo.toml");
            let manifest = fs::read_to_string(manifest).unwrap();
            let every = ["memory_allocate", "context_create", "configure", "delete"];
            let callbacks: Vec<_> = (filter.exports)()
                .iter()
                .filter_map(|export| export.strip_prefix("proxy_on_"))
                .filter(|callback| !every.contains(callback))
                .map(|callback| format!("\"{callback}\""))
                .collect();
            let line = format!("callbacks = [{}]", callbacks.join(", "));
            assert!(
                manifest.contains(&line),
                "filters/{}/Cargo.toml needs the line: {line}",
                filter.name
            );
        }
    }

    #[test]
    fn a_filter_is_called_the_same_in_its_row_and_in_its_errors_and_counters() {
        for filter in FILTERS {
            let error = (filter.check)(b"[]", &Env::new()).unwrap_err();
            assert!(error.starts_with(&format!("{}: ", filter.name)), "{error}");
            let prefix = format!("{}.", filter.name.replace('-', "_"));
            for counter in (filter.counters)() {
                for name in [&counter["name"], &counter["reported"]] {
                    let Some(name) = name.as_str() else { continue };
                    assert!(name.starts_with(&prefix), "{name}");
                    assert!(name.ends_with("_total"), "{name}");
                }
            }
        }
    }

    #[test]
    fn a_wrong_name_gets_the_right_ones_in_answer() {
        let error = Filter::find("header-rewrit").map(|_| ()).unwrap_err();
        let expected = "\"header-rewrit\" is not a filter; one of: ";
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}
