//! Warnings about values that are valid but probably unintended: plain values that contain patterns
//! of other products.

use super::Invalid;
use super::node::Node;

/// Returns the texts below `node` that look like patterns, each with its path.
pub(super) fn suspects(node: &Node) -> Vec<Invalid> {
    let mut found = Vec::new();
    look(node, &mut Vec::new(), &mut found);
    found
}

/// Keys below which texts are neither compared nor expanded. Some of them are secrets.
const IS_NO_TEMPLATE: [&str; 5] = ["secret", "jwks", "pem", "remote", "discovery"];

/// A step of a path: a key, or the key of a list and an index.
type Steps<'n> = Vec<(&'n str, Option<usize>)>;

fn look<'n>(node: &'n Node, steps: &mut Steps<'n>, found: &mut Vec<Invalid>) {
    match node {
        Node::Map(entries) => {
            for (key, value) in entries {
                if IS_NO_TEMPLATE.contains(&key.as_str()) {
                    continue;
                }
                steps.push((key, None));
                look(value, steps, found);
                steps.pop();
            }
        }
        Node::List(items) => {
            let key = steps.pop().map_or("", |(key, _)| key);
            for (index, item) in items.iter().enumerate() {
                steps.push((key, Some(index)));
                look(item, steps, found);
                steps.pop();
            }
            steps.push((key, None));
        }
        Node::Text(text) => {
            let mut keys = steps.iter().rev().map(|(key, _)| *key);
            let (key, parent) = (keys.next().unwrap_or(""), keys.next().unwrap_or(""));
            if let Some(reason) = suspect(text, key, parent) {
                let mut invalid = Invalid::new(reason);
                for (key, index) in steps.iter().rev() {
                    invalid = match index {
                        Some(index) => invalid.at_index(key, *index),
                        None => invalid.at(key),
                    };
                }
                found.push(invalid);
            }
        }
        Node::Null | Node::Bool(_) | Node::Integer(_) | Node::Unsigned(_) | Node::Float(_) => {}
    }
}

fn suspect(text: &str, key: &str, parent: &str) -> Option<String> {
    let of_path = parent == "paths" || (parent == "path" && key == "prefix");
    match key {
        "prefix" | "exact" if of_path && text.contains('*') => {
            let before = text.split('*').next().unwrap_or_default();
            let before = before.trim_end_matches('/');
            Some(format!(
                "\"{text}\" is compared as it is written, with the *; for all below it write {{prefix: {}}}",
                if before.is_empty() { "/" } else { before }
            ))
        }
        "prefix" | "exact" if of_path && has_placeholder(text) => Some(format!(
            "\"{text}\" is compared as it is written, placeholders too; write {{regex: \"{}\"}}",
            with_regex(text)
        )),
        "regex" if parent == "paths" && is_open(text) => {
            let path = text.trim_start_matches('^');
            Some(format!(
                "\"{text}\" has to match the whole path: {path} and nothing below it; write {{prefix: {path}}}, or add .* at the end"
            ))
        }
        "value" | "with" | "body" | "location" => {
            if let Some(command) = envoy_command(text) {
                Some(format!(
                    "\"{command}\" is not replaced; variables are written as ${{request.header.NAME}}"
                ))
            } else {
                let group = group(text)?;
                let digit = group.get(1..).unwrap_or_default();
                Some(format!(
                    "\"{group}\" is not replaced; capture groups are written as ${{{digit}}}"
                ))
            }
        }
        _ => None,
    }
}

/// Detects placeholders such as `/users/:id` and `/users/{id}`.
fn has_placeholder(path: &str) -> bool {
    path.split('/').any(is_placeholder)
}

fn is_placeholder(segment: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
    };
    let braces = segment
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    segment.strip_prefix(':').or(braces).is_some_and(is_name)
}

fn with_regex(path: &str) -> String {
    let segments = path
        .split('/')
        .map(|segment| match is_placeholder(segment) {
            true => "[^/]+".to_owned(),
            false => segment.replace('.', "[.]"),
        });
    segments.collect::<Vec<_>>().join("/")
}

