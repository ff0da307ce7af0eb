//! The set-up of the Wasm target: by rustup, or where that is not to be had by Debian's packages.
//!
//! The second way is proven on Debian 12: its compiler for the web browsers is recent, and builds std for the
//! target from source. `CATALOG_WASM_TOOLCHAIN=rustup` or `=debian` chooses a way; unset, the first that works
//! is taken.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

use crate::{process, term, workspace};

/// The target of all modules.
pub(crate) const TARGET: &str = "wasm32-wasip1";

/// Packages of the second way.
const PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "wasi-libc", "lld"];

/// How modules are compiled on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The cargo that runs this program, whose compiler has the target.
    Own,
    /// Debian's compiler, which builds std itself.
    Debian,
}

/// Finds or installs a toolchain that compiles to the target.
pub(crate) fn set_up() -> Result<Toolchain> {
    match env::var("CATALOG_WASM_TOOLCHAIN").as_deref() {
        Err(_) => own().or_else(|reason| {
            eprintln!("{reason:#}; taking Debian's packages instead");
            debian().with_context(|| format!("no way to the target {TARGET}: {reason:#}"))
        }),
        Ok("rustup") => own(),
        Ok("debian") => debian(),
        Ok(other) => bail!("CATALOG_WASM_TOOLCHAIN={other}: one of: rustup, debian"),
    }
}

/// The first way: the target is there, or rustup adds it.
fn own() -> Result<Toolchain> {
    if has_target() {
        return Ok(Toolchain::Own);
    }
    if !process::on_path("rustup") {
        bail!("the compiler has no {TARGET}, and there is no rustup to add it");
    }
    eprintln!("adding the target {TARGET} (about 25 MB) …");
    process::output(Command::new("rustup").args(["target", "add", TARGET]))?;
    if !has_target() {
        bail!(
            "rustup added {TARGET}, but `rustc` does not see it; is another rustc first on PATH?"
        );
    }
    Ok(Toolchain::Own)
}

fn has_target() -> bool {
    let libraries = process::output(rustc().args(["--print", "target-libdir", "--target", TARGET]));
    let Ok(entries) = libraries.and_then(|dir| Ok(fs::read_dir(dir.trim())?)) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}

/// The second way.
fn debian() -> Result<Toolchain> {
    let missing: Vec<&str> = PACKAGES
        .iter()
        .copied()
        .filter(|name| !is_installed(name))
        .collect();
    if missing.is_empty() {
        return Ok(Toolchain::Debian);
    }
    let install = format!(
        "apt-get install -y --no-install-recommends {}",
        missing.join(" ")
    );
    if !process::on_path("apt-get") {
        bail!(
            "the packages {} are of Debian, and this is none",
            missing.join(" ")
        );
    }
    if process::output(Command::new("id").arg("-u"))?.trim() != "0" {
        bail!("packages are missing; type: sudo apt-get update && sudo {install}");
    }
    eprintln!("{}", term::dim(format!("{install} …")));
    for arguments in ["update", &install["apt-get ".len()..]] {
        process::output(
            Command::new("apt-get")
                .args(["-q", "-o", "DPkg::Lock::Timeout=120"])
                .args(arguments.split(' '))
                .env("DEBIAN_FRONTEND", "noninteractive"),
        )?;
    }
    Ok(Toolchain::Debian)
}

fn is_installed(package: &str) -> bool {
    process::output(Command::new("dpkg-query").args(["-W", "-f=${db:Status-Status}", package]))
        .is_ok_and(|status| status == "installed")
}

impl Toolchain {
    /// A cargo that builds for the target when given a subcommand, with `flags` for the compiler.
    ///
    /// What the caller's environment holds as flags for the compiler is left out: the modules do not depend on it.
    pub(crate) fn cargo(self, subcommand: &str, flags: &[String]) -> Command {
        let mut flags = flags.to_vec();
        let mut cargo = match self {
            Toolchain::Own => {
                let mut cargo = process::cargo();
                cargo.arg(subcommand);
                cargo
            }
            Toolchain::Debian => {
                flags.extend(
                    "-Lnative=/usr/lib/wasm32-wasi -Clink-self-contained=no -Clinker=wasm-ld"
                        .split(' ')
                        .map(str::to_owned),
                );
                let mut cargo = Command::new("/usr/bin/cargo");
                cargo
                    .args([subcommand, "-Zbuild-std=std,panic_abort"])
                    .env("RUSTC", "/usr/bin/rustc")
                    .env("RUSTC_BOOTSTRAP", "1");
                cargo
            }
        };
        cargo
            .args(["--target", TARGET, "--target-dir"])
            .arg(self.target_dir())
            .env_remove("RUSTFLAGS")
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
        cargo
    }

    /// Where that cargo leaves its results: the two compilers do not mix in one folder.
    pub(crate) fn target_dir(self) -> PathBuf {
        match self {
            Toolchain::Own => workspace::target(),
            Toolchain::Debian => workspace::target().join("debian"),
        }
    }

    /// Where the sources of std lie, under every name that a compiler may write into a module.
    pub(crate) fn std_sources(self) -> Result<Vec<PathBuf>> {
        let mut rustc = match self {
            Toolchain::Own => rustc(),
            Toolchain::Debian => Command::new("/usr/bin/rustc"),
        };
        let sysroot = process::output(rustc.args(["--print", "sysroot"]))?;
        let sources = Path::new(sysroot.trim()).join("lib/rustlib/src/rust");
        let real = fs::canonicalize(&sources)
            .ok()
            .filter(|real| *real != sources);
        Ok(std::iter::once(sources).chain(real).collect())
    }

    /// How it is called in progress lines.
    pub(crate) fn describe(self) -> String {
        match self {
            Toolchain::Own => TARGET.to_owned(),
            Toolchain::Debian => format!("{TARGET}, Debian's compiler"),
        }
    }
}

/// Cargo's home, where the sources of dependencies lie.
pub(crate) fn cargo_home() -> Result<PathBuf> {
    env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".cargo")))
        .ok_or_else(|| anyhow!("no home directory; set CARGO_HOME"))
}

fn rustc() -> Command {
    Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}
