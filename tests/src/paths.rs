//! Paths of the workspace's samples, modules and cache.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use anyhow::{Result, bail};
use walkdir::{DirEntry, WalkDir};

/// Returns the workspace's root.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// Returns Cargo's target directory: `$CARGO_TARGET_DIR` (relative to the workspace), otherwise
/// `target/`.
pub fn target() -> PathBuf {
    workspace().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Returns the directory of the built modules, `target/filters/`.
pub fn filters() -> PathBuf {
    target().join("filters")
}

/// Returns the built module of a filter.
///
/// # Errors
/// If it has not been built, or if its sources have changed since then.
pub fn module(filter: &str) -> Result<PathBuf> {
    let path = filters().join(format!("{filter}.wasm"));
    let Ok(built) = fs::metadata(&path).and_then(|module| module.modified()) else {
        bail!(
            "no module {}: run `cargo xtask build` first",
            path.display()
        );
    };
    let newer = newest_source(filter)?.filter(|(changed, _)| *changed > built);
    if let Some((_, source)) = newer {
        bail!(
            "{} is older than {}: run `cargo xtask build` first",
            display(&path),
            display(&source)
        );
    }
    Ok(path)
}

/// Returns the source of a module that was changed last, and when. If its manifest refers to other
/// filters, they are among its sources.
fn newest_source(filter: &str) -> Result<Option<(SystemTime, PathBuf)>> {
    static NEWEST: Mutex<BTreeMap<String, Option<(SystemTime, PathBuf)>>> =
        Mutex::new(BTreeMap::new());
    let mut newest = NEWEST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = newest.get(filter) {
        return Ok(found.clone());
    }
    let root = workspace();
    let manifest = root.join("filters").join(filter).join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap_or_default();
    let names = |other: &String| {
        let mut lines = text.lines();
        lines.any(|line| {
            line.strip_prefix(other.as_str())
                .is_some_and(|rest| rest.starts_with([' ', '.']))
        })
    };
    let crates = all_filters()?
        .into_iter()
        .filter(|other| other == filter || names(other))
        .map(|name| root.join("filters").join(name))
        .chain([root.join("shared")]);
    let mut files = vec![root.join("Cargo.toml"), root.join("Cargo.lock")];
    for folder in crates {
        files.push(folder.join("Cargo.toml"));
        files.append(&mut files_below(&folder.join("src"))?);
    }
    let changed = files.into_iter().filter_map(|file| {
        let changed = fs::metadata(&file).ok()?.modified().ok()?;
        Some((changed, file))
    });
    let found = changed.max();
    newest.insert(filter.to_owned(), found.clone());
    Ok(found)
}

/// Returns all files below a folder, sorted.
///
/// # Errors
/// If it cannot be read.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
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

/// Returns the names of all filters: the folders under `filters/`.
///
/// # Errors
/// If there is no such folder.
pub fn all_filters() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(workspace().join("filters"))? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Formats `path` relative to the root of the workspace.
pub fn display(path: &Path) -> String {
    path.strip_prefix(workspace())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// Finds a sample by its path, or by its name in `envoy-configs/`, with or without `.yaml`.
///
/// # Errors
/// If it does not exist.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_module_is_made_of_is_known() {
        let (_, file) = newest_source("cors").unwrap().unwrap();
        let file = display(&file);
        let mut made_of = ["Cargo", "shared/", "filters/cors/"].iter();
        assert!(made_of.any(|start| file.starts_with(start)), "{file}");
    }
}
