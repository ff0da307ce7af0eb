//! The options of a run.

use std::{collections::BTreeMap, time::Duration};

use super::{File, dynamic, find::Find};
use crate::upstream::Upstream;

/// An Envoy to be; see [`Envoy::from_sample`](super::Envoy::from_sample) and
/// [`Envoy::with_filter`](super::Envoy::with_filter).
#[must_use = "Envoy runs when started"]
pub struct Builder<S> {
    pub(super) source: S,
    pub(super) find: Find,
    pub(super) upstream: Option<u16>,
    pub(super) keep_ports: bool,
    pub(super) cluster_ports: BTreeMap<String, u16>,
    pub(super) paths: Vec<(String, String)>,
    pub(super) dynamic: Option<dynamic::Files>,
    pub(super) concurrency: u32,
    pub(super) log_level: String,
    pub(super) hot_restart: Option<(u32, u32)>,
    pub(super) args: Vec<String>,
    pub(super) env: Vec<(String, String)>,
    pub(super) deadline: Duration,
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

    /// Hot restart, which is off by default: the number that Envoys taking over from each other
    /// share, and 0 for the first of them, 1 for the next.
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

/// What is replaced in a text; a chain is built as it should be.
impl Builder<File> {
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
    /// `/`); see [`Envoy::dynamic`](super::Envoy::dynamic).
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
}
