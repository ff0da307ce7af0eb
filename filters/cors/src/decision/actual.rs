//! Decides on a request with an origin that is not a preflight. Its method is not checked, because
//! that is the purpose of the preflight (Fetch standard, "CORS check").

use super::{Decision, Head, guard};
use crate::config::UnmatchedOrigin;
use crate::policy::{AllowedOrigin, Policy};
use crate::reason::Outcome;
use crate::reply;
use crate::response::{Cors, Permissions, Plan, Vary};
use filter_kit::request::Request;
use std::rc::Rc;

pub(super) fn decide(
    policy: &Policy,
    request: &Request,
    head: Head<'_>,
    allowed: Option<AllowedOrigin>,
) -> Decision {
    if let Some(guard) = policy.guard
        && let Some(refusal) = guard::refuse(guard, request, head, allowed)
    {
        return refusal;
    }
    match allowed {
        Some(allowed) => {
            let vary = match allowed {
                AllowedOrigin::Any => Vary::Nothing,
                AllowedOrigin::Same => Vary::Origin,
            };
            let cors = Cors::Replace(Permissions {
                origin: head.allow_origin(allowed),
                granted: Rc::clone(&policy.granted),
            });
            Decision::pass(Some(Outcome::Allowed), Plan { vary, cors })
        }
        None if policy.unmatched.origin == UnmatchedOrigin::Pass
            || guard::is_within(request, head) =>
        {
            Decision::pass(Some(Outcome::PassedOrigin), Plan::strip(Vary::Origin))
        }
        None => Decision::reply(Outcome::RefusedOrigin, reply::origin_refused()),
    }
}
