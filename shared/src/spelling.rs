//! The other spellings of a path that a server may act on.
//!
//! `/%61dmin`, `//admin`, `/x/../admin` and `/admin;v=1` are other texts than `/admin`, but many servers serve the same
//! thing for them. A rule that looks only at the text can be walked around; a rule that looks only at a normalized
//! form can be walked around at a server that does not normalize. So both are looked at, and where a rule's answer
//! depends on the spelling the request is refused. Envoy's `normalize_path`, `merge_slashes` and
//! `path_with_escaped_slashes_action` bring such paths into plain form first, and then nothing is refused.

use crate::request::decode_triplet;
use std::borrow::Cow;

/// How often a path is decoded: once more than any server that decodes twice.
const DECODINGS: usize = 3;

/// A path as sent, and what servers may make of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spellings<'p> {
    raw: &'p [u8],
    others: Vec<Vec<u8>>,
}

/// The answer of a rule depends on how the path is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the path is not in plain form, and its spellings fall under different rules")]
pub struct AmbiguousPath;

impl<'p> Spellings<'p> {
    /// The spellings of a path without query. A path in plain form has one, and costs no allocation.
    #[must_use]
    pub fn of(raw: &'p [u8]) -> Self {
        let mut others: Vec<Vec<u8>> = Vec::new();
        if !is_plain(raw) {
            let decoded = decode(raw);
            for (params, slashes) in [
                (Params::Strip, Slashes::Merge),
                (Params::Strip, Slashes::Keep),
                (Params::Keep, Slashes::Merge),
            ] {
                let other = normalize(&decoded, params, slashes);
                if other != raw && !others.contains(&other) {
                    others.push(other);
                }
            }
        }
        Self { raw, others }
    }

    /// The answer that all spellings give.
    ///
    /// # Errors
    /// [`AmbiguousPath`] where they differ.
    pub fn agree<T: PartialEq>(&self, answer: impl Fn(&[u8]) -> T) -> Result<T, AmbiguousPath> {
        let first = answer(self.raw);
        if self.others.iter().all(|other| answer(other) == first) {
            Ok(first)
        } else {
            Err(AmbiguousPath)
        }
    }
}

/// A path without query in plain form: decoded, without empty and dot segments and `;params`. For what has to be the same for all spellings,
/// such as a key; a rule asks [`Spellings`].
#[must_use]
pub fn plain_form(path: &[u8]) -> Cow<'_, [u8]> {
    if is_plain(path) {
        Cow::Borrowed(path)
    } else {
        Cow::Owned(normalize(&decode(path), Params::Strip, Slashes::Merge))
    }
}

/// Whether a path has one spelling only: no empty, `.` or `..` segment, no backslash, no `;`, and no percent-encoding of
/// a byte that needs none or that would change the segments.
#[must_use]
pub fn is_plain(path: &[u8]) -> bool {
    let mut rest = path;
    while let Some((&byte, tail)) = rest.split_first() {
        let hidden = match byte {
            b'\\' | b';' => true,
            b'%' => decode_triplet(tail).is_some_and(|(value, _)| changes_when_decoded(value)),
            _ => false,
        };
        if hidden {
            return false;
        }
        rest = tail;
    }
    let mut segments = path.split(|b| *b == b'/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        if matches!(segment, b"." | b"..") || (segment.is_empty() && !last) {
            return false;
        }
    }
    true
}

/// Bytes whose encoding hides them from a rule: the unreserved ones (RFC 3986, section 2.3), and those that divide a path.
fn changes_when_decoded(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~/\\;%".contains(&byte)
}

