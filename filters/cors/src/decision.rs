//! Decides what to do with a request, and why (Fetch standard, "HTTP CORS protocol").

mod actual;
mod guard;
mod head;
mod preflight;

use crate::policy::{AmbiguousPath, Policies, Policy};
use crate::reason::{Outcome, Reason};
use crate::reply;
use crate::response::{Cors, Plan, Vary};
use filter_kit::reply::LocalReply;
use filter_kit::request::Request;
use head::Head;

/// What to do with a request, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    /// What to count; `None` if CORS does not apply to the request.
    pub outcome: Option<Outcome>,
    /// What to do.
    pub action: Action,
}

/// What to do with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Let the request continue, and change the response according to this plan.
    Pass(Plan),
    /// Answer the request.
    Reply(LocalReply),
}

/// Decides on a request. Reads `origin` and what the policies depend on; reads all headers only if
/// a guard or a preflight needs them.
#[must_use]
pub(crate) fn decide(policies: &Policies, request: &Request) -> Decision {
    if policies.look_at_host() && request.host().is_err() {
        return malformed_host();
    }
    let selected = if policies.look_at_method() {
        select_by_method(policies, request)
    } else {
        policies.select(request)
    };
    let Some(selected) = selected.transpose() else {
        return Decision::pass(None, Plan::default());
    };
    if policies.guard().is_some() {
        // The guard also needs the method. Reading all headers takes one call instead of two.
        let _ = request.headers();
    }
    match request.value("origin") {
        None => decide_by(policies, selected, request, Head::default()),
        Some(origin) => decide_with_origin(policies, selected, request, &origin),
    }
}

#[inline(never)]
fn decide_with_origin(
    policies: &Policies,
    selected: Result<&Policy, AmbiguousPath>,
    request: &Request,
    origin: &[u8],
) -> Decision {
    decide_by(
        policies,
        selected,
        request,
        Head::with_origin(origin, request),
    )
}

fn decide_by(
    policies: &Policies,
    selected: Result<&Policy, AmbiguousPath>,
    request: &Request,
    head: Head<'_>,
) -> Decision {
    match selected {
        Ok(policy) if head.has_origin => decide_by_policy(policy, request, head),
        Ok(policy) => match policy.guard {
            Some(guard) => guard::refuse(guard, request, head, None),
            None => None,
        }
        .unwrap_or_else(|| Decision::pass(None, Plan::without_origin(policy))),
        Err(AmbiguousPath) => without_policy(policies, request, head),
    }
}

#[cold]
fn malformed_host() -> Decision {
    let reply = LocalReply::malformed_host();
    Decision::reply(Outcome::RefusedMalformedHost, reply)
}

/// A preflight stands for another request, so its policy is selected by the requested method.
#[inline(never)]
fn select_by_method<'p>(
    policies: &'p Policies,
    request: &Request,
) -> Result<Option<&'p Policy>, AmbiguousPath> {
    if !request.has("origin") || !Head::of(request).is_preflight() {
        return policies.select(request);
    }
    let asked_for = request.headers().only("access-control-request-method");
    let method = asked_for.unwrap_or_default().to_vec();
    let mut asked = request.clone();
    asked.edit(|headers| headers.set(":method", &method));
    policies.select(&asked)
}

/// If readings select different policies, no permission is given. The request continues, unless a
/// guard may apply to it.
#[inline(never)]
fn without_policy(policies: &Policies, request: &Request, head: Head<'_>) -> Decision {
    if head.is_preflight() {
        let reason = Reason::AmbiguousPath;
        let reply = reply::preflight_refused(reason, Vary::Preflight);
        return Decision::reply(Outcome::PreflightRefused(reason), reply);
    }
    if let Some(guard) = policies.guard()
        && let Some(refusal) = guard::refuse(guard, request, head, None)
    {
        return refusal;
    }
    if head.has_origin {
        Decision::pass(
            Some(Outcome::PassedAmbiguousPath),
            Plan::strip(Vary::Origin),
        )
    } else {
        let (vary, cors) = (Vary::Origin, Cors::Keep);
        Decision::pass(None, Plan { vary, cors })
    }
}

#[inline(never)]
fn decide_by_policy(policy: &Policy, request: &Request, head: Head<'_>) -> Decision {
    let allowed = policy.origins.allow_sent(head.origin);
    if head.is_preflight() {
        preflight::decide(policy, request, head, allowed)
    } else {
        actual::decide(policy, request, head, allowed)
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
