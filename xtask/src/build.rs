//! `cargo xtask build`: builds `target/filters/<filter>.wasm`, the modules as they are shipped.
//!
//! Each filter is built on its own, because a joint build would unify the features of shared
//! dependencies. The flags make the result independent of the folder in which it is built, and the
//! build fails if a module contains a path.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use serde_json::json;

use crate::catalog::{self, Filter};
use crate::wasm_target::{self, Toolchain};
use crate::{process, term, workspace};

mod callbacks;
mod imports;
mod prune;

/// The variable that contains the commit when a release is built. The modules log it when they are
/// loaded.
pub(crate) const COMMIT: &str = "CATALOG_COMMIT";

/// Arguments of `cargo xtask build`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Filters to build; all by default
    filters: Vec<String>,
}

/// A module that was built.
pub(crate) struct Module {
    /// The filter's name.
    pub(crate) filter: &'static str,
    /// Size in bytes.
    pub(crate) size: u64,
    /// The callbacks that it exports.
    exports: BTreeSet<&'static str>,
    /// The filter's budget. Only set if std is as small as possible, because otherwise the size
    /// says little about the filter.
    budget_kib: Option<u64>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, next: &str) -> Result<()> {
    let filters = catalog::select(&args.filters)?;
    let toolchain = wasm_target::set_up()?;
    let modules = build(&filters, toolchain)?;
    for module in &modules {
        println!("{}", module.line());
    }
    let folder = workspace::display(&workspace::modules());
    println!("The modules are in {folder}/. Next: {next}");
    Ok(())
}

