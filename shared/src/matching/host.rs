//! Host patterns.

use super::RawTextMatch;
use crate::config::Invalid;
use crate::request::Authority;
use serde::Deserialize;

/// A host pattern: a host, or `*.` before one. Compared without ASCII case, port and final dot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct HostPattern {
    /// In lower case; of a wildcard, the part from the dot on.
    text: Box<str>,
    wildcard: bool,
}

impl TryFrom<String> for HostPattern {
    type Error = String;

    fn try_from(pattern: String) -> Result<Self, String> {
        let (wildcard, host) = match pattern.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, pattern.as_str()),
        };
        let parsed = Authority::parse(host.as_bytes()).ok().filter(|authority| {
            authority.port.is_none()
                && !authority.host.is_empty()
                && !(wildcard && authority.host.ipv6().is_some())
        });
        let text = parsed
            .and_then(|authority| String::from_utf8(authority.host.normalized().into_owned()).ok());
        let Some(text) = text else {
            let instead = match pattern.as_str() {
                "*" => "omit the key to match every host",
                _ => {
                    "a host without scheme and port is accepted, with \"*.\" before it for its subdomains"
                }
            };
            return Err(format!("\"{pattern}\" is not a host pattern; {instead}"));
        };
        Ok(Self {
            text: if wildcard { format!(".{text}") } else { text }.into(),
            wildcard,
        })
    }
}

impl HostPattern {
    /// Returns the host itself or, for a wildcard, the rest of the pattern from the dot on.
    pub(super) fn key(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Whether a normalized host matches. The wildcard matches one or more whole labels, so it
    /// never matches the apex.
    #[must_use]
    pub fn fits(&self, host: &[u8]) -> bool {
        let text = self.text.as_bytes();
        if self.wildcard {
            host.len() > text.len() && host.ends_with(text)
        } else {
            host == text
        }
    }
}

/// Checks a matcher of the `host` header, which is compared without its port.
pub(super) fn check_matcher(matcher: &RawTextMatch) -> Result<(), Invalid> {
    let parts = [
        ("exact", &matcher.exact),
        ("prefix", &matcher.prefix),
        ("suffix", &matcher.suffix),
        ("contains", &matcher.contains),
        ("regex", &matcher.regex),
    ];
    for (key, text) in parts {
        let Some(text) = text else { continue };
        // An IPv6 address in brackets contains colons, and so may the groups of a regular
        // expression.
        let text_after_address = match key {
            "regex" if text.contains("\\[") => "",
            "regex" => text,
            _ => text.rsplit(']').next().unwrap_or(text),
        };
        if text_after_address.replace("(?:", "").contains(':') {
            return Err(Invalid::new(format!(
                "\"{text}\" has a port, and a host is compared without; write the host alone"
            ))
            .at(key));
        }
    }
    Ok(())
}

#[cfg(feature = "schema")]
crate::values::string_schema!(
    HostPattern,
    "HostPattern",
    "a host without scheme and port, or `*.` before one for its subdomains"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_fit_by_whole_labels_without_case() {
        for (pattern, host, fits) in [
            ("api.example.com", "api.example.com", true),
            ("api.example.com", "API.Example.COM", true),
            ("API.example.com", "api.example.com", true),
            ("api.example.com", "api.example.com.", true),
            ("api.example.com", "xapi.example.com", false),
            ("api.example.com", "", false),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "a.b.EXAMPLE.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", ".example.com", false),
            ("*.example.com", "a..example.com", false),
            ("*.example.com", "xexample.com", false),
            ("*.example.com", "a.example.com.evil.org", false),
            ("[::1]", "[::1]", true),
            ("[::1]", "[0:0:0:0:0:0:0:1]:80", true),
            ("api.example.com.", "api.example.com", true),
            ("api.example.com", "x@api.example.com", false),
            ("localhost", "localhost", true),
        ] {
            let parsed = HostPattern::try_from(pattern.to_owned()).unwrap();
            let request = crate::testing::request("GET", "/").authority(host).build();
            let fit = request.host().is_ok_and(|host| parsed.fits(host));
            assert_eq!(fit, fits, "{pattern} {host}");
        }
    }

    #[test]
    fn a_matcher_of_the_host_that_has_a_port_is_refused() {
        for (key, text, accepted) in [
            ("exact", "a.com", true),
            ("exact", "a.com:80", false),
            ("exact", "[::1]", true),
            ("exact", "[::1]:80", false),
            ("suffix", ":8080", false),
            ("regex", "(?:a|b)[.]com", true),
            ("regex", "a[.]com(:[0-9]+)?", false),
        ] {
            let text = Some(text.to_owned());
            let mut matcher = RawTextMatch::default();
            match key {
                "exact" => matcher.exact = text,
                "suffix" => matcher.suffix = text,
                _ => matcher.regex = text,
            }
            assert_eq!(check_matcher(&matcher).is_ok(), accepted, "{matcher:?}");
        }
    }

    #[test]
    fn what_is_not_a_host_is_refused() {
        for pattern in [
            "",
            "*",
            "*.",
            "a.*",
            "*a.com",
            "http://a.com",
            "a.com:80",
            "a..com",
            "a.com/",
            "*.*.com",
            "*.[::1]",
            "é.com",
        ] {
            assert!(
                HostPattern::try_from(pattern.to_owned()).is_err(),
                "{pattern}"
            );
        }
    }
}
