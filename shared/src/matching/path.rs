//! Patterns of paths.

use crate::config::{At, Invalid};
use crate::request::{decode, decode_keeping_slashes, is_plain};
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

/// A path pattern, compared with the readings of the path without query.
#[derive(Debug, Clone)]
pub struct PathPattern {
    kind: Kind,
    ignore_case: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    /// Without a final slash; empty for `/`.
    Prefix(Decoded),
    Exact(Decoded),
    Regex {
        /// What every path that matches begins with.
        begins: Box<[u8]>,
        /// For the readings of a path.
        decoded: Pattern,
        /// For the path as it was sent, where that makes a difference.
        as_sent: Option<Pattern>,
    },
}

/// A path of a configuration in the forms in which readings come.
#[derive(Debug, Clone)]
struct Decoded {
    all: Box<[u8]>,
    /// With its encoded slashes, where it has some.
    keeping_slashes: Option<Box<[u8]>>,
}

impl Decoded {
    fn new(path: &str) -> Self {
        let all = decode(path.as_bytes());
        let keeping = decode_keeping_slashes(path.as_bytes());
        Self {
            keeping_slashes: (keeping != all).then(|| keeping.into_owned().into()),
            all: all.into_owned().into(),
        }
    }

    /// How long a path can be as it was sent: three bytes for each, where all are encoded.
    fn longest_as_sent(&self) -> usize {
        self.all.len().saturating_mul(3)
    }

    /// Whether `matches` holds for a form, compared without the case of letters or not.
    fn any(&self, ignore_case: bool, matches: impl Fn(&[u8], Compare) -> bool) -> bool {
        let exact = if ignore_case { same_but_case } else { same };
        // Of what is encoded still, the case of the hexadecimal digits is no matter.
        let encoded = if ignore_case {
            same_but_case
        } else {
            same_but_digits
        };
        matches(&self.all, exact)
            || self
                .keeping_slashes
                .as_ref()
                .is_some_and(|path| matches(path, encoded))
    }
}

type Compare = fn(&[u8], &[u8]) -> bool;

fn same(a: &[u8], b: &[u8]) -> bool {
    a == b
}

fn same_but_case(a: &[u8], b: &[u8]) -> bool {
    a.eq_ignore_ascii_case(b)
}

fn same_but_digits(a: &[u8], b: &[u8]) -> bool {
    let mut digits = 0_u8;
    let same = |(a, b): (&u8, &u8)| {
        let is_digit = digits > 0;
        digits = if *a == b'%' {
            2
        } else {
            digits.saturating_sub(1)
        };
        a == b || (is_digit && a.eq_ignore_ascii_case(b))
    };
    a.len() == b.len() && a.iter().zip(b).all(same)
}

impl RawPath {
    /// Checks the pattern.
    ///
    /// # Errors
    /// [`Invalid`] for none or several of the three keys, for a path without its slash or not in
    /// plain form (nothing could fit it), and for a bad regular expression.
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
                // By itself first, so that an error shows what was written.
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

/// The longest reading of a path that regular expressions look through as often as there are some.
const FREE_BYTES: usize = 1024;

/// The text that every path begins with that a regular expression matches; empty where that is not
/// seen at a glance.
fn beginning(regex: &str) -> &str {
    const SPECIAL: &[char] = &[
        '\\', '.', '+', '*', '?', '(', ')', '[', ']', '{', '}', '^', '$', '%',
    ];
    if regex.contains('|') {
        return "";
    }
    let end = regex.find(SPECIAL).unwrap_or(regex.len());
    let (begins, rest) = regex.split_at_checked(end).unwrap_or_default();
    if rest.starts_with(['*', '?', '{']) {
        // The last character may be missing.
        let mut characters = begins.chars();
        characters.next_back();
        return characters.as_str();
    }
    begins
}

/// A regular expression with its triplets decoded: `%C3` matches the byte 0xC3. `None` where it has
/// none.
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

impl PathPattern {
    /// Whether a reading of a path fits.
    #[must_use]
    pub fn fits(&self, reading: &[u8]) -> bool {
        match &self.kind {
            Kind::Prefix(prefix) => prefix.any(self.ignore_case, |prefix, same| {
                reading
                    .split_at_checked(prefix.len())
                    .is_some_and(|(head, rest)| {
                        rest.first().map_or(!prefix.is_empty(), |b| *b == b'/')
                            && same(head, prefix)
                    })
            }),
            Kind::Exact(exact) => exact.any(self.ignore_case, |exact, same| same(reading, exact)),
            Kind::Regex {
                begins, decoded, ..
            } => reading.starts_with(begins) && decoded.is_match(reading),
        }
    }

    /// How many bytes of a reading [`fits`](Self::fits) may have to look through, where they are
    /// more than a few.
    #[must_use]
    pub(super) fn work(&self, reading: &[u8]) -> usize {
        match &self.kind {
            Kind::Regex { begins, .. }
                if reading.len() > FREE_BYTES && reading.starts_with(begins) =>
            {
                reading.len()
            }
            _ => 0,
        }
    }

    /// The texts of which a reading that fits is one, or with one of which and a slash it begins,
    /// but for the case of letters. `None` of a regular expression.
    pub(super) fn keys(&self) -> Option<Vec<&[u8]>> {
        let (Kind::Prefix(path) | Kind::Exact(path)) = &self.kind else {
            return None;
        };
        let keeping_slashes = path.keeping_slashes.as_deref();
        Some(keeping_slashes.into_iter().chain([&*path.all]).collect())
    }

