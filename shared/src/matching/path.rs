//! Patterns of paths.

use crate::config::Invalid;
use crate::spelling::is_plain;
use crate::values::{Anchoring, Pattern};
use serde::Deserialize;

/// A path pattern as written: one of `prefix`, `exact` and `regex`.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawPath {
    /// Whole segments: `/api` fits `/api` and `/api/x`, never `/apix`; `/` fits everything.
    pub prefix: Option<String>,
    /// Exactly this path.
    pub exact: Option<String>,
    /// A regular expression that covers the whole path. Its groups are `${match.1}` and so on.
    pub regex: Option<String>,
    /// Compare ASCII letters without their case.
    #[serde(default)]
    pub ignore_case: bool,
}

/// A path pattern, compared with the path without query.
#[derive(Debug, Clone)]
pub struct PathPattern {
    kind: Kind,
    ignore_case: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    /// Without a trailing slash; empty for `/`.
    Prefix(Box<[u8]>),
    Exact(Box<[u8]>),
    Regex(Pattern),
}

impl RawPath {
    /// Checks the pattern.
    ///
    /// # Errors
    /// [`Invalid`] for none or several of the three keys, for a path without its slash or not in plain form (nothing could fit
    /// it), and for a bad regular expression.
    pub fn build(self) -> Result<PathPattern, Invalid> {
        let kind = match (self.prefix, self.exact, self.regex) {
            (Some(path), None, None) => {
                let path = plain(path).map_err(|e| e.at("prefix"))?;
                let end = path.strip_suffix('/').unwrap_or(&path);
                Kind::Prefix(end.as_bytes().into())
            }
            (None, Some(path), None) => {
                let path = plain(path).map_err(|e| e.at("exact"))?;
                Kind::Exact(path.into_bytes().into())
            }
            (None, None, Some(regex)) => {
                let flags = if self.ignore_case { "(?i)" } else { "" };
                let pattern = Pattern::new(&format!("{flags}{regex}"), Anchoring::Whole)
                    .map_err(|reason| Invalid::new(reason).at("regex"))?;
                Kind::Regex(pattern)
            }
            _ => return Err(Invalid::new("write exactly one of: prefix, exact, regex")),
        };
        Ok(PathPattern {
            kind,
            ignore_case: self.ignore_case,
        })
    }
}

fn plain(path: String) -> Result<String, Invalid> {
    if !path.starts_with('/') {
        return Err(Invalid::new(format!("\"{path}\" does not begin with /")));
    }
    if path.contains(['?', '#'])
        || !path.is_ascii()
        || path.bytes().any(|b| b.is_ascii_control() || b == b' ')
    {
        return Err(Invalid::new(format!(
            "\"{path}\" is not a path; it has no query and no fragment, and other bytes are percent-encoded"
        )));
    }
    if !is_plain(path.as_bytes()) {
        return Err(Invalid::new(format!(
            "\"{path}\" is not in plain form; write it without //, /./, /../, ;, backslashes and needless percent-encoding"
        )));
    }
    Ok(path)
}

impl PathPattern {
    /// Whether a path fits.
    #[must_use]
    pub fn fits(&self, path: &[u8]) -> bool {
        match &self.kind {
            Kind::Prefix(prefix) => {
                path.split_at_checked(prefix.len())
                    .is_some_and(|(head, rest)| {
                        self.same(head, prefix)
                            && rest.first().map_or(!prefix.is_empty(), |b| *b == b'/')
                    })
            }
            Kind::Exact(exact) => self.same(path, exact),
            Kind::Regex(pattern) => pattern.is_match(path),
        }
    }

    fn same(&self, a: &[u8], b: &[u8]) -> bool {
        if self.ignore_case {
            a.eq_ignore_ascii_case(b)
        } else {
            a == b
        }
    }

