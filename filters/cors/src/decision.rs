//! What becomes of a request, and why (Fetch standard, "HTTP CORS protocol").

use crate::config::{UnmatchedOrigin, UnmatchedPreflight};
use crate::origin::Origin;
use crate::policy::{AllowedOrigin, Policies, Policy};
use crate::response::{Cors, Plan, Vary};
use filter_kit::headers::list_elements;
use filter_kit::reply::{Body, GrpcStatus, LocalReply};
use filter_kit::request::RequestHead;
use filter_kit::values::{HeaderName, is_token};

/// The longest list of request headers that is looked at, in bytes.
const MAX_REQUEST_HEADERS_BYTES: usize = 8 * 1024;

/// Why something is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The origin is not in the policy, not an origin, or there are two.
    Origin,
    /// The method is not in the policy.
    Method,
    /// A request header is not in the policy.
    Header,
}

/// What was decided, for counters and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A preflight was allowed.
    PreflightAllowed,
    /// A preflight was refused.
    PreflightRefused(Reason),
    /// A preflight that is not allowed goes to the upstream.
    PreflightForwarded,
    /// A request of an allowed origin.
    Allowed,
    /// A request passes without CORS headers, for its origin.
    PassedOrigin,
    /// A request passes without CORS headers, for its method.
    PassedMethod,
    /// A request was refused, for its origin.
    RefusedOrigin,
    /// A request was refused, for its path.
    RefusedAmbiguousPath,
}

/// What becomes of a request.
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

/// Decides on a request. Of its headers, those of CORS are read.
#[must_use]
pub fn decide(policies: &Policies, head: &RequestHead) -> Decision {
    let has_origin = head.headers.all("origin").any(|value| !value.is_empty());
    let policy = match policies.select(head) {
        Ok(Some(policy)) => policy,
        Ok(None) => return Decision::pass(None, Plan::default()),
        Err(_) => {
            return Decision::reply(Outcome::RefusedAmbiguousPath, LocalReply::ambiguous_path());
        }
    };
    if !has_origin {
        return Decision::pass(None, Plan::vary(policy));
    }
    let sent = head.headers.only("origin").unwrap_or_default();
    let origin = Origin::parse(sent);
    let allowed = origin
        .as_ref()
        .and_then(|origin| policy.origins.allow(origin));
    let request = Request {
        policy,
        head,
        sent,
        allowed,
    };
    if request.is_preflight() {
        request.preflight()
    } else {
        request.actual(origin.as_ref())
    }
}

struct Request<'a> {
    policy: &'a Policy,
    head: &'a RequestHead,
    /// The origin as it was sent; empty where there are two.
    sent: &'a [u8],
    allowed: Option<AllowedOrigin>,
}

impl Request<'_> {
    fn is_preflight(&self) -> bool {
        self.head.method == b"OPTIONS"
            && self
                .head
                .headers
                .all("access-control-request-method")
                .any(|method| !method.is_empty())
    }

    fn preflight(&self) -> Decision {
        let vary = Vary::Preflight;
        let reason = match self.permissions() {
            Ok(permissions) => {
                let mut reply = LocalReply::new(
                    self.policy.preflight_status,
                    GrpcStatus::PermissionDenied,
                    "cors_preflight",
                    "",
                );
                reply.body = Body::Raw(Vec::new());
                for (name, value) in permissions {
                    reply = with(reply, name, value);
                }
                return Decision::reply(
                    Outcome::PreflightAllowed,
                    with(reply, "vary", vary.value()),
                );
            }
            Err(reason) => reason,
        };
        if self.policy.unmatched.preflight == UnmatchedPreflight::Forward {
            let plan = Plan {
                vary,
                cors: Cors::Keep,
            };
            return Decision::pass(Some(Outcome::PreflightForwarded), plan);
        }
        let (details, message) = match reason {
            Reason::Origin => (
                "cors_preflight_refused{origin}",
                "This origin is not allowed.",
            ),
            Reason::Method => (
                "cors_preflight_refused{method}",
                "This method is not allowed for other origins.",
            ),
            Reason::Header => (
                "cors_preflight_refused{header}",
                "A request header is not allowed for other origins.",
            ),
        };
        let reply = LocalReply::new(403, GrpcStatus::PermissionDenied, details, message);
        Decision::reply(
            Outcome::PreflightRefused(reason),
            with(reply, "vary", vary.value()),
        )
    }

    /// The headers of the answer to a preflight, or why it is not allowed.
    fn permissions(&self) -> Result<Vec<(&'static str, Vec<u8>)>, Reason> {
        let mut headers = self.origin_headers().ok_or(Reason::Origin)?;
        let asked = &self.head.headers;
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
        let strip = Plan {
            vary,
            cors: Cors::Replace(Vec::new()),
        };
        match self.origin_headers() {
            Some(_) if !self.policy.methods.allow(&self.head.method) => {
                Decision::pass(Some(Outcome::PassedMethod), strip)
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
                Decision::pass(Some(Outcome::PassedOrigin), strip)
            }
            None => {
                let reply = LocalReply::new(
                    403,
                    GrpcStatus::PermissionDenied,
                    "cors_origin_refused",
                    "This origin is not allowed.",
                );
                Decision::reply(Outcome::RefusedOrigin, with(reply, "vary", vary.value()))
            }
        }
    }

    /// Browsers send an origin with same-origin requests too, unless they are GET or HEAD.
    fn is_within(&self, origin: Option<&Origin>) -> bool {
        matches!(origin, Some(Origin::Tuple(tuple)) if tuple.is_at(&self.head.authority))
    }

    /// The headers that tell an allowed origin so.
    fn origin_headers(&self) -> Option<Vec<(&'static str, Vec<u8>)>> {
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

fn with(reply: LocalReply, name: &str, value: impl Into<Vec<u8>>) -> LocalReply {
    match HeaderName::new(name) {
        Ok(name) => reply.header(name, value),
        Err(_) => reply,
    }
}

#[cfg(test)]
mod tests;
