//! OCI image layout of a module, in the form that Istio and Envoy Gateway load: one layer that
//! contains `plugin.wasm` (<https://github.com/solo-io/wasm/blob/master/spec/spec-compat.md>; OCI
//! image specification 1.0).

use std::fs;
use std::path::Path;

use anyhow::Result;
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};

use super::{sha256, title};
use crate::catalog::{self, Filter};

/// What a release is made from.
pub(super) struct Release<'a> {
    pub(super) version: &'a str,
    pub(super) commit: &'a str,
    /// The time of the commit, which is the same for every build of it (RFC 3339).
    pub(super) created: &'a str,
}

/// Writes the layout of a filter's image to a folder, and returns the digest of its manifest.
pub(super) fn write(
    folder: &Path,
    filter: &Filter,
    module: &[u8],
    of: &Release<'_>,
) -> Result<String> {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    let blob = |content: &[u8], media_type: &str| -> Result<Value> {
        let digest = sha256(content);
        fs::write(blobs.join(&digest), content)?;
        Ok(
            json!({"mediaType": media_type, "digest": format!("sha256:{digest}"), "size": content.len()}),
        )
    };
    let tar = tar_of(module)?;
    let layer = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::best());
    let layer = {
        use std::io::Write as _;
        let mut layer = layer;
        layer.write_all(&tar)?;
        layer.finish()?
    };
    let layer = blob(&layer, "application/vnd.oci.image.layer.v1.tar+gzip")?;
    let config = json!({
        "architecture": "wasm",
        "os": "wasi",
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", sha256(&tar))]},
    });
    let config = blob(
        config.to_string().as_bytes(),
        "application/vnd.oci.image.config.v1+json",
    )?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": [layer],
        "annotations": annotations(filter, of, &catalog::repository()?),
    });
    let mut manifest = blob(
        manifest.to_string().as_bytes(),
        "application/vnd.oci.image.manifest.v1+json",
    )?;
    let digest = manifest["digest"].as_str().unwrap_or_default().to_owned();
    manifest["annotations"] = json!({"org.opencontainers.image.ref.name": of.version});
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [manifest],
    });
    fs::write(folder.join("index.json"), index.to_string())?;
    fs::write(
        folder.join("oci-layout"),
        json!({"imageLayoutVersion": "1.0.0"}).to_string(),
    )?;
    Ok(digest)
}

/// Returns what registries and Artifact Hub show. Artifact Hub lists no image without the first
/// three (<https://artifacthub.io/docs/topics/repositories/container-images/>).
fn annotations(filter: &Filter, of: &Release<'_>, repository: &str) -> Value {
    let page = format!("v{}/filters/{}/README.md", of.version, filter.name);
    json!({
        "io.artifacthub.package.readme-url": format!("{repository}/raw/{page}"),
        "org.opencontainers.image.created": of.created,
        "org.opencontainers.image.description": title(filter),
        "io.artifacthub.package.category": "networking",
        "io.artifacthub.package.license": "Apache-2.0",
        "io.artifacthub.package.keywords": format!("envoy,istio,proxy-wasm,wasm,{}", filter.name),
        "org.opencontainers.image.title": filter.name,
        "org.opencontainers.image.documentation": format!("{repository}/blob/{page}"),
        "org.opencontainers.image.version": of.version,
        "org.opencontainers.image.revision": of.commit,
        "org.opencontainers.image.licenses": "Apache-2.0",
        "org.opencontainers.image.source": repository,
    })
}

fn tar_of(module: &[u8]) -> Result<Vec<u8>> {
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::Regular);
    header.set_size(module.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    let mut archive = Builder::new(Vec::new());
    archive.append_data(&mut header, "plugin.wasm", module)?;
    Ok(archive.into_inner()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_what_artifact_hub_requires_as_text() {
        let release = Release {
            version: "1.2.3",
            commit: "abc",
            created: "2026-01-01T00:00:00+00:00",
        };
        let filter = catalog::find("cors").unwrap();
        let annotations = annotations(filter, &release, "https://example.com/r");
        let annotations = annotations.as_object().unwrap();
        assert!(annotations.values().all(Value::is_string));
        for (key, value) in [
            (
                "io.artifacthub.package.readme-url",
                "https://example.com/r/raw/v1.2.3/filters/cors/README.md",
            ),
            ("org.opencontainers.image.created", release.created),
            (
                "org.opencontainers.image.description",
                "cors: Cross-origin resource sharing by the Fetch standard",
            ),
        ] {
            assert_eq!(annotations[key], value);
        }
    }
}
