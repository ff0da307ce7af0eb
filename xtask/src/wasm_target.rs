//! Sets up the Wasm target: with rustup or, if that is not available, with Debian's packages.
//!
//! The second way is proven on Debian 12: its compiler for web browsers is recent, and builds std
//! for the target from source. `CATALOG_WASM_TOOLCHAIN=rustup` or `=debian` selects a way; if it is
//! unset, the first that works is used.
//!
//! In both cases std is compiled from source, for size and without panic messages, which more than
//! halves what a module contains besides its own logic. A stable compiler does this if
//! `RUSTC_BOOTSTRAP` is set. If the sources are not available, the target's prebuilt std is used,
//! and the modules are larger.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

use crate::{process, term, workspace};

/// The target of all modules.
pub(crate) const TARGET: &str = "wasm32-wasip1";

/// Packages for the second way.
const PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "wasi-libc", "lld"];

/// Arguments for cargo: std from source, for size (short sorts and short formatting), like
/// everything that runs only at load. Strings, slices and vectors, which every request uses, are
/// excepted.
const BUILD_STD: [&str; 6] = [
    "-Zbuild-std=std,panic_abort",
    "-Zbuild-std-features=optimize_for_size",
    "--config",
    "profile.release.package.core.opt-level=3",
    "--config",
    "profile.release.package.alloc.opt-level=3",
];

/// A panic traps immediately: no message, and none of the code that would write it.
const ABORT: &str = "-Cpanic=immediate-abort";

/// How modules are compiled on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Toolchain {
    compiler: Compiler,
    std: Std,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compiler {
    /// The cargo that runs this program, if its compiler has the target.
    Own,
    /// Debian's compiler.
    Debian,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Std {
    /// Compiled from source, for size; a panic is just a trap.
    Small,
    /// Like [`Std::Small`], but by a compiler that cannot leave out panic messages.
    FromSource,
    /// As supplied with the target.
    Prebuilt,
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

/// Tries the first way: the target is installed, or rustup adds it.
fn own() -> Result<Toolchain> {
    if !has_target() {
        rustup(
            &["target", "add", TARGET],
            &format!("the compiler has no {TARGET}"),
        )?;
        if !has_target() {
            bail!(
                "rustup added {TARGET}, but `rustc` does not see it; is another rustc first on PATH?"
            );
        }
    }
    let std = std_from_source(Compiler::Own).unwrap_or_else(|reason| {
        eprintln!("{reason:#}; the modules will be larger, with the std that comes with {TARGET}");
        Std::Prebuilt
    });
    Ok(Toolchain {
        compiler: Compiler::Own,
        std,
    })
}

/// Runs rustup to install what is `missing`.
fn rustup(arguments: &[&str], missing: &str) -> Result<()> {
    if !process::on_path("rustup") {
        bail!("{missing}, and there is no rustup to add it");
    }
    eprintln!("rustup {} …", arguments.join(" "));
    process::output(Command::new("rustup").args(arguments))?;
    Ok(())
}

/// Returns how the compiler can build std, after adding its sources if possible.
fn std_from_source(compiler: Compiler) -> Result<Std> {
    let manifest = || -> Result<bool> {
        Ok(compiler
            .sysroot()?
            .join("lib/rustlib/src/rust/library/std/Cargo.toml")
            .is_file())
    };
    if compiler == Compiler::Own && !manifest()? {
        rustup(
            &["component", "add", "rust-src"],
            "the compiler has no sources of std",
        )?;
    }
    if !manifest()? {
        bail!("the compiler has no sources of std");
    }
    let can_leave_out_panics = process::output(
        compiler
            .rustc()
            .args(["--print", "cfg", "-Zunstable-options", ABORT])
            .env("RUSTC_BOOTSTRAP", "1"),
    );
    Ok(match can_leave_out_panics {
        Ok(_) => Std::Small,
        Err(_) => Std::FromSource,
    })
}

/// Whether the compiler that runs here has the target itself.
pub(crate) fn has_target() -> bool {
    let libraries = process::output(Compiler::Own.rustc().args([
        "--print",
        "target-libdir",
        "--target",
        TARGET,
    ]));
    let Ok(entries) = libraries.and_then(|dir| Ok(fs::read_dir(dir.trim())?)) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}

/// Tries the second way.
fn debian() -> Result<Toolchain> {
    let missing: Vec<&str> = PACKAGES
        .iter()
        .copied()
        .filter(|name| !is_installed(name))
        .collect();
    if !missing.is_empty() {
        install(&missing)?;
    }
    Ok(Toolchain {
        compiler: Compiler::Debian,
        std: std_from_source(Compiler::Debian)?,
    })
}

fn install(missing: &[&str]) -> Result<()> {
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
    Ok(())
}

fn is_installed(package: &str) -> bool {
    process::output(Command::new("dpkg-query").args(["-W", "-f=${db:Status-Status}", package]))
        .is_ok_and(|status| status == "installed")
}

impl Compiler {
    fn rustc(self) -> Command {
        match self {
            Compiler::Own => Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())),
            Compiler::Debian => Command::new("/usr/bin/rustc"),
        }
    }

    fn sysroot(self) -> Result<PathBuf> {
        let sysroot = process::output(self.rustc().args(["--print", "sysroot"]))?;
        Ok(PathBuf::from(sysroot.trim()))
    }

    fn cargo(self) -> Command {
        match self {
            Compiler::Own => process::cargo(),
            Compiler::Debian => {
                let mut cargo = Command::new("/usr/bin/cargo");
                cargo.env("RUSTC", "/usr/bin/rustc");
                cargo
            }
        }
    }
}

