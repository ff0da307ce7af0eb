//! Keys: what tells the requests of one bucket from those of another.

use crate::address::Prefixes;
use filter_kit::request::{Request, decode};
use filter_kit::values::HeaderName;

/// The value of a key part for which the request has several values. A client could pass a limit by adding values, whichever of them the
/// upstream goes by; so all such requests share a bucket.
pub const REPEATED: &[u8] = b"repeated";

/// A part of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPart {
    /// The client's address as Envoy trusts it.
    ClientIp(Prefixes),
    /// A request header; `host` is the host.
    Header(HeaderName),
    /// A query parameter, decoded.
    Query(String),
    /// A cookie, decoded.
    Cookie(String),
    /// The path without query, in the one form that all its spellings have.
    Path,
    /// The method.
    Method,
    /// The host in lower case, without port and final dot.
    Host,
    /// A fixed text.
    Value(String),
}

/// A part of a key with its value in a request: an entry of a descriptor for the rate limit service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name, as Envoy's rate limit actions have it.
    pub name: String,
    /// The value, any bytes, never empty.
    pub value: Vec<u8>,
}

impl KeyPart {
    /// The part in a request; `None` where it is missing or empty, the host malformed, or the path has too many readings.
    #[must_use]
    pub fn of(&self, request: &Request) -> Option<Entry> {
        let value = match self {
            Self::ClientIp(prefixes) => prefixes.client(request.source_address()?)?.into_bytes(),
            Self::Header(name) => single(request.values(name.as_str()).map(<[u8]>::trim_ascii))?,
            Self::Query(name) => single(request.query_values(name))?,
            Self::Cookie(name) => single(request.cookie_values(name).map(decode))?,
            Self::Path => request.canonical_path().ok()?.to_vec(),
            Self::Method => request.method().to_vec(),
            Self::Host => request.host().ok()?.to_vec(),
            Self::Value(text) => text.clone().into_bytes(),
        };
        (!value.is_empty()).then(|| Entry {
            name: self.name().to_owned(),
            value,
        })
    }

    /// The name of the entry.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::ClientIp(_) => "remote_address",
            Self::Header(name) => name.as_str(),
            Self::Query(name) | Self::Cookie(name) => name,
            Self::Path => "path",
            Self::Method => "method",
            Self::Host => "host",
            Self::Value(_) => "generic_key",
        }
    }

    /// Whether it looks at the host, so that a request with a malformed one has to be refused.
    #[must_use]
    pub fn looks_at_host(&self) -> bool {
        match self {
            Self::Host => true,
            Self::Header(name) => name.as_str() == "host",
            _ => false,
        }
    }
}

/// The value that all values are; [`REPEATED`] where they differ.
fn single<T: AsRef<[u8]>>(mut values: impl Iterator<Item = T>) -> Option<Vec<u8>> {
    let first = values.next()?;
    let first = first.as_ref();
    let is_single = values.all(|other| other.as_ref() == first);
    Some(if is_single { first } else { REPEATED }.to_vec())
}

/// All parts of a key in a request; `None` where one is missing. No parts: a key of its own, the same for all requests.
#[must_use]
pub fn entries(parts: &[KeyPart], request: &Request) -> Option<Vec<Entry>> {
    parts.iter().map(|part| part.of(request)).collect()
}

