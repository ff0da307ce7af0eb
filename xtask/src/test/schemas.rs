//! The suite `schemas`: the schemas themselves, every configuration of a sample against its schema,
//! and mistakes that a schema can know.

use std::fs;

use anyhow::{Result, bail};
use serde_json::Value;

use super::python::LINTERS;
use crate::{catalog, elsewhere, process, workspace};

/// Mistakes that an editor shows while they are made.
const MISTAKES: &[(&str, &str)] = &[
    ("cors", r#"{"polices": []}"#),
    ("cors", r#"{"policies": {}}"#),
    (
        "cors",
        r#"{"policies": [{"allow_origins": "https://a.example"}]}"#,
    ),
    (
        "cors",
        r#"{"policies": [{"allow_origins": ["https://a.example"], "allow_credentials": "yes"}]}"#,
    ),
    (
        "header-rewrite",
        r#"{"rules": [{"request": {"set": {"name": "a", "value": "b"}}}]}"#,
    ),
    (
        "header-rewrite",
        r#"{"rules": [{"request": [{"set": {"name": "a"}}]}]}"#,
    ),
    ("header-rewrite", r#"{"rules": [{"requests": []}]}"#),
    ("header-rewrite", r#"{"mode": "observe"}"#),
    ("jwt-auth", r#"{"providers": []}"#),
    ("jwt-auth", r#"{"providers": {"a": {"issuer": "a"}}}"#),
    (
        "jwt-auth",
        r#"{"providers": {"a": {"keys": {"pem": "x"}}}}"#,
    ),
    (
        "jwt-auth",
        r#"{"providers": {}, "rules": [{"require": "anything"}]}"#,
    ),
    (
        "rate-limit",
        r#"{"limits": [{"name": "a", "requests": "10", "per": "1s"}]}"#,
    ),
    (
        "rate-limit",
        r#"{"limits": [{"name": "a", "requests": -1, "per": "1s"}]}"#,
    ),
    (
        "rate-limit",
        r#"{"limits": [{"name": "a", "requests": 1, "per": 60}]}"#,
    ),
    (
        "rate-limit",
        r#"{"limits": [{"name": "a", "requests": 1, "per": "1s", "key": "client_ip"}]}"#,
    ),
];

/// Checks schemas and samples.
pub(super) fn run(_: &[String]) -> Result<()> {
    LINTERS.install()?;
    let schema = |filter: &str| {
        workspace::root()
            .join("filters")
            .join(filter)
            .join("config.schema.json")
    };
    let names: Vec<&str> = catalog::filters()?
        .iter()
        .map(|f| f.name.as_str())
        .collect();
    let mut metaschema = LINTERS.program("check-jsonschema");
    metaschema.arg("--check-metaschema");
    process::run(metaschema.args(names.iter().map(|name| schema(name))))?;

    let folder = workspace::target().join("schemas");
    fs::remove_dir_all(&folder).ok();
    fs::create_dir_all(&folder)?;
    let samples = workspace::root().join("envoy-configs");
    let mut cargo = elsewhere::filter_catalog("configurations");
    let found = process::output(cargo.arg(samples))?;
    let found: Vec<Value> = serde_json::from_str(&found)?;
    for name in &names {
        let check = || {
            let mut check = LINTERS.program("check-jsonschema");
            check.arg("--schemafile").arg(schema(name));
            check
        };
        let of_filter = found.iter().filter(|found| found["filter"] == *name);
        let mut files = Vec::new();
        for (number, found) in of_filter.enumerate() {
            let file = folder.join(format!("{name}-{number}.json"));
            fs::write(&file, found["configuration"].to_string())?;
            files.push(file);
        }
        if files.is_empty() {
            bail!("no sample configures {name}");
        }
        process::run(check().args(&files))?;
        for (number, (_, mistake)) in MISTAKES
            .iter()
            .filter(|(filter, _)| filter == name)
            .enumerate()
        {
            let file = folder.join(format!("{name}-mistake-{number}.json"));
            fs::write(&file, mistake)?;
            if process::output(check().arg(&file)).is_ok() {
                bail!("{name}: the schema accepts {mistake}");
            }
        }
        println!(
            "{name}: {} configurations of samples fit the schema",
            files.len()
        );
    }
    Ok(())
}
