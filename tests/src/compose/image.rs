//! Images: local ones, those that can be pulled, and replacements under the same name for the rest.
//!
//! A replacement contains the program and its libraries from this machine, under the paths of the
//! real image. It has a label, so that it is replaced with the real image as soon as that can be
//! pulled. An image without that label is never touched.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result, bail, ensure};

use super::tool::output;
use crate::{envoy::find::Find, paths};

/// The label of a replacement.
const LABEL: &str = "filter-catalog.stand-in";

/// How to build a replacement.
struct Recipe {
    /// Programs of this machine, and their paths in the image.
    programs: Vec<(PathBuf, &'static str)>,
    /// Scripts, and their paths in the image.
    scripts: &'static [(&'static str, &'static str)],
    /// Additional lines of the Dockerfile, which say how it runs.
    changes: &'static [&'static str],
    /// Whether it contains a program of this project, which may have changed since.
    is_ours: bool,
}

/// Ensures that there is an image with this name, and reports a replacement.
///
/// # Errors
/// If it cannot be pulled, and nothing here can replace it.
pub fn provide(image: &str, progress: fn(&str)) -> Result<()> {
    static PROVIDED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    // Locked while an image is built, so that two tests do not build it twice.
    let mut provided = PROVIDED.lock().unwrap_or_else(PoisonError::into_inner);
    if !provided.contains(image) {
        pull_or_stand_in(image, progress)?;
        provided.insert(image.to_string());
    }
    Ok(())
}

fn pull_or_stand_in(image: &str, progress: fn(&str)) -> Result<()> {
    let form = format!("{{{{index .Config.Labels {LABEL:?}}}}}");
    let label = output(Command::new("docker").args(["image", "inspect", "-f", &form, image]));
    let is_stand_in = match label.as_deref().map(str::trim) {
        Err(_) => false,
        Ok("" | "<no value>") => return Ok(()),
        Ok(_) => true,
    };
    let Err(cause) = output(Command::new("docker").args(["pull", "--quiet", image])) else {
        return Ok(());
    };
    let recipe = recipe(image).with_context(|| format!("{image} cannot be had: {cause}"))?;
    if !is_stand_in || recipe.is_ours {
        recipe.import(image)?;
    }
    progress(&format!(
        "{image} cannot be pulled here: a STAND-IN of that name, made of this machine's programs, is used (docker rmi {image} removes it)"
    ));
    Ok(())
}

/// Limitador's command line for the rate limit service of the harness, which reads the same limits.
const LIMITADOR: &str = r#"#!/usr/bin/bash
exec /usr/local/bin/rate-limit-service --host 0.0.0.0 --port 8081 --limits "$1" --redis "$3"
"#;

