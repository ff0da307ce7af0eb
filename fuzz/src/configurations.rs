//! The configurations of the samples, and those of the tests.

use serde_json::Value;
use std::path::PathBuf;

fn repository() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Returns the configurations of a filter in `envoy-configs/`, and those of `tests/hostile.json`,
/// in a fixed order.
#[must_use]
pub fn of(filter: &str) -> Vec<String> {
    let directory = repository().join("envoy-configs");
    let mut samples: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .collect();
    samples.sort();
    let mut found = Vec::new();
    for sample in samples {
        let text = std::fs::read_to_string(sample).unwrap();
        let tree: Value = serde_saphyr::from_str(&text).unwrap();
        collect(&tree, filter, &mut found);
    }
    let hostile = repository().join(format!("filters/{filter}/tests/hostile.json"));
    found.push(std::fs::read_to_string(hostile).unwrap());
    found
}

fn collect(tree: &Value, filter: &str, found: &mut Vec<String>) {
    match tree {
        Value::Object(map) => {
            if let (Some(vm), Some(configuration)) =
                (map.get("vm_config"), map.get("configuration"))
                && vm.to_string().contains(&format!("/{filter}.wasm"))
            {
                let value = &configuration["value"];
                found.push(match value.as_str() {
                    Some(text) => text.to_owned(),
                    None => value.to_string(),
                });
            }
            map.values().for_each(|value| collect(value, filter, found));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, filter, found)),
        _ => {}
    }
}
