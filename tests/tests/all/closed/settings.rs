//! What every sample sets in Envoy, read from the files as Envoy and the control planes read them.

use std::{collections::BTreeSet, fs};

use e2e::{
    kubernetes::{self, ClientTrafficPolicy},
    paths, samples, yaml,
};
use serde_json::{Value, json};

/// An HTTP connection manager that shows requests as received.
const OPEN: (&str, &str) = ("echo.yaml", "it is the upstream, and guards nothing");

/// The settings of each HTTP connection manager; SECURITY.md says what they prevent.
pub(crate) fn settings() -> Value {
    json!({
        "use_remote_address": true,
        "normalize_path": true,
        "merge_slashes": true,
        "path_with_escaped_slashes_action": "UNESCAPE_AND_REDIRECT",
        "strip_any_host_port": true,
        "strip_trailing_host_dot": true,
        "common_http_protocol_options": {"headers_with_underscores_action": "REJECT_REQUEST"},
    })
}

/// The headers that the routes remove.
pub(crate) fn removed() -> Value {
    json!([
        "x-original-url",
        "x-rewrite-url",
        "x-http-method-override",
        "x-http-method",
        "x-method-override"
    ])
}

/// Returns all samples by name, parsed.
pub(crate) fn documents() -> Vec<(String, Value)> {
    let files = samples::files().unwrap().into_iter();
    files
        .filter(|(name, _)| name.ends_with(".yaml"))
        .map(|(name, text)| {
            let document = yaml::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, document)
        })
        .collect()
}

/// Returns all messages of this type in a document, by the end of their `@type`.
pub(crate) fn messages<'a>(document: &'a Value, ending: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    walk(document, &mut |value| {
        let kind = value.get("@type").and_then(Value::as_str);
        if kind.is_some_and(|kind| kind.ends_with(ending)) {
            found.push(value);
        }
    });
    found
}

fn walk<'a>(value: &'a Value, visit: &mut impl FnMut(&'a Value)) {
    visit(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        Value::Object(map) => map.values().for_each(|value| walk(value, visit)),
        _ => {}
    }
}

const CONNECTION_MANAGER: &str = ".http_connection_manager.v3.HttpConnectionManager";
pub(crate) const WASM: &str = ".filters.http.wasm.v3.Wasm";

#[test]
fn every_connection_manager_brings_requests_into_plain_form() {
    let mut seen = 0;
    for (name, document) in documents() {
        for manager in messages(&document, CONNECTION_MANAGER) {
            if name == OPEN.0 {
                assert!(messages(&document, WASM).is_empty(), "{}", OPEN.1);
                continue;
            }
            seen += 1;
            let mut settings = settings();
            if name == "istio/connection-manager-sidecar.yaml" {
                // In a mesh, the gateway has written the client's address.
                settings["use_remote_address"] = Value::Null;
            }
            for (setting, value) in settings.as_object().unwrap() {
                assert_eq!(&manager[setting], value, "{name}: {setting}");
            }
            let mut removals = Vec::new();
            walk(&document, &mut |value| {
                removals.extend(value.get("request_headers_to_remove"));
            });
            assert_eq!(removals, [&removed()], "{name}: request_headers_to_remove");
        }
    }
    assert!(seen >= 12, "only {seen} connection managers were found");
}

#[test]
fn envoy_gateway_is_told_the_same() {
    let file = paths::workspace().join("envoy-configs/envoy-gateway/client-traffic-policy.yaml");
    let policy: ClientTrafficPolicy = kubernetes::load(&file).unwrap();
    let manager = policy.connection_manager();
    let mut settings = settings();
    // No resource can set it.
    settings["strip_any_host_port"] = Value::Null;
    for (setting, value) in settings.as_object().unwrap() {
        assert_eq!(&manager[setting], value, "{setting}");
    }
    let mutations = &manager["early_header_mutation_extensions"][0]["typed_config"]["mutations"];
    let names = mutations.as_array().unwrap().iter();
    let names: Vec<_> = names.map(|mutation| &mutation["remove"]).collect();
    assert_eq!(json!(names), removed());
}

#[test]
fn every_filter_comes_back_after_a_crash_in_a_vm_of_its_own() {
    let mut seen = 0;
    let mut vms = BTreeSet::new();
    for (name, document) in documents() {
        // Files that belong to one Envoy.
        let envoy = match name.strip_prefix("dynamic/") {
            Some(file) if file != "remote-module.yaml" => "dynamic",
            _ => &name,
        };
        for filter in messages(&document, WASM) {
            seen += 1;
            let config = &filter["config"];
            assert_eq!(config["failure_policy"], "FAIL_RELOAD", "{name}: {config}");
            let vm = config["vm_config"]["vm_id"].as_str();
            let vm = vm.unwrap_or_else(|| panic!("{name}: no vm_id: {config}"));
            assert!(
                vms.insert((envoy.to_string(), vm.to_string())),
                "{name}: vm_id {vm} twice"
            );
        }
        if document["kind"] == "WasmPlugin" {
            seen += 1;
            assert_eq!(document["spec"]["failStrategy"], "FAIL_RELOAD", "{name}");
        }
    }
    assert!(seen >= 16, "only {seen} filters were found");
}

#[test]
fn a_resource_that_cannot_say_these_things_names_the_one_that_does() {
    for (name, document) in documents() {
        let settings = match document["kind"].as_str() {
            Some("WasmPlugin") => "connection-manager",
            Some("EnvoyExtensionPolicy") => "client-traffic-policy.yaml",
            _ => continue,
        };
        let text = fs::read_to_string(paths::sample(&name).unwrap()).unwrap();
        let comment: Vec<_> = text.lines().take_while(|l| l.starts_with('#')).collect();
        let names = |word: &str| comment.iter().any(|line| line.contains(word));
        assert!(names(settings), "{name}: {settings}");
        assert!(names("vm_id"), "{name}: vm_id");
    }
}
