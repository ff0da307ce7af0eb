//! Decides on a preflight (Fetch standard, "CORS-preflight fetch").

use super::{Decision, Head};
use crate::config::UnmatchedPreflight;
use crate::policy::{AllowedOrigin, Policy};
use crate::reason::{Outcome, Reason};
use crate::reply;
use crate::response::{Cors, Plan, Vary};
use filter_kit::headers::list_elements;
use filter_kit::reply::LocalReply;
use filter_kit::request::Request;
use filter_kit::values::is_token;

/// Maximum length of the list of request headers that is examined, in bytes.
const MAX_REQUEST_HEADERS_BYTES: usize = 8 * 1024;

#[inline(never)]
pub(super) fn decide(
    policy: &Policy,
    request: &Request,
    head: Head<'_>,
    allowed: Option<AllowedOrigin>,
) -> Decision {
    let vary = if policy.private_network {
        Vary::PrivateNetwork
    } else {
        Vary::Preflight
    };
    let reason = match permission(policy, request, head, allowed, vary) {
        Ok(reply) => return Decision::reply(Outcome::PreflightAllowed, reply),
        Err(reason) => reason,
    };
    match policy.unmatched.preflight {
        UnmatchedPreflight::Forward => {
            let cors = Cors::Keep;
            Decision::pass(Some(Outcome::PreflightForwarded), Plan { vary, cors })
        }
        UnmatchedPreflight::Refuse => Decision::reply(
            Outcome::PreflightRefused(reason),
            reply::preflight_refused(reason, vary),
        ),
    }
}

/// Returns the answer to an allowed preflight, or why it is not allowed.
fn permission(
    policy: &Policy,
    request: &Request,
    head: Head<'_>,
    allowed: Option<AllowedOrigin>,
    vary: Vary,
) -> Result<LocalReply, Reason> {
    let allowed = allowed.ok_or(Reason::Origin)?;
    let asked = request.headers();
    let method = asked
        .only("access-control-request-method")
        .filter(|method| is_token(method) && policy.methods.allow(method))
        .ok_or(Reason::Method)?;
    let names = asked.joined("access-control-request-headers", b", ");
    let names = names.as_deref().unwrap_or_default();
    if !allows_headers(policy, names) {
        return Err(Reason::Header);
    }
    let is_private = || asked.only("access-control-request-private-network") == Some(&b"true"[..]);
    let reply = reply::PreflightAllowed {
        status: policy.preflight_status,
        origin: head.allow_origin(allowed),
        credentials: policy.granted.credentials,
        methods: policy.methods.value(method),
        headers: policy.headers.value(names),
        max_age: policy.max_age.as_deref(),
        private_network: policy.private_network && is_private(),
        vary,
    };
    Ok(reply.build())
}

fn allows_headers(policy: &Policy, names: &[u8]) -> bool {
    names.len() <= MAX_REQUEST_HEADERS_BYTES
        && list_elements(names).all(|name| is_token(name) && policy.headers.allow_any_case(name))
}
