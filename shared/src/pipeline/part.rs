//! Runs a filter as part of another filter: does what its own pipeline would do, on the request and
//! the response of the other.

use super::{Filter, Flow, MAX_WAITS, Wait, Wake, explain_reply, report_edits};
use crate::config::FilterConfig as _;
use crate::headers::Headers;
use crate::request::Request;
use crate::response::Response;
use crate::values::Mode;

/// Runs a filter on a request: for the first time, or after the request has waited for what this
/// filter asked for. In report mode the request stays unchanged and continues.
pub fn follow_request<F: Filter>(
    filter: &F,
    request: &mut Request,
    state: &mut F::State,
    wake: Option<Wake>,
) -> Flow {
    if filter.mode() == Mode::Report {
        return report_request(filter, request, state, wake);
    }
    let flow = enter(filter, request, state, wake);
    if let Flow::Reply(reply) = &flow {
        explain_reply(F::Config::FILTER, Mode::Enforce, reply, request);
    }
    flow
}

fn enter<F: Filter>(
    filter: &F,
    request: &mut Request,
    state: &mut F::State,
    wake: Option<Wake>,
) -> Flow {
    // The explanation of an earlier filter does not count for this one.
    request.forget_explanation();
    match wake {
        None => filter.on_request(request, state),
        Some(wake) => filter.on_resume(request, state, wake),
    }
}

#[cold]
fn report_request<F: Filter>(
    filter: &F,
    request: &mut Request,
    state: &mut F::State,
    wake: Option<Wake>,
) -> Flow {
    let before = request.clone();
    let mut flow = enter(filter, request, state, wake);
    for _ in 0..MAX_WAITS {
        match flow {
            // In report mode nothing is changed, so there is no reason to wait.
            Flow::Wait(Wait::News(_)) => flow = filter.on_resume(request, state, Wake::TimeUp),
            Flow::Wait(Wait::Call(_)) | Flow::Continue | Flow::Reply(_) => break,
        }
    }
    let name = F::Config::FILTER;
    match &flow {
        Flow::Reply(reply) => explain_reply(name, Mode::Report, reply, request),
        Flow::Continue => report_edits(name, "request", before.edited(), request.edited()),
        Flow::Wait(_) => {}
    }
    *request = before;
    match flow {
        Flow::Wait(Wait::Call(_)) => flow,
        _ => Flow::Continue,
    }
}

/// Runs a filter on the trailers of a request. In report mode they stay unchanged.
pub fn edit_trailers<F: Filter>(filter: &F, trailers: &mut Headers) {
    if filter.mode() == Mode::Report {
        let mut draft = trailers.clone();
        filter.on_request_trailers(&mut draft);
        let name = F::Config::FILTER;
        report_edits(name, "request's trailers", Some(trailers), Some(&draft));
    } else {
        filter.on_request_trailers(trailers);
    }
}

/// Runs a filter on a response. In report mode it stays unchanged. `is_read_again` says whether
/// another filter reads it afterwards.
pub fn edit_response<F: Filter>(
    filter: &F,
    response: &mut Response,
    state: &mut F::State,
    is_read_again: bool,
) {
    if filter.mode() == Mode::Report {
        let mut draft = response.draft();
        filter.on_response(&mut draft, state);
        report_edits(
            F::Config::FILTER,
            "response",
            response.edited(),
            draft.edited(),
        );
    } else {
        response.set_read_again(is_read_again);
        filter.on_response(response, state);
    }
}
