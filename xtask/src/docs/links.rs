//! The links and tables in the workspace's Markdown files: finds them, and checks link targets and
//! numbers of cells.

use std::fs;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::read;
use crate::workspace;

/// Folders without pages.
const SKIPPED: [&str; 3] = ["target", "dist", ".git"];

/// Fails if a link of any page is broken, or if a table row has another number of cells than its
/// header. Returns the number of pages.
pub(super) fn check(root: &Path) -> Result<usize> {
    let mut files = Vec::new();
    pages(root, &mut files)?;
    let (mut dead, mut uneven) = (Vec::new(), Vec::new());
    for file in &files {
        let text = read(file)?;
        let rows = uneven_rows(&text).into_iter();
        uneven.extend(rows.map(|row| format!("{}: {row}", workspace::display(file))));
        for link in destinations(&text) {
            let link = &text[link];
            if is_internal(link) && !leads_somewhere(file, link)? {
                dead.push(format!("{}: {link}", workspace::display(file)));
            }
        }
    }
    if !dead.is_empty() {
        bail!("dead links:\n  {}", dead.join("\n  "));
    }
    if !uneven.is_empty() {
        bail!(
            "rows with more or fewer cells than their header; write a | in a cell as \\|:\n  {}",
            uneven.join("\n  ")
        );
    }
    Ok(files.len())
}

/// Collects the Markdown files below a folder.
fn pages(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !SKIPPED.contains(&&*name) {
            pages(&path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "md") {
            found.push(path);
        }
    }
    Ok(())
}

/// Whether a link refers to a file of the workspace, or to a heading.
pub(super) fn is_internal(link: &str) -> bool {
    !link.contains("://") && !link.starts_with("mailto:")
}

fn leads_somewhere(file: &Path, link: &str) -> Result<bool> {
    let (path, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = match path {
        "" => file.to_owned(),
        path => file.parent().unwrap_or(file).join(path),
    };
    if heading.is_empty() || target.extension().is_none_or(|ending| ending != "md") {
        return Ok(target.exists());
    }
    let text = fs::read_to_string(&target).unwrap_or_default();
    Ok(anchors(&text).iter().any(|anchor| anchor == heading))
}

/// Returns the positions of the destinations of inline links in a page, except for those in code.
pub(super) fn destinations(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // Inline code may continue on the next line, up to the end of the paragraph.
    let mut in_code = false;
    for (start, line) in prose(text) {
        in_code &= !line.trim().is_empty();
        let mut rest = 0;
        while let Some(next) = line[rest..].find(['`', ']']) {
            let at = rest + next;
            rest = at + 1;
            if line[at..].starts_with('`') {
                in_code = !in_code;
            } else if !in_code && line[at..].starts_with("](") {
                let begin = at + 2;
                let end = line[begin..].find([')', ' ']).unwrap_or(0);
                found.push(start + begin..start + begin + end);
            }
        }
    }
    found
}

/// Returns the lines outside of fenced code, with their positions.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut in_fence = false;
    let mut at = 0;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        } else if !in_fence {
            lines.push((at, line));
        }
        at += line.len();
    }
    lines
}

/// The rows of tables that have more or fewer cells than the first row. A `|` ends a cell in code
/// too, unless it is escaped.
fn uneven_rows(text: &str) -> Vec<&str> {
    let cells = |row: &str| row.replace("\\|", "").matches('|').count();
    let mut header = None;
    let mut uneven = Vec::new();
    for (_, line) in prose(text) {
        let row = line.trim_end();
        if !row.starts_with('|') {
            header = None;
        } else if *header.get_or_insert(cells(row)) != cells(row) {
            uneven.push(row);
        }
    }
    uneven
}

/// Returns the anchors that GitHub and mdBook give to the headings of a page.
fn anchors(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (_, line) in prose(text) {
        if !line.starts_with('#') {
            continue;
        }
        let text = line.trim_start_matches('#').trim().to_lowercase();
        let is_kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let anchor: String = text.chars().filter(is_kept).collect();
        let anchor = anchor.replace(' ', "-");
        let before = found.iter().filter(|other| **other == anchor).count();
        found.push(match before {
            0 => anchor,
            number => format!("{anchor}-{number}"),
        });
    }
    found
}

