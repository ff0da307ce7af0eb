//! `match` as written, and its checks.

use super::origin::More;
use super::{HostPattern, Match, Network, RawPath, TextMatch, host};
use crate::config::{self, At, Invalid, each, not_empty, not_empty_list};
use crate::values::{HeaderName, is_token};
use serde::Deserialize;

/// Which requests a rule applies to, as written. All given parts must hold; omitted: every
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
    /// Conditions on headers, all of which must match. A repeated header matches if one of its
    /// values does.
    pub headers: Option<Vec<RawHeaderMatch>>,
    /// Conditions on query parameters (decoded once), all of which must match. A repeated parameter
    /// matches if one of its values does.
    pub query: Option<Vec<RawQueryMatch>>,
    /// Ranges of addresses, any of: `10.0.0.0/8`, `2001:db8::/32`, or one address. The client's
    /// address is the one that Envoy trusts (`source.address`), never a raw `x-forwarded-for`; a
    /// client on a Unix socket has none.
    pub client_ip: Option<Vec<Network>>,
    /// Names of routes, any of: the route that Envoy has chosen at that time.
    pub routes: Option<Vec<String>>,
    /// Conditions on metadata of the route, all of which must match: `filter_metadata` under the
    /// filter's name in the catalog, such as `jwt-auth`.
    pub route_metadata: Option<Vec<RawMetadataMatch>>,
    /// A match that must not hold, with the keys of `match`.
    #[cfg_attr(feature = "schema", schemars(with = "Option<AnyMatch>"))]
    pub not: Option<Box<RawMatch>>,
}

/// The schema of a nested match is any object, because a match schema would contain itself.
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
        ..present: "`true`: the key is present, with any value; `false`: it is missing.",
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
        ..present: "`true`: the header is present, with any value; `false`: it is missing.",
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
        ..present: "`true`: the parameter is present, with any value; `false`: it is missing.",
    }
}

impl RawMatch {
    /// Checks the parts. Add `.at("match")` to the error.
    ///
    /// # Errors
    /// [`Invalid`] below `match`. An empty list is rejected, because it could only mean "never".
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
    /// As [`RawTextMatch::build`](super::RawTextMatch::build), and [`Invalid`] for a `host` with a port.
    pub fn build(mut self) -> Result<(HeaderName, TextMatch), Invalid> {
        let mut matcher = self.text();
        if self.name.as_str() == "host" {
            host::check_matcher(&matcher)?;
            matcher.ignore_case = true;
        }
        matcher.build().map(|matcher| (self.name, matcher))
    }
}

/// Builds the match that must not match.
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