/// The entries as one text that no other entries have.
#[must_use]
pub fn bytes(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        for field in [entry.name.as_bytes(), &entry.value] {
            bytes.extend(u64::try_from(field.len()).unwrap_or(u64::MAX).to_le_bytes());
            bytes.extend(field);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use filter_kit::testing::request;
    use proptest::prelude::*;

    fn full() -> Request {
        request(
            "GET",
            "/a//b/../c;v=1?user=a%20b&tag=1&tag=2&same=x&same=x&empty=",
        )
        .authority("API.example.com.:8443")
        .header("x-user", " alice ")
        .header("x-two", "a")
        .header("x-two", "b")
        .header("x-empty", "")
        .header("cookie", "session=s%31; theme=dark")
        .header("x-bytes", b"\xe9".to_vec())
        .source_address("10.0.0.7")
        .build()
    }

    #[test]
    fn parts_have_the_values_of_the_request() {
        let header = |name| KeyPart::Header(HeaderName::new(name).unwrap());
        let ip = KeyPart::ClientIp(Prefixes { ipv4: 24, ipv6: 64 });
        for (part, name, value) in [
            (ip, "remote_address", Some(&b"10.0.0.0/24"[..])),
            (header("x-user"), "x-user", Some(b"alice")),
            (header("x-bytes"), "x-bytes", Some(b"\xe9")),
            (header("x-two"), "x-two", Some(REPEATED)),
            (header("x-empty"), "x-empty", None),
            (header("x-none"), "x-none", None),
            (header("host"), "host", Some(b"api.example.com")),
            (KeyPart::Query("user".into()), "user", Some(b"a b")),
            (KeyPart::Query("tag".into()), "tag", Some(REPEATED)),
            (KeyPart::Query("same".into()), "same", Some(b"x")),
            (KeyPart::Query("empty".into()), "empty", None),
            (KeyPart::Cookie("session".into()), "session", Some(b"s1")),
            (KeyPart::Cookie("none".into()), "none", None),
            (KeyPart::Path, "path", Some(b"/a/c")),
            (KeyPart::Method, "method", Some(b"GET")),
            (KeyPart::Host, "host", Some(b"api.example.com")),
            (KeyPart::Value("all".into()), "generic_key", Some(b"all")),
        ] {
            let entry = part.of(&full());
            assert_eq!(
                entry.as_ref().map(|e| e.value.as_slice()),
                value,
                "{part:?}"
            );
            assert_eq!(part.name(), name);
        }
    }

    #[test]
    fn a_part_that_the_request_lacks_is_missing() {
        let ip = KeyPart::ClientIp(Prefixes { ipv4: 32, ipv6: 64 });
        assert_eq!(ip.of(&request("GET", "/").build()), None);
        let malformed = request("GET", "/").authority("a:b").build();
        assert_eq!(KeyPart::Host.of(&malformed), None);
        let path = "/a%2F%252F%25252F%2525252F%255C/;%3B%253B/..%2e/%252e.//x\\".repeat(4);
        let endless = request("GET", &path).build();
        assert!(endless.readings().is_err());
        assert_eq!(KeyPart::Path.of(&endless), None);
        let connect = request("CONNECT", "").build();
        assert_eq!(KeyPart::Path.of(&connect), None);
    }

    #[test]
    fn the_host_is_looked_at_under_each_of_its_names() {
        let header = |name| KeyPart::Header(HeaderName::new(name).unwrap());
        assert!(KeyPart::Host.looks_at_host() && header("host").looks_at_host());
        assert!(!header("x-host").looks_at_host() && !KeyPart::Path.looks_at_host());
    }

    #[test]
    fn one_missing_part_makes_the_key_missing_and_no_parts_make_one_bucket() {
        let parts = [KeyPart::Method, KeyPart::Query("none".into())];
        assert_eq!(entries(&parts, &full()), None);
        assert_eq!(entries(&[], &full()), Some(vec![]));
        assert_eq!(bytes(&[]), b"");
    }

    proptest! {
        #[test]
        fn different_entries_are_different_bytes(
            one in prop::collection::vec(("[a-c]{0,2}", prop::collection::vec(0_u8..3, 0..3)), 0..3),
            other in prop::collection::vec(("[a-c]{0,2}", prop::collection::vec(0_u8..3, 0..3)), 0..3)
        ) {
            let entries = |list: &[(String, Vec<u8>)]| list.iter()
                .map(|(name, value)| Entry { name: name.clone(), value: value.clone() })
                .collect::<Vec<_>>();
            prop_assert_eq!(bytes(&entries(&one)) == bytes(&entries(&other)), one == other);
        }
    }
}
