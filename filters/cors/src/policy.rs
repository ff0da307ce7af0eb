//! Policies, and which one decides.

use crate::config::{UnmatchedOrigin, UnmatchedPreflight};
use crate::origin::{Origin, OriginPattern, OriginRegex};
use filter_kit::headers::is_same;
use filter_kit::matching::{Match, MatchIndex};
use filter_kit::request::{Request, TooManyReadings};
use std::rc::Rc;

/// All policies, in order.
#[derive(Debug)]
pub struct Policies {
    policies: Vec<Policy>,
    index: MatchIndex,
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
pub struct Policy {
    /// The requests that it is for.
    pub matches: Match,
    /// The origins that are allowed.
    pub origins: Origins,
    /// The methods that are allowed.
    pub methods: Names,
    /// The request headers that are allowed, in lower case.
    pub headers: Names,
    /// What an allowed origin gets with every response.
    pub granted: Rc<Granted>,
    /// How long the answer to a preflight may be kept, in seconds.
    pub max_age: Option<String>,
    /// Whether private network access is allowed.
    pub private_network: bool,
    /// The status of the answer to a preflight.
    pub preflight_status: u16,
    /// How the filter treats what is not allowed.
    pub unmatched: Unmatched,
}

/// What an allowed origin gets with every response.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Granted {
    /// Whether credentials are allowed.
    pub credentials: bool,
    /// The value of `access-control-expose-headers`.
    pub expose: Option<String>,
    /// Whether detailed timing may be read.
    pub timing: bool,
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
    These {
        /// Each of them.
        names: Vec<String>,
        /// All of them, as the answer lists them.
        list: String,
    },
}

/// Origins that are allowed.
#[derive(Debug, Default)]
pub struct Origins {
    /// Every origin but `null`.
    pub any: bool,
    /// `null`.
    pub null: bool,
    /// With their hashes and in order of these, for a binary search.
    exact: Vec<(u32, Box<str>)>,
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
            index: MatchIndex::new(policies.iter().map(|policy| &policy.matches)),
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
                OriginPattern::Exact(text) => origins.exact.push((hash(text.as_bytes()), text)),
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

    /// Whether an origin is allowed, and how the answer says so. Mostly it is written as the configuration has it.
    #[must_use]
    pub fn allow_sent(&self, sent: &[u8]) -> Option<AllowedOrigin> {
        if !self.any && self.has_exact(sent) {
            return Some(AllowedOrigin::Same);
        }
        self.allow_any(sent)
    }

    #[inline(never)]
    fn allow_any(&self, sent: &[u8]) -> Option<AllowedOrigin> {
        self.allow(&Origin::parse(sent)?)
    }

    fn has_exact(&self, text: &[u8]) -> bool {
        let hash = hash(text);
        let first = self.exact.partition_point(|(other, _)| *other < hash);
        let same = self.exact.iter().skip(first);
        same.take_while(|(other, _)| *other == hash)
            .any(|(_, exact)| is_same(exact.as_bytes(), text))
    }

    fn allow(&self, origin: &Origin) -> Option<AllowedOrigin> {
        let same = |allowed: bool| allowed.then_some(AllowedOrigin::Same);
        match origin {
            Origin::Null => same(self.null),
            Origin::Tuple(_) if self.any => Some(AllowedOrigin::Any),
            Origin::Tuple(tuple) => same(
                self.has_exact(tuple.text.as_bytes())
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
        Self::these(["GET", "HEAD", "POST"].map(str::to_owned).into())
    }

    /// These names.
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

    /// Whether a name is allowed, in any case. The names are in lower case.
    #[must_use]
    pub fn allow_any_case(&self, name: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::These { names, .. } => names
                .iter()
                .any(|allowed| allowed.as_bytes().eq_ignore_ascii_case(name)),
        }
    }

    /// The value of the header that lists what is allowed: all names, or those that were asked for.
    #[must_use]
    pub fn value<'a>(&'a self, asked_for: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Any => asked_for,
            Self::These { list, .. } => list.as_bytes(),
        }
    }
}

/// Of eight bytes at a time. Whoever finds another text with the same hash gains one comparison.
fn hash(text: &[u8]) -> u32 {
    let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut rest = text;
    let mut hash = mix(0, u64::try_from(text.len()).unwrap_or(0));
    while let Some((word, more)) = rest.split_first_chunk::<8>() {
        hash = mix(hash.rotate_left(31), u64::from_le_bytes(*word));
        rest = more;
    }
    for byte in rest {
        hash = mix(hash, u64::from(*byte));
    }
    u32::try_from(hash >> 32).unwrap_or(0)
}
