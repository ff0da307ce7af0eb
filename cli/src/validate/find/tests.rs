//! Which plugins a document contains, and how they are read.

use super::*;
use crate::validate::yaml;

fn names_of(document: &str) -> Vec<Option<&'static str>> {
    let documents = yaml::parse(document).unwrap();
    documents
        .iter()
        .flat_map(plugins)
        .map(|plugin| plugin.filter().map(|filter| filter.name))
        .collect()
}

#[test]
fn a_filter_is_known_by_its_module_then_root_id_then_name() {
    let cases = [
        (
            "/etc/envoy/filters/header-rewrite.wasm",
            "x",
            "y",
            Some("header-rewrite"),
        ),
        ("header_rewrite.wasm", "x", "y", Some("header-rewrite")),
        (
            "https://example.org/v1/cors-1.2.0.wasm?x=/a",
            "x",
            "y",
            Some("cors"),
        ),
        (
            "oci://registry.example:5000/filters/cors:0.1.0",
            "x",
            "y",
            Some("cors"),
        ),
        (
            "oci://registry.example/filters/cors@sha256:00",
            "x",
            "y",
            Some("cors"),
        ),
        ("cors-v2.wasm", "header-rewrite", "y", Some("cors")),
        (
            "plugin.wasm",
            "header-rewrite",
            "cors",
            Some("header-rewrite"),
        ),
        ("plugin.wasm", "", "cors", Some("cors")),
        ("corsair.wasm", "", "cors-helper", None),
    ];
    for (module, root_id, name, filter) in cases {
        let document = Node::Map(Vec::new());
        let plugin = Plugin {
            module: Some(module),
            root_id: Some(root_id),
            name: Some(name),
            ..Plugin::bare(&document)
        };
        let found = plugin.filter().map(|filter| filter.name);
        assert_eq!(found, filter, "{module}");
    }
}

#[test]
fn every_place_that_loads_a_module_is_found() {
    let cases = [
        (
            "a bootstrap",
            "static_resources: {listeners: [{filters: [{typed_config: {config: {vm_config: {code: {local: {filename: /x/cors.wasm}}}}}}]}]}",
        ),
        (
            "an ECDS resource",
            "resources: [{typed_config: {config: {root_id: cors, configuration: {'@type': type.googleapis.com/google.protobuf.Struct}}}}]",
        ),
        (
            "camelCase",
            "config: {vmConfig: {code: {remote: {httpUri: {uri: 'https://e/cors.wasm'}}}}}",
        ),
        (
            "EnvoyFilter",
            "kind: EnvoyFilter\nspec: {configPatches: [{patch: {value: {typed_config: {value: {config: {name: cors, vm_config: {runtime: envoy.wasm.runtime.v8}}}}}}}]}",
        ),
        (
            "WasmPlugin",
            "kind: WasmPlugin\nspec: {url: 'oci://r/cors:1', pluginConfig: {a: 1}}",
        ),
        (
            "EnvoyExtensionPolicy",
            "kind: EnvoyExtensionPolicy\nspec: {wasm: [{code: {type: Image, image: {url: 'r/cors:1'}}}]}",
        ),
    ];
    for (what, document) in cases {
        assert_eq!(names_of(document), [Some("cors")], "{what}");
    }
    assert_eq!(
        names_of("a: {configuration: {'@type': type.googleapis.com/some.Other}}"),
        []
    );
}

#[test]
fn a_module_by_url_opens_the_door_by_ecds_and_only_without_nack() {
    let ecds = "'@type': type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig";
    let lds = "'@type': type.googleapis.com/envoy.config.listener.v3.Listener";
    let (remote, local) = (
        "remote: {http_uri: {uri: 'https://e/cors.wasm'}}",
        "local: {filename: /cors.wasm}",
    );
    let cases = [
        (ecds, remote, "", true),
        (ecds, remote, "nack_on_code_cache_miss: false, ", true),
        (ecds, remote, "nack_on_code_cache_miss: true, ", false),
        (ecds, remote, "nackOnCodeCacheMiss: true, ", false),
        (ecds, local, "", false),
        (lds, remote, "", false),
    ];
    for (kind, code, nack, expected) in cases {
        let text = format!(
            "resources: [{{{kind}, typed_config: {{config: {{vm_config: {{{nack}code: {{{code}}}}}}}}}}}]"
        );
        let documents = yaml::parse(&text).unwrap();
        let found: Vec<_> = documents
            .iter()
            .flat_map(plugins)
            .map(|plugin| {
                plugin
                    .faults
                    .iter()
                    .any(|(_, _, text)| text.contains("by ECDS"))
            })
            .collect();
        assert_eq!(found, [expected], "{text}");
    }
}

#[test]
fn the_form_of_the_configuration_is_the_one_envoy_would_hand_over() {
    let wasm = "type.googleapis.com/google.protobuf";
    let cases = [
        (
            format!("{{'@type': {wasm}.StringValue, value: '{{}}'}}"),
            "Text(Scalar { text: \"{}\"",
        ),
        (
            format!("{{'@type': {wasm}.Struct, value: {{}}}}"),
            "Struct(Map([]))",
        ),
        (format!("{{'@type': {wasm}.Struct}}"), "Absent"),
        (
            format!("{{'@type': {wasm}.Struct, rules: []}}"),
            "Broken(\"\\\"rules\\\" belongs under \\\"value\\\"\")",
        ),
        (
            format!("{{'@type': {wasm}.StringValue, value: {{}}}}"),
            "Broken(\"\\\"value\\\" of a StringValue must be text",
        ),
        (
            format!("{{'@type': {wasm}.BytesValue, value: ''}}"),
            "Broken(\"google.protobuf.BytesValue is not checked",
        ),
        (
            "{rules: []}".to_owned(),
            "Broken(\"\\\"@type\\\" is missing",
        ),
    ];
    for (configuration, expected) in cases {
        let document = format!("vm_config: {{}}\nconfiguration: {configuration}");
        let documents = yaml::parse(&document).unwrap();
        let form = format!("{:?}", plugins(&documents[0])[0].config);
        assert!(form.starts_with(expected), "{configuration}: {form}");
    }
}

#[test]
fn environment_variables_are_passed_on_from_each_kind_of_document() {
    let cases = [
        "vm_config: {environment_variables: {key_values: {A: x}, host_env_keys: [B]}}",
        "kind: WasmPlugin\nspec: {vmConfig: {env: [{name: A, value: x}, {name: B, valueFrom: HOST}]}}",
    ];
    for document in cases {
        let documents = yaml::parse(document).unwrap();
        let plugin = &plugins(&documents[0])[0];
        assert_eq!(
            plugin.variables,
            BTreeMap::from([("A".to_owned(), "x".to_owned())]),
            "{document}"
        );
        assert_eq!(plugin.host_variables, ["B"], "{document}");
    }
}
