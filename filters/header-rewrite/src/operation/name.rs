//! Selects the headers of an operation, and protects others.

use filter_kit::headers::{Headers, is_look_alike, plain_name};
use filter_kit::values::{HeaderName, Pattern};

/// Headers that only Envoy writes: they frame the message or belong to one connection (RFC 9110,
/// section 7.6.1). `proxy-authorization` may be removed: if Envoy is not the client's proxy, an
/// upstream should not see it.
pub(crate) const FRAMING: &[&str] = &[
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Which headers to remove.
#[derive(Debug, Clone)]
pub enum NameSelector {
    /// The header with this name.
    Name(HeaderName),
    /// Headers whose name begins with a prefix. `x-envoy-*` only if `envoy` is true.
    Prefix {
        /// In lower case.
        prefix: String,
        /// Whether `x-envoy-*` may be removed.
        envoy: bool,
    },
    /// Headers whose whole name matches. `x-envoy-*` only if `envoy` is true.
    Regex {
        /// Has to match the whole name.
        pattern: Pattern,
        /// Whether `x-envoy-*` may be removed.
        envoy: bool,
    },
}

impl NameSelector {
    /// Whether it selects this header.
    #[must_use]
    pub fn selects(&self, name: &[u8]) -> bool {
        match self {
            Self::Name(selected) => selected.as_str().as_bytes() == name,
            Self::Prefix { prefix, envoy } => {
                name.starts_with(prefix.as_bytes()) && !is_spared(name, *envoy)
            }
            Self::Regex { pattern, envoy } => pattern.is_match(name) && !is_spared(name, *envoy),
        }
    }

    /// Returns the work of comparing this name beyond reading it once. A client chooses the length
    /// of the name.
    pub(super) fn work(&self, name: &[u8]) -> usize {
        match self {
            Self::Regex { pattern, .. } => pattern.work(name.len()).saturating_sub(name.len()),
            Self::Name(_) | Self::Prefix { .. } => 0,
        }
    }

    /// Whether a server may read this name as one that the selector selects.
    #[must_use]
    pub fn selects_spelling(&self, name: &[u8]) -> bool {
        if self.selects(name) {
            return true;
        }
        match self {
            Self::Name(selected) => {
                is_look_alike(name, selected.as_str().as_bytes()) && !is_spared(name, false)
            }
            Self::Prefix { prefix, envoy } => {
                name.split_at_checked(prefix.len())
                    .is_some_and(|(head, _)| is_look_alike(head, prefix.as_bytes()))
                    && !is_spared(name, *envoy)
            }
            Self::Regex { pattern, envoy } => {
                let is_plain = name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
                !is_plain && pattern.is_match(&plain_name(name)) && !is_spared(name, *envoy)
            }
        }
    }
}

/// Whether a header is kept although a prefix, a pattern or another spelling selects it. A message
/// needs pseudo-headers, `host`, framing headers, and `x-forwarded-proto`, without which Envoy
/// finds no route.
pub(super) fn is_spared(name: &[u8], envoy: bool) -> bool {
    name.starts_with(b":")
        || matches!(name, b"host" | b"x-forwarded-proto")
        || (FRAMING.iter().any(|framing| framing.as_bytes() == name) && !is_removable(name))
        || (!envoy && name.starts_with(b"x-envoy-"))
}

/// Makes this the only value of a header, and removes all other spellings of its name. `None`
/// removes the header.
pub(crate) fn set_alone(headers: &mut Headers, name: &HeaderName, value: Option<&[u8]>) {
    remove_look_alikes(headers, name);
    match value {
        Some(value) => headers.set(name.as_str(), value),
        None => headers.remove(name.as_str()),
    }
}

/// Whether a header that only Envoy writes may be removed.
pub(crate) fn is_removable(name: &[u8]) -> bool {
    name == b"proxy-authorization"
}

/// Removes the headers that a server may read as `name`, except for those that a message needs.
pub(super) fn remove_look_alikes(headers: &mut Headers, name: &HeaderName) {
    headers.remove_if(|other| {
        is_look_alike(other, name.as_str().as_bytes()) && !is_spared(other, false)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use filter_kit::values::Anchoring;

    fn prefix(prefix: &str, envoy: bool) -> NameSelector {
        NameSelector::Prefix {
            prefix: prefix.to_owned(),
            envoy,
        }
    }

    fn regex(pattern: &str) -> NameSelector {
        NameSelector::Regex {
            pattern: Pattern::new(pattern, Anchoring::Whole).unwrap(),
            envoy: false,
        }
    }

    #[test]
    fn a_selector_names_headers_and_their_other_spellings() {
        let name = |name| NameSelector::Name(HeaderName::new(name).unwrap());
        for (selector, header, selects, selects_spelling) in [
            (name("x-a"), "x-a", true, true),
            (name("x-a"), "x_a", false, true),
            (name("x-a"), "x.a", false, true),
            (name("x-a"), "x-ab", false, false),
            (name("x_a"), "x-a", false, true),
            (prefix("x-in-", false), "x-in-a", true, true),
            (prefix("x-in-", false), "x_in-a_b", false, true),
            (prefix("x-in-", false), "x_in_", false, true),
            (prefix("x-in-", false), "x_in", false, false),
            (prefix("x-in-", false), "x-inn", false, false),
            (prefix("x_in_", false), "x-in-a", false, true),
            (regex("x-(foo|bar)"), "x_foo", false, true),
            (regex("x-(foo|bar)"), "x-foo", true, true),
            (regex("x-(foo|bar)"), "x_foot", false, false),
        ] {
            let name = header.as_bytes();
            assert_eq!(selector.selects(name), selects, "{selector:?} {header}");
            let spelling = selector.selects_spelling(name);
            assert_eq!(spelling, selects_spelling, "{selector:?} {header}");
        }
    }

    #[test]
    fn a_header_that_is_set_alone_has_no_other_spelling() {
        let name = HeaderName::new("x-a").unwrap();
        for (value, left) in [(Some(&b"2"[..]), &["x-b", "x-a"][..]), (None, &["x-b"])] {
            let mut headers = Headers::new(&[("x_a", "1"), ("x-a", "1"), ("x-b", "1")]);
            set_alone(&mut headers, &name, value);
            let mut names: Vec<&[u8]> = headers.iter().map(|(name, _)| name).collect();
            names.sort_by_key(|name| name != b"x-b");
            assert_eq!(names, left.iter().map(|n| n.as_bytes()).collect::<Vec<_>>());
            assert_eq!(headers.first("x-a"), value);
        }
    }

    #[test]
    fn what_a_message_needs_is_spared_in_its_own_spelling() {
        for name in [
            ":path",
            "host",
            "x-forwarded-proto",
            "content-length",
            "x-envoy-a",
        ] {
            assert!(!regex(".*").selects_spelling(name.as_bytes()), "{name}");
        }
        assert!(!prefix("x-", false).selects_spelling(b"x-envoy-a"));
        assert!(prefix("x-", true).selects(b"x-envoy-a"));
        assert!(regex(".*").selects(b"proxy-authorization"));
        assert!(prefix("proxy-", false).selects(b"proxy-authorization"));
        for forged in ["x_forwarded_proto", "x_envoy_a", "content_length"] {
            assert!(regex(".*").selects_spelling(forged.as_bytes()), "{forged}");
        }
        let look_alike = NameSelector::Name(HeaderName::new("content_length").unwrap());
        assert!(!look_alike.selects_spelling(b"content-length"));
    }
}
