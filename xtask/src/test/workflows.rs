//! The suite `workflows`: checks `.github/` against GitHub's format, and against known attacks on
//! workflows.

use std::fs;

use anyhow::Result;

use super::python::LINTERS;
use crate::{process, term, workspace};

/// Checks all workflows.
pub(super) fn run(_: &[String]) -> Result<()> {
    LINTERS.install()?;
    let folder = workspace::root().join(".github/workflows");
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder)? {
        files.push(entry?.path());
    }
    let schema = |name: &str| {
        let mut check = LINTERS.program("check-jsonschema");
        check.args(["--builtin-schema", name]);
        check
    };
    process::run(schema("vendor.github-workflows").args(&files))?;
    process::run(schema("vendor.dependabot").arg(".github/dependabot.yml"))?;
    process::run(LINTERS.program("zizmor").args([
        "--offline",
        "--no-progress",
        "--persona=pedantic",
        ".github",
    ]))?;
    if process::on_path("actionlint") {
        return process::run(std::process::Command::new("actionlint").args(&files));
    }
    println!(
        "{} no actionlint on PATH: its checks are skipped (https://github.com/rhysd/actionlint)",
        term::yellow("note:")
    );
    Ok(())
}
