//! Mutants: changes of the filters and the kit, one at a time. In each crate, the tests must detect
//! at least nine in ten.
//!
//! The unit tests of the crate run first, because they compile fast. What they miss is tried on the
//! other tests.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::{catalog, process, workspace};

/// The version of cargo-mutants that is installed if there is none on `PATH`.
const VERSION: &str = "27.1.0";

/// The tests of the filters also test the kit: mutants that its unit tests miss are tried with them.
const KIT: &str = "filter-kit";

/// Unit tests that take seconds. They run only if the others miss a mutant.
const SLOW: [&str; 2] = [
    "matching::index::tests::no_rule_that_matches_is_left_out",
    "testing::servers::tests::whatever_a_server_serves_is_among_the_readings",
];

/// Minimum percentage of the mutants that compile that must be caught.
const AT_LEAST: u64 = 90;

/// Runs the packages that the words name, or all. `MUTANTS_SHARD=0/8` runs one mutant in eight.
pub(super) fn run(words: &[String]) -> Result<()> {
    let mut packages = vec![KIT.to_owned()];
    packages.extend(catalog::filters()?.iter().map(|filter| filter.name.clone()));
    for word in words {
        if !packages.contains(word) {
            bail!("\"{word}\" is no package; one of: {}", packages.join(", "));
        }
    }
    let filters = packages.get(1..).unwrap_or_default().to_vec();
    let path = install()?;
    let mut weak = Vec::new();
    for package in packages {
        if words.is_empty() || words.contains(&package) {
            let mut counts = by_unit_tests(&package, &path)?;
            let others = if package == KIT { &filters[..] } else { &[] };
            counts.add_second(by_all_tests(&package, others, &path)?);
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

/// The results for the mutants of a package.
#[derive(Default)]
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

    /// Adds the results of the second try of missed mutants.
    fn add_second(&mut self, second: Self) {
        self.caught = self.caught.saturating_add(second.caught);
        self.missed = second.missed;
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

/// Returns the folders to search for programs, that of cargo-mutants first.
fn install() -> Result<OsString> {
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

fn by_unit_tests(package: &str, path: &std::ffi::OsStr) -> Result<Counts> {
    let mut args: Vec<OsString> = Vec::new();
    if let Some(shard) = std::env::var_os("MUTANTS_SHARD") {
        args.extend(["--sharding", "round-robin", "--shard"].map(Into::into));
        args.push(shard);
    }
    // For builds too, which would otherwise compile all tests of the package.
    args.extend(["--cargo-arg=--lib", "--", "--"].map(Into::into));
    args.extend(
        SLOW.iter()
            .flat_map(|name| ["--skip", name])
            .map(Into::into),
    );
    cargo_mutants(package, &results(package), &args, path)
}

/// Runs all tests of the package, and those of others, on the mutants that its unit tests missed.
fn by_all_tests(package: &str, others: &[String], path: &std::ffi::OsStr) -> Result<Counts> {
    let missed = fs::read_to_string(results(package).join("mutants.out/missed.txt"))?;
    let missed: Vec<&str> = missed.lines().collect();
    if missed.is_empty() {
        return Ok(Counts::default());
    }
    let names = missed.iter().map(|name| ["--re".to_owned(), exactly(name)]);
    let tested = std::iter::once(package).chain(others.iter().map(String::as_str));
    let tested = tested.map(|name| ["--test-package".to_owned(), name.to_owned()]);
    let args: Vec<OsString> = names.chain(tested).flatten().map(Into::into).collect();
    let out = results(&format!("{package}-by-all-tests"));
    cargo_mutants(package, &out, &args, path)?;
    let counts = of_these(&missed, &out.join("mutants.out"))?;
    let tried = counts.caught + counts.missed + counts.unviable;
    ensure!(
        tried == u64::try_from(missed.len())?,
        "{tried} mutants of {package} were tried on all tests, not the {} that the unit tests missed",
        missed.len()
    );
    Ok(counts)
}

/// Returns the results for these mutants. cargo-mutants also tries deletions of fields that no
/// expression names.
fn of_these(names: &[&str], folder: &Path) -> Result<Counts> {
    let count = |file: &str| -> Result<u64> {
        let tried = fs::read_to_string(folder.join(file))?;
        let found = tried.lines().filter(|line| names.contains(line)).count();
        Ok(u64::try_from(found)?)
    };
    Ok(Counts {
        caught: count("caught.txt")? + count("timeout.txt")?,
        missed: count("missed.txt")?,
        unviable: count("unviable.txt")?,
    })
}

/// Returns an expression that matches only this text.
fn exactly(text: &str) -> String {
    let escaped = text.chars().fold(String::new(), |mut escaped, c| {
        // Not `<` and `>`: with a backslash they are the ends of a word.
        if r"\.+*?()|[]{}^$#&-~".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
        escaped
    });
    format!("^{escaped}$")
}

fn results(name: &str) -> PathBuf {
    workspace::target().join("mutants").join(name)
}

fn cargo_mutants(
    package: &str,
    out: &Path,
    args: &[OsString],
    path: &std::ffi::OsStr,
) -> Result<Counts> {
    fs::create_dir_all(out)?;
    let mut cargo = process::cargo();
    cargo.current_dir(workspace::root()).env("PATH", path);
    cargo.args(["mutants", "--colors", "never", "--package", package]);
    cargo.arg("--output").arg(out).args(args);
    // The exit code is 2 if mutants were missed, and 3 if some timed out.
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
        // A test that never ends has detected the mutant too.
        caught: count("caught")? + count("timeout")?,
        missed: count("missed")?,
        unviable: count("unviable")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_mutant_is_no_expression() {
        assert_eq!(
            exactly("src/a.rs:1:2: replace f -> Option<u8> with Some(1)"),
            r"^src/a\.rs:1:2: replace f \-> Option<u8> with Some\(1\)$"
        );
    }

    #[test]
    fn only_the_mutants_that_were_missed_count_in_the_second_step() {
        let folder = tempfile::tempdir().unwrap();
        for (file, lines) in [
            ("caught.txt", "a\nother\n"),
            ("timeout.txt", "b\n"),
            ("missed.txt", "c\nanother\n"),
            ("unviable.txt", ""),
        ] {
            fs::write(folder.path().join(file), lines).unwrap();
        }
        let counts = of_these(&["a", "b", "c"], folder.path()).unwrap();
        let numbers = (counts.caught, counts.missed, counts.unviable);
        assert_eq!(numbers, (2, 1, 0));
    }

    #[test]
    fn what_others_catch_is_no_longer_missed() {
        let mut counts = Counts {
            caught: 80,
            missed: 20,
            unviable: 3,
        };
        counts.add_second(Counts {
            caught: 15,
            missed: 5,
            unviable: 0,
        });
        assert_eq!(
            counts.to_string(),
            "95 of 100 caught, 95 %; 3 do not compile"
        );
    }
}
