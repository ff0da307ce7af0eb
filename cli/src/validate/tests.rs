//! The results for whole files.

use super::*;
use crate::catalog::FILTERS;
use filter_kit::config::Env;

/// Returns a bootstrap with one plugin that has this configuration.
fn envoy(filename: &str, configuration: &str) -> String {
    format!(
        "listeners:\n- config:\n    vm_config: {{code: {{local: {{filename: {filename}}}}}}}\n    \
         configuration:\n      \"@type\": type.googleapis.com/google.protobuf.{configuration}\n"
    )
}

fn check_for(filter: Option<&str>, text: &str) -> Vec<String> {
    let mut report = Report::default();
    let filter = filter.map(|name| Filter::find(name).unwrap());
    let is_json = text.starts_with('{');
    Checker::new("f", filter, &mut report).text(text, is_json);
    let text = report.print(Format::Text);
    text.lines().map(str::to_owned).collect()
}

fn check(text: &str) -> Vec<String> {
    check_for(None, text)
}

const ISTIO: &str =
    "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: a}\n";
const GATEWAY: &str =
    "apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: EnvoyExtensionPolicy\nmetadata: {name: a}\n";
const RULES: &str = "rules: [{request: [{set: {name: x-a, value: b}}]}]";

#[test]
fn a_good_configuration_is_accepted_in_every_form() {
    let module = "/etc/envoy/filters/header-rewrite.wasm";
    let json = r#"{"vm_config": {"code": {"local": {"filename": "header-rewrite.wasm"}}},
        "configuration": {"@type": "x/google.protobuf.Struct", "value": {"rules": []}}}"#;
    let in_map =
        envoy(module, &format!("Struct\n      value: {{{RULES}}}")).replace('\n', "\n    ");
    let istio =
        format!("{ISTIO}spec: {{url: 'oci://r/header-rewrite:1', pluginConfig: {{{RULES}}}}}");
    for text in [
        envoy(module, &format!("Struct\n      value: {{{RULES}}}")),
        envoy(module, "StringValue\n      value: '{\"rules\": []}'"),
        envoy(module, "Struct"),
        format!(
            "{GATEWAY}spec: {{wasm: [{{name: header-rewrite, code: {{type: Image, image: {{url: a}}}}, config: {{{RULES}}}}}]}}"
        ),
        json.to_owned(),
        format!("apiVersion: v1\nkind: ConfigMap\ndata:\n  envoy.yaml: |\n    {in_map}"),
        format!("apiVersion: v1\nkind: ConfigMap\ndata:\n  header-rewrite.yaml: |\n    {RULES}"),
        format!("apiVersion: v1\nkind: Secret\nstringData:\n  header-rewrite.yaml: |\n    {RULES}"),
        format!(
            "apiVersion: v1\nkind: List\nitems:\n- {}",
            istio.replace('\n', "\n  ")
        ),
        istio,
    ] {
        let found = check(&text);
        assert!(
            matches!(&found[..], [one] if one.ends_with(": header-rewrite ok")),
            "{text}\n{found:?}"
        );
    }
    assert_eq!(
        check_for(Some("header-rewrite"), RULES),
        ["f:1: header-rewrite ok"]
    );
    let renamed = envoy(
        "/x/plugin.wasm",
        &format!("Struct\n      value: {{{RULES}}}"),
    );
    let json = br#"{"rules": [{"request": [{"set": {"name": "x-a", "value": "b"}}]}]}"#;
    let takers = FILTERS
        .iter()
        .filter(|f| (f.check)(json, &Env::new()).is_ok());
    // Recognized by its keys, which a copy of the filter has too.
    if takers.count() == 1 {
        assert_eq!(check(&renamed), ["f:6: header-rewrite ok"]);
    }
    let renamed = envoy("/x/plugin.wasm", "Struct");
    assert_eq!(check_for(Some("cors"), &renamed), ["f:4: cors ok"]);
}

#[test]
fn a_mistake_is_named_with_its_line_and_its_path() {
    let module = "header-rewrite.wasm";
    let cases = [
        (
            envoy(
                module,
                "Struct\n      value:\n        rules:\n        - requst: []",
            ),
            "f:8: error: header-rewrite: rules[0].requst: ",
        ),
        (
            envoy(
                module,
                "StringValue\n      value: |\n        {\"rules\": [\n          {\"requst\": []}]}",
            ),
            "f:8: error: header-rewrite: rules[0].requst: ",
        ),
        (
            "kind: ConfigMap\ndata:\n  header-rewrite.yaml: |\n    rules:\n    - requst: []"
                .to_owned(),
            "f:5: error: header-rewrite: rules[0].requst: ",
        ),
        (
            format!(
                "{ISTIO}spec:\n  url: r/header-rewrite\n  pluginConfig:\n    rules:\n    - requst: []"
            ),
            "f:8: error: header-rewrite: rules[0].requst: ",
        ),
        ("a: [".to_owned(), "f:1: error: line 1, column "),
        ("{\n\"a\": }".to_owned(), "f:2: error: line 2: not JSON: "),
        (
            envoy(module, "Struct\n      rules: []"),
            "f:4: error: header-rewrite: configuration: \"rules\" belongs under \"value\"",
        ),
    ];
    for (text, expected) in cases {
        let found = check(&text);
        assert!(found[0].starts_with(expected), "{text}\n{found:?}");
    }
}

