//! The options for running Envoy.

use std::{collections::BTreeMap, time::Duration};

use super::{File, dynamic, find::Find};
use crate::upstream::Upstream;

/// Builds a running Envoy; see [`Envoy::from_sample`](super::Envoy::from_sample) and
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

    /// Points the cluster `upstream` at this one. By default an echo upstream is started with
    /// Envoy.
    pub fn upstream(self, upstream: &Upstream) -> Self {
        Self {
            upstream: Some(upstream.port()),
            ..self
        }
    }

    /// Sets the number of Envoy's workers; the default is 1.
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

    /// Sets how to find Envoy; replaces [`Builder::envoy_version`].
    pub fn find(self, find: Find) -> Self {
        Self { find, ..self }
    }

    /// Sets Envoy's log level; the default is `info`.
    pub fn log_level(self, level: &str) -> Self {
        Self {
            log_level: level.to_string(),
            ..self
        }
    }

    /// Enables hot restart, which is off by default. Takes the number that is shared by Envoys that
    /// take over from each other, and 0 for the first of them, 1 for the next.
    pub fn hot_restart(self, base_id: u32, epoch: u32) -> Self {
        Self {
            hot_restart: Some((base_id, epoch)),
            ..self
        }
    }

    /// Adds arguments to the command line.
    pub fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(ToString::to_string));
        self
    }

    /// Sets an environment variable of the Envoy process.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_string(), value.to_string()));
        self
    }

    /// Sets how long the start may take; the default is 60 s.
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }
}

/// Replacements in a text. A chain is built correctly from the start.
impl Builder<File> {
    /// Points another cluster of the bootstrap at this port of its address.
    pub fn cluster_port(mut self, cluster: &str, port: u16) -> Self {
        self.cluster_ports.insert(cluster.to_string(), port);
        self
    }

    /// Replaces a path, or its prefix, in the bootstrap and the dynamic files.
    pub fn path(mut self, from: &str, to: impl Into<String>) -> Self {
        self.paths.push((from.to_string(), to.into()));
        self
    }

    /// Keeps the ports as written, for people, who want to know them beforehand. See
    /// [`ports::in_use`](crate::ports::in_use).
    pub fn keep_ports(self) -> Self {
        Self {
            keep_ports: true,
            ..self
        }
    }

    /// Serves these files, given by name and text, from a folder that the bootstrap calls `path`
    /// (ending in `/`); see [`Envoy::dynamic`](super::Envoy::dynamic).
    pub fn dynamic(self, path: &str, files: &[(&str, &str)]) -> Self {
        Self {
            dynamic: Some(dynamic::Files::given(path, files)),
            ..self
        }
    }

    /// Like [`Builder::dynamic`], with all files of a folder in `envoy-configs/`.
    pub fn dynamic_samples(self, path: &str, folder: &str) -> Self {
        Self {
            dynamic: Some(dynamic::Files::samples(path, folder)),
            ..self
        }
    }
}
