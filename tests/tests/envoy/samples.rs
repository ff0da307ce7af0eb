//! All files of `envoy-configs/`: each is run by a test, Envoy accepts each bootstrap, and what
//! they refer to belongs to this version.

use std::fs;

use e2e::{paths, samples, wasm};

/// Returns the samples by their names in `envoy-configs/`, with their texts.
fn samples() -> Vec<(String, String)> {
    let mut samples = samples::files().unwrap();
    samples.retain(|(name, _)| !name.ends_with(".md"));
    samples
}

#[test]
fn every_sample_is_run_by_a_test() {
    let tests = paths::workspace().join("tests");
    let sources: String = paths::files_below(&tests)
        .unwrap()
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .filter(|path| !path.ends_with("samples.rs"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    for (name, _) in samples() {
        let bare = name.trim_end_matches(".yaml");
        let mut ways = vec![
            // From a sample, or from a modified copy of its text.
            format!("sample(\"{bare}\")"),
            // As a file that is read.
            format!("\"{name}\""),
            format!("\"envoy-configs/{name}\""),
        ];
        // These are served together with the bootstrap next to them.
        if let Some(file) = name.strip_prefix("dynamic/") {
            ways.push(format!("\"{file}\""));
        }
        // The suite `schemas` checks samples against these.
        if name.starts_with("schemas/") {
            continue;
        }
        // A pair by its name.
        if let Some(pair) = bare.strip_prefix("migrating/") {
            ways.push(format!("\"{pair}\""));
        }
        assert!(
            ways.iter().any(|way| sources.contains(way)),
            "envoy-configs/{name} is named by no test; looked for {ways:?}"
        );
    }
}

#[test]
fn envoy_accepts_every_bootstrap() {
    let mut accepted = Vec::new();
    for bootstrap in samples::bootstraps().unwrap() {
        let validation = bootstrap.envoy().validate().unwrap();
        assert!(validation.ok, "{}: {}", bootstrap.name, validation.log);
        accepted.push(format!("{}.yaml", bootstrap.name));
    }
    assert!(accepted.contains(&"dynamic/bootstrap.yaml".to_string()));
    for (name, _) in samples() {
        let is_bootstrap = name.ends_with(".yaml") && !name.contains('/');
        assert!(!is_bootstrap || accepted.contains(&name), "{name}");
    }
}

#[test]
fn what_a_sample_loads_from_elsewhere_is_of_this_version_and_to_be_replaced() {
    let version = env!("CARGO_PKG_VERSION");
    for (name, text) in samples() {
        for line in text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
        {
            let elsewhere =
                ["registry.example/", "modules.example/"].map(|host| line.contains(host));
            if elsewhere[0] {
                assert!(line.contains(&format!(":{version}")), "{name}: {line}");
            }
            if line.contains("modules.example/v") {
                assert!(line.contains(&format!("/v{version}/")), "{name}: {line}");
            }
            if elsewhere.contains(&true) {
                assert!(text.contains("REPLACE"), "{name}: {line}");
            }
            if let Some((_, checksum)) = line.split_once("sha256: ") {
                assert!(
                    checksum.contains(wasm::CHECKSUM_PLACEHOLDER),
                    "{name}: {line}"
                );
            }
        }
    }
}
