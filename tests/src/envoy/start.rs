//! Turns options into a running Envoy, or into what it logged when it refused to start.

use std::{collections::BTreeMap, fs, net::SocketAddr, path::PathBuf};

use anyhow::Result;
use tempfile::TempDir;

use super::{Builder, DynamicDir, Envoy, admin, as_chain, dynamic, find::Binary, process::Process};
use crate::upstream::Upstream;

/// The source of a bootstrap.
pub trait Source {
    /// Returns the bootstrap, and the dynamic files rewritten in the same way.
    ///
    /// # Errors
    /// If it cannot be read, or refers to a module that is not built.
    fn bootstrap(&self, setting: &Setting) -> Result<Bootstrap>;

    /// Returns the fixed port of the upstream, if ports are kept.
    ///
    /// # Errors
    /// If the source cannot be read.
    fn upstream_port(&self) -> Result<Option<u16>> {
        Ok(None)
    }
}

/// What a source needs to know about the run.
pub struct Setting {
    pub(super) upstream: u16,
    pub(super) keep_ports: bool,
    /// Whether a running Envoy hands its ports over.
    pub(super) takes_over: bool,
    pub(super) cluster_ports: BTreeMap<String, u16>,
    pub(super) paths: Vec<(String, String)>,
    pub(super) dynamic: Option<dynamic::Files>,
    pub(super) folder: PathBuf,
}

/// A bootstrap, ready to run.
pub struct Bootstrap {
    pub(super) text: String,
    /// `yaml` or `json`, by which Envoy selects its parser.
    pub(super) ending: &'static str,
    pub(super) dynamic: Option<DynamicDir>,
    pub(super) first_listener: Option<String>,
}

/// The result of `envoy --mode validate`.
#[derive(Clone, Debug)]
pub struct Validation {
    /// Whether Envoy accepts the configuration.
    pub ok: bool,
    /// What it logged.
    pub log: String,
}

/// Everything that a run needs.
struct Prepared {
    binary: Binary,
    upstream: Option<Upstream>,
    bootstrap: Bootstrap,
    folder: TempDir,
    args: Vec<String>,
}

impl Prepared {
    fn spawn(&self, env: &[(String, String)]) -> Result<Process> {
        Process::spawn(&self.binary, self.folder.path(), &self.args, env)
    }
}

impl<S: Source> Builder<S> {
    /// Starts Envoy and waits until it serves.
    ///
    /// # Panics
    /// If it does not; see [`Builder::try_start`].
    #[track_caller]
    pub fn start(self) -> Envoy {
        match self.try_start() {
            Ok(mut envoy) => {
                envoy.is_checked = true;
                envoy
            }
            Err(error) => panic!("{error:#}"),
        }
    }

    /// Starts Envoy and waits until it serves.
    ///
    /// # Errors
    /// If there is no Envoy, a module is not built, or Envoy does not start. The last error
    /// includes the end of its log.
    pub fn try_start(self) -> Result<Envoy> {
        let prepared = self.prepare()?;
        let mut process = prepared.spawn(&self.env)?;
        let Prepared {
            binary,
            upstream,
            bootstrap,
            folder,
            ..
        } = prepared;
        let admin = process.wait_for("the admin interface", self.deadline, |process| {
            process.check_running()?;
            Ok(process.admin())
        })?;
        let address = process.wait_for("a serving listener", self.deadline, |process| {
            process.check_running()?;
            Ok(serving(admin, bootstrap.first_listener.as_deref()))
        })?;
        let dynamic = bootstrap.dynamic;
        Ok(Envoy {
            process,
            admin,
            address,
            upstream,
            dynamic,
            folder,
            version: binary.version,
            is_checked: false,
        })
    }

    /// Starts an Envoy that must reject its configuration, and returns what it logged.
    ///
    /// # Errors
    /// If it starts, or does not end in time.
    pub fn refuses(self) -> Result<String> {
        let prepared = self.prepare()?;
        let mut process = prepared.spawn(&self.env)?;
        let status = process.wait_for("its refusal", self.deadline, |process| {
            if let Some(status) = process.ended() {
                return Ok(Some(status));
            }
            match process.admin() {
                Some(admin) if admin::is_live(admin) => {
                    Err(process.failure("Envoy accepted what it should refuse"))
                }
                _ => Ok(None),
            }
        })?;
        if status.success() {
            return Err(process.failure("Envoy ended without an error"));
        }
        Ok(process.log())
    }

    /// Checks whether Envoy accepts the configuration, without serving. Modules are loaded and
    /// configured.
    ///
    /// # Errors
    /// If Envoy cannot be run.
    pub fn validate(mut self) -> Result<Validation> {
        self.args
            .extend(["--mode".to_string(), "validate".to_string()]);
        let prepared = self.prepare()?;
        let mut process = prepared.spawn(&self.env)?;
        let status = process.wait(self.deadline)?;
        Ok(Validation {
            ok: status.success(),
            log: process.log(),
        })
    }

    fn prepare(&self) -> Result<Prepared> {
        let binary = self.find.find()?;
        let folder = tempfile::Builder::new().prefix("envoy-").tempdir()?;
        let (upstream, upstream_port) = match self.upstream {
            Some(port) => (None, port),
            None => {
                let kept = if self.keep_ports {
                    self.source.upstream_port()?
                } else {
                    None
                };
                let upstream = Upstream::echo_on(kept.unwrap_or(0))?;
                let port = upstream.port();
                (Some(upstream), port)
            }
        };
        let bootstrap = self.source.bootstrap(&Setting {
            upstream: upstream_port,
            keep_ports: self.keep_ports,
            takes_over: self.hot_restart.is_some_and(|(_, epoch)| epoch > 0),
            cluster_ports: self.cluster_ports.clone(),
            paths: self.paths.clone(),
            dynamic: self.dynamic.clone(),
            folder: folder.path().to_path_buf(),
        })?;
        let file = folder
            .path()
            .join(format!("bootstrap.{}", bootstrap.ending));
        let chained = if as_chain::is_asked_for() {
            as_chain::bootstrap(&bootstrap.text)?
        } else {
            None
        };
        fs::write(&file, chained.as_ref().unwrap_or(&bootstrap.text))?;
        let args = self.arguments(&file.to_string_lossy());
        Ok(Prepared {
            binary,
            upstream,
            bootstrap,
            folder,
            args,
        })
    }

    fn arguments(&self, bootstrap: &str) -> Vec<String> {
        let concurrency = self.concurrency.to_string();
        let mut args = vec![
            "-c",
            bootstrap,
            "--concurrency",
            &concurrency,
            "--log-level",
            &self.log_level,
        ];
        // Makes access logs visible immediately.
        args.extend(["--file-flush-interval-msec", "20"]);
        let hot_restart = self
            .hot_restart
            .map(|(base_id, epoch)| (base_id.to_string(), epoch.to_string()));
        match &hot_restart {
            Some((base_id, epoch)) => args.extend(["--base-id", base_id, "--restart-epoch", epoch]),
            None => args.push("--disable-hot-restart"),
        }
        args.extend(self.args.iter().map(String::as_str));
        args.into_iter().map(ToString::to_string).collect()
    }
}

/// Returns the address of the listener with that name or, without a name, of Envoy's first.
fn serving(admin: SocketAddr, name: Option<&str>) -> Option<SocketAddr> {
    if !admin::is_live(admin) {
        return None;
    }
    let mut listeners = admin::listeners(admin).ok()?.into_iter();
    let listener = match name {
        Some(name) => listeners.find(|(listener, _)| listener == name),
        None => listeners.next(),
    };
    listener.map(|(_, address)| address)
}
