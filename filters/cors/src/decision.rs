//! What to do with a request, and why (Fetch standard, "HTTP CORS protocol").

use crate::config::{UnmatchedOrigin, UnmatchedPreflight};
use crate::origin::Origin;
use crate::policy::{AllowedOrigin, AmbiguousPath, Policies, Policy};
use crate::reason::{Outcome, Reason};
use crate::reply;
use crate::response::{Cors, Permissions, Plan, Vary};
use filter_kit::headers::list_elements;
use filter_kit::reply::LocalReply;
use filter_kit::request::Request;
use filter_kit::values::is_token;
use std::borrow::Cow;
use std::rc::Rc;

/// The longest list of request headers that is looked at, in bytes.
const MAX_REQUEST_HEADERS_BYTES: usize = 8 * 1024;

/// What to do with a request, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What to count; `None` where CORS has no part in the request.
    pub outcome: Option<Outcome>,
    /// What to do.
    pub action: Action,
}

/// What to do with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Let it through, and change the response like this.
    Pass(Plan),
    /// Answer it.
    Reply(LocalReply),
}

/// Decides on a request. Most requests have no origin: of these it reads what the policies look at, and whether `origin` is there.
#[must_use]
pub fn decide(policies: &Policies, request: &Request) -> Decision {
    if policies.look_at_host() && request.host().is_err() {
        return malformed_host();
    }
    let selected = policies.select(request);
    let has_origin = request.has("origin") && has_value(request, "origin");
    match selected {
        Ok(None) => Decision::pass(None, Plan::default()),
        Ok(Some(policy)) if has_origin => decide_by(policy, request),
        Ok(Some(policy)) => Decision::pass(None, Plan::vary(policy)),
        Err(AmbiguousPath) if has_origin => without_permission(request),
        Err(AmbiguousPath) => Decision::pass(
            None,
            Plan {
                vary: Vary::Origin,
                cors: Cors::Keep,
            },
        ),
    }
}

#[cold]
fn malformed_host() -> Decision {
    let reply = LocalReply::malformed_host();
    Decision::reply(Outcome::RefusedMalformedHost, reply)
}

/// Where readings select different policies there is no permission, and the request goes on.
#[inline(never)]
fn without_permission(request: &Request) -> Decision {
    if is_preflight(request) {
        let reason = Reason::AmbiguousPath;
        let reply = reply::preflight_refused(reason);
        return Decision::reply(Outcome::PreflightRefused(reason), reply);
    }
    Decision::pass(
        Some(Outcome::PassedAmbiguousPath),
        Plan::strip(Vary::Origin),
    )
}

#[inline(never)]
fn decide_by(policy: &Policy, request: &Request) -> Decision {
    let sent = request.headers().only("origin").unwrap_or_default();
    let asked = Asked {
        policy,
        request,
        sent,
        allowed: policy.origins.allow_sent(sent),
    };
    if is_preflight(request) {
        asked.preflight()
    } else {
        asked.actual()
    }
}

fn is_preflight(request: &Request) -> bool {
    request.method() == b"OPTIONS" && has_value(request, "access-control-request-method")
}

fn has_value(request: &Request, name: &str) -> bool {
    request.headers().all(name).any(|value| !value.is_empty())
}

/// A request that asks a policy for permission.
struct Asked<'a> {
    policy: &'a Policy,
    request: &'a Request,
    /// The origin as it was sent; empty where there are two.
    sent: &'a [u8],
    allowed: Option<AllowedOrigin>,
}

impl Asked<'_> {
    #[inline(never)]
    fn preflight(&self) -> Decision {
        let reason = match self.preflight_allowed() {
            Ok(reply) => return Decision::reply(Outcome::PreflightAllowed, reply),
            Err(reason) => reason,
        };
        match self.policy.unmatched.preflight {
            UnmatchedPreflight::Forward => Decision::pass(
                Some(Outcome::PreflightForwarded),
                Plan {
                    vary: Vary::Preflight,
                    cors: Cors::Keep,
                },
            ),
            UnmatchedPreflight::Refuse => Decision::reply(
                Outcome::PreflightRefused(reason),
                reply::preflight_refused(reason),
            ),
        }
    }

    /// The answer to a preflight that is allowed, or why it is not.
    fn preflight_allowed(&self) -> Result<LocalReply, Reason> {
        let policy = self.policy;
        let allowed = self.allowed.ok_or(Reason::Origin)?;
        let asked = self.request.headers();
        let method = asked
            .only("access-control-request-method")
            .filter(|method| is_token(method) && policy.methods.allow(method))
            .ok_or(Reason::Method)?;
        let names = asked.joined("access-control-request-headers", b", ");
        let names = names.as_deref().unwrap_or_default();
        if !self.allows_headers(names) {
            return Err(Reason::Header);
        }
        let is_private =
            || asked.only("access-control-request-private-network") == Some(&b"true"[..]);
        let reply = reply::PreflightAllowed {
            status: policy.preflight_status,
            origin: self.allow_origin(allowed),
            credentials: policy.granted.credentials,
            methods: policy.methods.value(method),
            headers: policy.headers.value(names),
            max_age: policy.max_age.as_deref(),
            private_network: policy.private_network && is_private(),
        };
        Ok(reply.build())
    }

    fn allows_headers(&self, names: &[u8]) -> bool {
        names.len() <= MAX_REQUEST_HEADERS_BYTES
            && list_elements(names)
                .all(|name| is_token(name) && self.policy.headers.allow_any_case(name))
    }

    fn actual(&self) -> Decision {
        let vary = if self.policy.origins.vary() || self.allowed.is_none() {
            Vary::Origin
        } else {
            Vary::Nothing
        };
        match self.allowed {
            Some(_) if !self.policy.methods.allow(self.request.method()) => {
                Decision::pass(Some(Outcome::PassedMethod), Plan::strip(vary))
            }
            Some(allowed) => {
                let cors = Cors::Replace(Permissions {
                    origin: self.allow_origin(allowed),
                    granted: Rc::clone(&self.policy.granted),
                });
                Decision::pass(Some(Outcome::Allowed), Plan { vary, cors })
            }
            None if self.policy.unmatched.origin == UnmatchedOrigin::Pass || self.is_within() => {
                Decision::pass(Some(Outcome::PassedOrigin), Plan::strip(vary))
            }
            None => Decision::reply(Outcome::RefusedOrigin, reply::origin_refused()),
        }
    }

    /// Browsers send an origin with same-origin requests too, unless they are GET or HEAD.
    #[inline(never)]
    fn is_within(&self) -> bool {
        let origin = Origin::parse(self.sent);
        matches!(origin, Some(Origin::Tuple(tuple)) if tuple.is_at(self.request.authority()))
    }

    fn allow_origin(&self, allowed: AllowedOrigin) -> Cow<'static, [u8]> {
        match allowed {
            AllowedOrigin::Any => Cow::Borrowed(b"*"),
            AllowedOrigin::Same => Cow::Owned(self.sent.to_vec()),
        }
    }
}

impl Decision {
    fn pass(outcome: Option<Outcome>, plan: Plan) -> Self {
        Self {
            outcome,
            action: Action::Pass(plan),
        }
    }

    fn reply(outcome: Outcome, reply: LocalReply) -> Self {
        Self {
            outcome: Some(outcome),
            action: Action::Reply(reply),
        }
    }
}

#[cfg(test)]
mod tests;