/// Detects expressions such as `^/admin`: anchored at the start as if unanchored matching were the
/// default, and otherwise plain text.
fn is_open(regex: &str) -> bool {
    regex.strip_prefix('^').is_some_and(|rest| {
        rest.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"/_-".contains(&b))
    })
}

/// Finds a command such as `%REQ(x-a)%` or `%DOWNSTREAM_REMOTE_ADDRESS%`.
fn envoy_command(text: &str) -> Option<&str> {
    let mut parts = text.split('%').skip(1);
    parts.find_map(|part| {
        let name = part.split('(').next()?;
        let is_command = name.len() > 2
            && (name.len() == part.len() || part.ends_with(')'))
            && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        let at = text.find(part)?.checked_sub(1)?;
        let end = at.checked_add(part.len())?.checked_add(2)?;
        is_command.then(|| text.get(at..end)).flatten()
    })
}

/// Finds a group reference such as `$1` or `\1`.
fn group(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let at = bytes
        .windows(2)
        .enumerate()
        .find_map(|(at, pair)| match pair {
            [b'$' | b'\\', b'0'..=b'9'] => {
                let is_escaped = at.checked_sub(1).and_then(|at| bytes.get(at)) == Some(&b'$');
                (!is_escaped).then_some(at)
            }
            _ => None,
        })?;
    text.get(at..at.checked_add(2)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_other_products_are_told_from_plain_values() {
        for (key, parent, text, expected) in [
            ("prefix", "paths", "/admin/*", Some("{prefix: /admin}")),
            ("exact", "paths", "*", Some("{prefix: /}")),
            ("exact", "paths", "/users/:id", Some("/users/[^/]+")),
            ("prefix", "paths", "/users/{id}/x", Some("/users/[^/]+/x")),
            ("exact", "paths", "/a:b/c{d}e", None),
            ("exact", "paths", "/a/:/b", None),
            ("exact", "paths", "/a/{b,c}", None),
            ("exact", "paths", "/a/{}", None),
            ("exact", "headers", "*", None),
            ("prefix", "path", "/old/*", Some("{prefix: /old}")),
            ("prefix", "host", "/old/*", None),
            ("exact", "path", "/old/*", None),
            ("regex", "paths", "^/admin", Some("{prefix: /admin}")),
            ("regex", "paths", "^/admin/.*", None),
            ("regex", "paths", "^/admin$", None),
            ("regex", "paths", "/admin", None),
            ("value", "set", "%REQ(x-a)%", Some("\"%REQ(x-a)%\"")),
            (
                "value",
                "set",
                "a %DOWNSTREAM_REMOTE_ADDRESS% b",
                Some("%DOWNSTREAM_REMOTE_ADDRESS%"),
            ),
            ("value", "set", "%PROTOCOL%", Some("\"%PROTOCOL%\"")),
            ("value", "set", "%REQ", None),
            ("value", "set", "%C3%", None),
            ("value", "set", "%AB%CD", None),
            ("value", "set", "100%25 of 5% and 6%", None),
            ("value", "set", "${request.header.x}", None),
            ("with", "path", "/$1", Some("${1}")),
            ("with", "path", "/\\1", Some("${1}")),
            ("with", "path", "/${1}", None),
            ("value", "set", "$$1", None),
        ] {
            let got = suspect(text, key, parent);
            match expected {
                Some(part) => assert!(
                    got.as_ref().is_some_and(|got| got.contains(part)),
                    "{text}: {got:?}"
                ),
                None => assert_eq!(got, None, "{text}"),
            }
        }
    }

    #[test]
    fn a_pattern_is_found_wherever_it_is_but_not_in_a_secret() {
        let text = br#"{"rules": [{}, {"match": {"paths": [{"prefix": "/a"}, {"exact": "/b/*"}]},
            "set": {"value": "%REQ(x)%"}}], "secret": {"value": "%REQ(x)%"}}"#;
        let node = super::super::node::parse(text).unwrap();
        let found: Vec<_> = suspects(&node).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "rules[1].match.paths[1].exact: \"/b/*\" is compared as it is written, with the *; \
                 for all below it write {prefix: /b}",
                "rules[1].set.value: \"%REQ(x)%\" is not replaced; variables are written as \
                 ${request.header.NAME}",
            ]
        );
    }
}
