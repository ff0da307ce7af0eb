//! The fuzz targets of `fuzz/`, each for a minute, or for `FUZZ_SECONDS` seconds.
//!
//! They are compiled by the stable compiler with cargo-fuzz's options, but without a sanitizer,
//! which only a nightly compiler has. The filters contain no unsafe code that a sanitizer would
//! check.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::{process, term, workspace};

/// Lets libFuzzer see which code an input reaches, and which values are compared.
const FLAGS: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Cllvm-args=-simplifycfg-branch-fold-threshold=0 --cfg=fuzzing";

/// Options of a target. A run that takes longer than these seconds, or more than these megabytes,
/// is a finding too.
const OPTIONS: [&str; 5] = [
    // Its bookkeeping would take four fifths of the time.
    "-entropic=0",
    "-timeout=20",
    "-rss_limit_mb=2048",
    "-max_len=4096",
    "-print_final_stats=1",
];

/// Returns the dictionary of a target: the name of its file without `.dict`.
fn dictionary(target: &str) -> Option<&'static str> {
    Some(match target {
        "token" | "key_documents" => "json",
        "authorities" | "paths" => "paths",
        "configurations" => "configurations",
        "patterns" => "regex",
        "templates" => "templates",
        "origins" | "request_parts" => "script",
        whole if whole.starts_with("whole_") => "script",
        _ => return None,
    })
}

/// Whether this machine can build the targets.
pub(super) fn can_run() -> Result<(), String> {
    let compilers = ["c++", "g++", "clang++"];
    if cfg!(unix) && compilers.iter().any(|name| process::on_path(name)) {
        Ok(())
    } else {
        Err("libFuzzer needs a C++ compiler, on Debian the package g++".to_owned())
    }
}

/// Runs the targets that the words name, or all.
pub(super) fn run(words: &[String]) -> Result<()> {
    let targets = targets()?;
    for word in words {
        if !targets.contains(word) {
            bail!("no target \"{word}\"; one of: {}", targets.join(", "));
        }
    }
    let seconds = seconds()?;
    let programs = build()?;
    let mut crashed = Vec::new();
    for target in targets {
        if words.is_empty() || words.contains(&target) {
            match fuzz(&programs.join(&target), &target, seconds)? {
                Ended::Well(line) => println!("{target:<20} {line}"),
                Ended::Crashed(line) => {
                    println!("{target:<20} {} {line}", term::red("crashed:"));
                    crashed.push(target);
                }
            }
        }
    }
    ensure!(crashed.is_empty(), "crashes of {}", crashed.join(", "));
    Ok(())
}

/// The result of a target, with its figures or what failed.
enum Ended {
    Well(String),
    Crashed(String),
}

fn seconds() -> Result<u64> {
    match env::var("FUZZ_SECONDS") {
        Ok(text) => text
            .parse()
            .with_context(|| format!("FUZZ_SECONDS={text} is no number of seconds")),
        Err(_) => Ok(60),
    }
}

fn folder() -> PathBuf {
    workspace::root().join("fuzz")
}

