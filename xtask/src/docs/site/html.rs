//! Checks every link of a built site on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::super::links::{self, normalized};
use crate::workspace;

/// Fails if a link is broken. Returns the number of links.
pub(super) fn check(book: &Path) -> Result<usize> {
    let mut pages = BTreeMap::new();
    for file in workspace::files_below(book)? {
        let name = file.strip_prefix(book)?.to_owned();
        let is_page = name.extension().is_some_and(|ending| ending == "html");
        // 404.html is served for every path, so its links do not fit its own.
        if is_page && name != Path::new("404.html") {
            pages.insert(name, fs::read_to_string(&file)?);
        }
    }
    let mut dead = Vec::new();
    let mut count = 0;
    for (page, text) in &pages {
        let links = attributes(text, "href").chain(attributes(text, "src"));
        for link in links.filter(|link| links::is_internal(link)) {
            count += 1;
            if !leads_somewhere(book, page, link, &pages) {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    if !dead.is_empty() {
        bail!("dead links in the site:\n  {}", dead.join("\n  "));
    }
    if count == 0 {
        bail!("the site has no links");
    }
    Ok(count)
}

fn leads_somewhere(
    book: &Path,
    page: &Path,
    link: &str,
    pages: &BTreeMap<PathBuf, String>,
) -> bool {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match path {
        "" => page.to_owned(),
        path => normalized(&page.parent().unwrap_or(page).join(path)),
    };
    if !book.join(&target).is_file() {
        return false;
    }
    let ids =
        || -> Option<BTreeSet<&str>> { Some(attributes(pages.get(&target)?, "id").collect()) };
    anchor.is_empty() || ids().is_some_and(|ids| ids.contains(anchor))
}

/// Returns the values of an attribute in a page. mdBook puts all of them in double quotes.
fn attributes<'t>(text: &'t str, name: &'static str) -> impl Iterator<Item = &'t str> {
    let pieces = text.split('<').skip(1);
    pieces.filter_map(move |piece| {
        let tag = piece.split('>').next()?;
        let value = tag.split(&format!(" {name}=\"")).nth(1)?;
        value.split('"').next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_to_files_and_anchors() {
        let folder = tempfile::tempdir().unwrap();
        let book = folder.path();
        fs::create_dir(book.join("sub")).unwrap();
        fs::write(book.join("a.svg"), "").unwrap();
        fs::write(book.join("index.html"), "<h1 id=\"top\">A</h1>").unwrap();
        let page = "<a class=\"x\" href=\"../index.html#top\">b</a> <img src=\"../a.svg\">";
        fs::write(book.join("sub/b.html"), page).unwrap();
        assert_eq!(check(book).unwrap(), 2);
        for dead in ["../c.html", "../index.html#low", "#here", "a.svg"] {
            let page = format!("<a href=\"{dead}\">b</a>");
            fs::write(book.join("sub/b.html"), page).unwrap();
            let error = check(book).unwrap_err().to_string();
            assert!(error.ends_with(&format!("b.html: {dead}")), "{error}");
        }
    }
}
