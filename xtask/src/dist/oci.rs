//! An OCI image layout of a module, as Istio and Envoy Gateway load it: one layer that holds
//! `plugin.wasm` (<https://github.com/solo-io/wasm/blob/master/spec/spec-compat.md>; OCI image
//! specification 1.0).

use std::fs;
use std::path::Path;

use anyhow::Result;
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};

use super::{sha256, title};
use crate::catalog::{self, Filter};

/// Writes the layout of a filter's image to a folder.
pub(super) fn write(
    folder: &Path,
    filter: &Filter,
    module: &[u8],
    version: &str,
    commit: &str,
) -> Result<()> {
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
        "annotations": {
            "org.opencontainers.image.title": filter.name,
            "org.opencontainers.image.description": title(filter),
            "org.opencontainers.image.version": version,
            "org.opencontainers.image.revision": commit,
            "org.opencontainers.image.licenses": "Apache-2.0",
            "org.opencontainers.image.source": catalog::repository()?,
        },
    });
    let mut manifest = blob(
        manifest.to_string().as_bytes(),
        "application/vnd.oci.image.manifest.v1+json",
    )?;
    manifest["annotations"] = json!({"org.opencontainers.image.ref.name": version});
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
    Ok(())
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