/// Returns the page with changed link destinations.
pub(super) fn rewritten(
    text: &str,
    mut change: impl FnMut(&str) -> Result<String>,
) -> Result<String> {
    let mut new = String::new();
    let mut done = 0;
    for link in destinations(text) {
        new.push_str(&text[done..link.start]);
        done = link.end;
        new.push_str(&change(&text[link])?);
    }
    new.push_str(&text[done..]);
    Ok(new)
}

/// Removes `..` from a path relative to the root of the workspace.
pub(crate) fn normalized(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

pub(super) fn shown(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// Returns a link to this path and heading in the repository.
pub(super) fn in_repository(repository: &str, path: &Path, heading: &str) -> String {
    let is_folder = workspace::root().join(path).is_dir();
    let kind = if is_folder { "tree" } else { "blob" };
    format!("{repository}/{kind}/main/{}{heading}", shown(path))
}

/// Adapts a page of this folder for use outside of the workspace: links to the workspace become
/// links to the repository.
pub(crate) fn taken_out(page: &str, folder: &str, repository: &str) -> Result<String> {
    rewritten(page, |link| {
        let (path, heading) = link.split_at(link.find('#').unwrap_or(link.len()));
        let target = normalized(&Path::new(folder).join(path));
        Ok(
            match path.is_empty() || !is_internal(link) || target.starts_with(folder) {
                true => link.to_owned(),
                false => in_repository(repository, &target, heading),
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_link_is_dead() {
        if let Err(error) = check(workspace::root()) {
            panic!("{error:#}");
        }
    }

    #[test]
    fn a_link_in_code_is_none() {
        let text = "a [b](c.md#d), `[e](f)`, ![g](h.svg \"i\")\n```\n[j](k)\n```\n`n\no` [l](m)\n";
        let found: Vec<&str> = destinations(text).into_iter().map(|at| &text[at]).collect();
        assert_eq!(found, ["c.md#d", "h.svg", "m"]);
    }

    #[test]
    fn a_dead_link_is_named_with_its_page() {
        let folder = tempfile::tempdir().unwrap();
        let page = "# A b\n\n## A b\n[x](#a-b) [x](#a-b-1) [x](y.md#c) [x](https://z)\n";
        fs::write(folder.path().join("x.md"), page).unwrap();
        fs::write(folder.path().join("y.md"), "# C\n").unwrap();
        assert_eq!(check(folder.path()).unwrap(), 2);
        for (dead, page) in [
            ("y.md#d", "[x](y.md#d)"),
            ("z.md", "[x](z.md)"),
            ("#q", "[x](#q)"),
        ] {
            fs::write(folder.path().join("x.md"), page).unwrap();
            let error = check(folder.path()).unwrap_err().to_string();
            assert!(error.ends_with(&format!("x.md: {dead}")), "{error}");
        }
    }

    #[test]
    fn a_path_is_that_from_the_root() {
        for (path, expected) in [
            ("docs/../filters/cors/README.md", "filters/cors/README.md"),
            ("filters/cors/../../docs/matching.md", "docs/matching.md"),
            ("docs/./a.md", "docs/a.md"),
        ] {
            assert_eq!(normalized(Path::new(path)), Path::new(expected));
        }
    }

    #[test]
    fn a_page_that_leaves_links_the_repository() {
        let page = "[a](../../docs/matching.md#match) [b](src/reasons.md) [c](#d) [e](https://f)";
        let out = taken_out(page, "filters/cors", "https://example.com/r").unwrap();
        let expected = "[a](https://example.com/r/blob/main/docs/matching.md#match) [b](src/reasons.md) [c](#d) [e](https://f)";
        assert_eq!(out, expected);
    }

    #[test]
    fn rows_have_the_cells_of_their_header() {
        let table = "| a | b |\n|---|---|\n";
        for (row, is_even) in [
            ("| 1 | 2 |", true),
            ("| `x \\| y` | 2 |", true),
            ("| `x | y` | 2 |", false),
            ("| 1 |", false),
            ("\n| another |", true),
            ("\n```\n| 1 |\n```", true),
        ] {
            let text = format!("{table}{row}\n");
            assert_eq!(uneven_rows(&text).is_empty(), is_even, "{row}");
        }
    }
}