    /// The path without the prefix: empty, or from the slash after it on. `None` where this is not a prefix that fits.
    #[must_use]
    pub fn after_prefix<'p>(&self, path: &'p [u8]) -> Option<&'p [u8]> {
        match &self.kind {
            Kind::Prefix(prefix) if self.fits(path) => path.get(prefix.len()..),
            _ => None,
        }
    }

    /// The values of the capture groups, from group 1 on.
    #[must_use]
    pub fn captures(&self, path: &[u8]) -> Vec<Option<Vec<u8>>> {
        match &self.kind {
            Kind::Regex(pattern) => pattern
                .captures(path)
                .map(|c| {
                    c.iter()
                        .skip(1)
                        .map(|g| g.map(|m| m.as_bytes().to_vec()))
                        .collect()
                })
                .unwrap_or_default(),
            Kind::Prefix(_) | Kind::Exact(_) => Vec::new(),
        }
    }

    /// The number of the highest capture group.
    #[must_use]
    pub fn groups(&self) -> usize {
        match &self.kind {
            Kind::Regex(pattern) => pattern.groups(),
            Kind::Prefix(_) | Kind::Exact(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(path: &str) -> RawPath {
        RawPath {
            prefix: Some(path.into()),
            ..RawPath::default()
        }
    }

    fn exact(path: &str) -> RawPath {
        RawPath {
            exact: Some(path.into()),
            ..RawPath::default()
        }
    }

    fn regex(path: &str) -> RawPath {
        RawPath {
            regex: Some(path.into()),
            ..RawPath::default()
        }
    }

    #[test]
    fn prefixes_are_whole_segments_and_regexes_cover_the_whole_path() {
        for (pattern, path, fits) in [
            (prefix("/api"), "/api", true),
            (prefix("/api"), "/api/", true),
            (prefix("/api"), "/api/x", true),
            (prefix("/api"), "/apix", false),
            (prefix("/api"), "/ap", false),
            (prefix("/api"), "/API", false),
            (
                RawPath {
                    ignore_case: true,
                    ..prefix("/api")
                },
                "/API/x",
                true,
            ),
            (prefix("/api/"), "/api", true),
            (prefix("/api/"), "/api/x", true),
            (prefix("/"), "/", true),
            (prefix("/"), "/x", true),
            (prefix("/"), "*", false),
            (prefix("/"), "", false),
            (exact("/healthz"), "/healthz", true),
            (exact("/healthz"), "/healthz/", false),
            (
                RawPath {
                    ignore_case: true,
                    ..exact("/healthz")
                },
                "/HealthZ",
                true,
            ),
            (regex("/v[0-9]+/items"), "/v12/items", true),
            (regex("/v[0-9]+/items"), "/v12/items/3", false),
            (regex("/v[0-9]+/items"), "/x/v12/items", false),
            (
                RawPath {
                    ignore_case: true,
                    ..regex("/v[a-b]")
                },
                "/VA",
                true,
            ),
        ] {
            let built = pattern.clone().build().unwrap();
            assert_eq!(built.fits(path.as_bytes()), fits, "{pattern:?} {path}");
        }
    }

    #[test]
    fn the_rest_after_a_prefix_begins_with_its_slash() {
        for (pattern, path, rest) in [
            ("/api", "/api/x", Some("/x")),
            ("/api", "/api", Some("")),
            ("/", "/x", Some("/x")),
            ("/api", "/apix", None),
        ] {
            let built = prefix(pattern).build().unwrap();
            assert_eq!(built.after_prefix(path.as_bytes()), rest.map(str::as_bytes));
        }
    }

    #[test]
    fn a_pattern_that_nothing_could_fit_is_refused() {
        for (pattern, error) in [
            (
                RawPath::default(),
                "write exactly one of: prefix, exact, regex",
            ),
            (
                RawPath {
                    regex: Some("a".into()),
                    ..exact("/a")
                },
                "write exactly one of",
            ),
            (prefix("api"), "prefix: \"api\" does not begin with /"),
            (prefix("/%61pi"), "prefix: \"/%61pi\" is not in plain form"),
            (exact("/a//b"), "exact: \"/a//b\" is not in plain form"),
            (exact("/a?b"), "exact: \"/a?b\" is not a path"),
            (regex("("), "regex: \"(\" is not a regular expression"),
        ] {
            let got = pattern.build().unwrap_err().to_string();
            assert!(got.starts_with(error), "{got}");
        }
    }
}
