//! Programs from PyPI that suites need, each set in its own virtual environment under `target/`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, workspace};

/// The copy of the requirements that marks a completed installation.
const INSTALLED: &str = "installed.txt";

/// A set of programs.
pub(super) struct Programs {
    /// Its folder under `target/`.
    pub(super) folder: &'static str,
    /// The file that lists them and their dependencies, with versions and checksums.
    pub(super) requirements: &'static str,
}

/// The OpenID provider of the suite `oidc`.
pub(super) const OPENID_PROVIDER: Programs = Programs {
    folder: "oidc",
    requirements: "tests/oidc/requirements.txt",
};

/// Linters of workflows, and a schema checker.
pub(super) const LINTERS: Programs = Programs {
    folder: "lint",
    requirements: ".ci/lint.txt",
};

/// Whether this machine can install programs; if not, why, and what to do about it.
pub(super) fn can_install() -> Result<(), String> {
    let probe = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))";
    process::output(Command::new("python3").args(["-c", probe]))
        .map(drop)
        .map_err(|_| {
            "no python3 of 3.11 or later with venv; on Debian: apt-get install python3-venv"
                .to_owned()
        })
}

impl Programs {
    /// Installs the programs, unless they are already there.
    pub(super) fn install(&self) -> Result<()> {
        let requirements = workspace::root().join(self.requirements);
        let marker = self.path().join(INSTALLED);
        if fs::read(&requirements).ok() == fs::read(&marker).ok() {
            return Ok(());
        }
        eprintln!(
            "installing {} into target/{}/",
            self.requirements, self.folder
        );
        let mut venv = Command::new("python3");
        process::output(venv.args(["-m", "venv", "--clear"]).arg(self.path()))?;
        let mut pip = self.program("python");
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(["--only-binary", ":all:", "--require-hashes"])
        .arg("--requirement")
        .arg(&requirements);
        process::output(&mut pip).context("the packages come from PyPI: is it reachable?")?;
        fs::copy(&requirements, marker)?;
        Ok(())
    }

    /// Returns one of the programs.
    pub(super) fn program(&self, name: &str) -> Command {
        let mut program = Command::new(self.path().join("bin").join(name));
        program.current_dir(workspace::root());
        program
    }

    fn path(&self) -> PathBuf {
        workspace::target().join(self.folder)
    }
}
