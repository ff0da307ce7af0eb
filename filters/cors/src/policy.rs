//! Policies, and which one decides.

use crate::config::{UnmatchedOrigin, UnmatchedPreflight};
use crate::origin::{Origin, OriginPattern, OriginRegex};
use filter_kit::matching::Match;
use filter_kit::request::{Request, TooManyReadings};

/// All policies, in order.
#[derive(Debug)]
pub struct Policies {
    policies: Vec<Policy>,
    look_at_host: bool,
}

/// The readings of a path select different policies, or there are too many readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmbiguousPath;

impl From<TooManyReadings> for AmbiguousPath {
    fn from(_: TooManyReadings) -> Self {
        Self
    }
}

/// Which origins may do what.
#[derive(Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "a set of independent permissions, not a state"
)]
pub struct Policy {
    /// The requests that it is for.
    pub matches: Match,
    /// The origins that are allowed.
    pub origins: Origins,
    /// The methods that are allowed.
    pub methods: Names,
    /// The request headers that are allowed, in lower case.
    pub headers: Names,
    /// The value of `access-control-expose-headers`.
    pub expose: Option<String>,
    /// Whether credentials are allowed.
    pub credentials: bool,
    /// How long the answer to a preflight may be kept, in seconds.
    pub max_age: Option<u64>,
    /// Whether private network access is allowed.
    pub private_network: bool,
    /// Whether detailed timing may be read.
    pub timing: bool,
    /// The status of the answer to a preflight.
    pub preflight_status: u16,
    /// How the filter treats what is not allowed.
    pub unmatched: Unmatched,
}

/// How the filter treats what is not allowed.
#[derive(Debug, Clone, Copy)]
pub struct Unmatched {
    /// A preflight.
    pub preflight: UnmatchedPreflight,
    /// A request of an origin that is not allowed.
    pub origin: UnmatchedOrigin,
}

/// Names that are allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Names {
    /// Every name: the answer mirrors those that were asked for.
    Any,
    /// These.
    These(Vec<String>),
}

/// Origins that are allowed.
#[derive(Debug, Default)]
pub struct Origins {
    /// Every origin but `null`.
    pub any: bool,
    /// `null`.
    pub null: bool,
    /// In order, for a binary search.
    exact: Vec<Box<str>>,
    wildcards: Vec<crate::origin::Wildcard>,
    /// Regular expressions.
    pub regexes: Vec<OriginRegex>,
}

/// How `access-control-allow-origin` answers an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// `*`
    Any,
    /// The origin as it was sent.
    Same,
}

impl Policies {
    /// Policies in their order.
    #[must_use]
    pub fn new(policies: Vec<Policy>) -> Self {
        Self {
            look_at_host: policies.iter().any(|policy| policy.matches.looks_at_host()),
            policies,
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// Whether a policy looks at the host, so that a request with a malformed one has to be refused.
    #[must_use]
    pub fn look_at_host(&self) -> bool {
        self.look_at_host
    }

    /// The policy that all readings of the path select: for each, the first policy that matches.
    ///
    /// # Errors
    /// [`AmbiguousPath`] where readings select different policies, or one selects a policy and another none.
    pub fn select(&self, request: &Request) -> Result<Option<&Policy>, AmbiguousPath> {
        for policy in &self.policies {
            let readings = policy.matches.readings(request)?;
            if readings.is_all() {
                return Ok(Some(policy));
            }
            if !readings.is_none() {
                return Err(AmbiguousPath);
            }
        }
        Ok(None)
    }
}

impl Origins {
    /// Sorts the patterns by what they need for a comparison.
    #[must_use]
    pub fn new(patterns: Vec<OriginPattern>, regexes: Vec<OriginRegex>) -> Self {
        let mut origins = Self {
            regexes,
            ..Self::default()
        };
        for pattern in patterns {
            match pattern {
                OriginPattern::Any => origins.any = true,
                OriginPattern::Null => origins.null = true,
                OriginPattern::Exact(text) => origins.exact.push(text),
                OriginPattern::Wildcard(wildcard) => origins.wildcards.push(wildcard),
            }
        }
        origins.exact.sort_unstable();
        origins
    }

    /// Whether an answer depends on the origin, so that a cache has to tell origins apart.
    #[must_use]
    pub fn vary(&self) -> bool {
        !self.any
    }

    /// Whether this origin is allowed, and how the answer says so.
    #[must_use]
    pub fn allow(&self, origin: &Origin) -> Option<AllowedOrigin> {
        let same = |allowed: bool| allowed.then_some(AllowedOrigin::Same);
        match origin {
            Origin::Null => same(self.null),
            Origin::Tuple(_) if self.any => Some(AllowedOrigin::Any),
            Origin::Tuple(tuple) => same(
                self.exact.binary_search(&tuple.text).is_ok()
                    || self.wildcards.iter().any(|wildcard| wildcard.fits(tuple))
                    || self.regexes.iter().any(|regex| regex.fits(tuple)),
            ),
        }
    }
}

impl Names {
    /// The methods that need no preflight (Fetch, "CORS-safelisted method").
    #[must_use]
    pub fn default_methods() -> Self {
        Self::These(["GET", "HEAD", "POST"].map(str::to_owned).into())
    }

    /// Whether a name is allowed.
    #[must_use]
    pub fn allow(&self, name: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::These(names) => names.iter().any(|allowed| allowed.as_bytes() == name),
        }
    }

    /// The value of the header that lists what is allowed: all names, or those that were asked for.
    #[must_use]
    pub fn value(&self, asked_for: &[u8]) -> Vec<u8> {
        match self {
            Self::Any => asked_for.to_vec(),
            Self::These(names) => names.join(", ").into_bytes(),
        }
    }
}
