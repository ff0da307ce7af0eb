//! What to do with a request, and why (Fetch standard, "HTTP CORS protocol").

use crate::config::{UnmatchedOrigin, UnmatchedPreflight};
use crate::origin::Origin;
use crate::policy::{AllowedOrigin, AmbiguousPath, Policies, Policy};
use crate::reason::{Outcome, Reason};
use crate::reply::{self, Permissions};
use crate::response::{Cors, Plan, Vary};
use filter_kit::headers::list_elements;
use filter_kit::reply::LocalReply;
use filter_kit::request::Request;
use filter_kit::values::is_token;

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
        let reply = LocalReply::malformed_host();
        return Decision::reply(Outcome::RefusedMalformedHost, reply);
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

/// Where readings select different policies there is no permission, and the request goes on.
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

fn decide_by(policy: &Policy, request: &Request) -> Decision {
    let sent = request.headers().only("origin").unwrap_or_default();
    let origin = Origin::parse(sent);
    let allowed = origin
        .as_ref()
        .and_then(|origin| policy.origins.allow(origin));
    let asked = Asked {
        policy,
        request,
        sent,
        allowed,
    };
    if is_preflight(request) {
        asked.preflight()
    } else {
        asked.actual(origin.as_ref())
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
    fn preflight(&self) -> Decision {
        let reason = match self.preflight_permissions() {
            Ok(permissions) => {
                let reply = reply::preflight_allowed(self.policy.preflight_status, permissions);
                return Decision::reply(Outcome::PreflightAllowed, reply);
            }
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

    /// The headers of the answer to a preflight, or why it is not allowed.
    fn preflight_permissions(&self) -> Result<Permissions, Reason> {
        let mut headers = self.origin_permissions().ok_or(Reason::Origin)?;
        let asked = self.request.headers();
        let method = asked
            .only("access-control-request-method")
            .filter(|method| is_token(method) && self.policy.methods.allow(method))
            .ok_or(Reason::Method)?;
        headers.push((
            "access-control-allow-methods",
            self.policy.methods.value(method),
        ));
        let names = asked
            .joined("access-control-request-headers", b", ")
            .unwrap_or_default();
        if !self.allows_headers(&names) {
            return Err(Reason::Header);
        }
        let names = self.policy.headers.value(&names);
        if !names.is_empty() {
            headers.push(("access-control-allow-headers", names));
        }
        if let Some(seconds) = self.policy.max_age {
            headers.push(("access-control-max-age", seconds.to_string().into_bytes()));
        }
        if self.policy.private_network
            && asked.only("access-control-request-private-network") == Some(b"true")
        {
            headers.push(("access-control-allow-private-network", b"true".to_vec()));
        }
        Ok(headers)
    }

    fn allows_headers(&self, names: &[u8]) -> bool {
        names.len() <= MAX_REQUEST_HEADERS_BYTES
            && list_elements(names)
                .all(|name| is_token(name) && self.policy.headers.allow(&name.to_ascii_lowercase()))
    }

    fn actual(&self, origin: Option<&Origin>) -> Decision {
        let vary = if self.policy.origins.vary() || self.allowed.is_none() {
            Vary::Origin
        } else {
            Vary::Nothing
        };
        match self.origin_permissions() {
            Some(_) if !self.policy.methods.allow(self.request.method()) => {
                Decision::pass(Some(Outcome::PassedMethod), Plan::strip(vary))
            }
            Some(mut headers) => {
                if let Some(expose) = &self.policy.expose {
                    headers.push(("access-control-expose-headers", expose.clone().into_bytes()));
                }
                if self.policy.timing {
                    headers.push(("timing-allow-origin", self.allow_origin()));
                }
                let plan = Plan {
                    vary,
                    cors: Cors::Replace(headers),
                };
                Decision::pass(Some(Outcome::Allowed), plan)
            }
            None if self.policy.unmatched.origin == UnmatchedOrigin::Pass
                || self.is_within(origin) =>
            {
                Decision::pass(Some(Outcome::PassedOrigin), Plan::strip(vary))
            }
            None => Decision::reply(Outcome::RefusedOrigin, reply::origin_refused()),
        }
    }

    /// Browsers send an origin with same-origin requests too, unless they are GET or HEAD.
    fn is_within(&self, origin: Option<&Origin>) -> bool {
        matches!(origin, Some(Origin::Tuple(tuple)) if tuple.is_at(self.request.authority()))
    }

    /// The headers that every permission has; `None` for an origin that is not allowed.
    fn origin_permissions(&self) -> Option<Permissions> {
        self.allowed?;
        let mut headers = vec![("access-control-allow-origin", self.allow_origin())];
        if self.policy.credentials {
            headers.push(("access-control-allow-credentials", b"true".to_vec()));
        }
        Some(headers)
    }

    fn allow_origin(&self) -> Vec<u8> {
        match self.allowed {
            Some(AllowedOrigin::Any) => b"*".to_vec(),
            _ => self.sent.to_vec(),
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
