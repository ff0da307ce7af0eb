//! How an Envoy is started.

use std::{collections::BTreeMap, fs, net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::Result;
use tempfile::TempDir;

use super::{
    DynamicDir, Envoy, admin, dynamic,
    find::{Binary, Find},
    process::Process,
};
use crate::upstream::Upstream;

/// Where a bootstrap comes from.
pub trait Source {
    /// The bootstrap, and the dynamic files rewritten in the same way.
    ///
    /// # Errors
    /// If it cannot be read, or names a module that is not built.
    fn bootstrap(&self, setting: &Setting) -> Result<Bootstrap>;

    /// The fixed port of the upstream, where ports are kept.
    ///
    /// # Errors
    /// If the source cannot be read.
    fn upstream_port(&self) -> Result<Option<u16>> {
        Ok(None)
    }
}

/// What a source has to know of the run.
pub struct Setting {
    pub(super) upstream: u16,
    pub(super) keep_ports: bool,
    pub(super) cluster_ports: BTreeMap<String, u16>,
    pub(super) paths: Vec<(String, String)>,
    pub(super) dynamic: Option<dynamic::Files>,
    pub(super) folder: PathBuf,
}

/// A bootstrap, ready to run.
pub struct Bootstrap {
    pub(super) text: String,
    /// `yaml` or `json`, by which Envoy chooses its parser.
    pub(super) ending: &'static str,
    pub(super) dynamic: Option<DynamicDir>,
    pub(super) first_listener: Option<String>,
}

/// What `envoy --mode validate` said.
#[derive(Clone, Debug)]
pub struct Validation {
    /// Whether Envoy accepts the configuration.
    pub ok: bool,
    /// What it logged.
    pub log: String,
}

/// An Envoy to be; see [`Envoy::from_sample`] and [`Envoy::with_filter`].
#[must_use = "Envoy runs when started"]
pub struct Builder<S> {
    pub(super) source: S,
    find: Find,
    upstream: Option<u16>,
    keep_ports: bool,
    cluster_ports: BTreeMap<String, u16>,
    paths: Vec<(String, String)>,
    dynamic: Option<dynamic::Files>,
    concurrency: u32,
    log_level: String,
    hot_restart: Option<(u32, u32)>,
    args: Vec<String>,
    env: Vec<(String, String)>,
    deadline: Duration,
}

impl<S> Builder<S> {
    pub(super) fn new(source: S) -> Self {
        Self {
            source,
            find: Find::new(),
            upstream: None,
            keep_ports: false,
            cluster_ports: BTreeMap::new(),
            paths: Vec::new(),
            dynamic: None,
            concurrency: 1,
            log_level: "info".to_string(),
            hot_restart: None,
            args: Vec::new(),
            env: Vec::new(),
            deadline: Duration::from_secs(60),
        }
    }

    /// Points the cluster `upstream` at this one. By default an echo is started along with Envoy.
    pub fn upstream(self, upstream: &Upstream) -> Self {
        Self {
            upstream: Some(upstream.port()),
            ..self
        }
    }

    /// Points another cluster of the bootstrap at this port of its address.
    pub fn cluster_port(mut self, cluster: &str, port: u16) -> Self {
        self.cluster_ports.insert(cluster.to_string(), port);
        self
    }

    /// Replaces a path, or its beginning, in the bootstrap and the dynamic files.
    pub fn path(mut self, from: &str, to: impl Into<String>) -> Self {
        self.paths.push((from.to_string(), to.into()));
        self
    }

    /// Leaves the ports as they are written: for people, who want to know them beforehand. See
    /// [`ports::in_use`](crate::ports::in_use).
    pub fn keep_ports(self) -> Self {
        Self {
            keep_ports: true,
            ..self
        }
    }

    /// Serves these files, name and text, from a folder that the bootstrap calls `path` (ending in
    /// `/`); see [`Envoy::dynamic`].
    pub fn dynamic(self, path: &str, files: &[(&str, &str)]) -> Self {
        Self {
            dynamic: Some(dynamic::Files::given(path, files)),
            ..self
        }
    }

    /// As [`Builder::dynamic`], with all files of a folder in `envoy-configs/`.
    pub fn dynamic_samples(self, path: &str, folder: &str) -> Self {
        Self {
            dynamic: Some(dynamic::Files::samples(path, folder)),
            ..self
        }
    }

    /// How many workers Envoy has; 1 by default.
    pub fn concurrency(self, concurrency: u32) -> Self {
        Self {
            concurrency,
            ..self
        }
    }

    /// Runs exactly this version of Envoy; see [`find`](super::find).
    pub fn envoy_version(mut self, version: &str) -> Self {
        self.find = self.find.version(version);
        self
    }

    /// How to find Envoy; replaces [`Builder::envoy_version`].
    pub fn find(self, find: Find) -> Self {
        Self { find, ..self }
    }

    /// Envoy's log level; `info` by default.
    pub fn log_level(self, level: &str) -> Self {
        Self {
            log_level: level.to_string(),
            ..self
        }
    }

    /// Hot restart, which is off by default: the number that Envoys taking over from each other share,
    /// and 0 for the first of them, 1 for the next.
    pub fn hot_restart(self, base_id: u32, epoch: u32) -> Self {
        Self {
            hot_restart: Some((base_id, epoch)),
            ..self
        }
    }

    /// Further arguments of the command line.
    pub fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(ToString::to_string));
        self
    }

    /// Sets an environment variable of the Envoy process.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_string(), value.to_string()));
        self
    }

    /// How long the start may take; 60 s by default.
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }
}

