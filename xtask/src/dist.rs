//! `cargo xtask dist`: builds the contents of a release in `dist/`.
//!
//! Everything depends only on the commit and the toolchain: two clones in two folders give the same
//! bytes. The builds have their own target directory, so that they and everyday builds do not
//! invalidate each other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::catalog::Filter;
use crate::{build, catalog, process, term, wasm_target, workspace};

mod archive;
mod hub;
mod oci;
mod sbom;

/// Arguments of `cargo xtask dist`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Fail unless this is the tag of the version, such as v0.1.0
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Build even if files differ from the commit
    #[arg(long)]
    allow_dirty: bool,
    /// Build only the program filter-catalog, into this file
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// Arguments of `cargo xtask push`.
#[derive(clap::Args)]
pub(crate) struct Push {
    /// Destination of the images: REGISTRY/PATH, to which the filter's name is added
    registry: String,
    /// Use plain HTTP to connect to the registry
    #[arg(long)]
    plain_http: bool,
}

/// Pushes the images of `dist/oci/` under the version, with skopeo, which has the credentials.
pub(crate) fn push(args: &Push) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let folder = workspace::root().join("dist/oci");
    let mut pushed = 0;
    for filter in catalog::filters()? {
        let image = folder.join(&filter.name);
        if !image.is_dir() {
            bail!(
                "no image {}: run `cargo xtask dist` first",
                workspace::display(&image)
            );
        }
        let mut skopeo = Command::new("skopeo");
        skopeo
            .args(["copy", "--preserve-digests"])
            .args(args.plain_http.then_some("--dest-tls-verify=false"))
            .arg(format!("oci:{}:{version}", image.display()))
            .arg(format!(
                "docker://{}/{}:{version}",
                args.registry, filter.name
            ));
        process::run(&mut skopeo)?;
        pushed += 1;
    }
    println!("{pushed} images are at {}", args.registry);
    Ok(())
}

/// Prints the CHANGELOG.md entry of the version, or of the unreleased changes.
pub(crate) fn notes() -> Result<()> {
    let text = fs::read_to_string(workspace::root().join("CHANGELOG.md"))?;
    println!("{}", notes_of(&text, env!("CARGO_PKG_VERSION"))?);
    Ok(())
}

fn notes_of<'t>(changelog: &'t str, version: &str) -> Result<&'t str> {
    let sections = || changelog.split("\n## ").skip(1);
    let section = |name: &str| sections().find(|section| section.starts_with(&format!("[{name}]")));
    let section = section(version).or_else(|| section("Unreleased"));
    let (_, notes) = section
        .and_then(|section| section.split_once('\n'))
        .with_context(|| format!("CHANGELOG.md has neither [{version}] nor [Unreleased]"))?;
    Ok(notes.trim())
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    if let Some(tag) = &args.tag
        && *tag != format!("v{version}")
    {
        bail!(
            "the tag {tag} is not v{version}: raise `version` in Cargo.toml, or tag another commit"
        );
    }
    let commit = commit(args.allow_dirty)?;
    let target = workspace::target().join("dist");
    if let Some(file) = &args.program {
        let program = build_program(&target, &commit)?;
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(program, file).with_context(|| format!("cannot write {}", file.display()))?;
        println!("{}", file.display());
        return Ok(());
    }
    let dist = workspace::root().join("dist");
    fs::remove_dir_all(&dist).ok();
    fs::create_dir_all(&dist).context("cannot make dist/")?;

    step("modules");
    build_modules(&target, &commit)?;
    let filters = catalog::filters()?;
    let mut modules = Vec::new();
    for filter in filters {
        let name = format!("{}.wasm", filter.name);
        let module = fs::read(target.join("filters").join(&name))?;
        fs::write(dist.join(&name), &module)?;
        modules.push((filter, module));
    }
    step("filter-catalog");
    let program = build_program(&target, &commit)?;
    fs::copy(&program, dist.join("filter-catalog"))?;
    step("schemas");
    for filter in filters {
        let schema = workspace::root()
            .join("filters")
            .join(&filter.name)
            .join("config.schema.json");
        fs::copy(schema, dist.join(format!("{}.schema.json", filter.name)))?;
    }
    step("samples");
    let checksum = |name: &str| -> Option<String> {
        let found = modules.iter().find(|(filter, _)| filter.name == name);
        found.map(|(_, module)| sha256(module))
    };
    fs::write(
        dist.join("envoy-configs.tar.gz"),
        archive::samples(&checksum)?,
    )?;
    step("software bill of materials");
    let sbom = sbom::of(version, &commit)?;
    fs::write(dist.join("sbom.cdx.json"), format!("{sbom:#}\n"))?;
    step("OCI images and catalog entries");
    let created = git(&["log", "-1", "--format=%cI"])?;
    let release = oci::Release {
        version,
        commit: &commit,
        created: created.trim(),
    };
    for (filter, module) in &modules {
        let folder = dist.join("oci").join(&filter.name);
        let digest = oci::write(&folder, filter, module, &release)?;
        hub::write(&dist.join("artifact-hub"), filter, &digest, &release)?;
    }
    let sums = sums(&dist)?;
    fs::write(dist.join("SHA256SUMS"), &sums)?;
    print!("{sums}");
    println!(
        "dist/ holds the release v{version}, of commit {commit}. Next: (cd dist && sha256sum --check SHA256SUMS)"
    );
    Ok(())
}

