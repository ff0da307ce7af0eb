//! Warnings about settings that are valid, but dangerous or without effect.

use serde_json::Value;

use super::Severity;
use super::find::{Fault, Plugin};
use super::yaml::Node;

/// Returns warnings about the settings around a configuration. `clusters` are the existing
/// clusters, if known.
pub(super) fn plugin(plugin: &Plugin<'_>, clusters: Option<&[&str]>) -> Vec<Fault> {
    let mut found = Vec::new();
    let mut warn = |line, message| found.push((Severity::Warning, line, message));
    if let Some((line, setting)) = &plugin.fails_open {
        warn(
            *line,
            format!(
                "{setting}: while the filter cannot run, every request passes unfiltered; use {}",
                plugin.closed
            ),
        );
    }
    if let Some(clusters) = clusters {
        let mut named = plugin.clusters.clone();
        plugin.config.visit(&mut |key, line, text| {
            if key == "cluster" {
                named.push((line, text.to_owned()));
            }
        });
        for (line, name) in named {
            if !clusters.contains(&name.as_str()) {
                let there = clusters.join(", ");
                warn(
                    line,
                    format!("cluster \"{name}\" is not defined; defined here: {there}"),
                );
            }
        }
    }
    found
}

/// Returns the names of the clusters of a bootstrap that gets none from elsewhere.
pub(super) fn clusters(document: &Node) -> Option<Vec<&str>> {
    let dynamic = ["cds_config", "ads_config"];
    let gets_more = dynamic
        .iter()
        .any(|key| document.at(&["dynamic_resources", key]).is_some());
    let resources = document.get("static_resources").filter(|_| !gets_more)?;
    let clusters = resources
        .get("clusters")
        .map(Node::items)
        .unwrap_or_default();
    let names = clusters.iter().filter_map(|c| c.text_at(&["name"]));
    Some(names.collect())
}

/// Finds keys with which anyone can sign: those that this repository publishes for its tests.
pub(super) fn keys(config: &Node) -> Option<(Option<usize>, String)> {
    let public = public_keys();
    let mut found = None;
    config.visit(&mut |_, line, text| {
        let text: String = text.split_whitespace().collect();
        if found.is_none() && public.iter().any(|key| text.contains(key)) {
            found = Some(line);
        }
    });
    let message = "a public test key: anybody can sign tokens with it, as `filter-catalog token` does; never trust it in production";
    found.map(|line| (line, message.to_owned()))
}

/// Returns the parts by which the keys are recognized, without white space.
fn public_keys() -> Vec<String> {
    let set: Value = serde_json::from_str(test_tokens::JWKS).unwrap_or_default();
    let members = set["keys"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|key| key["n"].as_str().or(key["x"].as_str()))
        .map(str::to_owned);
    let bodies = test_tokens::PUBLIC_PEMS.iter().map(|pem| {
        let lines = pem.lines().filter(|line| !line.starts_with("-----"));
        lines.collect::<String>()
    });
    let secrets = test_tokens::SECRETS.iter().map(|secret| {
        let words: String = secret.split_whitespace().collect();
        words
    });
    members.chain(bodies).chain(secrets).collect()
}

#[cfg(test)]
mod tests {
    use super::super::yaml;
    use super::*;

    #[test]
    fn a_public_key_is_recognized_in_every_form() {
        let jwks = test_tokens::JWKS.replace('\n', " ");
        let pem = test_tokens::RSA_PEM.replace('\n', "\n  ");
        let secret = test_tokens::SECRET;
        for config in [
            format!("jwks: {jwks}"),
            format!("jwks: '{jwks}'"),
            format!("pem: |\n  {pem}"),
            format!("secret: \"{secret}\""),
            format!("base64: {}", test_tokens::SECRETS[1]),
        ] {
            let node = &yaml::parse(&config).unwrap()[0];
            assert!(keys(node).is_some(), "{config}");
        }
        let node = &yaml::parse("secret: of my own, which no one knows").unwrap()[0];
        assert!(keys(node).is_none());
    }
}
