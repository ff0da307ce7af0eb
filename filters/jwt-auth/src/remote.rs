//! Keys that a server provides: fetched by one worker for all, and kept as long as they may be
//! used.
//!
//! | Module | Contents |
//! |---|---|
//! | [`uri`] | what is requested |
//! | [`document`] | what an answer means |
//! | [`state`] | what all workers know about a source, and how they change it: a lease ensures that only one fetches |
//! | [`schedule`] | when a fetch is due, and how old keys may get |
//! | [`worker`] | what one worker knows, requests, and does with the answer |
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

/// Where keys come from, and how often they are fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What the URI refers to.
    pub kind: Kind,
    /// The name of the cluster that receives the request.
    pub cluster: String,
    /// The URI to fetch.
    pub uri: Uri,
    /// Additional request headers.
    pub headers: Vec<FetchHeader>,
    /// Timeout of a fetch, and of a request that waits for one.
    pub timeout: Duration,
    /// The age at which keys are fetched again.
    pub refresh: Duration,
    /// Minimum time between two fetches that are caused by tokens with unknown keys.
    pub refetch: Duration,
    /// Maximum age of keys.
    pub stale_for: Duration,
}

/// A header of a request to a key server. Its value may be a secret, and is never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct FetchHeader {
    /// The name.
    pub name: HeaderName,
    /// The value.
    pub value: String,
}

impl FetchHeader {
    /// Returns name and value.
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

/// What a URI refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The keys: a JWK Set.
    Keys,
    /// An OpenID Connect Discovery 1.0 document, which refers to the keys.
    Discovery {
        /// The accepted values of its `issuer`; if empty, it is not checked.
        issuers: Vec<String>,
    },
}

impl Source {
    /// Returns the name of its state in the store. Each provider and each source has a different
    /// name. A configuration with other changes keeps using the keys that were fetched before.
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
        // Another version may use another format of the state, or accept other keys.
        let version = env!("CARGO_PKG_VERSION");
        format!("jwt-auth/{version} {provider} {kind} {cluster:?} {scheme}://{authority}{path}")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Returns a source with the keys at `https://idp.example/jwks` in the cluster `idp`, and the
    /// defaults.
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
