//! The site: the pages listed in `docs/SUMMARY.md`, as an mdBook in `target/site/`.
//!
//! mdBook reads pages from one folder only, while ours are next to what they describe. So they are
//! copied to `target/site/src/` under the same paths, which keeps the links between them valid.
//! Links to anything else lead to the repository.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::links::{self, in_repository, normalized, rewritten, shown};
use super::read;
use crate::{catalog, process, term, workspace};

mod html;

/// The version of mdBook that builds the site.
const MDBOOK: &str = "0.5.4";

/// Builds the site and follows every link in it.
pub(crate) fn build() -> Result<()> {
    let folder = workspace::target().join("site");
    fs::remove_dir_all(&folder).ok();
    let pages = stage(&folder, &catalog::repository()?)?;
    let mut mdbook = Command::new(mdbook()?);
    mdbook.arg("build").arg(&folder).env("MDBOOK_LOG", "info");
    let output = mdbook.output().context("cannot run mdbook")?;
    let log = String::from_utf8_lossy(&output.stderr);
    let complains = ["WARN", "ERROR"].iter().any(|level| log.contains(level));
    if complains || !output.status.success() {
        bail!("mdbook complains:\n{log}");
    }
    let book = folder.join("book");
    let links = html::check(&book)?;
    println!(
        "{}/index.html: {pages} pages, {links} links, none of them dead",
        workspace::display(&book)
    );
    Ok(())
}

/// Copies what mdBook reads. Returns the number of pages.
fn stage(folder: &Path, repository: &str) -> Result<usize> {
    let docs = workspace::root().join("docs");
    let source = folder.join("src");
    let summary = read(&docs.join("SUMMARY.md"))?;
    let lines = summary.split_inclusive('\n');
    let summary: String = lines.filter(|line| !line.starts_with("<!--")).collect();
    let mut pages = BTreeSet::new();
    let in_book = rewritten(&summary, |link| {
        let page = normalized(&Path::new("docs").join(link));
        let place = shown(&in_site(&page));
        pages.insert(page);
        Ok(place)
    })?;
    write(&source.join("SUMMARY.md"), &in_book)?;
    for page in &pages {
        let beside = page.parent().unwrap_or(page);
        let text = read(&workspace::root().join(page))?;
        let text = rewritten(&text, |link| {
            if !links::is_internal(link) || link.starts_with('#') {
                return Ok(link.to_owned());
            }
            let (path, heading) = link.split_at(link.find('#').unwrap_or(link.len()));
            let target = normalized(&beside.join(path));
            if pages.contains(&target) {
                return Ok(format!("{}{heading}", shown(&in_site(Path::new(path)))));
            }
            let file = workspace::root().join(&target);
            if target.extension().is_some_and(|ending| ending == "svg") {
                write(&source.join(&target), &read(&file)?)?;
                return Ok(link.to_owned());
            }
            Ok(in_repository(repository, &target, heading))
        })?;
        write(&source.join(in_site(page)), &text)?;
    }
    let book = read(&docs.join("book.toml"))?;
    let html = format!("{book}\n[output.html]\ngit-repository-url = \"{repository}\"\n");
    write(&folder.join("book.toml"), &html)?;
    Ok(pages.len())
}

/// Returns the path of a page in the site. mdBook renames a README to the index of its folder, but
/// does not adapt links to it.
fn in_site(page: &Path) -> PathBuf {
    if page.ends_with("README.md") {
        page.with_file_name("index.md")
    } else {
        page.to_owned()
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Returns the installed mdBook, or compiles it in `target/tools/`, which takes some minutes, once.
fn mdbook() -> Result<PathBuf> {
    let is_it = |program: &Path| {
        let version = process::output(Command::new(program).arg("--version"));
        version.is_ok_and(|version| version.trim() == format!("mdbook v{MDBOOK}"))
    };
    let root = workspace::target().join(format!("tools/mdbook-{MDBOOK}"));
    let own = root
        .join("bin")
        .join(format!("mdbook{}", std::env::consts::EXE_SUFFIX));
    for program in [PathBuf::from("mdbook"), own.clone()] {
        if is_it(&program) {
            return Ok(program);
        }
    }
    eprintln!("{} mdbook {MDBOOK}, some minutes", term::bold("compiling"));
    let mut install = process::cargo();
    install
        .args(["install", "--quiet", "--locked", "--no-default-features"])
        .args(["--features", "search", "--version", MDBOOK, "--root"])
        .arg(&root)
        .arg("mdbook");
    process::run(&mut install)?;
    ensure!(is_it(&own), "{} is not mdbook {MDBOOK}", own.display());
    Ok(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_for_users_is_in_the_site_and_links_what_is_not_in_the_repository() {
        let folder = tempfile::tempdir().unwrap();
        stage(folder.path(), "https://example.com/repo").unwrap();
        let source = folder.path().join("src");
        let filters = fs::read_dir(workspace::root().join("filters")).unwrap();
        for filter in filters {
            let page = filter.unwrap().path().join("README.md");
            let page = page.strip_prefix(workspace::root()).unwrap();
            assert!(
                source.join(in_site(page)).exists(),
                "docs/SUMMARY.md lacks {}",
                page.display()
            );
        }
        for page in fs::read_dir(workspace::root().join("docs")).unwrap() {
            let page = page.unwrap().path();
            if page.extension().is_some_and(|ending| ending == "md") {
                let page = page.strip_prefix(workspace::root()).unwrap();
                let in_book = page.ends_with("SUMMARY.md") || source.join(page).exists();
                assert!(in_book, "docs/SUMMARY.md lacks {}", page.display());
            }
        }
        let readme = read(&source.join("index.md")).unwrap();
        assert!(readme.contains("(filters/cors/index.md)"));
        assert!(readme.contains("(https://example.com/repo/blob/main/docker-compose.yml)"));
    }
}
