//! Entries for Artifact Hub and for Meshery's catalog: for each filter, a design with its Istio
//! resource, in Artifact Hub's format
//! (<https://artifacthub.io/docs/topics/repositories/meshery-designs/>).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::oci::Release;
use super::title;
use crate::catalog::{self, Filter};
use crate::workspace;

/// Writes the entry of a filter whose image has this digest, if there is a sample for Istio.
pub(super) fn write(folder: &Path, filter: &Filter, digest: &str, of: &Release<'_>) -> Result<()> {
    let Ok(sample) = fs::read_to_string(sample(filter)) else {
        return Ok(());
    };
    let repository = catalog::repository()?;
    let image = format!("{}/{}@{digest}", registry(&repository), filter.name);
    let folder = folder.join(&filter.name).join(of.version);
    fs::create_dir_all(&folder)?;
    let package = package(filter, of, &repository);
    let design = design(filter, of, &resource(&sample, &image)?);
    // JSON is YAML (YAML 1.2, section 1.3).
    fs::write(folder.join("artifacthub-pkg.yml"), format!("{package:#}\n"))?;
    fs::write(folder.join("design.yml"), format!("{design:#}\n"))?;
    let readme = workspace::root().join(format!("filters/{}/README.md", filter.name));
    fs::copy(readme, folder.join("README.md"))?;
    Ok(())
}

/// Returns the sample for Istio, which a new filter may not have.
fn sample(filter: &Filter) -> PathBuf {
    workspace::root().join(format!("envoy-configs/istio/{}.yaml", filter.name))
}

/// Returns where the release workflow pushes the images.
fn registry(repository: &str) -> String {
    let path = repository.trim_start_matches("https://github.com/");
    format!("oci://ghcr.io/{}", path.to_lowercase())
}

/// Returns the sample's resource, with the image of the release.
fn resource(sample: &str, image: &str) -> Result<Value> {
    let mut resource: Value = serde_saphyr::from_str(sample)?;
    *resource
        .pointer_mut("/spec/url")
        .context("a sample for Istio without spec.url")? = image.into();
    Ok(resource)
}

/// Returns the metadata of a package
/// (<https://github.com/artifacthub/hub/blob/master/docs/metadata/artifacthub-pkg.yml>).
fn package(filter: &Filter, of: &Release<'_>, repository: &str) -> Value {
    let page = |path: &str| format!("{repository}/blob/v{}/{path}", of.version);
    json!({
        "version": of.version,
        "name": format!("envoy-{}", filter.name),
        "displayName": format!("{} for Envoy", filter.name),
        "createdAt": of.created,
        "description": title(filter),
        "category": "networking",
        "license": "Apache-2.0",
        "homeURL": repository,
        "keywords": ["envoy", "istio", "proxy-wasm", "wasm", filter.name],
        "links": [
            {"name": "Configuration", "url": page(&format!("filters/{}/README.md", filter.name))},
            {"name": "Samples", "url": page("envoy-configs/README.md")},
        ],
        "provider": {"name": "Envoy Filter Catalog"},
    })
}

/// Returns a design (<https://github.com/meshery/schemas>,
/// `schemas/constructs/v1alpha2/design.yaml`). Meshery itself adds what its newer formats contain:
/// positions, styles, its own names of models.
fn design(filter: &Filter, of: &Release<'_>, resource: &Value) -> Value {
    json!({
        "name": title(filter),
        "version": of.version,
        "services": {&filter.name: {
            "name": resource["metadata"]["name"],
            "namespace": resource["metadata"]["namespace"],
            "type": resource["kind"],
            "apiVersion": resource["apiVersion"],
            "model": "istio-base",
            "settings": {"spec": resource["spec"]},
        }},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELEASE: Release<'_> = Release {
        version: "1.2.3",
        commit: "abc",
        created: "2026-01-01T00:00:00+00:00",
    };

    /// Asserts that an object has all required keys, and no others than these and the optional
    /// ones.
    fn assert_keys(value: &Value, required: &[&str], optional: &[&str]) {
        let keys: Vec<&str> = value
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        for key in required {
            assert!(keys.contains(key), "no {key} in {value}");
        }
        for key in keys {
            assert!(required.contains(&key) || optional.contains(&key), "{key}");
        }
    }

    #[test]
    fn every_filter_with_a_sample_for_istio_has_an_entry_in_the_published_formats() {
        let folder = tempfile::tempdir().unwrap();
        let filters = catalog::filters().unwrap().iter();
        let filters: Vec<_> = filters.filter(|filter| sample(filter).is_file()).collect();
        assert!(!filters.is_empty());
        for filter in filters {
            write(folder.path(), filter, "sha256:1234", &RELEASE).unwrap();
            let folder = folder.path().join(&filter.name).join("1.2.3");
            let read = |name: &str| -> Value {
                serde_saphyr::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
            };
            assert!(folder.join("README.md").is_file());
            let package = read("artifacthub-pkg.yml");
            let required = ["version", "name", "displayName", "createdAt", "description"];
            let optional = [
                "category", "license", "homeURL", "keywords", "links", "provider",
            ];
            assert_keys(&package, &required, &optional);
            let name = package["name"].as_str().unwrap();
            assert!(
                name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
                "{name}"
            );
            for link in package["links"].as_array().unwrap() {
                assert_keys(link, &["name", "url"], &[]);
            }

            let design = read("design.yml");
            assert_keys(&design, &["name", "services"], &["version"]);
            let service = &design["services"][&filter.name];
            let of_service = [
                "name",
                "namespace",
                "type",
                "apiVersion",
                "model",
                "settings",
            ];
            assert_keys(service, &of_service, &[]);
            assert_eq!(service["type"], "WasmPlugin");
            let url = service["settings"]["spec"]["url"].as_str().unwrap();
            assert!(url.starts_with("oci://ghcr.io/"), "{url}");
            assert!(
                url.ends_with(&format!("/{}@sha256:1234", filter.name)),
                "{url}"
            );
        }
    }
}
