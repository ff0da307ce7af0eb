//! A filter that runs as part of another one.

use super::*;
use crate::headers::Headers;
use crate::testing::{headers, request};

fn probe(mode: Mode) -> Probe {
    Probe::new(Config(mode))
}

#[test]
fn a_request_is_changed_and_answered_as_alone_but_not_in_report_mode() {
    for (mode, what, answers, changes, reason) in [
        (Mode::Enforce, "nothing", false, true, None),
        (Mode::Enforce, "reply", true, true, Some("unavailable")),
        (Mode::Report, "nothing", false, false, None),
        (Mode::Report, "reply", false, false, Some("unavailable")),
        (Mode::Report, "wait", false, false, Some("unavailable")),
    ] {
        let host = ScriptedHost::install();
        let mut request = request("GET", "/").header("x-do", what).build();
        let flow = follow_request(&probe(mode), &mut request, &mut String::new(), None);
        assert_eq!(matches!(flow, Flow::Reply(_)), answers, "{mode:?} {what}");
        assert!(!matches!(flow, Flow::Wait(_)), "{mode:?} {what}");
        let is_changed = request.headers().contains("x-seen");
        assert_eq!(is_changed, changes, "{mode:?} {what}");
        let found = host.filter_state("probe.reason");
        assert_eq!(found.as_deref(), reason, "{mode:?} {what}");
    }
}

#[test]
fn a_request_waits_as_alone_and_in_report_mode_only_for_calls() {
    for (mode, what, waits) in [
        (Mode::Enforce, "call", true),
        (Mode::Enforce, "wait", true),
        (Mode::Report, "call", true),
        (Mode::Report, "wait", false),
    ] {
        let _host = ScriptedHost::install();
        let mut request = request("GET", "/").header("x-do", what).build();
        let flow = follow_request(&probe(mode), &mut request, &mut String::new(), None);
        assert_eq!(matches!(flow, Flow::Wait(_)), waits, "{mode:?} {what}");
    }
}

#[test]
fn a_response_is_changed_but_not_in_report_mode() {
    for (mode, changes) in [(Mode::Enforce, true), (Mode::Report, false)] {
        let host = ScriptedHost::install();
        let before = host.log().len();
        let mut response = Response::of(headers(&[(":status", "200")]));
        edit_response(&probe(mode), &mut response, &mut "a".to_owned(), false);
        assert_eq!(response.headers().contains("x-state"), changes, "{mode:?}");
        let lines = host.log().len().saturating_sub(before);
        assert_eq!(lines, usize::from(!changes), "{mode:?}");
    }
}

#[test]
fn trailers_are_changed_but_not_in_report_mode() {
    for (mode, changes) in [(Mode::Enforce, true), (Mode::Report, false)] {
        let _host = ScriptedHost::install();
        let mut trailers = Headers::new(&[("x-secret", "1"), ("x-other", "2")]);
        edit_trailers(&probe(mode), &mut trailers);
        assert_eq!(!trailers.contains("x-secret"), changes, "{mode:?}");
        assert!(trailers.contains("x-other"));
    }
}