impl Toolchain {
    /// Returns a cargo command that builds for the target in a folder, with `flags` for the
    /// compiler.
    ///
    /// Compiler flags from the caller's environment are ignored, so that the modules do not depend
    /// on it.
    pub(crate) fn cargo(self, subcommand: &str, flags: &[String], folder: &Path) -> Command {
        let mut flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        if self.compiler == Compiler::Debian {
            flags.extend([
                "-Lnative=/usr/lib/wasm32-wasi",
                "-Clink-self-contained=no",
                "-Clinker=wasm-ld",
            ]);
        }
        if self.std == Std::Small {
            flags.extend(["-Zunstable-options", ABORT]);
        }
        let mut cargo = self.compiler.cargo();
        cargo.arg(subcommand);
        if self.std != Std::Prebuilt {
            cargo.args(BUILD_STD).env("RUSTC_BOOTSTRAP", "1");
        }
        cargo
            .args(["--target", TARGET, "--target-dir"])
            .arg(folder)
            .env_remove("RUSTFLAGS")
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
        cargo
    }

    /// Whether modules are as small as possible. Only then does their size say something about the
    /// filter.
    pub(crate) fn is_small(self) -> bool {
        self.std == Std::Small
    }

    /// Returns the target directory of that cargo. The two compilers do not share one.
    pub(crate) fn target_dir(self) -> PathBuf {
        match self.compiler {
            Compiler::Own => workspace::target(),
            Compiler::Debian => workspace::target().join("debian"),
        }
    }

    /// Returns the paths of std's sources, under every name that a compiler may write into a
    /// module.
    pub(crate) fn std_sources(self) -> Result<Vec<PathBuf>> {
        let sources = self.compiler.sysroot()?.join("lib/rustlib/src/rust");
        let real = fs::canonicalize(&sources)
            .ok()
            .filter(|real| *real != sources);
        Ok(std::iter::once(sources).chain(real).collect())
    }

    /// Returns its name for progress lines.
    pub(crate) fn describe(self) -> String {
        let compiler = match self.compiler {
            Compiler::Own => "",
            Compiler::Debian => ", Debian's compiler",
        };
        let std = match self.std {
            Std::Small => "",
            Std::FromSource => ", std with panic messages",
            Std::Prebuilt => ", prebuilt std",
        };
        format!("{TARGET}{compiler}{std}")
    }
}

/// Returns Cargo's home, which contains the sources of dependencies.
pub(crate) fn cargo_home() -> Result<PathBuf> {
    env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".cargo")))
        .ok_or_else(|| anyhow!("no home directory; set CARGO_HOME"))
}
