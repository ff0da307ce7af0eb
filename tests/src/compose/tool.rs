//! `docker-compose` 1.29 or `docker compose` 2, whichever is installed.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// A program, and its arguments before those of compose.
#[derive(Clone, Copy)]
pub(super) struct Tool(&'static str, &'static [&'static str]);

const TOOLS: [Tool; 2] = [Tool("docker", &["compose"]), Tool("docker-compose", &[])];

impl Tool {
    pub(super) fn find() -> Result<Self> {
        output(Command::new("docker").args(["version", "--format", "{{.Server.Version}}"]))
            .context("no Docker daemon answers; install Docker (on Debian: apt-get install docker.io) and start it")?;
        for tool in TOOLS {
            if output(tool.command().arg("version")).is_ok() {
                return Ok(tool);
            }
        }
        bail!(
            "neither `docker compose` nor `docker-compose` is there; on Debian: apt-get install docker-compose"
        )
    }

    pub(super) fn command(self) -> Command {
        let mut command = Command::new(self.0);
        command.args(self.1);
        command
    }
}

/// Checks that containers can be run here.
///
/// # Errors
/// One line: what is missing, and how to get it.
pub fn is_here() -> Result<()> {
    Tool::find().map(drop)
}

/// Returns what the command printed on standard output.
pub(super) fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let said = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {name}"))?;
    if !said.status.success() {
        let error = String::from_utf8_lossy(&said.stderr);
        let lines: Vec<_> = error.lines().filter(|line| !line.is_empty()).collect();
        let last = lines.len().saturating_sub(10);
        bail!("{name} failed: {}", lines[last..].join("\n"));
    }
    Ok(String::from_utf8_lossy(&said.stdout).into_owned())
}
