//! Where the workspace keeps its samples, its modules and its cache.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};

/// The workspace's root.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// Cargo's target directory: `$CARGO_TARGET_DIR` (relative to the workspace), otherwise `target/`.
pub fn target() -> PathBuf {
    workspace().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// The directory of the built modules, `target/filters/`.
pub fn filters() -> PathBuf {
    target().join("filters")
}

/// The built module of a filter.
///
/// # Errors
/// If it has not been built.
pub fn module(filter: &str) -> Result<PathBuf> {
    let path = filters().join(format!("{filter}.wasm"));
    if !path.is_file() {
        bail!(
            "no module {}: run `cargo xtask build` first",
            path.display()
        );
    }
    Ok(path)
}

/// A sample by its path, or by its name in `envoy-configs/`, with or without `.yaml`.
///
/// # Errors
/// If there is none.
pub fn sample(name: impl AsRef<Path>) -> Result<PathBuf> {
    let name = name.as_ref();
    let in_folder = workspace().join("envoy-configs").join(name);
    let with_ending = in_folder.with_file_name(format!(
        "{}.yaml",
        in_folder.file_name().unwrap_or_default().to_string_lossy()
    ));
    for candidate in [&in_folder, &with_ending, &name.to_path_buf()] {
        if candidate.is_file() {
            return Ok(candidate.clone());
        }
    }
    bail!(
        "no sample {}: see envoy-configs/ for those there are",
        name.display()
    )
}
