//! `realm`, `challenge` and `responses`.

use crate::reply::{REASON_VARIABLE, Replies, is_quotable};
use filter_kit::config::{At, Env, Invalid};
use filter_kit::reply::RawReply;
use filter_kit::template::{Scope, Template};
use filter_kit::values::HeaderName;
use serde::Deserialize;

/// What challenges contain in addition to realm and error.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[serde(deny_unknown_fields)]
pub struct RawChallenge {
    /// The URI of this resource's metadata (RFC 9728), a template; sent in each challenge as
    /// `resource_metadata`. Omitted: none.
    pub resource_metadata: Option<String>,
}

/// Replies.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawResponses {
    /// The reply instead of 401 (and instead of 400, for more than one token).
    pub unauthorized: Option<RawReply>,
    /// The reply instead of 403.
    pub forbidden: Option<RawReply>,
    /// The reply instead of 503.
    pub unavailable: Option<RawReply>,
}

/// How replies look.
pub(super) fn build(
    realm: Option<String>,
    challenge: RawChallenge,
    raw: RawResponses,
    env: &Env,
) -> Result<Replies, Invalid> {
    if let Some(realm) = &realm
        && !realm.bytes().all(is_quotable)
    {
        let reason = format!("{realm:?} is not valid in quotes; write ASCII without \" and \\");
        return Err(Invalid::new(reason).at("realm"));
    }
    let scope = Scope {
        extra: &[REASON_VARIABLE],
        ..Scope::default()
    };
    let build = |key: &str, reply: Option<RawReply>| {
        reply
            .unwrap_or_default()
            .build(scope, env)
            .at(key)
            .at("responses")
    };
    let metadata = challenge.resource_metadata.map(|text| {
        Template::parse(&text, Scope::default(), env)
            .at("resource_metadata")
            .at("challenge")
    });
    Ok(Replies {
        realm,
        resource_metadata: metadata.transpose()?,
        unauthorized: build("unauthorized", raw.unauthorized)?,
        forbidden: build("forbidden", raw.forbidden)?,
        unavailable: build("unavailable", raw.unavailable)?,
        challenge: HeaderName::from_static("www-authenticate"),
        retry: HeaderName::from_static("retry-after"),
    })
}