/// All that a run needs, in place.
struct Prepared {
    binary: Binary,
    upstream: Option<Upstream>,
    bootstrap: Bootstrap,
    folder: TempDir,
    args: Vec<String>,
}

impl<S: Source> Builder<S> {
    /// Starts Envoy and waits until it serves.
    ///
    /// # Errors
    /// If there is no Envoy, a module is not built, or Envoy does not come up; then with the end of
    /// its log.
    pub fn start(self) -> Result<Envoy> {
        let prepared = self.prepare()?;
        let Prepared {
            binary,
            upstream,
            bootstrap,
            folder,
            args,
        } = prepared;
        let mut process = Process::spawn(&binary, folder.path(), &args, &self.env)?;
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
        })
    }

    /// Starts an Envoy that must refuse its configuration, and returns what it logged.
    ///
    /// # Errors
    /// If it comes up, or does not end in time.
    pub fn refuses(self) -> Result<String> {
        let prepared = self.prepare()?;
        let mut process = Process::spawn(
            &prepared.binary,
            prepared.folder.path(),
            &prepared.args,
            &self.env,
        )?;
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

    /// Asks Envoy whether it accepts the configuration, without serving; modules are loaded and
    /// configured.
    ///
    /// # Errors
    /// If it cannot be asked.
    pub fn validate(mut self) -> Result<Validation> {
        self.args
            .extend(["--mode".to_string(), "validate".to_string()]);
        let prepared = self.prepare()?;
        let mut process = Process::spawn(
            &prepared.binary,
            prepared.folder.path(),
            &prepared.args,
            &self.env,
        )?;
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
            cluster_ports: self.cluster_ports.clone(),
            paths: self.paths.clone(),
            dynamic: self.dynamic.clone(),
            folder: folder.path().to_path_buf(),
        })?;
        let file = folder
            .path()
            .join(format!("bootstrap.{}", bootstrap.ending));
        fs::write(&file, &bootstrap.text)?;
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
        // Access logs are to be seen at once.
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

/// The address of the listener of that name, or else of Envoy's first.
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

/// Fails if a module that the configuration names under [`MODULES`] is not built.
pub(super) fn check_modules(text: &str) -> Result<()> {
    for after in text.split(MODULES).skip(1) {
        let name: String = after
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
            .collect();
        if after[name.len()..].starts_with(".wasm") {
            crate::paths::module(&name)?;
        }
    }
    Ok(())
}

/// Where the samples expect the modules.
pub(super) const MODULES: &str = "/etc/envoy/filters/";