    /// Whether a path fits as it was sent, decoded once.
    #[must_use]
    pub fn fits_as_sent(&self, path: &[u8]) -> bool {
        match &self.kind {
            Kind::Regex {
                decoded, as_sent, ..
            } => as_sent.as_ref().unwrap_or(decoded).is_match(path),
            Kind::Prefix(_) => self.after_prefix(path).is_some(),
            Kind::Exact(exact) => {
                path.len() <= exact.longest_as_sent() && self.fits(&decode_keeping_slashes(path))
            }
        }
    }

    /// The path as it was sent without the prefix: empty, or from the slash after it on. `None`
    /// where this is not a prefix that fits.
    #[must_use]
    pub fn after_prefix<'p>(&self, path: &'p [u8]) -> Option<&'p [u8]> {
        let Kind::Prefix(prefix) = &self.kind else {
            return None;
        };
        if prefix.all.is_empty() {
            return path.starts_with(b"/").then_some(path);
        }
        let longest = prefix.longest_as_sent();
        let slashes = path
            .iter()
            .enumerate()
            .take(longest.saturating_add(1))
            .filter(|(at, byte)| **byte == b'/' && *at > 0)
            .map(|(at, _)| at);
        // A prefix has as many segments as slashes, so no longer beginning of the path can be it.
        let most = prefix.all.iter().filter(|b| **b == b'/').count();
        let whole = (path.len() <= longest).then_some(path.len());
        slashes
            .chain(whole)
            .take(most)
            .find(|end| {
                let head = decode_keeping_slashes(path.get(..*end).unwrap_or_default());
                prefix.any(self.ignore_case, |prefix, same| same(&head, prefix))
            })
            .and_then(|end| path.get(end..))
    }

    /// The values of the capture groups in the path as it was sent, from group 1 on.
    #[must_use]
    pub fn captures(&self, path: &[u8]) -> Vec<Option<Vec<u8>>> {
        match &self.kind {
            Kind::Regex {
                decoded, as_sent, ..
            } => as_sent
                .as_ref()
                .unwrap_or(decoded)
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
            Kind::Regex { decoded, .. } => decoded.groups(),
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
    fn patterns_are_compared_decoded() {
        for (pattern, reading, fits) in [
            (exact("/caf%C3%A9"), &b"/caf\xc3\xa9"[..], true),
            (prefix("/caf%c3%a9"), b"/caf\xc3\xa9/x", true),
            (exact("/100%25"), b"/100%", true),
            (exact("/%40admin"), b"/@admin", true),
            (exact("/a%2Fb"), b"/a%2Fb", true),
            (exact("/a%2Fb"), b"/a%2fb", true),
            (exact("/a%2Fb"), b"/A%2fb", false),
            (exact("/a%2Fb"), b"/a/b", true),
            (regex("/caf%C3%A9/[0-9]+"), b"/caf\xc3\xa9/7", true),
            (regex("/a%204"), b"/a 4", true),
            (regex("/a%zz"), b"/a%zz", true),
            (regex("/a.*"), b"/a\nb", true),
        ] {
            let built = pattern.clone().build().unwrap();
            assert_eq!(built.fits(reading), fits, "{pattern:?}");
        }
    }

    #[test]
    fn the_beginning_of_a_regular_expression_is_what_every_match_begins_with() {
        for (regex, begins) in [
            ("/v[0-9]+/items", "/v"),
            ("/api/.*", "/api/"),
            ("/ab*c", "/a"),
            ("/ab?c", "/a"),
            ("/ab{0,2}", "/a"),
            ("/ab+", "/ab"),
            ("/a|/b", ""),
            ("(?i)/a", ""),
            ("/a%20b", "/a"),
            ("/items", "/items"),
        ] {
            assert_eq!(beginning(regex), begins, "{regex}");
        }
    }

    #[test]
    fn captures_are_of_the_path_as_it_was_sent() {
        let built = regex("/caf%C3%A9/(.*)").build().unwrap();
        assert_eq!(
            built.captures(b"/caf%C3%A9/a%20b"),
            [Some(b"a%20b".to_vec())]
        );
    }

    #[test]
    fn the_rest_after_a_prefix_begins_with_its_slash() {
        for (pattern, path, rest) in [
            ("/api", "/api/x", Some("/x")),
            ("/api", "/api", Some("")),
            ("/", "/x", Some("/x")),
            ("/api", "/apix", None),
            ("/api", "/%61pi/a%2Fb;c", Some("/a%2Fb;c")),
            ("/a/b", "/a/%62/c", Some("/c")),
            ("/a/b", "/a%2Fb/c", None),
            ("/a%2Fb", "/a%2fb/c", Some("/c")),
            ("/", "/%61", Some("/%61")),
            ("/", "*", None),
            ("/api", "/%61%70%69", Some("")),
            ("/api", "/%61%70%69/x", Some("/x")),
            ("/api", "%2fapi", None),
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
            (prefix("/a;v"), "prefix: \"/a;v\" is not in plain form"),
            (prefix("/a%3Bv"), "prefix: \"/a%3Bv\" is not in plain form"),
            (prefix("/a%5cb"), "prefix: \"/a%5cb\" is not in plain form"),
            (
                exact("/a/%2e%2E"),
                "exact: \"/a/%2e%2E\" is not in plain form",
            ),
            (
                exact("/a%2F../b"),
                "exact: \"/a%2F../b\" is not in plain form",
            ),
            (exact("/a//b"), "exact: \"/a//b\" is not in plain form"),
            (exact("/a?b"), "exact: \"/a?b\" is not a path"),
            (regex("("), "regex: \"(\" is not a regular expression"),
        ] {
            let got = pattern.build().unwrap_err().to_string();
            assert!(got.starts_with(error), "{got}");
        }
    }
}
