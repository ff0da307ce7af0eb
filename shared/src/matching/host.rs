//! Patterns of hosts.

use serde::Deserialize;

/// A host pattern: a host, or `*.` before one. Compared without ASCII case, port and trailing dot.
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
        let is_ipv6 = host.starts_with('[') && host.ends_with(']');
        let is_name = host.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        });
        if !(is_name || (is_ipv6 && !wildcard)) {
            return Err(format!(
                "\"{pattern}\" is not a host pattern; a host without scheme and port is accepted, with \"*.\" before it for its subdomains"
            ));
        }
        let host = host.to_ascii_lowercase();
        Ok(Self {
            text: if wildcard { format!(".{host}") } else { host }.into(),
            wildcard,
        })
    }
}

impl HostPattern {
    /// Whether a host (without port) fits. The wildcard stands for one or more whole labels, so never for the apex.
    #[must_use]
    pub fn fits(&self, host: &[u8]) -> bool {
        let host = host.strip_suffix(b".").unwrap_or(host);
        let text = self.text.as_bytes();
        if !self.wildcard {
            return host.eq_ignore_ascii_case(text);
        }
        host.len()
            .checked_sub(text.len())
            .and_then(|at| host.split_at_checked(at))
            .is_some_and(|(labels, tail)| {
                tail.eq_ignore_ascii_case(text)
                    && labels.split(|b| *b == b'.').all(|label| !label.is_empty())
            })
    }
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
            ("localhost", "localhost", true),
        ] {
            let parsed = HostPattern::try_from(pattern.to_owned()).unwrap();
            assert_eq!(parsed.fits(host.as_bytes()), fits, "{pattern} {host}");
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
