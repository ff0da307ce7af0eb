//! `match`, the same in every filter.
//!
//! All given parts must hold; within a list of hosts, methods or paths one is enough, of the
//! headers and of the query all must hold. An empty match fits every request.

#[macro_use]
mod condition;
mod host;
mod index;
mod network;
mod origin;
mod path;
mod reading_set;
mod text;

use crate::config::{self, At, Invalid, each, not_empty, not_empty_list};
use crate::request::{Request, TooManyReadings};
use crate::values::{HeaderName, is_token};
use origin::More;
use serde::Deserialize;

pub use host::HostPattern;
pub use index::{Candidates, MatchIndex};
pub use network::Network;
pub use path::{PathPattern, RawPath};
pub use reading_set::ReadingSet;
pub use text::{RawTextMatch, TextMatch};

/// Which requests a rule applies to, as written. All given parts must hold; left out: every
/// request.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a match, as {hosts: [api.example.com], paths: [{prefix: /api}]}"
)]
pub struct RawMatch {
    /// Host patterns, any of: `api.example.com` or `*.example.com` (one or more whole labels, never
    /// the apex). Case and port are ignored.
    pub hosts: Option<Vec<HostPattern>>,
    /// Methods, any of, in upper case.
    pub methods: Option<Vec<String>>,
    /// Path patterns, any of, compared with the path without query.
    pub paths: Option<Vec<RawPath>>,
    /// Conditions on headers, all of. A repeated header fits where one of its values does.
    pub headers: Option<Vec<RawHeaderMatch>>,
    /// Conditions on query parameters (decoded once), all of. A repeated parameter fits where one
    /// of its values does.
    pub query: Option<Vec<RawQueryMatch>>,
    /// Ranges of addresses, any of: `10.0.0.0/8`, `2001:db8::/32`, or one address. The client's
    /// address is the one that Envoy trusts (`source.address`), never a raw `x-forwarded-for`; a
    /// client on a Unix socket has none.
    pub client_ip: Option<Vec<Network>>,
    /// Names of routes, any of: the route that Envoy has chosen by then.
    pub routes: Option<Vec<String>>,
    /// Conditions on metadata of the route, all of: `filter_metadata` under the filter's name in
    /// the catalog, as `jwt-auth`.
    pub route_metadata: Option<Vec<RawMetadataMatch>>,
    /// A match that must not hold, with the keys of `match`.
    #[cfg_attr(feature = "schema", schemars(with = "Option<AnyMatch>"))]
    pub not: Option<Box<RawMatch>>,
}

/// In a schema, a match in a match is any object: its schema would hold itself.
#[cfg(feature = "schema")]
struct AnyMatch;

#[cfg(feature = "schema")]
impl schemars::JsonSchema for AnyMatch {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AnyMatch".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "object"})
    }
}

text_condition! {
    /// A condition on a value in a route's metadata: its key and one of the matchers. Numbers and
    /// booleans are compared as JSON writes them.
    #[serde(
        deny_unknown_fields,
        expecting = "a condition on metadata of the route, as {key: tier, exact: gold}"
    )]
    pub struct RawMetadataMatch {
        /// The key.
        pub key: String,
        ..exact: "The value is exactly this.",
        ..present: "`true`: the key is there, with any value; `false`: it is not there.",
    }
}

text_condition! {
    /// A condition on a header: its name and one of the matchers.
    #[serde(
        deny_unknown_fields,
        expecting = "a condition on a header, as {name: x-tier, exact: gold}"
    )]
    pub struct RawHeaderMatch {
        /// The header's name.
        pub name: HeaderName,
        ..exact: "The value is exactly this.",
        ..present: "`true`: the header is there, with any value; `false`: it is not there.",
    }
}

text_condition! {
    /// A condition on a query parameter: its name and one of the matchers.
    #[serde(
        deny_unknown_fields,
        expecting = "a condition on a query parameter, as {name: version, exact: \"2\"}"
    )]
    pub struct RawQueryMatch {
        /// The parameter's name.
        pub name: String,
        ..exact: "The value is exactly this.",
        ..present: "`true`: the parameter is there, with any value; `false`: it is not there.",
    }
}

/// Which requests a rule applies to.
#[derive(Debug, Clone, Default)]
pub struct Match {
    hosts: Option<Vec<HostPattern>>,
    methods: Option<Vec<Vec<u8>>>,
    paths: Option<Vec<PathPattern>>,
    headers: Vec<(HeaderName, TextMatch)>,
    query: Vec<(String, TextMatch)>,
    more: Option<Box<More>>,
}

impl RawMatch {
    /// Checks the parts. Put `.at("match")` on the error.
    ///
    /// # Errors
    /// [`Invalid`] below `match`. An empty list is refused: it could only mean "never".
    pub fn build(self) -> Result<Match, Invalid> {
        let mut built = Match {
            hosts: not_empty_list("hosts", self.hosts)?,
            ..Match::default()
        };
        if let Some(methods) = not_empty_list("methods", self.methods)? {
            built.methods = Some(each("methods", methods, check_method)?);
        }
        if let Some(paths) = not_empty_list("paths", self.paths)? {
            built.paths = Some(each("paths", paths, RawPath::build)?);
        }
        let headers = not_empty_list("headers", self.headers)?;
        built.headers = each(
            "headers",
            headers.into_iter().flatten(),
            RawHeaderMatch::build,
        )?;
        let query = not_empty_list("query", self.query)?;
        built.query = each("query", query.into_iter().flatten(), |mut raw| {
            let matcher = raw.text().build()?;
            Ok::<_, Invalid>((raw.name, matcher))
        })?;
        let metadata = not_empty_list("route_metadata", self.route_metadata)?;
        let routes = not_empty_list("routes", self.routes)?;
        let more = More {
            client_ip: not_empty_list("client_ip", self.client_ip)?,
            routes: routes.map(|names| names.into_iter().map(String::into_bytes).collect()),
            metadata: each(
                "route_metadata",
                metadata.into_iter().flatten(),
                |mut raw| {
                    let matcher = raw.text().build()?;
                    let key = not_empty("key", raw.key)?;
                    Ok::<_, Invalid>((key, matcher))
                },
            )?,
            filter: config::current_filter(),
            not: self.not.map(|not| build_not(*not)).transpose()?,
        };
        built.more = more.is_any().then(|| Box::new(more));
        Ok(built)
    }
}

