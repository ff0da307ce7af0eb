//! What becomes of a file as a whole, with header-rewrite's own parser.

use super::*;

/// A bootstrap around one plugin's configuration.
fn envoy(filename: &str, configuration: &str) -> String {
    format!(
        "listeners:\n- config:\n    vm_config: {{code: {{local: {{filename: {filename}}}}}}}\n    \
         configuration:\n      \"@type\": type.googleapis.com/google.protobuf.{configuration}\n"
    )
}

fn refusal(text: &str, is_json: bool) -> String {
    match check_text(text, is_json).remove(0) {
        Finding::Refused(error) => error,
        other => panic!("{other:?} for {text}"),
    }
}

#[test]
fn a_good_configuration_is_accepted_in_every_form() {
    let ok = [Finding::Accepted("header-rewrite".to_owned())];
    let module = "/etc/envoy/filters/header-rewrite.wasm";
    let rules = "rules: [{request: [{set: {name: x-a, value: b}}]}]";
    let cases = [
        envoy(module, &format!("Struct\n      value: {{{rules}}}")),
        envoy(module, "StringValue\n      value: '{\"rules\": []}'"),
        envoy(module, "Struct"),
        format!(
            "apiVersion: a\nkind: WasmPlugin\nspec: {{url: 'oci://r/header-rewrite:1', pluginConfig: {{{rules}}}}}"
        ),
        format!(
            "apiVersion: a\nkind: EnvoyExtensionPolicy\nspec: {{wasm: [{{name: header-rewrite, config: {{{rules}}}}}]}}"
        ),
    ];
    for text in cases {
        assert_eq!(check_text(&text, false), ok, "{text}");
    }
    let json = r#"{"vm_config": {"code": {"local": {"filename": "header-rewrite.wasm"}}},
        "configuration": {"@type": "x/google.protobuf.Struct", "value": {"rules": []}}}"#;
    assert_eq!(check_text(json, true), ok);
}

#[test]
fn a_mistake_is_named_with_its_path_and_its_line() {
    let text = envoy(
        "header-rewrite.wasm",
        "Struct\n      value:\n        rules:\n        - requst: []",
    );
    let error = refusal(&text, false);
    assert!(
        error.starts_with("header-rewrite: rules[0].requst: "),
        "{error}"
    );
    assert!(error.ends_with("(line 8)"), "{error}");
}

#[test]
fn an_unquoted_word_is_what_envoy_makes_of_it() {
    let set = |value| {
        format!(
            "Struct\n      value: {{rules: [{{request: [{{set: {{name: x-a, value: {value}}}}}]}}]}}"
        )
    };
    for value in ["on", "no", "~", "5"] {
        let error = refusal(&envoy("header-rewrite.wasm", &set(value)), false);
        assert!(
            error.contains("rules[0].request[0].set.value"),
            "{value}: {error}"
        );
    }
    for value in ["'on'", "text", "1.5", "5000000000"] {
        let findings = check_text(&envoy("header-rewrite.wasm", &set(value)), false);
        assert_eq!(
            findings,
            [Finding::Accepted("header-rewrite".to_owned())],
            "{value}"
        );
    }
}

#[test]
fn what_is_not_of_the_catalog_is_said_and_passed_over() {
    let foreign = envoy("/x/other.wasm", "Struct");
    assert_eq!(
        check_text(&foreign, false),
        [Finding::Skipped(
            "/x/other.wasm is not of the catalog, skipped".to_owned()
        )]
    );
    assert!(
        matches!(&check_text("a: 1", false)[..], [Finding::Skipped(reason)] if reason.contains("no filter"))
    );
    assert!(refusal("a: [", false).starts_with("not YAML: line"));
    assert!(refusal("{\"a\": }", true).starts_with("not JSON: "));
}

#[test]
fn a_variable_of_the_host_that_is_not_set_here_is_named() {
    let plugin = Plugin {
        module: None,
        root_id: None,
        name: None,
        config: Config::Absent,
        variables: BTreeMap::from([("A".to_owned(), "1".to_owned())]),
        host_variables: vec!["B", "C"],
        opens_the_door: false,
    };
    let (env, unset) = environment(&plugin, |name| (name == "B").then(|| "2".to_owned()));
    assert_eq!(
        env,
        BTreeMap::from([
            ("A".to_owned(), "1".to_owned()),
            ("B".to_owned(), "2".to_owned())
        ])
    );
    assert_eq!(unset, ["C"]);
    let error = with_hints("jwt-auth: secret: C is not set", "jwt-auth", None, &unset);
    assert_eq!(
        error,
        "jwt-auth: secret: C is not set; C comes from the host: set it here too"
    );
}
