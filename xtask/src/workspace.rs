//! Where things are: the workspace and the files that builds leave in it.

use std::path::{Path, PathBuf};

pub(crate) use e2e::paths::{target, workspace as root};

/// Where `cargo xtask build` leaves the module of a filter.
pub(crate) fn module(filter: &str) -> PathBuf {
    e2e::paths::filters().join(format!("{filter}.wasm"))
}

/// `path` as a reader at the root of the workspace would type it.
pub(crate) fn display(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}
