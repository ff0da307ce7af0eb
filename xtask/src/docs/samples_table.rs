//! The list of samples in `envoy-configs/README.md`: each file with its kind and its first comment.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{cell, markdown_table};
use crate::workspace;

/// Returns the table of all YAML files under `folder`.
pub(super) fn table(folder: &Path) -> Result<String> {
    let mut rows = Vec::new();
    let mut files = workspace::files_below(folder)?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "yaml"));
    // Files before folders, as readers expect.
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
        rows.push(format!(
            "| [{name}]({name}) | {} | {} |",
            kind(&text),
            cell(&summary)
        ));
    }
    Ok(markdown_table(
        "| File | Is | What it shows |",
        rows.into_iter(),
    ))
}

/// Returns the kind of a sample, according to its first keys.
fn kind(text: &str) -> String {
    // Envoy does not read a file with several documents.
    let document: Value = serde_saphyr::from_str(text).unwrap_or_default();
    let text_at = |pointer| document.pointer(pointer).and_then(Value::as_str);
    if let Some(kind) = text_at("/kind") {
        return format!("`{kind}`");
    }
    if let Some(name) = text_at("/resources/0/@type").and_then(|name| name.rsplit('.').next()) {
        return format!("xDS: `{name}`");
    }
    let is_bootstrap = ["static_resources", "dynamic_resources"]
        .iter()
        .any(|key| document.get(key).is_some());
    if is_bootstrap {
        "bootstrap".to_owned()
    } else if document.get("before").is_some() {
        "before and after".to_owned()
    } else {
        "for another program".to_owned()
    }
}

/// Returns the comment at the start of a file, up to its first empty line.
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
            ("admin: {}\nstatic_resources: {}", "bootstrap"),
            ("dynamic_resources: {}", "bootstrap"),
            (
                "resources: [{\"@type\": type.googleapis.com/envoy.config.listener.v3.Listener}]",
                "xDS: `Listener`",
            ),
            ("kind: WasmPlugin\nspec: {}", "`WasmPlugin`"),
            ("before: {}\nafter: {}", "before and after"),
            ("- a\n- b", "for another program"),
        ];
        for (text, expected) in cases {
            assert_eq!(kind(text), expected, "{text}");
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
