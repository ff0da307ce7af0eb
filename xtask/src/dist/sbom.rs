//! The software bill of materials: every crate that may be compiled into the modules and the
//! program, as CycloneDX 1.5 (<https://cyclonedx.org/docs/1.5/json/>).
//!
//! Written by hand because it takes only one pass over `cargo metadata`. The existing tools write
//! times and random numbers, and one file for each crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{catalog, process, workspace};

/// What is shipped besides the filters.
const PROGRAM: &str = "filter-catalog";

/// Returns the bill of materials of everything that is shipped.
pub(super) fn of(version: &str, commit: &str) -> Result<Value> {
    let mut cargo = process::cargo();
    cargo
        .current_dir(workspace::root())
        .args(["metadata", "--locked", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&process::output(&mut cargo)?)?;
    let packages = by_id(&metadata["packages"]);
    let nodes = by_id(&metadata["resolve"]["nodes"]);
    let checksums = checksums(&fs::read_to_string(workspace::root().join("Cargo.lock"))?);
    let shipped: Vec<&str> = catalog::filters()?
        .iter()
        .map(|filter| filter.name.as_str())
        .chain([PROGRAM])
        .collect();
    let mut open: Vec<&str> = packages
        .iter()
        .filter(|(_, package)| {
            package["source"].is_null() && shipped.iter().any(|name| package["name"] == *name)
        })
        .map(|(id, _)| *id)
        .collect();
    let mut reached = BTreeSet::new();
    let mut dependencies = Vec::new();
    while let Some(id) = open.pop() {
        if !reached.insert(id) {
            continue;
        }
        let needed: Vec<&str> = nodes
            .get(id)
            .map(|node| needed_by(node))
            .unwrap_or_default();
        let mut refs: Vec<_> = needed
            .iter()
            .filter_map(|id| Some(purl(packages.get(id)?)))
            .collect();
        refs.sort();
        refs.dedup();
        dependencies.push((purl(packages.get(id).context("a package")?), refs));
        open.extend(needed);
    }
    dependencies.sort();
    let mut components: Vec<Value> = reached
        .iter()
        .filter_map(|id| packages.get(id))
        .map(|package| component(package, &checksums))
        .collect();
    components.sort_by_key(|component| component["bom-ref"].to_string());
    let rustc = process::output(Command::new("rustc").arg("--version"))?;
    let rustc = rustc.split(' ').nth(1).unwrap_or_default();
    components.push(json!({
        "type": "library",
        "bom-ref": format!("pkg:generic/rust-std@{rustc}"),
        "name": "rust-std",
        "version": rustc,
        "licenses": [{"expression": "MIT OR Apache-2.0"}],
        "purl": format!("pkg:generic/rust-std@{rustc}"),
    }));
    let dependencies: Vec<_> = dependencies
        .into_iter()
        .map(|(from, to)| json!({"ref": from, "dependsOn": to}))
        .collect();
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "envoy-filter-catalog",
                "name": "envoy-filter-catalog",
                "version": version,
                "licenses": [{"expression": "Apache-2.0"}],
                "properties": [{"name": "git:commit", "value": commit}],
            },
        },
        "components": components,
        "dependencies": dependencies,
    }))
}

fn by_id(list: &Value) -> BTreeMap<&str, &Value> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(|item| Some((item["id"].as_str()?, item)))
        .collect()
}

/// Returns what a package is compiled with, excluding its tests and build scripts.
fn needed_by(node: &Value) -> Vec<&str> {
    let is_normal = |dependency: &&Value| {
        let kinds = dependency["dep_kinds"].as_array();
        kinds
            .into_iter()
            .flatten()
            .any(|kind| kind["kind"].is_null())
    };
    let dependencies = node["deps"].as_array().into_iter().flatten();
    dependencies
        .filter(is_normal)
        .filter_map(|dependency| dependency["pkg"].as_str())
        .collect()
}

fn component(package: &Value, checksums: &BTreeMap<String, String>) -> Value {
    let purl = purl(package);
    let mut component = json!({
        "type": "library",
        "bom-ref": purl,
        "name": package["name"],
        "version": package["version"],
        "purl": purl,
    });
    if let Some(license) = package["license"].as_str() {
        // An older way to write an SPDX expression.
        component["licenses"] = json!([{"expression": license.replace('/', " OR ")}]);
    }
    if let Some(sum) = checksums.get(&purl) {
        component["hashes"] = json!([{"alg": "SHA-256", "content": sum}]);
    }
    component
}

/// <https://github.com/package-url/purl-spec/blob/main/types-doc/cargo-definition.md>
fn purl(package: &Value) -> String {
    let text = |key: &str| package[key].as_str().unwrap_or_default();
    format!("pkg:cargo/{}@{}", text("name"), text("version"))
}

/// Returns the checksums of a `Cargo.lock`, by package URL.
fn checksums(lock: &str) -> BTreeMap<String, String> {
    let field = |block: &str, key: &str| {
        let mut lines = block.lines();
        lines.find_map(|line| {
            Some(
                line.strip_prefix(key)?
                    .trim_matches([' ', '=', '"'])
                    .to_owned(),
            )
        })
    };
    lock.split("[[package]]")
        .filter_map(|block| {
            let (name, version) = (field(block, "name")?, field(block, "version")?);
            Some((
                format!("pkg:cargo/{name}@{version}"),
                field(block, "checksum")?,
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_component_has_a_licence_and_what_comes_from_a_registry_a_checksum() {
        let bom = of("0.1.0", "abc").unwrap();
        let components = bom["components"].as_array().unwrap();
        let names: Vec<_> = components
            .iter()
            .filter_map(|c| c["name"].as_str())
            .collect();
        for name in ["cors", "jsonwebtoken", "clap", "filter-kit", "rust-std"] {
            assert!(names.contains(&name), "{name}");
        }
        for name in ["proptest", "hyper", "walrus"] {
            assert!(!names.contains(&name), "{name} is not shipped");
        }
        for component in components {
            assert!(component["licenses"].is_array(), "{component}");
            let is_own = component["version"] == "0.1.0" && component.get("hashes").is_none();
            let is_std = component["name"] == "rust-std";
            assert!(
                is_own || is_std || component["hashes"].is_array(),
                "{component}"
            );
        }
        assert_eq!(bom, of("0.1.0", "abc").unwrap());
    }
}