#[test]
fn what_is_legal_but_dangerous_or_without_effect_is_warned_of() {
    let plugin = |settings: &str| {
        format!(
            "config:\n  name: cors\n  vm_config: {{code: {{local: {{filename: cors.wasm}}}}}}\n  {settings}\n"
        )
    };
    let bootstrap = |clusters: &str, more: &str| {
        format!(
            "static_resources:\n  clusters: [{clusters}]\n  listeners:\n  - config:\n      vm_config: {{code: {{local: {{filename: rate-limit.wasm}}}}}}\n      configuration:\n        '@type': x/google.protobuf.Struct\n        value:\n          limits: [{{name: a, requests: 1, per: 1s, scope: service}}]\n          service:\n            cluster: rls\n            domain: edge\n            timeout: 20ms\n            on_error: process\n{more}"
        )
    };
    let cases = [
        (
            plugin("failure_policy: FAIL_OPEN"),
            Some("f:4: warning: cors: failure_policy: FAIL_OPEN: "),
        ),
        (
            plugin("failurePolicy: 3"),
            Some("f:4: warning: cors: failure_policy: FAIL_OPEN: "),
        ),
        (
            plugin("fail_open: true"),
            Some("f:4: warning: cors: fail_open: true: "),
        ),
        (plugin("failure_policy: FAIL_CLOSED"), None),
        (
            format!("{ISTIO}spec:\n  url: r/cors\n  failStrategy: FAIL_OPEN"),
            Some("f:6: warning: cors: failStrategy: FAIL_OPEN: "),
        ),
        (
            format!(
                "{GATEWAY}spec:\n  wasm:\n  - name: cors\n    failOpen: true\n    code: {{type: Image, image: {{url: a}}}}"
            ),
            Some("f:7: warning: cors: failOpen: true: "),
        ),
        (
            format!("{ISTIO}spec:\n  url: r/cors\n  config: {{policies: []}}"),
            Some("f:6: warning: cors: `config:` is not a field"),
        ),
        (
            format!(
                "{GATEWAY}spec:\n  wasm:\n  - name: cors\n    pluginConfig: {{}}\n    code: {{type: Image, image: {{url: a}}}}"
            ),
            Some("f:7: warning: cors: `pluginConfig:` is not a field"),
        ),
        (
            bootstrap("{name: upstream}", ""),
            Some(
                "f:11: warning: rate-limit: cluster \"rls\" is not defined; defined here: upstream",
            ),
        ),
        (
            plugin(
                "configuration:\n    '@type': x/google.protobuf.Struct\n    value:\n      policies:\n      - allow_origins: ['*']\n        match: {paths: [{prefix: /api/*}]}",
            ),
            Some(
                "f:9: warning: cors: policies[0].match.paths[0].prefix: \"/api/*\" is compared as it is written",
            ),
        ),
        (bootstrap("{name: rls}", ""), None),
        (
            format!(
                "{ISTIO}spec:\n  url: r/cors\n  pluginConfig:\n    policies:\n    - match:\n        paths:\n        - prefix: /admin/*\n      allow_origins: ['*']"
            ),
            Some("f:10: warning: cors: policies[0].match.paths[0].prefix: "),
        ),
        (bootstrap("", "dynamic_resources: {cds_config: {}}"), None),
    ];
    for (text, expected) in cases {
        let found = check(&text);
        let warned = found.iter().find(|line| line.contains(" warning: "));
        match expected {
            Some(expected) => assert!(
                warned.is_some_and(|line| line.starts_with(expected)),
                "{text}\n{found:?}"
            ),
            None => assert_eq!(warned, None, "{text}"),
        }
    }
}

#[test]
fn settings_of_envoy_that_are_none_are_refused() {
    let cases = [
        (
            "vm_config: {}\n  config: {}",
            "config.config: unknown field; did you mean configuration?",
        ),
        (
            "vm_config: {}\n  configurations: {}",
            "config.configurations: unknown field; did you mean configuration?",
        ),
        (
            "vm_config: {vmid: a}",
            "vm_config.vmid: unknown field; did you mean vm_id?",
        ),
    ];
    for (settings, expected) in cases {
        let found = check(&format!("typed_config:\n  name: cors\n  {settings}"));
        assert!(
            found[0].contains(&format!("error: cors: {expected}")),
            "{found:?}"
        );
    }
}

#[test]
fn an_unquoted_word_is_what_envoy_makes_of_it() {
    let set = |value| {
        format!(
            "Struct\n      value: {{rules: [{{request: [{{set: {{name: x-a, value: {value}}}}}]}}]}}"
        )
    };
    for value in ["on", "no", "~", "5"] {
        let found = check(&envoy("header-rewrite.wasm", &set(value)));
        assert!(
            found[0].contains("rules[0].request[0].set.value"),
            "{value}: {found:?}"
        );
    }
    for value in ["'on'", "text", "1.5", "5000000000"] {
        let found = check(&envoy("header-rewrite.wasm", &set(value)));
        assert!(
            found[0].ends_with("header-rewrite ok"),
            "{value}: {found:?}"
        );
    }
}

#[test]
fn what_is_not_of_the_catalog_is_noted_and_passed_over() {
    let found = check(&envoy("/x/other.wasm", "Struct"));
    assert!(
        found[0].contains("note: /x/other.wasm is not a module of the catalog"),
        "{found:?}"
    );
    assert_eq!(
        check("a: 1"),
        ["f: note: no filter of the catalog is configured here"]
    );
}
