//! A real Envoy, started for a test and stopped after it.
//!
//! ```no_run
//! # use e2e::Envoy;
//! let sample = Envoy::from_sample("header-rewrite").concurrency(4).start();
//! let built = Envoy::with_filter("cors", "policies: []").hcm("normalize_path: true").start();
//! let refusal = Envoy::with_filter("cors", "polices: []").refuses()?;
//! # anyhow::Ok(())
//! ```
//! The kernel chooses free ports; see [`ports`](crate::ports).

pub(crate) mod admin;
pub mod as_chain;
mod builder;
mod chain;
mod dynamic;
mod fetch;
pub mod find;
mod lds;
mod process;
mod sample;
mod start;
mod substitute;

use std::{
    collections::BTreeMap, fs, net::SocketAddr, path::Path, process::ExitStatus, time::Duration,
};

use anyhow::Result;
use tempfile::TempDir;

use self::process::Process;
pub use self::{
    builder::Builder,
    chain::{Chain, ConfigForm, Protocol},
    dynamic::DynamicDir,
    fetch::versions,
    lds::Listener,
    sample::File,
    start::{Bootstrap, Setting, Source, Validation},
    substitute::with_ports,
};
use crate::{
    client::{Client, request::RequestBuilder},
    upstream::Upstream,
    wait,
};

/// A running Envoy. It is killed and waited for on drop, so a `static` one would outlive its test.
///
/// One from [`Builder::start`] panics on drop if a module has trapped, was reloaded, or could not
/// be set up on a worker; see [`Envoy::unchecked`].
pub struct Envoy {
    process: Process,
    admin: SocketAddr,
    address: SocketAddr,
    upstream: Option<Upstream>,
    dynamic: Option<DynamicDir>,
    folder: TempDir,
    version: String,
    is_checked: bool,
}

impl Envoy {
    /// Runs a sample of `envoy-configs/` by name or path. The file is used as it is; only ports,
    /// the path of the modules and what [`Builder`] sets are replaced.
    pub fn from_sample(sample: impl AsRef<Path>) -> Builder<File> {
        Builder::new(File::Sample(sample.as_ref().to_path_buf()))
    }

    /// Runs a bootstrap given as YAML or JSON. Ports and paths are replaced as in a sample.
    pub fn from_bootstrap(text: impl Into<String>) -> Builder<File> {
        Builder::new(File::Text(text.into()))
    }

    /// Runs one filter of the catalog, configured in YAML or JSON, in front of an upstream.
    pub fn with_filter(filter: &str, config: impl Into<String>) -> Builder<Chain> {
        Self::with_no_filter().filter(filter, config)
    }

    /// Runs several filters of the catalog in this order.
    pub fn with_filters(filters: &[(&str, &str)]) -> Builder<Chain> {
        filters
            .iter()
            .fold(Self::with_no_filter(), |builder, (filter, config)| {
                builder.filter(filter, *config)
            })
    }

    /// Runs no filter except the router. Add others with [`Builder::filter`] and
    /// [`Builder::native`].
    pub fn with_no_filter() -> Builder<Chain> {
        Builder::new(Chain::default())
    }

