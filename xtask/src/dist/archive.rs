//! The samples as a reproducible archive: sorted, without times and owners, and with the checksums
//! of the modules.

use std::fs;

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

use crate::workspace;

/// The placeholder for a module's checksum in a sample that loads it by URL.
const PLACEHOLDER: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Returns `envoy-configs/` as a compressed tar file. `checksum` returns the checksum of a filter's
/// module.
pub(super) fn samples(checksum: &dyn Fn(&str) -> Option<String>) -> Result<Vec<u8>> {
    let folder = workspace::root().join("envoy-configs");
    let gzip = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::best());
    let mut archive = Builder::new(gzip);
    for file in workspace::files_below(&folder)? {
        let name = workspace::display(&file);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {name}"))?;
        let text = with_checksums(&text, checksum).with_context(|| name.clone())?;
        let text = with_schemas_beside(&text);
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        archive.append_data(&mut header, &name, text.as_bytes())?;
    }
    Ok(archive.into_inner()?.finish()?)
}

/// Changes the references of a schema to the filters' schemas, which are next to the samples in a
/// release.
fn with_schemas_beside(text: &str) -> String {
    let mut parts = text.split("\"../../filters/");
    let mut new = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        new.push_str("\"../../");
        new.push_str(&part.replacen("/config.schema.json\"", ".schema.json\"", 1));
    }
    new
}

/// Replaces each placeholder with the checksum of the module that is named last before it.
fn with_checksums(text: &str, checksum: &dyn Fn(&str) -> Option<String>) -> Result<String> {
    let mut parts = text.split(PLACEHOLDER);
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (before, _) = filled
            .rsplit_once(".wasm")
            .context("a checksum before any module")?;
        let name = before.rsplit('/').next().unwrap_or_default();
        let sum =
            checksum(name).with_context(|| format!("a checksum of {name}, which is no module"))?;
        filled.push_str(&sum);
        filled.push_str(part);
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_that_of_the_module_named_before_it() {
        let sum = |name: &str| (name == "cors").then(|| "abc".to_owned());
        let text = format!("url: https://e/v1/cors.wasm\nsha256: {PLACEHOLDER}\n");
        assert_eq!(
            with_checksums(&text, &sum).unwrap(),
            "url: https://e/v1/cors.wasm\nsha256: abc\n"
        );
        assert!(with_checksums(PLACEHOLDER, &sum).is_err());
        assert_eq!(
            samples(&|_| Some("0".repeat(64))).unwrap(),
            samples(&|_| Some("0".repeat(64))).unwrap()
        );
    }

    #[test]
    fn a_schema_refers_to_those_of_the_release() {
        let text = r#"{"$ref": "../../filters/rate-limit/config.schema.json"}"#;
        let expected = r#"{"$ref": "../../rate-limit.schema.json"}"#;
        assert_eq!(with_schemas_beside(text), expected);
    }
}
