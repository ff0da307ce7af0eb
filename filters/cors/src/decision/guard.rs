//! Refuses requests that another site makes a browser send (CSRF). In `origin` and `sec-fetch-site`
//! a browser says which site caused a request, and no page can change these headers (Fetch
//! standard, "forbidden request-header"; Fetch Metadata, section 2.1).

use super::{Decision, Head};
use crate::origin::Origin;
use crate::policy::{AllowedOrigin, Guard};
use crate::reason::Outcome;
use crate::reply;
use filter_kit::request::Request;

/// Returns the refusal of a request; `None` if it may continue. `allowed` says whether its origin
/// is allowed.
pub(super) fn refuse(
    guard: Guard,
    request: &Request,
    head: Head<'_>,
    allowed: Option<AllowedOrigin>,
) -> Option<Decision> {
    if is_safe(request.method()) {
        return None;
    }
    let is_from = |site: &[u8]| {
        guard.fetch_site
            && request
                .headers()
                .all("sec-fetch-site")
                .any(|sent| sent == site)
    };
    if !head.has_origin {
        // Not from a current browser, or not caused by a page.
        return is_from(b"cross-site").then(cross_site);
    }
    let is_own =
        || is_within(request, head) || (is_from(b"same-origin") && !is_from(b"cross-site"));
    (allowed.is_none() && !is_own()).then(foreign)
}

/// Whether a method is safe (RFC 9110, section 9.2.1). Of the other methods, a page can send only
/// POST without a preflight.
fn is_safe(method: &[u8]) -> bool {
    matches!(method, b"GET" | b"HEAD" | b"OPTIONS" | b"TRACE")
}

/// Browsers send an origin with same-origin requests too, except for GET and HEAD.
#[inline(never)]
pub(super) fn is_within(request: &Request, head: Head<'_>) -> bool {
    let origin = Origin::parse(head.origin);
    matches!(origin, Some(Origin::Tuple(tuple)) if tuple.is_at(request.authority()))
}

#[cold]
fn cross_site() -> Decision {
    let reply = reply::unsafe_method_refused("cors_unsafe_method_refused{fetch_site}");
    Decision::reply(Outcome::RefusedUnsafeFetchSite, reply)
}

#[cold]
fn foreign() -> Decision {
    let reply = reply::unsafe_method_refused("cors_unsafe_method_refused{origin}");
    Decision::reply(Outcome::RefusedUnsafeOrigin, reply)
}