impl RawHeaderMatch {
    /// Checks the matcher.
    ///
    /// # Errors
    /// [`Invalid`] as [`RawTextMatch::build`], and for a `host` with a port.
    pub fn build(mut self) -> Result<(HeaderName, TextMatch), Invalid> {
        let mut matcher = self.text();
        if self.name.as_str() == "host" {
            host::check_matcher(&matcher)?;
            matcher.ignore_case = true;
        }
        matcher.build().map(|matcher| (self.name, matcher))
    }
}

/// What must not hold.
fn build_not(raw: RawMatch) -> Result<Match, Invalid> {
    let not = raw.build().at("not")?;
    if not.is_everything() {
        let reason = "matches every request, so nothing would match; write what must not hold";
        return Err(Invalid::new(reason).at("not"));
    }
    Ok(not)
}

fn check_method(method: String) -> Result<Vec<u8>, Invalid> {
    let is_upper = !method.bytes().any(|b| b.is_ascii_lowercase());
    if method != "*" && is_upper && is_token(method.as_bytes()) {
        return Ok(method.into_bytes());
    }
    let upper = method.to_ascii_uppercase();
    let instead = match method.as_str() {
        "*" => "omit the key to match every method".to_owned(),
        _ if is_token(method.as_bytes()) => format!("methods are in upper case, as {upper}"),
        _ => "a token in upper case is accepted, as GET".to_owned(),
    };
    Err(Invalid::new(format!(
        "\"{method}\" is not a method; {instead}"
    )))
}

impl Match {
    /// The readings of the request's path that match. All or none of them where the match has no
    /// path patterns, or another part does not hold; the path is looked at last, so that its
    /// readings are only made where they decide.
    ///
    /// # Errors
    /// [`TooManyReadings`] of the path.
    pub fn readings(&self, request: &Request) -> Result<ReadingSet, TooManyReadings> {
        let has_others = self.hosts.is_some()
            || self.methods.is_some()
            || !self.headers.is_empty()
            || !self.query.is_empty()
            || self.more.is_some();
        if has_others && !self.others_hold(request) {
            return Ok(ReadingSet::NONE);
        }
        let readings = match &self.paths {
            None => ReadingSet::ALL,
            Some(paths) => readings_of(paths, request)?,
        };
        match self.not() {
            None => Ok(readings),
            Some(not) => Ok(readings.without(not.readings(request)?)),
        }
    }

    fn not(&self) -> Option<&Self> {
        self.more.as_ref()?.not.as_ref()
    }

    fn is_everything(&self) -> bool {
        self.hosts.is_none()
            && self.methods.is_none()
            && self.paths.is_none()
            && self.headers.is_empty()
            && self.query.is_empty()
            && self.more.is_none()
    }

    /// Whether all parts but the paths hold.
    #[inline(never)]
    fn others_hold(&self, request: &Request) -> bool {
        any(self.hosts.as_deref(), |host| {
            request.host().is_ok_and(|sent| host.fits(sent))
        }) && any(self.methods.as_deref(), |method| {
            *method == request.method()
        }) && self
            .headers
            .iter()
            .all(|(name, matcher)| matcher.fits(request.values(name.as_str())))
            && self
                .query
                .iter()
                .all(|(name, matcher)| matcher.fits(request.query_values(name)))
            && self.more.as_ref().is_none_or(|more| more.hold(request))
    }

    /// The capture groups of the first path pattern that matches the path as it was sent, from
    /// group 1 on: the values of `${match.1}`. Empty where that pattern is not a regular
    /// expression.
    #[must_use]
    pub fn path_captures(&self, request: &Request) -> Vec<Option<Vec<u8>>> {
        let path = request.path();
        self.paths
            .iter()
            .flatten()
            .find(|pattern| pattern.fits_as_sent(path))
            .map(|pattern| pattern.captures(path))
            .unwrap_or_default()
    }

    /// The number of the highest capture group that a path pattern has; 0 where none has one.
    #[must_use]
    pub fn path_groups(&self) -> usize {
        self.paths
            .iter()
            .flatten()
            .map(PathPattern::groups)
            .max()
            .unwrap_or(0)
    }

    /// Whether the host decides, so that a request with a malformed one has to be refused.
    #[must_use]
    pub fn looks_at_host(&self) -> bool {
        self.hosts.is_some()
            || self.headers.iter().any(|(name, _)| name.as_str() == "host")
            || self.not().is_some_and(Self::looks_at_host)
    }
}

/// The readings of the request's path that fit a pattern.
#[inline(never)]
fn readings_of(paths: &[PathPattern], request: &Request) -> Result<ReadingSet, TooManyReadings> {
    let readings = request.readings()?;
    let fits = |path| {
        for pattern in paths {
            request.search(pattern.work(path))?;
            if pattern.fits(path) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    readings.iter(request.path()).map(fits).collect()
}

fn any<T>(list: Option<&[T]>, fits: impl FnMut(&T) -> bool) -> bool {
    list.is_none_or(|items| items.iter().any(fits))
}

#[cfg(test)]
mod tests;
