//! `docker-compose.yml` as users run it: real containers, reached through the published ports.
//!
//! Each [`Stack`] has its own project name and ports chosen by the kernel, and is removed on drop,
//! with its volumes and networks, even if a test fails. If an image cannot be pulled, [`image`]
//! builds a replacement.

pub mod image;
mod tool;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

pub use self::tool::is_here;
use self::tool::{Tool, output};
use crate::{Target, envoy::admin, paths, wait, yaml};

/// Containers may have to compile all modules, on a machine that is doing other work too.
const UP: Duration = Duration::from_secs(180);

const FILE: &str = "docker-compose.yml";

/// The services that run without a profile.
pub const SERVICES: &[&str] = &["envoy", "upstream"];

/// The services that run with the profile `fleet`.
pub const FLEET: &[&str] = &[
    "envoy",
    "upstream",
    "envoy-2",
    "upstream-2",
    "limitador",
    "redis",
];

/// Some services of the file, running and healthy.
pub struct Stack {
    tool: Tool,
    project: String,
    sample: String,
    filters: PathBuf,
}

/// One of its Envoys.
pub struct Container<'a> {
    stack: &'a Stack,
    service: &'a str,
    address: SocketAddr,
    admin: SocketAddr,
}

impl Stack {
    /// Starts what a user gets with `FILTER=sample docker-compose up`.
    ///
    /// # Errors
    /// If there is no Docker, an image is not available, or a service does not become healthy. The
    /// last error includes the end of its log.
    pub fn up(sample: &str) -> Result<Self> {
        Self::start(sample, &paths::filters(), "", SERVICES)
    }

    /// Like [`Stack::up`], with the modules of this folder: `FILTERS`.
    ///
    /// # Errors
    /// As [`Stack::up`].
    pub fn up_with(sample: &str, filters: &Path) -> Result<Self> {
        Self::start(sample, filters, "", SERVICES)
    }

    /// Starts what a user gets with `FILTER=sample docker-compose --profile fleet up`.
    ///
    /// # Errors
    /// As [`Stack::up`].
    pub fn up_fleet(sample: &str) -> Result<Self> {
        Self::start(sample, &paths::filters(), "fleet", FLEET)
    }

    fn start(sample: &str, filters: &Path, profiles: &str, expected: &[&str]) -> Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let stack = Self {
            tool: Tool::find()?,
            project: format!("filter-catalog-test-{}-{number}", std::process::id()),
            sample: sample.to_string(),
            filters: filters.to_owned(),
        };
        for image in images(expected)? {
            image::provide(&image, |line| eprintln!("{line}"))?;
        }
        let mut up = stack.compose(&["up", "-d"]);
        output(up.env("COMPOSE_PROFILES", profiles))?;
        stack.wait_until_healthy(expected.len())?;
        Ok(stack)
    }

    /// Returns the Envoy of that service.
    ///
    /// # Errors
    /// If it is not running.
    pub fn envoy<'a>(&'a self, service: &'a str) -> Result<Container<'a>> {
        Ok(Container {
            stack: self,
            service,
            address: self.published(service, 10000)?,
            admin: self.published(service, 9901)?,
        })
    }

    fn wait_until_healthy(&self, expected: usize) -> Result<()> {
        let mut all = self.compose(&["ps", "-q"]);
        let ids = output(all.env("COMPOSE_PROFILES", "fleet"))?;
        let ids: Vec<&str> = ids.split_whitespace().collect();
        ensure!(
            ids.len() == expected,
            "{} services started instead of {expected}",
            ids.len()
        );
        let states = || {
            let form = "{{.Name}} {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}healthy{{end}}";
            output(
                Command::new("docker")
                    .args(["inspect", "-f", form])
                    .args(&ids),
            )
        };
        let bad = |state: &str| state.contains(" exited ") || state.ends_with(" unhealthy");
        let settled = wait::poll(UP, || match states() {
            Ok(text) if text.lines().all(|s| s.ends_with(" running healthy")) => Some(Ok(())),
            Ok(text) if !text.lines().any(bad) => None,
            Ok(text) => Some(Err(text)),
            Err(error) => Some(Err(format!("{error:#}"))),
        });
        match settled {
            Some(Ok(())) => Ok(()),
            other => {
                let state = other.and_then(Result::err).or_else(|| states().ok());
                let log = output(&mut self.compose(&["logs", "--no-color", "--tail", "20"]));
                bail!(
                    "not all healthy:\n{}{}",
                    state.unwrap_or_default(),
                    log.unwrap_or_default()
                )
            }
        }
    }

    /// Returns the loopback address at which a port of a service is published.
    fn published(&self, service: &str, port: u16) -> Result<SocketAddr> {
        let port = port.to_string();
        let shown = output(&mut self.compose(&["port", service, &port]))?;
        let (_, published) = shown.trim().rsplit_once(':').context("no port")?;
        let published = published.parse().ok().filter(|port| *port != 0);
        let published = published
            .with_context(|| format!("{service} does not publish {port}: {}", shown.trim()))?;
        Ok((Ipv4Addr::LOCALHOST, published).into())
    }

    fn compose(&self, args: &[&str]) -> Command {
        let mut command = command(self.tool);
        command
            .args(["-p", &self.project])
            .args(args)
            .env("FILTER", &self.sample)
            .env("FILTERS", &self.filters);
        command
    }
}

/// Returns the images of these services.
///
/// # Errors
/// If there is no Docker, or the file cannot be read.
pub fn images(services: &[&str]) -> Result<BTreeSet<String>> {
    // Read through the tool and not from the file, because the user may have set variables.
    let mut config = command(Tool::find()?);
    let config = yaml::parse(&output(
        config.arg("config").env("COMPOSE_PROFILES", "fleet"),
    )?)?;
    services
        .iter()
        .map(|service| {
            let image = config["services"][service]["image"].as_str();
            let image = image.with_context(|| format!("{FILE} has no service {service}"))?;
            Ok(image.to_string())
        })
        .collect()
}

/// Returns the command without its own arguments, with variables that users may set set for a test.
fn command(tool: Tool) -> Command {
    let mut command = tool.command();
    command
        .current_dir(paths::workspace())
        .args(["-f", FILE])
        .env("FILTERS", paths::filters())
        // Free ports, on loopback.
        .env("ENVOY_PORT", "127.0.0.1:0")
        .env("ENVOY_2_PORT", "127.0.0.1:0")
        .env("ENVOY_ADMIN_PORT", "0")
        .env("ENVOY_2_ADMIN_PORT", "0")
        .env_remove("COMPOSE_FILE")
        .env_remove("COMPOSE_PROFILES")
        .env_remove("COMPOSE_PROJECT_NAME");
    command
}

impl Drop for Stack {
    fn drop(&mut self) {
        let down = ["down", "-v", "--remove-orphans", "--timeout", "5"];
        let mut down = self.compose(&down);
        if let Err(error) = output(down.env("COMPOSE_PROFILES", "fleet")) {
            eprintln!("project {} is not taken down: {error:#}", self.project);
        }
    }
}

impl Target for Container<'_> {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn stats(&self) -> BTreeMap<String, u64> {
        admin::stats(self.admin)
    }

    fn log(&self) -> String {
        let logs = ["logs", "--no-color", self.service];
        output(&mut self.stack.compose(&logs)).expect("the log of a running container")
    }
}
