//! Paths of the workspace and of build results.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::Result;
use walkdir::{DirEntry, WalkDir};

/// The folder of the package whose program this is, if it is not the catalog's own.
static PACKAGE: OnceLock<&str> = OnceLock::new();

/// Sets the workspace of this package as the one for all commands.
pub(crate) fn is_that_of(package: &'static str) {
    PACKAGE.get_or_init(|| package);
}

/// Returns the workspace's root.
pub(crate) fn root() -> &'static Path {
    let own = env!("CARGO_MANIFEST_DIR");
    let manifest = Path::new(PACKAGE.get().copied().unwrap_or(own));
    manifest.parent().unwrap_or(manifest)
}

/// Returns Cargo's target directory: `$CARGO_TARGET_DIR` (relative to the workspace), otherwise
/// `target/`.
pub(crate) fn target() -> PathBuf {
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Returns where `cargo xtask build` writes the modules.
pub(crate) fn modules() -> PathBuf {
    target().join("filters")
}

/// Formats `path` relative to the root of the workspace.
pub(crate) fn display(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// Returns all files below a folder, sorted.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = WalkDir::new(folder)
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    let files = entries
        .into_iter()
        .filter(|entry| !entry.file_type().is_dir());
    let mut files: Vec<_> = files.map(DirEntry::into_path).collect();
    files.sort();
    Ok(files)
}
