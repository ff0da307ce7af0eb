//! The OpenID provider of the suite `oidc`: pinned by checksums in `tests/oidc/requirements.txt`, installed into `target/oidc/`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, workspace};

/// The copy of the requirements that tells of a finished installation.
const INSTALLED: &str = "installed.txt";

/// Whether this machine can run the provider; if not, why, and how to mend it.
pub(super) fn can_run() -> Result<(), String> {
    if is_installed() {
        return Ok(());
    }
    let probe = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))";
    process::output(Command::new("python3").args(["-c", probe]))
        .map(drop)
        .map_err(|_| {
            "no python3 of 3.11 or later with venv; on Debian: apt-get install python3-venv"
                .to_owned()
        })
}

/// Installs it, unless it is there.
pub(super) fn install() -> Result<()> {
    if is_installed() {
        return Ok(());
    }
    eprintln!("installing an OpenID provider into target/oidc/");
    let folder = folder();
    process::output(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder),
    )?;
    process::output(
        Command::new(folder.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args([
                "--require-hashes",
                "--only-binary",
                ":all:",
                "--requirement",
            ])
            .arg(requirements()),
    )
    .context("the packages come from PyPI: is it reachable?")?;
    fs::copy(requirements(), folder.join(INSTALLED))?;
    Ok(())
}

fn is_installed() -> bool {
    let wanted = fs::read(requirements()).ok();
    wanted.is_some() && wanted == fs::read(folder().join(INSTALLED)).ok()
}

fn folder() -> PathBuf {
    workspace::target().join("oidc")
}

fn requirements() -> PathBuf {
    workspace::root().join("tests/oidc/requirements.txt")
}
