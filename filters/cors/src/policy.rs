//! Policies, and how one is selected.

mod origins;

use crate::config::{UnmatchedOrigin, UnmatchedPreflight};
use filter_kit::matching::{Match, MatchIndex};
use filter_kit::request::{Request, TooManyReadings};
use filter_kit::values::HeaderName;
use std::rc::Rc;

pub(crate) use origins::{AllowedOrigin, Origins};

/// All policies, in order.
#[derive(Debug)]
pub struct Policies {
    policies: Vec<Policy>,
    index: MatchIndex,
    look_at_host: bool,
    look_at_method: bool,
    guard: Option<Guard>,
    chosen_by: Vec<HeaderName>,
}

/// The readings of a path select different policies, or there are too many readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmbiguousPath;

impl From<TooManyReadings> for AmbiguousPath {
    fn from(_: TooManyReadings) -> Self {
        Self
    }
}

/// A policy: what each origin is allowed to do.
#[derive(Debug)]
pub struct Policy {
    /// The requests that it applies to.
    pub matches: Match,
    /// The parts of a request that its match depends on.
    pub looks: Looks,
    /// The origins that are allowed.
    pub origins: Origins,
    /// The methods that are allowed.
    pub methods: Names,
    /// The request headers that are allowed, in lower case.
    pub headers: Names,
    /// What responses grant to an allowed origin.
    pub granted: Rc<Granted>,
    /// How long the answer to a preflight may be cached, in seconds.
    pub max_age: Option<String>,
    /// Whether private network access is allowed.
    pub private_network: bool,
    /// The status of the answer to a preflight.
    pub preflight_status: u16,
    /// Guards against requests with unsafe methods that another site makes a browser send.
    pub guard: Option<Guard>,
    /// What happens to requests that are not allowed.
    pub unmatched: Unmatched,
}

/// A guard against requests with unsafe methods that another site makes a browser send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// Whether it checks `sec-fetch-site`.
    pub fetch_site: bool,
}

/// The parts of a request that a match depends on.
#[derive(Debug, Default)]
pub struct Looks {
    /// The method. For a preflight, this is the requested method.
    pub at_method: bool,
    /// Headers. Caches have to distinguish requests by them.
    pub at_headers: Vec<HeaderName>,
}

/// What responses grant to an allowed origin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Granted {
    /// Whether credentials are allowed.
    pub credentials: bool,
    /// The value of `access-control-expose-headers`.
    pub expose: Option<String>,
    /// Whether detailed timing is exposed.
    pub timing: bool,
}

/// What happens to requests that are not allowed.
#[derive(Debug, Clone, Copy)]
pub struct Unmatched {
    /// A preflight.
    pub preflight: UnmatchedPreflight,
    /// A request from an origin that is not allowed.
    pub origin: UnmatchedOrigin,
}

/// A set of allowed names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Names {
    /// Every name. The answer lists the names that were requested.
    Any,
    /// Only these names.
    These {
        /// The names.
        names: Vec<String>,
        /// The names as a comma-separated list, for the answer.
        list: String,
    },
}

impl Guard {
    fn or(self, other: Self) -> Self {
        Self {
            fetch_site: self.fetch_site || other.fetch_site,
        }
    }
}

impl Policies {
    /// Creates the list of policies, in this order.
    #[must_use]
    pub fn new(policies: Vec<Policy>) -> Self {
        let mut chosen_by: Vec<HeaderName> = Vec::new();
        for name in policies.iter().flat_map(|policy| &policy.looks.at_headers) {
            if !chosen_by.contains(name) {
                chosen_by.push(name.clone());
            }
        }
        Self {
            index: MatchIndex::new(policies.iter().map(|policy| &policy.matches)),
            look_at_host: policies.iter().any(|policy| policy.matches.looks_at_host()),
            look_at_method: policies.iter().any(|policy| policy.looks.at_method),
            guard: policies
                .iter()
                .filter_map(|policy| policy.guard)
                .reduce(Guard::or),
            chosen_by,
            policies,
        }
    }

    /// Whether there are no policies.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// Whether a policy depends on the host. If so, a request with a malformed host has to be
    /// refused.
    #[must_use]
    pub fn look_at_host(&self) -> bool {
        self.look_at_host
    }

    /// Whether a policy depends on the method.
    #[must_use]
    pub fn look_at_method(&self) -> bool {
        self.look_at_method
    }

    /// Returns the guard for a request whose policy is not known.
    #[must_use]
    pub fn guard(&self) -> Option<Guard> {
        self.guard
    }

    /// Returns the headers that policies depend on. Every response varies on them (RFC 9110,
    /// section 12.5.5), even if no policy matches.
    #[must_use]
    pub fn chosen_by(&self) -> &[HeaderName] {
        &self.chosen_by
    }

    /// Returns the policy that all readings of the path select. Each reading selects the first
    /// policy that matches.
    ///
    /// # Errors
    /// [`AmbiguousPath`] if readings select different policies, or if only some of them select a
    /// policy.
    pub fn select(&self, request: &Request) -> Result<Option<&Policy>, AmbiguousPath> {
        let candidates = self.index.candidates(request);
        for policy in candidates.filter_map(|at| self.policies.get(at)) {
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

impl Names {
    /// Returns the methods that need no preflight (Fetch, "CORS-safelisted method").
    #[must_use]
    pub fn default_methods() -> Self {
        Self::these(["GET", "HEAD", "POST"].map(str::to_owned).into())
    }

    /// Creates a set of these names.
    #[must_use]
    pub fn these(names: Vec<String>) -> Self {
        let list = names.join(", ");
        Self::These { names, list }
    }

    /// Whether a name is allowed.
    #[must_use]
    pub fn allow(&self, name: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::These { names, .. } => names.iter().any(|allowed| allowed.as_bytes() == name),
        }
    }

    /// Whether a name is allowed, ignoring case. The names of the set are in lower case.
    #[must_use]
    pub fn allow_any_case(&self, name: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::These { names, .. } => names
                .iter()
                .any(|allowed| allowed.as_bytes().eq_ignore_ascii_case(name)),
        }
    }

    /// Returns the value of the header that lists what is allowed: all names of the set, or those
    /// that were requested.
    #[must_use]
    pub fn value<'a>(&'a self, asked_for: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Any => asked_for,
            Self::These { list, .. } => list.as_bytes(),
        }
    }
}
