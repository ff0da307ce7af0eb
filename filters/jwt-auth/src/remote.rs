//! Keys that a server has: fetched by one worker for all, and kept for as long as they may be used.
//!
//! | Module | Holds |
//! |---|---|
//! | [`uri`] | what is asked for |
//! | [`document`] | what an answer means |
//! | [`state`] | what all workers know of a source, and how they change it: by a lease, one of them fetches |
//! | [`schedule`] | when a fetch is due, and how old keys may get |
//! | [`worker`] | what one worker knows, asks for, and makes of the answer |
//! | [`keyring`] | the sources of all providers on one worker |

pub(crate) mod document;
pub(crate) mod keyring;
pub(crate) mod schedule;
pub(crate) mod state;
pub(crate) mod uri;
pub(crate) mod worker;

use filter_kit::values::HeaderName;
use std::fmt;
use std::time::Duration;
use uri::Uri;

/// Where keys come from, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What the URI leads to.
    pub kind: Kind,
    /// The cluster that is asked.
    pub cluster: String,
    /// What it is asked for.
    pub uri: Uri,
    /// Headers of each request to it.
    pub headers: Vec<FetchHeader>,
    /// The longest time for a fetch, and for a request to wait for one.
    pub timeout: Duration,
    /// The age at which keys are fetched again.
    pub refresh: Duration,
    /// The shortest time between two fetches that tokens of unknown keys cause.
    pub refetch: Duration,
    /// How old keys may get.
    pub stale_for: Duration,
}

/// A header of a request to a key server. Its value may be a secret, and is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct FetchHeader {
    /// The name.
    pub name: HeaderName,
    /// The value.
    pub value: String,
}

impl FetchHeader {
    /// Name and value.
    #[must_use]
    pub fn as_pair(&self) -> (&str, &str) {
        (self.name.as_str(), &self.value)
    }
}

impl fmt::Debug for FetchHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FetchHeader({})", self.name)
    }
}

/// What a URI leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The keys: a JWK Set.
    Keys,
    /// A document of OpenID Connect Discovery 1.0, which names the keys.
    Discovery {
        /// What its `issuer` has to be one of; empty: not checked.
        issuers: Vec<String>,
    },
}

impl Source {
    /// The name of its state in the store. Another provider or another source has another; a
    /// configuration that changes something else finds the keys that were fetched under the one
    /// before.
    #[must_use]
    pub fn name(&self, provider: &str) -> String {
        let Self {
            kind, cluster, uri, ..
        } = self;
        let kind = match kind {
            Kind::Keys => "remote".to_owned(),
            Kind::Discovery { issuers } => format!("discovery {issuers:?}"),
        };
        let Uri {
            authority, path, ..
        } = uri;
        let scheme = uri.scheme();
        // Another version may keep its state in another form, or accept other keys.
        let version = env!("CARGO_PKG_VERSION");
        format!("jwt-auth/{version} {provider} {kind} {cluster:?} {scheme}://{authority}{path}")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The keys at `https://idp.example/jwks` in the cluster `idp`, with the defaults.
    pub(crate) fn source() -> Source {
        Source {
            kind: Kind::Keys,
            cluster: "idp".to_owned(),
            uri: Uri::parse("https://idp.example/jwks").unwrap(),
            headers: Vec::new(),
            timeout: Duration::from_secs(5),
            refresh: Duration::from_secs(600),
            refetch: Duration::from_secs(30),
            stale_for: Duration::from_secs(86_400),
        }
    }

    #[test]
    fn what_decides_where_keys_come_from_is_in_the_name_and_nothing_else() {
        let base = source();
        let name = base.name("corp");
        let longer = Source {
            refresh: Duration::from_secs(1),
            ..base.clone()
        };
        assert_eq!(longer.name("corp"), name);
        let discovery = |issuer: Option<&str>| Source {
            kind: Kind::Discovery {
                issuers: issuer.map(str::to_owned).into_iter().collect(),
            },
            ..base.clone()
        };
        let mut names = vec![
            name,
            base.name("partner"),
            Source {
                cluster: "other".to_owned(),
                ..base.clone()
            }
            .name("corp"),
            Source {
                uri: Uri::parse("http://idp.example/jwks").unwrap(),
                ..base.clone()
            }
            .name("corp"),
            discovery(None).name("corp"),
            discovery(Some("a")).name("corp"),
        ];
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 6);
    }
}
