//! Absolute `http` and `https` URIs (RFC 9110, section 4.2), as far as a GET needs them.

use filter_kit::request::Authority;

/// Maximum length of a URI, in bytes.
const MAX_BYTES: usize = 2048;

/// A parsed URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uri {
    /// Whether the scheme is `https`.
    pub is_https: bool,
    /// The host, with its port if it has one.
    pub authority: String,
    /// The path with its query; at least `/`.
    pub path: String,
}

impl Uri {
    /// Returns `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.is_https { "https" } else { "http" }
    }

    /// Parses a URI.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > MAX_BYTES {
            return Err("is longer than 2048 bytes");
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err("holds a space, a control character or a character beyond ASCII");
        }
        let (scheme, rest) = text
            .split_once("://")
            .ok_or("is not absolute; write https://host/path")?;
        let is_https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err("is neither http nor https"),
        };
        if rest.contains('#') {
            return Err("has a fragment, which is never sent");
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).ok_or("is not a URI")?;
        if authority.contains('@') {
            return Err("holds a user name or a password, which are not sent");
        }
        if !is_authority(authority) {
            return Err("has no host, or an invalid one");
        }
        Ok(Self {
            is_https,
            authority: authority.to_ascii_lowercase(),
            path: match path.strip_prefix('/') {
                Some(_) => path.to_owned(),
                None => format!("/{path}"),
            },
        })
    }
}

fn is_authority(text: &str) -> bool {
    Authority::parse(text.as_bytes()).is_ok_and(|authority| {
        let port = authority.port_number();
        !authority.host.is_empty() && (authority.port.is_none() || port.is_some_and(|p| p > 0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_uri_is_absolute_and_has_a_host() {
        for (text, parts) in [
            (
                "https://idp.example/jwks",
                Some((true, "idp.example", "/jwks")),
            ),
            (
                "HTTP://IDP.example:8080",
                Some((false, "idp.example:8080", "/")),
            ),
            (
                "https://idp.example?a=b/c",
                Some((true, "idp.example", "/?a=b/c")),
            ),
            (
                "https://[::1]/a?b#".trim_end_matches('#'),
                Some((true, "[::1]", "/a?b")),
            ),
            ("http://[::1]:80/", Some((false, "[::1]:80", "/"))),
            ("http://127.0.0.1:1/", Some((false, "127.0.0.1:1", "/"))),
            ("https://idp.example/a#b", None),
            ("https://user@idp.example/", None),
            ("https://user:pass@idp.example/", None),
            ("https:///jwks", None),
            ("https://", None),
            ("https://:443/", None),
            ("https://a:0/", None),
            ("https://a:65536/", None),
            ("https://a:/", None),
            ("https://a:+1/", None),
            ("https://a:1:2/", None),
            ("https://[::1/", None),
            ("https://[::1]x/", None),
            ("https://[a]/", None),
            ("ftp://a/", None),
            ("//a/", None),
            ("/jwks", None),
            ("a", None),
            ("", None),
            ("https://a/ b", None),
            ("https://a/\r\nx: y", None),
            ("https://ä/", None),
            ("https://a%41/", None),
        ] {
            let uri = Uri::parse(text).ok();
            let got = uri
                .as_ref()
                .map(|u| (u.is_https, u.authority.as_str(), u.path.as_str()));
            assert_eq!(got, parts, "{text}");
        }
        assert!(Uri::parse(&format!("https://a/{}", "b".repeat(MAX_BYTES))).is_err());
    }

    proptest! {
        #[test]
        fn what_is_read_can_stand_in_a_request(text in "https?://[ -~]{0,40}") {
            if let Ok(uri) = Uri::parse(&text) {
                prop_assert!(uri.path.starts_with('/') && !uri.authority.is_empty());
                prop_assert!(uri.path.bytes().chain(uri.authority.bytes()).all(|b| b.is_ascii_graphic()));
            }
        }
    }
}
