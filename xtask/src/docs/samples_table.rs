//! The samples, as `envoy-configs/README.md` lists them: each file with what it is and its first comment.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::cell;

/// The table of all YAML files under `folder`.
pub(super) fn table(folder: &Path) -> Result<String> {
    let mut lines = vec![
        "| File | Is | What it shows |".to_owned(),
        "|---|---|---|".to_owned(),
    ];
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    // Files before folders, as a reader would look.
    files.sort_by_key(|file| (file.components().count(), file.clone()));
    for file in files {
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file
            .strip_prefix(folder)
            .unwrap_or(&file)
            .display()
            .to_string();
        let Some(summary) = first_comment(&text) else {
            bail!(
                "envoy-configs/{name} does not begin with a comment; say there in a sentence what it shows"
            );
        };
        let Some(kind) = kind(&text) else {
            bail!(
                "envoy-configs/{name} is neither a bootstrap, nor xDS resources, nor a resource of Kubernetes"
            );
        };
        lines.push(format!(
            "| [{name}]({name}) | {kind} | {} |",
            cell(&summary)
        ));
    }
    Ok(lines.join("\n"))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            files.push(path);
        }
    }
    Ok(())
}

/// What runs a sample, by the keys it begins with.
fn kind(text: &str) -> Option<String> {
    let document = e2e::yaml::parse(text).ok()?;
    if let Some(kind) = document.get("kind") {
        return Some(format!("`{}`", kind.as_str()?));
    }
    if let Some(first) = document.pointer("/resources/0/@type") {
        let name = first.as_str()?.rsplit('.').next()?;
        return Some(format!("xDS: `{name}`"));
    }
    let is_bootstrap = ["static_resources", "dynamic_resources"]
        .iter()
        .any(|key| document.get(key).is_some());
    is_bootstrap.then(|| "bootstrap".to_owned())
}

/// The comment at the head of a file, up to its first empty line.
fn first_comment(text: &str) -> Option<String> {
    let lines: Vec<&str> = text
        .lines()
        .map_while(|line| line.strip_prefix('#').map(str::trim))
        .take_while(|line| !line.is_empty())
        .collect();
    (!lines.is_empty()).then(|| lines.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_told_by_the_keys_it_begins_with() {
        let cases = [
            ("admin: {}\nstatic_resources: {}", Some("bootstrap")),
            ("dynamic_resources: {}", Some("bootstrap")),
            (
                "resources: [{\"@type\": type.googleapis.com/envoy.config.listener.v3.Listener}]",
                Some("xDS: `Listener`"),
            ),
            ("kind: WasmPlugin\nspec: {}", Some("`WasmPlugin`")),
            ("services: {}", None),
        ];
        for (text, expected) in cases {
            assert_eq!(kind(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_first_paragraph_of_the_first_comment_counts() {
        let cases = [
            ("# One\n# two.\n#\n# Three.\na: 1\n", Some("One two.")),
            ("# One.\na: 1 # x\n", Some("One.")),
            ("a: 1\n# late\n", None),
            ("#\n# late\n", None),
        ];
        for (text, expected) in cases {
            assert_eq!(first_comment(text).as_deref(), expected, "{text}");
        }
    }
}
