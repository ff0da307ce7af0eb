//! Key parts as written.

mod named;

use crate::address::Prefixes;
use crate::key::{Extract, KeyPart, Property};
use filter_kit::config::{At, Invalid, in_range, not_empty};
use filter_kit::values::HeaderName;
use serde::Deserialize;

pub(super) use named::Named;

/// A part of the key. Requests with the same key share a bucket.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    rename_all = "snake_case",
    deny_unknown_fields,
    expecting = "a part of a key, as {client_ip: {}}, {path: {}}, {method: {}}, {host: {}} or {header: x-api-key}"
)]
pub enum RawKeyPart {
    /// The client's address as Envoy trusts it, after `use_remote_address` and
    /// `xff_num_trusted_hops`; never a raw `x-forwarded-for`.
    ClientIp {
        /// How many bits of an IPv4 address identify a client, 1 to 32.
        #[serde(default = "ipv4_prefix")]
        ipv4_prefix: u8,
        /// How many bits of an IPv6 address identify a client, 1 to 128. Providers assign a /64 or
        /// more to each customer.
        #[serde(default = "ipv6_prefix")]
        ipv6_prefix: u8,
    },
    /// The value of this request header; `host` is the host. Behind jwt-auth this may be a claim.
    Header(Named<HeaderName>),
    /// The value of this query parameter, decoded.
    Query(Named<String>),
    /// The value of this cookie, decoded.
    Cookie(Named<String>),
    /// The path without query, the same for all its spellings.
    Path {
        /// A regular expression that matches the whole path. Its first group is the key; without a
        /// group, the whole path is. A path that does not match is a missing key.
        regex: Option<String>,
    },
    /// The method.
    Method {},
    /// The host in lower case, without port.
    Host {},
    /// An attribute of Envoy, such as `connection.requested_server_name` or
    /// `connection.uri_san_peer_certificate`.
    Property(String),
    /// This fixed text: `generic_key` for the rate limit service.
    Value(String),
}

fn ipv4_prefix() -> u8 {
    32
}

fn ipv6_prefix() -> u8 {
    64
}

impl RawKeyPart {
    pub(super) fn build(self) -> Result<KeyPart, Invalid> {
        Ok(match self {
            Self::ClientIp {
                ipv4_prefix,
                ipv6_prefix,
            } => {
                in_range("ipv4_prefix", ipv4_prefix, 1..=32).at("client_ip")?;
                in_range("ipv6_prefix", ipv6_prefix, 1..=128).at("client_ip")?;
                KeyPart::ClientIp(Prefixes {
                    ipv4: ipv4_prefix,
                    ipv6: ipv6_prefix,
                })
            }
            Self::Header(Named { name, regex }) => {
                KeyPart::Header(name, extract(regex).at("header")?)
            }
            Self::Query(Named { name, regex }) => {
                KeyPart::Query(not_empty("query", name)?, extract(regex).at("query")?)
            }
            Self::Cookie(Named { name, regex }) => {
                KeyPart::Cookie(not_empty("cookie", name)?, extract(regex).at("cookie")?)
            }
            Self::Path { regex } => KeyPart::Path(of_path(regex).at("path")?),
            Self::Method {} => KeyPart::Method,
            Self::Host {} => KeyPart::Host,
            Self::Property(name) => KeyPart::Property(property(name).at("property")?),
            Self::Value(text) => KeyPart::Value(not_empty("value", text)?),
        })
    }
}

fn property(name: String) -> Result<Property, Invalid> {
    let reason = format!(
        "\"{name}\" is not an attribute; names separated by dots are accepted, as connection.requested_server_name"
    );
    Property::new(name).ok_or_else(|| Invalid::new(reason))
}

fn of_path(regex: Option<String>) -> Result<Option<Extract>, Invalid> {
    let extract = extract(regex)?;
    match &extract {
        Some(by) if !by.may_begin_with(b'/') => {
            let reason = format!("\"{}\" never matches: a path begins with /", by.as_str());
            Err(Invalid::new(reason).at("regex"))
        }
        _ => Ok(extract),
    }
}

fn extract(regex: Option<String>) -> Result<Option<Extract>, Invalid> {
    regex.map(Extract::new).transpose().at("regex")
}