    /// Returns the address of the first listener, on loopback.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns a URL at the first listener.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Creates a GET request to this path, over HTTP/1.1; see [`Client`].
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request("GET", path)
    }

    /// Creates a request to this path, over HTTP/1.1; see [`Client`].
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        Client::http1().request(method, self.url(path))
    }

    /// Returns the address of the admin interface.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin
    }

    /// Returns the upstream that was started with Envoy.
    ///
    /// # Panics
    /// If the test has set its own with [`Builder::upstream`].
    pub fn upstream(&self) -> &Upstream {
        self.upstream
            .as_ref()
            .expect("this Envoy was given its upstream: ask that one")
    }

    /// Like [`Envoy::upstream`], for stopping and restarting it.
    ///
    /// # Panics
    /// If the test has set its own.
    pub fn upstream_mut(&mut self) -> &mut Upstream {
        self.upstream
            .as_mut()
            .expect("this Envoy was given its upstream: ask that one")
    }

    /// Returns the folder of dynamic files.
    ///
    /// # Panics
    /// If it does not exist; see [`Builder::dynamic`].
    pub fn dynamic(&self) -> &DynamicDir {
        self.dynamic
            .as_ref()
            .expect("this Envoy was started without dynamic files")
    }

    /// Returns its version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Returns the resident memory, in bytes.
    ///
    /// # Errors
    /// If the process has ended.
    pub fn rss_bytes(&self) -> Result<u64> {
        self.process.rss_bytes()
    }

    /// Returns everything that Envoy has logged so far.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Waits for a log line that contains `needle`, and returns the first one.
    ///
    /// # Panics
    /// If no such line appears within `timeout`.
    #[track_caller]
    pub fn wait_for_log(&self, needle: &str, timeout: Duration) -> String {
        let line = wait_for_line(timeout, needle, || self.log());
        line.unwrap_or_else(|| {
            panic!(
                "{}",
                self.process
                    .failure(&format!("no {needle:?} in the log of Envoy"))
            )
        })
    }

    /// Returns the lines of the access log so far; see [`Builder::access_log`].
    pub fn access_log(&self) -> Vec<String> {
        self.access_log_text()
            .lines()
            .map(ToString::to_string)
            .collect()
    }

    /// Waits for a line of the access log that contains `needle`, and returns the first one.
    ///
    /// # Panics
    /// If no such line appears within `timeout`.
    #[track_caller]
    pub fn wait_for_access_log(&self, needle: &str, timeout: Duration) -> String {
        let line = wait_for_line(timeout, needle, || self.access_log_text());
        line.unwrap_or_else(|| panic!("no {needle:?} in the access log: {:?}", self.access_log()))
    }

    fn access_log_text(&self) -> String {
        fs::read(self.folder.path().join(chain::ACCESS_LOG))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// Fails if a module has trapped, was reloaded, or could not be set up on a worker.
    ///
    /// # Panics
    /// In that case, with the log line or the statistic that shows it.
    #[track_caller]
    pub fn assert_vm_alive(&self) {
        assert_alive(&self.log(), &self.stats());
    }

    /// Allows modules to fail.
    #[must_use]
    pub fn unchecked(mut self) -> Self {
        self.is_checked = false;
        self
    }

    /// Kills the process without warning, as the kernel does when memory runs out.
    pub fn kill(self) {
        drop(self);
    }

    /// Asks Envoy to end by itself, which must take at most 10 s. Returns its status and its whole
    /// log.
    ///
    /// # Errors
    /// If it does not end.
    pub fn quit(mut self) -> Result<(ExitStatus, String)> {
        self.admin_post("/quitquitquit");
        let status = self.process.wait(Duration::from_secs(10))?;
        Ok((status, self.log()))
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        if !self.is_checked || std::thread::panicking() {
            return;
        }
        let stats = match self.process.ended() {
            Some(_) => BTreeMap::new(),
            None => self.stats(),
        };
        assert_alive(&self.log(), &stats);
    }
}

fn wait_for_line(timeout: Duration, needle: &str, text: impl Fn() -> String) -> Option<String> {
    wait::poll(timeout, || {
        text()
            .lines()
            .find(|line| line.contains(needle))
            .map(ToString::to_string)
    })
}

/// See [`Envoy::assert_vm_alive`].
#[track_caller]
pub(crate) fn assert_alive(log: &str, stats: &BTreeMap<String, u64>) {
    for sign in [
        "Uncaught RuntimeError",
        "Failed to configure thread-local Wasm plugin",
        "Plugin configured failed",
    ] {
        let line = log.lines().find(|line| line.contains(sign));
        assert!(
            line.is_none(),
            "a module is dead: {}",
            line.unwrap_or_default()
        );
    }
    let reloads: Vec<_> = stats
        .iter()
        .filter(|(name, count)| {
            name.starts_with("wasm.") && name.contains("vm_reload") && **count > 0
        })
        .collect();
    assert!(reloads.is_empty(), "a module was reloaded: {reloads:?}");
}
