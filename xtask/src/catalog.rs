//! The filters, as described by the folders under `filters/` and their manifests.

use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{process, workspace};

/// A filter of the catalog.
#[derive(Debug)]
pub(crate) struct Filter {
    /// The name of the folder, the package, the module and the metrics.
    pub(crate) name: String,
    /// The package's version.
    pub(crate) version: String,
    /// One line for the tables of the READMEs: the package's `description`.
    pub(crate) summary: String,
    /// Maximum size of the module that `build` accepts, in KiB.
    pub(crate) budget_kib: u64,
    /// The module's exports.
    pub(crate) exports: Vec<String>,
    /// Whether its module is composed of other filters.
    pub(crate) is_composed: bool,
}

/// Exports of every module (`ALWAYS` in `filter_kit::pipeline::callbacks`).
const ALWAYS: [&str; 7] = [
    "memory",
    "_initialize",
    "proxy_abi_version_0_2_1",
    "proxy_on_memory_allocate",
    "proxy_on_context_create",
    "proxy_on_configure",
    "proxy_on_delete",
];

/// All filters, by name.
pub(crate) fn filters() -> Result<&'static [Filter]> {
    static FILTERS: OnceLock<Vec<Filter>> = OnceLock::new();
    if let Some(filters) = FILTERS.get() {
        return Ok(filters);
    }
    let mut filters: Vec<Filter> = packages()?.iter().filter_map(filter).collect();
    filters.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(FILTERS.get_or_init(|| filters))
}

/// Returns the URL of the sources, below which the releases are: `repository` in `Cargo.toml`,
/// which a fork changes.
pub(crate) fn repository() -> Result<String> {
    let packages = packages()?;
    let repository = packages
        .iter()
        .find_map(|package| package["repository"].as_str());
    repository
        .map(str::to_owned)
        .context("no `repository` in Cargo.toml")
}

/// Returns the packages of the workspace, as described by `cargo metadata`.
pub(crate) fn packages() -> Result<Vec<Value>> {
    let mut cargo = process::cargo();
    cargo
        .current_dir(workspace::root())
        .args(["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&process::output(&mut cargo)?)?;
    let packages = metadata["packages"].as_array().cloned();
    packages.context("cargo metadata lists no packages")
}

fn filter(package: &Value) -> Option<Filter> {
    let catalog = package["metadata"].get("catalog")?;
    let callbacks = catalog["callbacks"].as_array()?.iter();
    let callbacks = callbacks.filter_map(|name| Some(format!("proxy_on_{}", name.as_str()?)));
    Some(Filter {
        name: package["name"].as_str()?.to_owned(),
        version: package["version"].as_str()?.to_owned(),
        summary: package["description"].as_str()?.to_owned(),
        budget_kib: catalog["budget-kib"].as_u64()?,
        exports: ALWAYS
            .map(str::to_owned)
            .into_iter()
            .chain(callbacks)
            .collect(),
        is_composed: depends_on_a_neighbour(package),
    })
}

/// Whether the package depends on one in a neighbouring folder.
fn depends_on_a_neighbour(package: &Value) -> bool {
    let folder_of = |path: &Value| Some(Path::new(path.as_str()?).parent()?.to_owned());
    let filters =
        folder_of(&package["manifest_path"]).and_then(|own| Some(own.parent()?.to_owned()));
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    filters.is_some()
        && dependencies
            .filter(|dependency| dependency["kind"].is_null())
            .any(|dependency| folder_of(&dependency["path"]) == filters)
}

/// Returns the filters with these names; no names mean all.
pub(crate) fn select(names: &[String]) -> Result<Vec<&'static Filter>> {
    if names.is_empty() {
        return Ok(filters()?.iter().collect());
    }
    names.iter().map(|name| find(name)).collect()
}

/// Returns the filter with this name.
pub(crate) fn find(name: &str) -> Result<&'static Filter> {
    let filters = filters()?;
    match filters.iter().find(|filter| filter.name == name) {
        Some(filter) => Ok(filter),
        None => {
            let names: Vec<_> = filters.iter().map(|filter| filter.name.as_str()).collect();
            bail!("\"{name}\" is not a filter; one of: {}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    #[test]
    fn every_folder_under_filters_is_a_filter_with_its_budget_and_callbacks() {
        for entry in fs::read_dir(workspace::root().join("filters")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let filter = find(&name).unwrap();
            assert!(filter.exports.len() > ALWAYS.len(), "{name}");
        }
        let composed = filters()
            .unwrap()
            .iter()
            .filter(|filter| filter.is_composed);
        assert_eq!(composed.map(|f| &f.name).collect::<Vec<_>>(), ["chain"]);
        let error = find("header-rewrit").unwrap_err().to_string();
        let expected = "\"header-rewrit\" is not a filter; one of: ";
        assert!(error.starts_with(expected), "{error}");
    }
    #[test]
    fn a_filter_that_depends_on_another_is_composed() {
        let package = |dependencies: Value| json!({"manifest_path": "/x/filters/a/Cargo.toml", "dependencies": dependencies});
        for (dependency, expected) in [
            (json!({"path": "/x/filters/b", "kind": null}), true),
            (json!({"path": "/x/filters/b", "kind": "dev"}), false),
            (json!({"path": "/x/shared", "kind": null}), false),
            (json!({"kind": null}), false),
        ] {
            let package = package(json!([dependency]));
            assert_eq!(depends_on_a_neighbour(&package), expected, "{dependency}");
        }
    }
}