/// Returns how to replace an image. Each replacement is a row here.
fn recipe(image: &str) -> Result<Recipe> {
    let (name, tag) = image.rsplit_once(':').unwrap_or((image, "latest"));
    match name.rsplit('/').next() {
        Some("envoy") => {
            let version = tag.trim_start_matches('v');
            let envoy = Find::new().version(version).find()?;
            Ok(Recipe {
                programs: vec![
                    (envoy.path, "usr/local/bin/envoy"),
                    (on_path("bash", "bash")?, "usr/bin/bash"),
                ],
                scripts: &[],
                is_ours: false,
                changes: &[
                    r#"ENTRYPOINT ["/usr/local/bin/envoy"]"#,
                    r#"CMD ["-c", "/etc/envoy/envoy.yaml"]"#,
                    // As in the real image, Envoy does not run as root.
                    "USER 101:101",
                ],
            })
        }
        Some("redis") => Ok(Recipe {
            programs: vec![
                (
                    on_path("redis-server", "redis-server")?,
                    "usr/local/bin/redis-server",
                ),
                (
                    on_path("redis-cli", "redis-tools")?,
                    "usr/local/bin/redis-cli",
                ),
            ],
            scripts: &[],
            is_ours: false,
            changes: &[r#"CMD ["redis-server"]"#, "USER 999:999"],
        }),
        Some("limitador") => Ok(Recipe {
            programs: vec![
                (service()?, "usr/local/bin/rate-limit-service"),
                (on_path("bash", "bash")?, "usr/bin/bash"),
            ],
            scripts: &[(LIMITADOR, "usr/local/bin/limitador-server")],
            is_ours: true,
            changes: &[r#"CMD ["limitador-server"]"#, "USER 1000:1000"],
        }),
        _ => bail!("and nothing here can stand in for it"),
    }
}

/// Builds the harness's rate limit service as a program.
fn service() -> Result<PathBuf> {
    let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(paths::workspace())
        .args(["build", "--quiet", "--package", "e2e"])
        .args(["--features", "fleet", "--bin", "rate-limit-service"])
        .status()
        .context("no cargo to build rate-limit-service with")?;
    ensure!(built.success(), "rate-limit-service does not build");
    Ok(paths::target().join("debug/rate-limit-service"))
}

fn on_path(program: &str, package: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .with_context(|| {
            format!("no {program} to stand in for it; on Debian: apt-get install {package}")
        })
}

impl Recipe {
    fn import(&self, image: &str) -> Result<()> {
        let root = tempfile::Builder::new()
            .prefix("stand-in-")
            .tempdir_in(paths::target())?;
        for (program, place) in &self.programs {
            copy(program, &root.path().join(place))?;
            for library in libraries(program)? {
                let place = library.strip_prefix("/").unwrap_or(&library);
                copy(&library, &root.path().join(place))?;
            }
        }
        for (script, place) in self.scripts {
            let place = root.path().join(place);
            fs::write(&place, script)?;
            fs::set_permissions(&place, fs::Permissions::from_mode(0o755))?;
        }
        let mut tar = Command::new("tar")
            .arg("-C")
            .arg(root.path())
            .args(["--owner=0", "--group=0", "-cf", "-", "."])
            .stdout(Stdio::piped())
            .spawn()
            .context("no tar to make an image with")?;
        let content = tar.stdout.take().context("no output of tar")?;
        let mut import = Command::new("docker");
        import.args(["import", "--change", &format!("LABEL {LABEL}=yes")]);
        import.args(["--change", "ENV PATH=/usr/local/bin:/usr/bin:/bin"]);
        for change in self.changes {
            import.args(["--change", change]);
        }
        let import = import
            .args(["-", image])
            .stdin(content)
            .stdout(Stdio::null())
            .status()?;
        ensure!(
            tar.wait()?.success() && import.success(),
            "docker import of {image} failed"
        );
        Ok(())
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to.parent().context("a file has a folder")?)?;
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

/// Returns the libraries that the loader would load for a program, and the loader.
fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    let listed = output(Command::new("ldd").arg(program))
        .with_context(|| format!("cannot list the libraries of {}", program.display()))?;
    Ok(paths_in(&listed))
}

/// Parses `libm.so.6 => /lib/libm.so.6 (0x7f…)` and `/lib64/ld-linux-x86-64.so.2 (0x7f…)`.
fn paths_in(listed: &str) -> Vec<PathBuf> {
    listed
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
        .map(PathBuf::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_read_from_the_loaders_list() {
        let listed = "\tlinux-vdso.so.1 (0x00007f5b)\n\tlibm.so.6 => /lib/x/libm.so.6 (0x00007f5b)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f5b)\n";
        assert_eq!(
            paths_in(listed),
            ["/lib/x/libm.so.6", "/lib64/ld-linux-x86-64.so.2"].map(PathBuf::from)
        );
    }

    #[test]
    fn an_image_that_nothing_can_stand_in_for_is_said_to_be_so() {
        for image in ["example.com/other:1", "envoyproxy/envoy:v0.0.1"] {
            assert!(recipe(image).is_err(), "{image}");
        }
    }
}
