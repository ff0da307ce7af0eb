//! Key parts as written.

use crate::address::Prefixes;
use crate::key::KeyPart;
use filter_kit::config::{At, Invalid, in_range, not_empty};
use filter_kit::values::HeaderName;
use serde::Deserialize;

/// What tells the requests of one bucket from those of another.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    rename_all = "snake_case",
    deny_unknown_fields,
    expecting = "a part of a key, as {client_ip: {}} or {header: x-api-key}"
)]
pub enum RawKeyPart {
    /// The client's address as Envoy trusts it, after `use_remote_address` and `xff_num_trusted_hops`; never a raw `x-forwarded-for`.
    ClientIp {
        /// How many bits of an IPv4 address tell clients apart, 1 to 32.
        #[serde(default = "ipv4_prefix")]
        ipv4_prefix: u8,
        /// How many bits of an IPv6 address tell clients apart, 1 to 128. A customer of a provider has a /64 or more.
        #[serde(default = "ipv6_prefix")]
        ipv6_prefix: u8,
    },
    /// The value of this request header; `host` is the host. Behind jwt-auth this may be a claim.
    Header(HeaderName),
    /// The value of this query parameter, decoded.
    Query(String),
    /// The value of this cookie, decoded.
    Cookie(String),
    /// The path without query, the same for all its spellings.
    Path {},
    /// The method.
    Method {},
    /// The host in lower case, without port.
    Host {},
    /// This text: `generic_key` for the rate limit service.
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
            Self::Header(name) => KeyPart::Header(name),
            Self::Query(name) => KeyPart::Query(not_empty("query", name)?),
            Self::Cookie(name) => KeyPart::Cookie(not_empty("cookie", name)?),
            Self::Path {} => KeyPart::Path,
            Self::Method {} => KeyPart::Method,
            Self::Host {} => KeyPart::Host,
            Self::Value(text) => KeyPart::Value(not_empty("value", text)?),
        })
    }
}