/// Decodes what [`changes_when_decoded`], again and again; other triplets stay.
fn decode(path: &[u8]) -> Vec<u8> {
    let mut current = path.to_vec();
    for _ in 0..DECODINGS {
        let mut next = Vec::with_capacity(current.len());
        let mut rest = current.as_slice();
        while let Some((&byte, tail)) = rest.split_first() {
            match (byte, decode_triplet(tail)) {
                (b'%', Some((value, after))) if changes_when_decoded(value) => {
                    next.push(value);
                    rest = after;
                }
                _ => {
                    next.push(byte);
                    rest = tail;
                }
            }
        }
        if next == current {
            break;
        }
        current = next;
    }
    current
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Params {
    Strip,
    Keep,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Slashes {
    Merge,
    Keep,
}

/// Takes away dot segments (RFC 3986, section 5.2.4) and, as asked, `;params` and empty segments.
fn normalize(path: &[u8], params: Params, slashes: Slashes) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut segments = path.split(|b| matches!(b, b'/' | b'\\')).peekable();
    if path.first().is_some_and(|b| matches!(b, b'/' | b'\\')) {
        segments.next();
    }
    let mut ends_in_slash = false;
    while let Some(mut segment) = segments.next() {
        let last = segments.peek().is_none();
        if params == Params::Strip {
            segment = segment.split(|b| *b == b';').next().unwrap_or_default();
        }
        match segment {
            b"" if last => ends_in_slash = true,
            b"" if slashes == Slashes::Merge => {}
            b"." => ends_in_slash = last,
            b".." => {
                kept.pop();
                ends_in_slash = last;
            }
            _ => kept.push(segment),
        }
    }
    let mut normalized = vec![b'/'];
    normalized.extend(kept.join(&b'/'));
    if ends_in_slash && !kept.is_empty() {
        normalized.push(b'/');
    }
    normalized
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_plain_path_has_one_spelling() {
        for path in [
            "/",
            "/a",
            "/a/",
            "/a/b.c",
            "/a%20b",
            "/%E2%82%AC",
            "/a=b,c:d@e",
            "*",
            "",
            "/a%zz",
            "/a%",
        ] {
            assert!(is_plain(path.as_bytes()), "{path}");
            assert_eq!(
                Spellings::of(path.as_bytes()).others,
                Vec::<Vec<u8>>::new(),
                "{path}"
            );
        }
    }

    #[test]
    fn every_disguise_of_admin_has_admin_among_its_spellings() {
        for path in [
            "/%61dmin",
            "/%2561dmin",
            "/%252561dmin",
            "//admin",
            "///admin",
            "/./admin",
            "/x/../admin",
            "/x/%2e%2e/admin",
            "/x/%2E./admin",
            "/x/..;/admin",
            "/x/..;a=b/admin",
            "/admin;a",
            "/admin;a=b;c",
            "/;/admin",
            "/%2fadmin",
            "/x/..%2fadmin",
            "/x/..%5cadmin",
            "/x\\..\\admin",
            "\\admin",
            "/..//admin",
            "/x//../../admin",
            "/x/%252e%252e/admin",
        ] {
            let spellings = Spellings::of(path.as_bytes());
            assert!(
                spellings.others.iter().any(|o| o == b"/admin"),
                "{path}: {spellings:?}"
            );
            assert_eq!(
                spellings.agree(|p| p == b"/admin"),
                Err(AmbiguousPath),
                "{path}"
            );
        }
    }

    #[test]
    fn all_spellings_have_one_plain_form() {
        for (path, plain) in [
            ("/a/b", "/a/b"),
            ("/a/", "/a/"),
            ("//a;v=1/%62", "/a/b"),
            ("/x/../a/./b", "/a/b"),
            ("/%2561", "/a"),
            ("*", "*"),
            ("", ""),
        ] {
            assert_eq!(&*plain_form(path.as_bytes()), plain.as_bytes(), "{path}");
        }
    }

    #[test]
    fn slashes_that_a_server_keeps_are_segments_to_climb_over() {
        let spellings = Spellings::of(b"/pub//../admin");
        assert!(spellings.others.iter().any(|o| o == b"/admin"));
        assert!(spellings.others.iter().any(|o| o == b"/pub/admin"));
    }

    #[test]
    fn a_disguise_that_changes_no_answer_is_no_matter() {
        let spellings = Spellings::of(b"/static//a%2Eb;v=1");
        assert_eq!(spellings.agree(|p| p.starts_with(b"/static")), Ok(true));
        assert_eq!(spellings.agree(|p| p.starts_with(b"/admin")), Ok(false));
    }

    proptest! {
        #[test]
        fn every_other_spelling_is_plain_but_for_kept_slashes_and_params(path: Vec<u8>) {
            let path = [b"/".as_slice(), &path].concat();
            for other in &Spellings::of(&path).others {
                prop_assert_eq!(other.first(), Some(&b'/'));
                prop_assert!(!other.split(|b| *b == b'/').any(|s| s == b".." || s == b"."));
            }
        }

        #[test]
        fn plain_paths_normalize_to_themselves(path in "(/[a-zA-Z0-9._~-]{1,3}){1,4}/?") {
            prop_assume!(is_plain(path.as_bytes()));
            for slashes in [Slashes::Merge, Slashes::Keep] {
                prop_assert_eq!(normalize(path.as_bytes(), Params::Strip, slashes), path.as_bytes());
            }
        }
    }
}
