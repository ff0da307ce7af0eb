//! All files of `envoy-configs/`: each is run by a test, Envoy accepts each bootstrap, and what
//! they refer to is of this version.

use std::{
    fs,
    path::{Path, PathBuf},
};

use e2e::{Envoy, paths, wasm, yaml};

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The samples by their names in `envoy-configs/`, with their texts.
fn samples() -> Vec<(String, String)> {
    let folder = paths::workspace().join("envoy-configs");
    let samples = files(&folder).into_iter().map(|path| {
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        (name, fs::read_to_string(path).unwrap())
    });
    samples.filter(|(name, _)| !name.ends_with(".md")).collect()
}

#[test]
fn every_sample_is_run_by_a_test() {
    let tests = paths::workspace().join("tests");
    let sources: String = files(&tests)
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .filter(|path| !path.ends_with("samples.rs"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    for (name, _) in samples() {
        let bare = name.trim_end_matches(".yaml");
        let mut ways = vec![
            // From a sample, or from what a test makes of its text.
            format!("sample(\"{bare}\")"),
            // As a file that is read.
            format!("\"{name}\""),
            format!("\"envoy-configs/{name}\""),
        ];
        // These are served along with the bootstrap beside them.
        if let Some(file) = name.strip_prefix("dynamic/") {
            ways.push(format!("\"{file}\""));
        }
        // The suite `schemas` holds samples against these.
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
    for (name, text) in samples() {
        if !name.ends_with(".yaml") {
            continue;
        }
        let document = yaml::parse(&text).unwrap();
        let is_dynamic = document.get("dynamic_resources").is_some();
        if !is_dynamic && document.get("static_resources").is_none() {
            continue;
        }
        let mut builder = Envoy::from_sample(&name);
        if is_dynamic {
            builder = builder.dynamic_samples("/etc/envoy/dynamic/", "dynamic");
        }
        let validation = builder.validate().unwrap();
        assert!(validation.ok, "{name}: {}", validation.log);
        accepted.push(name);
    }
    assert!(accepted.contains(&"all-filters.yaml".to_string()));
    assert!(accepted.contains(&"dynamic/bootstrap.yaml".to_string()));
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
