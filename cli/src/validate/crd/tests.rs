use super::super::yaml;
use super::*;

fn messages(text: &str) -> Vec<(Option<usize>, String)> {
    let documents = yaml::parse(text).unwrap();
    let found = faults(&documents[0]).into_iter();
    found.map(|fault| (fault.line, fault.message)).collect()
}

#[test]
fn a_resource_is_held_against_its_definition() {
    let istio = |spec: &str| {
        format!(
            "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {{name: a}}\nspec:\n  url: oci://r/cors\n{spec}"
        )
    };
    let gateway = |spec: &str| {
        format!(
            "apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: EnvoyExtensionPolicy\nmetadata: {{name: a}}\nspec: {{{spec}}}"
        )
    };
    let cases = [
        (
            istio("  phase: AUTHN\n  pluginConfig: {any: {thing: 1}}"),
            None,
        ),
        (istio("  priority: null"), None),
        (
            istio("  phase: LATE"),
            Some((
                6,
                "WasmPlugin: spec.phase: \"LATE\" is not one of: UNSPECIFIED_PHASE, AUTHN, AUTHZ, STATS",
            )),
        ),
        (
            istio("  plugin_config: {}"),
            Some((
                6,
                "WasmPlugin: spec.plugin_config: unknown field; did you mean pluginConfig?",
            )),
        ),
        (
            istio("  pluginConfig: text"),
            Some((
                6,
                "WasmPlugin: spec.pluginConfig: \"text\" is not of type object",
            )),
        ),
        (
            istio("  sha256: abc"),
            Some((
                6,
                "WasmPlugin: spec.sha256: \"abc\" does not match (^$|^[a-f0-9]{64}$)",
            )),
        ),
        (
            istio("  match:\n  - ports:\n    - {number: 70000}"),
            Some((
                8,
                "WasmPlugin: spec.match[0].ports[0].number: 70000 exceeds the maximum of 65535",
            )),
        ),
        (
            istio("  vmConfig:\n    env:\n    - value: x"),
            Some((8, "WasmPlugin: spec.vmConfig.env[0].name: is missing")),
        ),
        (
            istio("").replace("  url: oci://r/cors\n", "  priority: 1"),
            Some((4, "WasmPlugin: spec.url: is missing")),
        ),
        (
            istio("").replace("v1alpha1", "v1"),
            Some((
                1,
                "WasmPlugin: apiVersion: \"extensions.istio.io/v1\" has no such kind; accepted: extensions.istio.io/v1alpha1",
            )),
        ),
        (
            istio("").replace("{name: a}", "{}"),
            Some((1, "WasmPlugin: metadata.name: is missing")),
        ),
        (
            gateway("wasm: [{code: {type: Image, image: {url: a}}}]"),
            None,
        ),
        (
            gateway("wasm: [{code: {type: File}}]"),
            Some((
                4,
                "EnvoyExtensionPolicy: spec.wasm[0].code.type: \"File\" is not one of: HTTP, Image",
            )),
        ),
    ];
    for (text, expected) in cases {
        let expected: Vec<_> = expected
            .map(|(line, message)| (Some(line), message.to_owned()))
            .into_iter()
            .collect();
        let found: Vec<_> = messages(&text).into_iter().take(1).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn only_one_of_several_fields_is_taken() {
    let filter = |spec: &str| {
        format!(
            "apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {{name: a}}\nspec: {{configPatches: [{{applyTo: LISTENER, match: {{{spec}}}}}]}}"
        )
    };
    assert_eq!(messages(&filter("listener: {}")), []);
    let found = messages(&filter("listener: {}, cluster: {}"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].1.contains("takes only one of: cluster, "),
        "{found:?}"
    );
}
