//! The suite `new`: in a copy of the workspace, creates a filter from another one, and runs the
//! checks of every filter. Then does the same for the tutorial, in its own repository.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{catalog, elsewhere, new, process, term, wasm_target, workspace};

mod standalone;

/// The word for the filter of docs/tutorial.md, which has its own repository.
const TUTORIAL: &str = "tutorial";

/// The name of the new filter.
const NAME: &str = "copied-filter";

/// Creates `copied-filter` from each filter that is named, and the filter of the tutorial if that
/// is named, and runs their checks. The default is the blank filter, the tutorial, and a copy of a
/// whole filter.
pub(super) fn run(from: &[String]) -> Result<()> {
    let all = ["blank", TUTORIAL, "header-rewrite"].map(str::to_owned);
    let from = if from.is_empty() { &all } else { from };
    wasm_target::set_up()?;
    let mut blank = None;
    for filter in from {
        if filter == TUTORIAL {
            let heading = "docs/tutorial.md, in a repository of its own";
            eprintln!("{}", term::bold(heading));
            standalone::check(&root(), &target(), blank, &envoy()?)?;
            continue;
        }
        if filter != "blank" {
            catalog::find(filter)?;
        }
        eprintln!("{}", term::bold(format!("{NAME}, from {filter}")));
        check(filter)?;
        if filter == "blank" {
            let module = target().join(format!("filters/{NAME}.wasm"));
            blank = Some(fs::metadata(module)?.len());
        }
    }
    Ok(())
}

/// Returns the folder of the copies. It is always the same, because compiled code contains the path
/// of its workspace.
fn root() -> PathBuf {
    workspace::target().join("new/workspace")
}

/// Returns the folder in which they are compiled.
fn target() -> PathBuf {
    workspace::target().join("new/target")
}

/// Returns the harness's Envoy.
fn envoy() -> Result<String> {
    let found = process::output(&mut elsewhere::harness(None, &["find"]))?;
    let (_, path) = found.trim().rsplit_once(", ").context("no Envoy")?;
    Ok(path.to_owned())
}

fn check(from: &str) -> Result<()> {
    let root = root();
    fs::remove_dir_all(&root).ok();
    fs::create_dir_all(&root).context("cannot make a folder for the copy")?;
    copy_sources(workspace::root(), &root)?;
    let envoy = envoy()?;
    let cargo = || {
        let mut cargo = process::cargo();
        cargo
            .current_dir(&root)
            .env("CARGO_TARGET_DIR", target())
            .env("ENVOY_BIN", &envoy);
        cargo
    };
    new::create(&root, NAME, from)?;
    new::finish(cargo)?;
    let (target, suite) = (wasm_target::TARGET, NAME.replace('-', "_"));
    // Debian's compiler, which can also build the modules, has no clippy for the target.
    let lints_as_module = if wasm_target::has_target() {
        format!("clippy --target {target} --package {NAME} -- -D warnings")
    } else {
        format!("check --package {NAME}")
    };
    for line in [
        "fmt --all --check".to_owned(),
        format!(
            "clippy --package {NAME} --package filter-catalog --package e2e --all-targets --all-features -- -D warnings"
        ),
        lints_as_module,
        format!("test --package {NAME} --package filter-catalog --package xtask"),
        format!("run --package xtask -- build {NAME}"),
        format!("run --package xtask -- validate envoy-configs/{NAME}.yaml"),
        format!("test --package e2e --test {suite}"),
    ] {
        process::run(cargo().args(line.split(' ')))?;
    }
    Ok(())
}

/// Copies the workspace, except for build results and git's files.
fn copy_sources(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if ["target", "dist", ".git"]
            .iter()
            .any(|skipped| name == *skipped)
        {
            continue;
        }
        copy(&entry, &to.join(name))?;
    }
    Ok(())
}

fn copy(entry: &fs::DirEntry, to: &Path) -> Result<()> {
    if !entry.file_type()?.is_dir() {
        fs::copy(entry.path(), to)
            .with_context(|| format!("cannot copy {}", workspace::display(&entry.path())))?;
        return Ok(());
    }
    fs::create_dir(to)?;
    for inner in fs::read_dir(entry.path())? {
        let inner = inner?;
        copy(&inner, &to.join(inner.file_name()))?;
    }
    Ok(())
}
