//! `--standalone DIR`: creates the new filter in its own repository, which depends on filter-kit
//! and on `cargo xtask build` by git. The filter's module is the same as the one that the catalog
//! would build.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::name::Names;
use super::{File, blank, copies, read};
use crate::docs::links;
use crate::process;

/// Files that are copied unchanged.
const COPIED: [&str; 6] = [
    "Cargo.lock",
    "LICENSE",
    "clippy.toml",
    "rust-toolchain.toml",
    "rustfmt.toml",
    ".gitignore",
];

/// The package behind `cargo xtask`.
const TASKS: &str = r#"//! `cargo xtask build`, as in the catalog.

fn main() -> std::process::ExitCode {
    catalog::standalone(env!("CARGO_MANIFEST_DIR"))
}
"#;

/// Writes the repository to `folder`, from the workspace at `root`. Returns the files, by path.
pub(crate) fn create(
    root: &Path,
    folder: &Path,
    name: &str,
    from: &str,
    repository: &str,
) -> Result<Vec<String>> {
    let is_empty = fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    ensure!(is_empty, "{} is not empty", folder.display());
    let files = files(root, name, from, repository)?;
    for (path, text) in &files {
        let whole = folder.join(path);
        if let Some(folder) = whole.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {path}"))?;
        }
        fs::write(&whole, text).with_context(|| format!("cannot write {path}"))?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn files(root: &Path, name: &str, from: &str, repository: &str) -> Result<Vec<File>> {
    let names = Names::new(name, from);
    names.check(root)?;
    let made = match from {
        blank::BLANK => blank::files(root, &names)?,
        _ => copies(root, &names)?,
    };
    let mut files = Vec::new();
    let sample = format!("envoy-configs/{name}.yaml");
    let crate_folder = format!("filters/{name}");
    for (path, text) in made {
        // Files that need Envoy stay in the catalog, because they use its harness.
        if path == sample {
            files.push(("envoy.yaml".to_owned(), own_sample(&text)));
        } else if path.starts_with(&crate_folder) && !path.ends_with("hostile.json") {
            let text = match path.rsplit('/').next() {
                Some("Cargo.toml") => manifest_of_filter(&text, repository),
                Some("README.md") => {
                    links::taken_out(&own_readme(&text), &crate_folder, repository)?
                }
                _ => text,
            };
            files.push((path, text));
        }
    }
    files.extend(included(root, &files)?);
    for path in COPIED {
        files.push((path.to_owned(), read(root, path)?));
    }
    let packages = packages(root, from)?;
    let readme = include_str!("standalone/README.md.txt");
    files.extend([
        (
            "Cargo.toml".to_owned(),
            manifest(&read(root, "Cargo.toml")?, &files, &packages, repository)?,
        ),
        (
            ".cargo/config.toml".to_owned(),
            "[alias]\nxtask = \"run --quiet --package tasks --\"\n".to_owned(),
        ),
        (
            "tasks/Cargo.toml".to_owned(),
            format!(
                "[package]\nname = \"tasks\"\nedition.workspace = true\npublish = false\n\n[dependencies]\ncatalog = {{ package = \"xtask\", git = \"{repository}\" }}\n"
            ),
        ),
        ("tasks/src/main.rs".to_owned(), TASKS.to_owned()),
        (
            "README.md".to_owned(),
            readme
                .replace("NAME", name)
                .replace("REPOSITORY", repository),
        ),
    ]);
    Ok(files)
}

/// Removes what is specific to the catalog from the sample.
fn own_sample(sample: &str) -> String {
    let mut lines: Vec<&str> = sample.split_inclusive('\n').collect();
    lines.retain(|line| !line.contains("NOT YET CLOSED") && !line.contains("cargo xtask"));
    // Of two empty comment lines, one is kept.
    lines.dedup_by(|line, before| *line == "#\n" && line == before);
    lines.concat()
}

/// Removes what `cargo xtask docs` generates from the README.
fn own_readme(readme: &str) -> String {
    let lines = readme.split_inclusive('\n');
    let text: String = lines
        .filter(|line| !line.starts_with("<!-- generated:"))
        .collect();
    // The blank filter's tables are not filled in yet.
    match text.split_once("\n## Configuration\n\n\n## Counters\n") {
        Some((before, _)) => before.to_owned(),
        None => text,
    }
}

/// Returns the filter's manifest, with git dependencies instead of paths in the catalog.
fn manifest_of_filter(manifest: &str, repository: &str) -> String {
    let line = |line: &str| match line.split_once("{ path = \"../") {
        Some((name, _)) => format!("{name}{{ git = \"{repository}\" }}\n"),
        None if line.starts_with("repository.") => String::new(),
        None => line.to_owned(),
    };
    manifest.split_inclusive('\n').map(line).collect()
}

/// Returns the files outside of the crate that its tests include, such as the public test keys.
fn included(root: &Path, files: &[File]) -> Result<Vec<File>> {
    let mut paths = BTreeSet::new();
    for (path, text) in files {
        let folder = Path::new(path).parent().unwrap_or(Path::new(""));
        for piece in text.split("include_str!(\"").skip(1) {
            let name = piece.split('"').next().unwrap_or_default();
            let target = links::normalized(&folder.join(name));
            if !target.starts_with("filters") {
                paths.insert(target);
            }
        }
    }
    let copied = |path: &PathBuf| !COPIED.iter().any(|copied| path == Path::new(copied));
    paths
        .into_iter()
        .filter(copied)
        .map(|path| {
            let path = path.display().to_string();
            let text = read(root, &path)?;
            Ok((path, text))
        })
        .collect()
}

/// Returns the packages that a filter is compiled with.
fn packages(root: &Path, from: &str) -> Result<BTreeSet<String>> {
    let package = match from {
        blank::BLANK => "filter-kit",
        from => from,
    };
    let mut tree = process::cargo();
    tree.current_dir(root)
        .args(["tree", "--locked", "--target", "all", "--prefix", "none"])
        .args(["--edges", "normal,build,dev", "--package", package]);
    let tree = process::output(&mut tree)?;
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    Ok(names.map(str::to_owned).collect())
}

/// Returns the workspace's manifest: that of the catalog, with only what the filter uses.
fn manifest(
    catalog: &str,
    files: &[File],
    packages: &BTreeSet<String>,
    repository: &str,
) -> Result<String> {
    let manifests: String = files
        .iter()
        .filter(|(path, _)| path.ends_with("Cargo.toml"))
        .map(|(_, text)| text.as_str())
        .collect();
    let is_used = |name: &str| {
        let mut lines = manifests.lines();
        lines.any(|line| {
            line.starts_with(&format!("{name}.")) || line.starts_with(&format!("{name} ="))
        })
    };
    let mut whole =
        "# From the Envoy Filter Catalog: its lints, and the profile that makes modules small and fast.\n"
            .to_owned();
    for section in catalog
        .split("\n[")
        .map(|section| section.trim_start_matches('['))
    {
        let Some((head, body)) = section.split_once(']') else {
            bail!("Cargo.toml has a section without a head: {section}");
        };
        let keep = |name: &str| match head {
            "workspace.dependencies" => is_used(name),
            "profile.release.package" => packages.contains(name),
            _ => true,
        };
        if head
            .strip_prefix("profile.dev.package.")
            .is_some_and(|name| !packages.contains(name))
        {
            continue;
        }
        whole.push_str(&format!("\n[{head}]\n"));
        for line in body.lines().skip(1) {
            let name = line.split(" = ").next().unwrap_or_default();
            match name {
                "members" => whole.push_str("members = [\"filters/*\", \"tasks\"]\n"),
                "repository" => {}
                "filter-kit" if head == "workspace.dependencies" => {
                    whole.push_str(&format!("filter-kit = {{ git = \"{repository}\" }}\n"));
                }
                // Comments refer to lines that may be missing here.
                _ if line.is_empty() || line.starts_with('#') || !keep(name) => {}
                _ => whole.push_str(&format!("{line}\n")),
            }
        }
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalog, workspace};

    /// Returns the files of the repository created from a filter.
    fn made(from: &str) -> Vec<File> {
        files(
            workspace::root(),
            "geo-block",
            from,
            "https://example.com/r",
        )
        .unwrap()
    }

    fn text<'f>(files: &'f [File], path: &str) -> &'f str {
        let found = files.iter().find(|(name, _)| name == path);
        &found.unwrap_or_else(|| panic!("no {path}")).1
    }

    #[test]
    fn every_filter_can_have_a_repository_of_its_own() {
        let filters = catalog::filters().unwrap().iter();
        let filters = filters.map(|filter| filter.name.as_str());
        let filters = filters.filter(|name| *name != super::super::COMPOSED);
        for from in filters.chain(["blank"]) {
            let files = made(from);
            let manifest = text(&files, "Cargo.toml");
            for line in [
                "members = [\"filters/*\", \"tasks\"]\n",
                "filter-kit = { git = \"https://example.com/r\" }\n",
                "unwrap_used = \"deny\"",
                "opt-level = \"z\"",
            ] {
                assert!(manifest.contains(line), "{from}: {line}\n{manifest}");
            }
            assert!(!manifest.contains("limitador"), "{manifest}");
            assert!(text(&files, "envoy.yaml").contains("root_id: geo-block\n"));
            assert!(!text(&files, "filters/geo-block/README.md").contains("generated:"));
            for (path, text) in &files {
                assert!(!text.contains("](../../"), "{from}: {path}");
                let mut manifests = path.ends_with("Cargo.toml").then_some(text).into_iter();
                assert!(
                    !manifests.any(|text| text.contains("path = \"..")),
                    "{from}: {path}"
                );
            }
        }
        assert!(text(&made("jwt-auth"), "tests/keys/jwks.json").contains("kty"));
        assert!(text(&made("jwt-auth"), "Cargo.toml").contains("rsa = { opt-level = 3 }"));
        assert!(!text(&made("cors"), "Cargo.toml").contains("rsa = "));
    }

    #[test]
    fn a_folder_that_holds_something_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mine"), "").unwrap();
        let create = create(
            workspace::root(),
            folder.path(),
            "geo-block",
            "blank",
            "https://r",
        );
        assert!(create.unwrap_err().to_string().ends_with("is not empty"));
    }
}
