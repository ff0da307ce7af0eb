//! The suite `schemas`: checks the schemas themselves, every configuration of a sample against its
//! schema, and mistakes that a schema can detect.

use std::fs;

use anyhow::{Result, bail};
use serde_json::Value;

use super::python::LINTERS;
use crate::{catalog, elsewhere, process, workspace};

/// Mistakes that an editor shows while typing.
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

/// What contains the configuration of a filter.
const HOLDERS: &[&str] = &[
    "\nkind: WasmPlugin\n",
    "\nkind: EnvoyExtensionPolicy\n",
    ".http.wasm.v3.Wasm",
];

/// Files and resources with mistakes that their schema detects.
const WRONG_RESOURCES: &[(&str, &str)] = &[
    (
        "envoy",
        r#"{"static_resources": {"listeners": [{"filters": [{"typed_config":
            {"@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm", "config": {"root_id": "cors",
              "configuration": {"@type": "type.googleapis.com/google.protobuf.Struct", "value": {"polices": []}}}}}]}]}}"#,
    ),
    (
        "envoy",
        r#"{"resources": [{"@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm", "config": {"root_id": "rate-limit", "configuration": {"@type": "type.googleapis.com/google.protobuf.Struct", "value": {"limits": {}}}}}]}"#,
    ),
    (
        "wasmplugin",
        r#"{"apiVersion": "extensions.istio.io/v1alpha1", "kind": "WasmPlugin", "metadata": {"name": "a"},
            "spec": {"url": "oci://a", "pluginName": "cors", "pluginConfig": {"polices": []}}}"#,
    ),
    (
        "wasmplugin",
        r#"{"apiVersion": "extensions.istio.io/v1alpha1", "kind": "WasmPlugin", "metadata": {"name": "a"},
            "spec": {"url": "oci://a", "pluginName": "cors", "config": {}}}"#,
    ),
    (
        "envoyextensionpolicy",
        r#"{"apiVersion": "gateway.envoyproxy.io/v1alpha1", "kind": "EnvoyExtensionPolicy", "metadata": {"name": "a"},
            "spec": {"targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "eg"}],
              "wasm": [{"name": "a", "rootID": "cors", "code": {"type": "HTTP", "http": {"url": "https://a/b.wasm"}}, "config": {"polices": []}}]}}"#,
    ),
];

/// Checks the samples of filters against the schemas that their modelines name.
fn check_resources() -> Result<()> {
    let samples = workspace::root().join("envoy-configs");
    let schema = |kind: &str| samples.join(format!("schemas/{kind}.schema.json"));
    let mut count = 0;
    for folder in ["", "dynamic", "migrating", "istio", "envoy-gateway"] {
        for entry in fs::read_dir(samples.join(folder))? {
            let file = entry?.path();
            if file.extension().is_none_or(|ending| ending != "yaml") {
                continue;
            }
            let text = fs::read_to_string(&file)?;
            let up = if folder.is_empty() { "" } else { "../" };
            let modeline = format!("# yaml-language-server: $schema={up}schemas/");
            let named = text
                .lines()
                .find_map(|line| line.strip_prefix(&modeline)?.strip_suffix(".schema.json"));
            let Some(kind) = named else {
                if HOLDERS.iter().any(|holder| text.contains(holder)) {
                    bail!("{} has no modeline", workspace::display(&file));
                }
                continue;
            };
            let mut check = LINTERS.program("check-jsonschema");
            process::run(check.arg("--schemafile").arg(schema(kind)).arg(&file))?;
            count += 1;
        }
    }
    for (number, (kind, wrong)) in WRONG_RESOURCES.iter().enumerate() {
        let file = workspace::target().join(format!("schemas/resource-{number}.json"));
        fs::write(&file, wrong)?;
        let mut check = LINTERS.program("check-jsonschema");
        if process::output(check.arg("--schemafile").arg(schema(kind)).arg(&file)).is_ok() {
            bail!("the schema of {kind} accepts {wrong}");
        }
    }
    println!("{count} samples fit the schemas that they name");
    Ok(())
}

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
    check_resources()
}