/// Returns the targets, by their files.
fn targets() -> Result<Vec<String>> {
    let files = fs::read_dir(folder().join("fuzz_targets"))?;
    let mut names = Vec::new();
    for file in files {
        let path = file?.path();
        let stem = path.file_stem().context("a file has a name")?;
        names.push(stem.to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Builds the targets. Returns their folder.
fn build() -> Result<PathBuf> {
    let host = host()?;
    let target = workspace::target().join("fuzz");
    let mut command = process::cargo();
    command
        .current_dir(folder())
        .args(["build", "--release", "--locked", "--bins"])
        // If a target is named, build scripts and macros are compiled without the flags.
        .args(["--target", &host])
        .arg("--target-dir")
        .arg(&target)
        .env("RUSTFLAGS", FLAGS);
    process::run(&mut command)?;
    Ok(target.join(host).join("release"))
}

fn host() -> Result<String> {
    let version = process::output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc -vV names no host")?.to_owned())
}

fn fuzz(program: &Path, target: &str, seconds: u64) -> Result<Ended> {
    let results = workspace::target().join("fuzz-results");
    let (corpus, crashes) = (results.join("corpus"), results.join("crashes"));
    let (corpus, crashes) = (corpus.join(target), crashes.join(target));
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&crashes)?;
    let log = results.join(format!("{target}.log"));
    let seeds = folder().join("corpus").join(target);
    let mut command = Command::new(program);
    command.args(OPTIONS);
    // With 0 seconds, only the seeds are run.
    match seconds {
        0 => command.arg("-runs=0"),
        _ => command.arg(format!("-max_total_time={seconds}")),
    };
    if let Some(name) = dictionary(target) {
        let path = folder().join("dictionaries").join(format!("{name}.dict"));
        command.arg(format!("-dict={}", path.display()));
    }
    command
        .arg(format!("-artifact_prefix={}/", crashes.display()))
        // New inputs are written to the first folder.
        .args([&corpus, &seeds])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(&log)?);
    let status = command.status().context("cannot run a fuzz target")?;
    let said = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    if status.success() {
        return Ok(Ended::Well(figures(&said, seconds)));
    }
    let why = reason(&said).unwrap_or("it ended without a reason");
    let again = match artifact(&said) {
        Some(input) => format!(
            "{} {}",
            workspace::display(program),
            workspace::display(Path::new(input))
        ),
        None => format!("cargo xtask test fuzz -- {target}"),
    };
    let log = workspace::display(&log);
    Ok(Ended::Crashed(format!(
        "{why}\n  all of it is in {log}; to see it again: {again}"
    )))
}

/// Summarizes libFuzzer's final output in a line.
fn figures(said: &str, seconds: u64) -> String {
    let executed = said
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
        .map_or("?", str::trim);
    let last = said.lines().rfind(|line| line.contains(" cov: "));
    let words: Vec<_> = last.unwrap_or_default().split_whitespace().collect();
    let after = |name: &str| {
        let at = words.iter().position(|word| *word == name);
        at.and_then(|at| words.get(at + 1)).copied().unwrap_or("?")
    };
    format!(
        "{seconds} s, {executed} executions, {} edges, {} features, no crash",
        after("cov:"),
        after("ft:")
    )
}

/// Returns the first line that says what failed.
fn reason(said: &str) -> Option<&str> {
    let mut lines = said.lines();
    while let Some(line) = lines.next() {
        if line.contains("panicked at ") {
            return lines.next().or(Some(line));
        }
        if line.contains("ERROR: libFuzzer: ") {
            return Some(line);
        }
    }
    said.lines().rfind(|line| !line.trim().is_empty())
}

/// Returns the file of the input that failed.
fn artifact(said: &str) -> Option<&str> {
    said.lines().find_map(|line| {
        line.split_once("Test unit written to ")?
            .1
            .split(' ')
            .next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DONE: &str = "\
#8 pulse  cov: 1 ft: 2 corp: 1/1b lim: 4 exec/s: 4 rss: 30Mb
#99\tDONE   cov: 1234 ft: 5678 corp: 10/1Kb lim: 4096 exec/s: 9 rss: 40Mb
stat::number_of_executed_units: 99
";
    const CRASHED: &str = "\
thread '<unnamed>' panicked at fuzz_targets/paths.rs:1:2:
/admin is served
==1== ERROR: libFuzzer: deadly signal
artifact_prefix='x/'; Test unit written to x/crash-0a
";

    #[test]
    fn the_figures_of_a_run_are_those_of_its_end() {
        let line = "60 s, 99 executions, 1234 edges, 5678 features, no crash";
        assert_eq!(figures(DONE, 60), line);
    }

    #[test]
    fn a_crash_is_told_with_its_reason_and_its_input() {
        assert_eq!(reason(CRASHED), Some("/admin is served"));
        assert_eq!(artifact(CRASHED), Some("x/crash-0a"));
    }

    #[test]
    fn each_target_has_seeds_and_the_dictionary_that_it_names() {
        for target in targets().unwrap() {
            let seeds = folder().join("corpus").join(&target);
            assert!(fs::read_dir(&seeds).unwrap().count() > 0, "{target}");
            if let Some(name) = dictionary(&target) {
                let path = folder().join("dictionaries").join(format!("{name}.dict"));
                assert!(path.is_file(), "{}", path.display());
            }
        }
    }

    #[test]
    fn the_weekly_workflow_runs_every_target() {
        let workflow = workspace::root().join(".github/workflows/endurance.yml");
        let workflow = fs::read_to_string(workflow).unwrap();
        let (_, listed) = workflow.split_once("        target:\n").unwrap();
        let listed = listed
            .lines()
            .map_while(|line| line.trim().strip_prefix("- "));
        let mut listed: Vec<&str> = listed.collect();
        listed.sort_unstable();
        assert_eq!(listed, targets().unwrap());
    }
}
