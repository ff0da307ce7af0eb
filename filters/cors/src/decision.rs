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
    if let Ok(None) = selected {
        return Decision::pass(None, Plan::default());
    }
    let head = if request.has("origin") {
        Head::of(request)
    } else {
        Head::default()
    };
    match selected {
        Ok(Some(policy)) if head.has_origin => decide_by(policy, request, head),
        Ok(policy) => Decision::pass(None, policy.map(Plan::vary).unwrap_or_default()),
        Err(AmbiguousPath) if head.has_origin => without_permission(head),
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

/// What every decision on an origin looks at.
#[derive(Debug, Clone, Copy, Default)]
struct Head<'r> {
    /// Whether there is an origin that is not empty.
    has_origin: bool,
    /// The origin as it was sent; empty where there are two.
    origin: &'r [u8],
    method: &'r [u8],
    /// Whether it asks for a method.
    asks_method: bool,
}

impl<'r> Head<'r> {
    fn of(request: &'r Request) -> Self {
        let mut head = Self::default();
        let mut origins = 0_usize;
        for (name, value) in request.headers().iter() {
            // The lengths of the names tell most headers apart.
            if matches!(name.len(), 6 | 7 | 29) {
                head.see(name, value, &mut origins);
            }
        }
        head
    }

    #[inline(never)]
    fn see(&mut self, name: &[u8], value: &'r [u8], origins: &mut usize) {
        match name {
            b"origin" => {
                *origins = origins.wrapping_add(1);
                self.has_origin |= !value.is_empty();
                self.origin = if *origins == 1 { value } else { b"" };
            }
            b":method" if self.method.is_empty() => self.method = value,
            b"access-control-request-method" => self.asks_method |= !value.is_empty(),
            _ => {}
        }
    }

    fn is_preflight(&self) -> bool {
        self.asks_method && self.method == b"OPTIONS"
    }
}

/// Where readings select different policies there is no permission, and the request goes on.
#[inline(never)]
fn without_permission(head: Head<'_>) -> Decision {
    if head.is_preflight() {
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
fn decide_by(policy: &Policy, request: &Request, head: Head<'_>) -> Decision {
    let asked = Asked {
        policy,
        request,
        head,
        allowed: policy.origins.allow_sent(head.origin),
    };
    if head.is_preflight() {
        asked.preflight()
    } else {
        asked.actual()
    }
}

/// A request that asks a policy for permission.
struct Asked<'a> {
    policy: &'a Policy,
    request: &'a Request,
    head: Head<'a>,
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
            Some(_) if !self.policy.methods.allow(self.head.method) => {
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
        let origin = Origin::parse(self.head.origin);
        matches!(origin, Some(Origin::Tuple(tuple)) if tuple.is_at(self.request.authority()))
    }

    fn allow_origin(&self, allowed: AllowedOrigin) -> Cow<'static, [u8]> {
        match allowed {
            AllowedOrigin::Any => Cow::Borrowed(b"*"),
            AllowedOrigin::Same => Cow::Owned(self.head.origin.to_vec()),
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
