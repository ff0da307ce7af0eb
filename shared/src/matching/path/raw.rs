//! Path patterns as written, and their checks.

use super::decoded::Decoded;
use super::{Kind, PathPattern};
use crate::config::{At, Invalid};
use crate::request::{decode, is_plain};
use crate::values::{Anchoring, Pattern};
use serde::Deserialize;

/// A path pattern as written: one of `prefix`, `exact` and `regex`.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a path pattern, as {prefix: /admin}, {exact: /healthz} or {regex: \"/v[0-9]+/items\"}"
)]
pub struct RawPath {
    /// Whole segments: `/api` matches `/api` and `/api/x`, never `/apix`; `/` matches everything.
    pub prefix: Option<String>,
    /// Exactly this path.
    pub exact: Option<String>,
    /// A regular expression that matches the whole path. Its groups are `${match.1}` and so on.
    pub regex: Option<String>,
    /// Compare ASCII letters without their case.
    #[serde(default)]
    pub ignore_case: bool,
}

impl RawPath {
    /// Checks the pattern.
    ///
    /// # Errors
    /// [`Invalid`] if none or several of the three keys are given, if a path does not begin with a
    /// slash or is not in plain form (nothing could match it), or if the regular expression is not
    /// valid.
    pub fn build(self) -> Result<PathPattern, Invalid> {
        let kind = match (self.prefix, self.exact, self.regex) {
            (Some(path), None, None) => {
                let path = plain(path).at("prefix")?;
                Kind::Prefix(Decoded::new(path.strip_suffix('/').unwrap_or(&path)))
            }
            (None, Some(path), None) => Kind::Exact(Decoded::new(&plain(path).at("exact")?)),
            (None, None, Some(regex)) => {
                let flags = if self.ignore_case { "(?si)" } else { "(?s)" };
                let compile = |regex: &str| {
                    Pattern::new(&format!("{flags}{regex}"), Anchoring::Whole).at("regex")
                };
                // Compiled on its own first, so that an error shows what was written.
                Pattern::new(&regex, Anchoring::Whole).at("regex")?;
                let written = compile(&regex)?;
                let decoded = decode_regex(&regex).map(|decoded| compile(&decoded));
                let decoded = decoded.transpose()?;
                if !decoded.as_ref().unwrap_or(&written).may_begin_with(b'/') {
                    let reason = format!("\"{regex}\" never matches: a path begins with /");
                    return Err(Invalid::new(reason).at("regex"));
                }
                let begins = match self.ignore_case {
                    true => "",
                    false => beginning(&regex),
                };
                let begins = begins.as_bytes().into();
                match decoded {
                    Some(decoded) => Kind::Regex {
                        begins,
                        decoded,
                        as_sent: Some(written),
                    },
                    None => Kind::Regex {
                        begins,
                        decoded: written,
                        as_sent: None,
                    },
                }
            }
            _ => return Err(Invalid::new("write exactly one of: prefix, exact, regex")),
        };
        Ok(PathPattern {
            kind,
            ignore_case: self.ignore_case,
        })
    }
}

/// Returns a literal prefix of every path that the regular expression matches. Empty if there is no
/// obvious one.
pub(super) fn beginning(regex: &str) -> &str {
    const SPECIAL: &[char] = &[
        '\\', '.', '+', '*', '?', '(', ')', '[', ']', '{', '}', '^', '$', '%',
    ];
    if regex.contains('|') {
        return "";
    }
    let end = regex.find(SPECIAL).unwrap_or(regex.len());
    let (begins, rest) = regex.split_at_checked(end).unwrap_or_default();
    if rest.starts_with(['*', '?', '{']) {
        // The last character may be optional.
        let mut characters = begins.chars();
        characters.next_back();
        return characters.as_str();
    }
    begins
}

/// Decodes the percent-encoded bytes of a regular expression: `%C3` matches the byte 0xC3. Returns
/// `None` if it has none.
fn decode_regex(regex: &str) -> Option<String> {
    let mut decoded = String::with_capacity(regex.len());
    let mut rest = regex;
    while let Some(at) = rest.find('%') {
        let (before, triplet) = rest.split_at_checked(at)?;
        decoded.push_str(before);
        let digits = triplet
            .get(1..3)
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let size = match digits {
            Some(digits) => {
                decoded.push_str(&format!("\\x{digits}"));
                3
            }
            None => {
                decoded.push('%');
                1
            }
        };
        rest = triplet.get(size..)?;
    }
    decoded.push_str(rest);
    (decoded != regex).then_some(decoded)
}

fn plain(path: String) -> Result<String, Invalid> {
    if !path.starts_with('/') {
        return Err(Invalid::new(format!(
            "\"{path}\" does not begin with /; write \"/{}\"",
            path.trim_start_matches('^')
        )));
    }
    if path.contains(['?', '#'])
        || !path.is_ascii()
        || path.bytes().any(|b| b.is_ascii_control() || b == b' ')
    {
        return Err(Invalid::new(format!(
            "\"{path}\" is not a path; it has no query and no fragment, and other bytes are percent-encoded"
        )));
    }
    let decoded = decode(path.as_bytes());
    let is_as_written = is_plain(path.replace('%', "x").as_bytes());
    if !is_as_written || decoded.iter().any(|b| b";\\".contains(b)) || has_dot_segment(&decoded) {
        return Err(Invalid::new(format!(
            "\"{path}\" is not in plain form; write it without //, /./, /../, ; and backslashes, encoded or not"
        )));
    }
    Ok(path)
}

fn has_dot_segment(path: &[u8]) -> bool {
    path.split(|b| *b == b'/')
        .any(|segment| matches!(segment, b"." | b".."))
}
