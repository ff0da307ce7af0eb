//! Mutants: changes of the filters and the kit, one at a time, of which the tests must notice at
//! least nine in ten in each crate.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::{catalog, process, workspace};

/// The version of cargo-mutants that is installed where none is on `PATH`.
const VERSION: &str = "27.1.0";

/// How many of the mutants that compile must be caught, in percent.
const AT_LEAST: u64 = 90;

/// Runs the packages that the words name, or all; `MUTANTS_SHARD=0/8` takes one mutant in eight.
pub(super) fn run(words: &[String]) -> Result<()> {
    let mut packages = vec!["filter-kit".to_owned()];
    packages.extend(catalog::filters()?.iter().map(|filter| filter.name.clone()));
    for word in words {
        if !packages.contains(word) {
            bail!("\"{word}\" is no package; one of: {}", packages.join(", "));
        }
    }
    let path = install()?;
    let mut weak = Vec::new();
    for package in packages {
        if words.is_empty() || words.contains(&package) {
            let counts = mutate(&package, &path)?;
            println!("{package:<15} {counts}");
            if counts.percent() < AT_LEAST {
                weak.push(package);
            }
        }
    }
    ensure!(
        weak.is_empty(),
        "fewer than {AT_LEAST} % are caught in {}; those that were missed are in target/mutants/",
        weak.join(", ")
    );
    Ok(())
}

/// What became of the mutants of a package.
struct Counts {
    caught: u64,
    missed: u64,
    unviable: u64,
}

impl Counts {
    fn percent(&self) -> u64 {
        (self.caught * 100)
            .checked_div(self.caught + self.missed)
            .unwrap_or(100)
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (caught, percent) = (self.caught, self.percent());
        let viable = self.caught + self.missed;
        write!(
            f,
            "{caught} of {viable} caught, {percent} %; {} do not compile",
            self.unviable
        )
    }
}

/// The folders to look for programs in, first that of cargo-mutants.
fn install() -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if process::on_path("cargo-mutants") {
        return Ok(path);
    }
    let root = workspace::target().join(format!("tools/cargo-mutants-{VERSION}"));
    if !root.join("bin/cargo-mutants").is_file() {
        let mut cargo = process::cargo();
        cargo.args(["install", "--locked", "--version", VERSION, "--root"]);
        process::run(cargo.arg(&root).arg("cargo-mutants"))?;
    }
    let folders = [root.join("bin")]
        .into_iter()
        .chain(std::env::split_paths(&path));
    Ok(std::env::join_paths(folders)?)
}

fn mutate(package: &str, path: &std::ffi::OsStr) -> Result<Counts> {
    let out = workspace::target().join("mutants").join(package);
    fs::create_dir_all(&out)?;
    let mut cargo = process::cargo();
    cargo.current_dir(workspace::root()).env("PATH", path);
    cargo.args([
        "mutants",
        "--colors",
        "never",
        "--package",
        package,
        "--output",
    ]);
    cargo.arg(&out);
    if let Some(shard) = std::env::var_os("MUTANTS_SHARD") {
        cargo
            .args(["--sharding", "round-robin", "--shard"])
            .arg(shard);
    }
    // Its exit code is 2 where mutants were missed, and 3 where some timed out.
    let status = cargo.status().context("cannot run cargo mutants")?;
    if !matches!(status.code(), Some(0 | 2 | 3)) {
        bail!("`cargo mutants` failed ({status}); its output above says why");
    }
    counts(&out.join("mutants.out/outcomes.json"))
}

fn counts(file: &PathBuf) -> Result<Counts> {
    let outcomes: Value = serde_json::from_str(&fs::read_to_string(file)?)?;
    let count = |name: &str| {
        outcomes[name]
            .as_u64()
            .with_context(|| format!("no {name} in {}", file.display()))
    };
    Ok(Counts {
        // A test that never ends has noticed it too.
        caught: count("caught")? + count("timeout")?,
        missed: count("missed")?,
        unviable: count("unviable")?,
    })
}