fn step(what: &str) {
    eprintln!("{}", term::bold(what));
}

/// Returns the commit, marked if files differ from it.
fn commit(allow_dirty: bool) -> Result<String> {
    let commit = git(&["rev-parse", "HEAD"])?.trim().to_owned();
    if git(&["status", "--porcelain"])?.trim().is_empty() {
        return Ok(commit);
    }
    if !allow_dirty {
        bail!("files differ from the commit: commit them, or add --allow-dirty");
    }
    Ok(format!("{commit}-dirty"))
}

fn git(args: &[&str]) -> Result<String> {
    let mut git = Command::new("git");
    process::output(git.current_dir(workspace::root()).args(args))
}

/// Builds all modules with this same program, in their own target directory.
fn build_modules(target: &Path, commit: &str) -> Result<()> {
    let mut build = Command::new(std::env::current_exe()?);
    build
        .arg("build")
        .env("CARGO_TARGET_DIR", target)
        .env(build::COMMIT, commit);
    process::run(&mut build)
}

/// Builds `filter-catalog` for this machine, without shared libraries on Linux. Returns its path.
fn build_program(target: &Path, commit: &str) -> Result<PathBuf> {
    let host = process::output(Command::new("rustc").arg("--version").arg("--verbose"))?;
    let host = host.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not name its host")?;
    let musl = host.replace("-linux-gnu", "-linux-musl");
    let is_static = musl != host && has_target(&musl);
    let triple = if is_static { &musl } else { host };
    let mut flags = build::Flags::of(wasm_target::set_up()?)?.remap;
    if host.contains("-linux-gnu") && !is_static {
        eprintln!(
            "{} rustup cannot add {musl}: the program is linked with glibc, statically",
            term::yellow("note:")
        );
        flags.push("-Ctarget-feature=+crt-static".to_owned());
    }
    let mut cargo = process::cargo();
    cargo
        .current_dir(workspace::root())
        .args([
            "build",
            "--release",
            "--locked",
            "--package",
            "filter-catalog",
        ])
        .args(["--config", "profile.release.strip=\"symbols\""])
        .args(["--target", triple, "--target-dir"])
        .arg(target)
        .env("CARGO_INCREMENTAL", "0")
        .env(build::COMMIT, commit)
        .env_remove("RUSTFLAGS")
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    process::run(&mut cargo)?;
    let name = format!("filter-catalog{}", std::env::consts::EXE_SUFFIX);
    Ok(target.join(triple).join("release").join(name))
}

/// Whether the compiler has this target, after asking rustup for it.
fn has_target(triple: &str) -> bool {
    let add = || process::output(Command::new("rustup").args(["target", "add", triple]));
    let libraries = process::output(Command::new("rustc").args([
        "--print",
        "target-libdir",
        "--target",
        triple,
    ]));
    let is_there = libraries.is_ok_and(|folder| Path::new(folder.trim()).is_dir());
    is_there || add().is_ok()
}

/// Returns the checksum of a file's content, as printed by `sha256sum`.
fn sha256(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Returns the `SHA256SUMS` of all files in a folder, by name.
fn sums(dist: &Path) -> Result<String> {
    workspace::files_below(dist)?
        .iter()
        .map(|file| {
            let name = file.strip_prefix(dist)?.display();
            Ok(format!("{}  {name}\n", sha256(&fs::read(file)?)))
        })
        .collect()
}

/// Returns the title of a filter's image in a release.
fn title(filter: &Filter) -> String {
    format!("{}: {}", filter.name, filter.summary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notes_are_those_of_the_version_or_of_the_next() {
        let text = "# C\n\n## [Unreleased]\n\n- new\n\n## [0.1.0] - 2026-01-01\n\n- old\n";
        assert_eq!(notes_of(text, "0.1.0").unwrap(), "- old");
        assert_eq!(notes_of(text, "0.2.0").unwrap(), "- new");
        assert!(notes_of("# C\n", "0.2.0").is_err());
    }

    #[test]
    fn checksums_are_listed_as_sha256sum_checks_them() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/b"), "").unwrap();
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sums(folder.path()).unwrap(), format!("{empty}  a/b\n"));
    }
}
