//! The process of one Envoy, and its log.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};

use super::as_chain;
use super::find::Binary;
use crate::wait;

/// Envoy and the folder it writes to. Killed on drop.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    folder: PathBuf,
}

impl Process {
    /// Starts `binary` with `args`. Its log and the address of its admin interface are written to
    /// `folder`.
    pub(super) fn spawn(
        binary: &Binary,
        folder: &Path,
        args: &[String],
        env: &[(String, String)],
    ) -> Result<Self> {
        let log = File::create(folder.join("envoy.log"))?;
        let child = Command::new(&binary.path)
            .args(args)
            .arg("--admin-address-path")
            .arg(folder.join("admin"))
            .envs(env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot run {}", binary.path.display()))?;
        Ok(Self {
            child,
            folder: folder.to_path_buf(),
        })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns everything that Envoy has written so far.
    pub(super) fn log(&self) -> String {
        let bytes = fs::read(self.folder.join("envoy.log")).unwrap_or_default();
        as_chain::in_words_of_filters(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Returns the address of the admin interface, once Envoy has bound it.
    pub(super) fn admin(&self) -> Option<SocketAddr> {
        fs::read_to_string(self.folder.join("admin"))
            .ok()?
            .trim()
            .parse()
            .ok()
    }

    /// Returns its status if it has ended.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for the process to end by itself.
    pub(super) fn wait(&mut self, deadline: Duration) -> Result<ExitStatus> {
        self.wait_for("the end of the process", deadline, |process| {
            Ok(process.ended())
        })
    }

    /// Calls `ask` until it returns a result.
    ///
    /// # Errors
    /// If the deadline passes. The error contains the end of the log, as do those that `ask`
    /// creates with [`Process::failure`].
    pub(super) fn wait_for<T>(
        &mut self,
        what: &str,
        deadline: Duration,
        mut ask: impl FnMut(&mut Self) -> Result<Option<T>>,
    ) -> Result<T> {
        match wait::poll(deadline, || ask(self).transpose()) {
            Some(answer) => answer,
            None => Err(self.failure(&format!("Envoy: {what} did not come in {deadline:?}"))),
        }
    }

    /// Creates an error that ends with the last lines of Envoy's log.
    pub(super) fn failure(&self, cause: &str) -> anyhow::Error {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        let tail = lines
            .get(lines.len().saturating_sub(20)..)
            .unwrap_or_default();
        anyhow!("{cause}; its last log lines:\n{}", tail.join("\n"))
    }

    /// Fails if the process has ended.
    pub(super) fn check_running(&mut self) -> Result<()> {
        match self.ended() {
            Some(status) => Err(self.failure(&format!("Envoy ended ({status})"))),
            None => Ok(()),
        }
    }

    /// Returns the resident memory in bytes.
    pub(super) fn rss_bytes(&self) -> Result<u64> {
        let kib = match fs::read_to_string(format!("/proc/{}/status", self.pid())) {
            Ok(status) => status
                .lines()
                .find_map(|line| line.strip_prefix("VmRSS:"))
                .map(|value| value.trim().trim_end_matches(" kB").to_string()),
            Err(_) => {
                let ps = Command::new("ps")
                    .args(["-o", "rss=", "-p", &self.pid().to_string()])
                    .output();
                Some(
                    String::from_utf8_lossy(&ps.context("no /proc and no ps")?.stdout)
                        .trim()
                        .to_string(),
                )
            }
        };
        match kib.and_then(|kib| kib.parse::<u64>().ok()) {
            Some(kib) => Ok(kib * 1024),
            None => bail!("cannot read the memory of process {}", self.pid()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