/// Builds these filters. Fails at the first whose module must not be shipped.
pub(crate) fn build(filters: &[&'static Filter], toolchain: Toolchain) -> Result<Vec<Module>> {
    let flags = Flags::of(toolchain)?;
    filters
        .iter()
        .map(|filter| build_one(filter, toolchain, &flags))
        .collect()
}

fn build_one(filter: &'static Filter, toolchain: Toolchain, flags: &Flags) -> Result<Module> {
    // Cargo keeps one result of a cdylib, whatever its features. In a shared folder, chain would
    // replace the modules of the other filters with ones without entry points, every time.
    let mut folder = toolchain.target_dir();
    if filter.is_composed {
        folder.push(&filter.name);
    }
    let mut cargo = toolchain.cargo("rustc", &flags.remap, &folder);
    cargo
        .current_dir(workspace::root())
        // The crate is also a library for tests and tools. A build of both kinds would keep what
        // only the other one needs.
        .args(["--release", "--lib", "--crate-type", "cdylib"])
        .args(["--package", &filter.name])
        .args(filters_as_kit()?)
        // An incremental build differs from a clean one.
        .env("CARGO_INCREMENTAL", "0");
    process::run(&mut cargo)?;

    let linked = folder
        .join("wasm32-wasip1/release")
        .join(format!("{}.wasm", filter.name.replace('-', "_")));
    let linked = fs::read(&linked)
        .with_context(|| format!("cannot read {}", workspace::display(&linked)))?;
    let exports: BTreeSet<&str> = filter.exports.iter().map(String::as_str).collect();
    let wasm =
        prune::prune(&linked, &exports, &identity(filter)).with_context(|| filter.name.clone())?;
    if let Some(path) = flags.local.iter().find(|path| contains_path(&wasm, path)) {
        bail!(
            "{}: the module holds the local path {}",
            filter.name,
            path.display()
        );
    }
    let module = Module {
        filter: &filter.name,
        size: wasm.len() as u64,
        exports,
        budget_kib: toolchain.is_small().then_some(filter.budget_kib),
    };
    if let Some(budget) = module.budget_kib
        && module.size > budget * 1024
    {
        bail!(
            "{}: {} is over its budget of {} KiB; make it smaller (`cargo tree -p {0} -e features`), \
             or raise the budget in its Cargo.toml and say why",
            module.filter,
            module.kib(),
            budget
        );
    }
    let file = workspace::modules().join(format!("{}.wasm", filter.name));
    write_if_changed(&file, &wasm)?;
    Ok(module)
}

/// Returns what identifies the module: name and version, and the commit if a release is built.
fn identity(filter: &Filter) -> String {
    let commit = std::env::var(COMMIT).ok();
    json!({"name": filter.name, "version": filter.version, "commit": commit}).to_string()
}

/// Returns arguments that compile the filters like the kit and not for minimum size, because a
/// filter may be part of another one's module.
fn filters_as_kit() -> Result<Vec<String>> {
    let filters = catalog::filters()?.iter();
    Ok(filters
        .flat_map(|filter| {
            let setting = format!("profile.release.package.{}.opt-level=\"s\"", filter.name);
            ["--config".to_owned(), setting]
        })
        .collect())
}

impl Module {
    fn line(&self) -> String {
        let callbacks: Vec<&str> = self
            .exports
            .iter()
            .filter_map(|export| export.strip_prefix("proxy_on_"))
            .filter(|export| *export != "memory_allocate")
            .collect();
        let budget = self
            .budget_kib
            .map(|kib| format!("budget {kib:>5} KiB  "))
            .unwrap_or_default();
        format!(
            "{:<16} {:>10}  {budget}{}",
            term::bold(self.filter),
            self.kib(),
            term::dim(callbacks.join(" "))
        )
    }

    /// Formats the size for people.
    pub(crate) fn kib(&self) -> String {
        format!("{:.1} KiB", self.size as f64 / 1024.0)
    }
}

/// Flags that keep local paths out of the modules.
pub(crate) struct Flags {
    pub(crate) remap: Vec<String>,
    local: Vec<PathBuf>,
}

impl Flags {
    /// Panic messages name source files: those of the workspace relative to its root, those of
    /// dependencies and of std under a fixed name, whatever registry or mirror they came from. If
    /// two flags match, rustc uses the later one.
    pub(crate) fn of(toolchain: Toolchain) -> Result<Flags> {
        let root = workspace::root().to_owned();
        let cargo_home = wasm_target::cargo_home()?;
        let registries = fs::read_dir(cargo_home.join("registry/src"))
            .into_iter()
            .flatten();
        let dependencies = registries
            .flatten()
            .map(|registry| (registry.path(), "/cargo"));
        let std = toolchain
            .std_sources()?
            .into_iter()
            .map(|sources| (sources, "/rustc"));
        let remap = [(cargo_home.clone(), "/cargo"), (root.clone(), ".")]
            .into_iter()
            .chain(dependencies)
            .chain(std)
            .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
            .collect();
        let local = [Some(root), Some(cargo_home), std::env::home_dir()];
        Ok(Flags {
            remap,
            local: local.into_iter().flatten().collect(),
        })
    }
}

fn contains_path(wasm: &[u8], path: &Path) -> bool {
    // A folder such as `/` or `/root` could be part of an unrelated string, so a separator is
    // required after it.
    let needle = format!("{}/", path.display());
    needle.len() > 2
        && wasm
            .windows(needle.len())
            .any(|bytes| bytes == needle.as_bytes())
}

/// Does not write the file if it already contains these bytes, so that programs watching it see no
/// change. Its time is updated anyway, so that the module is newer than its sources.
fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        let file = fs::File::options().write(true).open(path)?;
        return Ok(file.set_modified(std::time::SystemTime::now())?);
    }
    let write = || {
        fs::create_dir_all(path.parent().unwrap_or(path))?;
        let partial = path.with_extension("wasm.partial");
        fs::write(&partial, bytes)?;
        fs::rename(&partial, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_counts_only_as_a_whole() {
        let cases = [
            ("at /root/x/src/lib.rs:4", "/root", true),
            ("at /rootless/lib.rs", "/root", false),
            ("at ./shared/src/lib.rs", "/home/a/catalog", false),
            ("at /x", "/", false),
        ];
        for (text, path, expected) in cases {
            assert_eq!(
                contains_path(text.as_bytes(), Path::new(path)),
                expected,
                "{text}"
            );
        }
    }
}
