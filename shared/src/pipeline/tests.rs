mod part;

use super::*;
use crate::config::{Env, Invalid};
use crate::testing::{Answer, Run, ScriptedHost};
use std::cell::Cell;

/// Does what the header `x-do` says.
struct Probe {
    mode: Mode,
    clock: Clock,
}

#[derive(Default)]
struct Clock {
    news: Cell<u64>,
    answers: Cell<u32>,
}

struct Config(Mode);

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    mode: Mode,
}

impl FilterConfig for Config {
    const FILTER: &'static str = "probe";
    type Raw = Raw;

    fn build(raw: Raw, _: &Env) -> Result<Self, Invalid> {
        Ok(Self(raw.mode))
    }
}

impl Filter for Probe {
    type Config = Config;
    type State = String;

    fn new(Config(mode): Config) -> Self {
        Self {
            mode,
            clock: Clock::default(),
        }
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn on_request(&self, request: &mut Request, state: &mut String) -> Flow {
        let what = request.headers().first("x-do").map(<[u8]>::to_vec);
        request.edit(|headers| headers.set("x-seen", b"1"));
        state.push_str("request ");
        match what.as_deref() {
            Some(b"reply") => Flow::Reply(LocalReply::unavailable()),
            Some(b"redirect") => Flow::Reply(LocalReply {
                status: 302,
                ..LocalReply::unavailable()
            }),
            Some(b"explain") => {
                request.explain(&Explanation::new("probe", self.mode, "its own words"));
                Flow::Reply(LocalReply::unavailable())
            }
            Some(b"call") => Flow::Wait(Wait::Call(GrpcCall {
                cluster: "c".to_owned(),
                service: "s",
                method: "m",
                message: b"question".to_vec(),
                timeout: Duration::from_secs(1),
            })),
            Some(b"wait") => Flow::Wait(Wait::News(
                request.now().saturating_add(Duration::from_secs(5)),
            )),
            _ => Flow::Continue,
        }
    }

    fn on_resume(&self, request: &mut Request, state: &mut String, wake: Wake) -> Flow {
        let (name, flow) = match wake {
            Wake::Answer(Some(_)) => ("answer", Flow::Continue),
            Wake::Answer(None) => ("failure", Flow::Reply(LocalReply::unavailable())),
            Wake::News if self.clock.news.get() < 2 => {
                let until = request.now().saturating_add(Duration::from_secs(5));
                ("news", Flow::Wait(Wait::News(until)))
            }
            Wake::News => ("news", Flow::Continue),
            Wake::TimeUp => ("late", Flow::Reply(LocalReply::unavailable())),
            Wake::Full => ("full", Flow::Reply(LocalReply::unavailable())),
        };
        state.push_str(name);
        flow
    }

    fn on_request_trailers(&self, trailers: &mut Headers) {
        trailers.remove("x-secret");
    }

    fn on_response(&self, response: &mut Response, state: &mut String) {
        response.edit(|headers| headers.set("x-state", state.trim().as_bytes()));
    }

    fn background(&self) -> Option<&dyn Background> {
        Some(&self.clock)
    }
}

impl Background for Clock {
    fn max_waiting(&self) -> usize {
        2
    }

    fn on_tick(&self, _: Duration) {}

    fn on_answer(&self, _: CallId, _: Result<HttpAnswer, CallFailure>, _: Duration) {
        self.answers.set(self.answers.get() + 1);
        self.news.set(self.news.get() + 1);
    }

    fn max_answer_bytes(&self) -> usize {
        16
    }

    fn news(&self) -> u64 {
        self.news.get()
    }

    fn tick_in(&self, _: Duration, is_anyone_waiting: bool) -> Option<Duration> {
        Some(Duration::from_secs(if is_anyone_waiting { 1 } else { 60 }))
    }
}

fn run(host: &ScriptedHost, configuration: &str) -> Run<Probe> {
    Run::start(host, configuration).unwrap()
}

const OK: &[(&str, &str)] = &[(":status", "200")];

fn seen(answer: &Answer) -> bool {
    let Answer::Continued(headers) = answer else {
        return false;
    };
    headers.iter().any(|(name, _)| name == b"x-seen")
}

fn state(headers: &[(Vec<u8>, Vec<u8>)]) -> String {
    let state = headers.iter().find(|(name, _)| name == b"x-state");
    state.map_or_else(String::new, |(_, v)| String::from_utf8(v.clone()).unwrap())
}

fn is_reply(answer: &Answer) -> bool {
    matches!(answer, Answer::Replied(reply) if reply.status == 503)
}

#[test]
fn a_broken_configuration_is_refused() {
    let host = ScriptedHost::install();
    assert!(Run::<Probe>::start(&host, "{\"mod\": 1}").is_none());
}

#[test]
fn edits_are_written_and_the_state_reaches_the_response() {
    let host = ScriptedHost::install();
    let (mut exchange, answer) = run(&host, "{}").request(&[(":path", "/")]);
    assert!(seen(&answer));
    assert_eq!(state(&exchange.response(OK)), "request");
}

#[test]
fn a_reply_takes_the_place_of_the_request_and_passes_the_response_too() {
    let host = ScriptedHost::install();
    let (mut exchange, answer) = run(&host, "{}").request(&[("x-do", "reply")]);
    assert!(is_reply(&answer));
    assert!(!exchange.body(), "what follows goes nowhere");
    assert_eq!(state(&exchange.response(OK)), "request");
}

#[test]
fn in_report_mode_nothing_changes_and_nothing_is_answered() {
    let host = ScriptedHost::install();
    let mut run = run(&host, r#"{"mode": "report"}"#);
    for what in ["edit", "reply", "wait"] {
        let request = [("x-do", what)];
        let (mut exchange, answer) = run.request(&request);
        let Answer::Continued(headers) = answer else {
            panic!("{what}: {answer:?}")
        };
        assert_eq!(headers, [(b"x-do".to_vec(), what.as_bytes().to_vec())]);
        assert_eq!(exchange.response(OK).len(), 1, "{what}");
    }
    let log = host.log();
    for line in [
        "probe: report: the request would change in: x-seen",
        "probe: would be refused: reason=unavailable",
    ] {
        assert!(log.iter().any(|l| l.starts_with(line)), "{log:?}");
    }
}

#[test]
fn a_refusal_that_the_filter_has_not_explained_is_explained_by_its_details() {
    for (what, reason) in [
        ("reply", LocalReply::unavailable().details.to_string()),
        ("explain", "its own words".to_owned()),
    ] {
        let host = ScriptedHost::install();
        let (_, answer) = run(&host, "{}").request(&[("x-do", what)]);
        assert!(is_reply(&answer));
        assert_eq!(host.filter_state("probe.reason"), Some(reason), "{what}");
        let lines = host.log().iter().filter(|l| l.contains("refused")).count();
        assert_eq!(lines, 1, "{what}");
    }
}

#[test]
fn at_debug_each_decision_has_a_line() {
    for (level, what, line) in [
        (log::Level::Debug, "nothing", Some("probe: passed: method=")),
        (
            log::Level::Debug,
            "redirect",
            Some("probe: answered: method="),
        ),
        (log::Level::Info, "nothing", None),
        (log::Level::Info, "redirect", None),
    ] {
        let host = ScriptedHost::install();
        host.set_log_level(level);
        let mut run = run(&host, "{}");
        let before = host.log().len();
        let _ = run.request(&[(":method", "GET"), ("x-do", what)]);
        let lines = host.log().split_off(before);
        assert_eq!(lines.len(), usize::from(line.is_some()), "{lines:?}");
        let starts = |start| lines.iter().all(|line| line.starts_with(start));
        assert!(line.is_none_or(starts), "{lines:?}");
    }
}

#[test]
fn a_request_waits_for_its_call_with_its_body() {
    let host = ScriptedHost::install();
    for (reply, expected) in [
        (Some(&b"yes"[..]), "request answer"),
        (None, "request failure"),
    ] {
        let (mut exchange, answer) = run(&host, "{}").request(&[("x-do", "call")]);
        assert_eq!(answer, Answer::Waits);
        assert!(!exchange.body());
        let call = host.take_calls().pop().unwrap();
        assert_eq!(call.message, b"question");
        assert_eq!(exchange.answer_grpc(call.token + 1, reply), Answer::Waits);
        let answer = exchange.answer_grpc(call.token, reply);
        assert_eq!(seen(&answer), reply.is_some());
        assert_eq!(is_reply(&answer), reply.is_none());
        assert_eq!(exchange.body(), reply.is_some());
        assert_eq!(state(&exchange.response(OK)), expected);
    }
}

#[test]
fn a_request_waits_for_news_as_long_as_it_may() {
    let host = ScriptedHost::install();
    let mut run = run(&host, "{}");
    assert_eq!(host.tick(), Some(Duration::from_secs(60)));
    let (mut exchange, answer) = run.request(&[("x-do", "wait")]);
    assert_eq!(answer, Answer::Waits);
    assert_eq!(host.tick(), Some(Duration::from_secs(1)), "sooner");
    assert!(!exchange.body());
    run.tick();
    assert_eq!(exchange.now(), Answer::Waits, "no news");
    run.answer_http(7, Some((200, b"x")));
    assert_eq!(exchange.now(), Answer::Waits, "not enough");
    run.answer_http(8, None);
    assert!(seen(&exchange.now()));
    assert!(exchange.body());
    assert_eq!(state(&exchange.response(OK)), "request newsnews");
    assert_eq!(host.tick(), Some(Duration::from_secs(60)));
}

#[test]
fn a_request_whose_time_is_up_is_decided() {
    let host = ScriptedHost::install();
    let mut run = run(&host, "{}");
    let (exchange, answer) = run.request(&[("x-do", "wait")]);
    assert_eq!(answer, Answer::Waits);
    host.set_now(host.now() + Duration::from_secs(5));
    run.tick();
    assert!(is_reply(&exchange.now()));
}

#[test]
fn what_follows_a_request_that_is_answered_after_it_has_waited_goes_nowhere() {
    let host = ScriptedHost::install();
    let mut run = run(&host, "{}");
    let (mut exchange, _) = run.request(&[("x-do", "wait")]);
    host.set_now(host.now() + Duration::from_secs(5));
    run.tick();
    assert!(is_reply(&exchange.now()));
    assert!(!exchange.body());
    assert_eq!(state(&exchange.response(OK)), "request late");
}

#[test]
fn no_more_wait_than_may_and_streams_that_went_away_make_room() {
    let host = ScriptedHost::install();
    let mut run = run(&host, "{}");
    let request = [("x-do", "wait")];
    let (first, _) = run.request(&request);
    let (_second, answer) = run.request(&request);
    assert_eq!(answer, Answer::Waits);
    let (_, answer) = run.request(&request);
    assert!(is_reply(&answer), "{answer:?}");
    drop(first);
    let (_third, answer) = run.request(&request);
    assert_eq!(answer, Answer::Waits);
}

#[test]
fn a_filter_exports_what_it_has_a_use_for() {
    let exports =
        |callbacks: Callbacks| callbacks.exports().into_iter().skip(7).collect::<Vec<_>>();
    assert_eq!(exports(Callbacks::REQUEST), ["proxy_on_request_headers"]);
    assert_eq!(
        exports(Callbacks::HEADS),
        ["proxy_on_request_headers", "proxy_on_response_headers"]
    );
    let all = Callbacks {
        waiting: true,
        grpc: true,
        background: true,
        ..Callbacks::HEADS
    };
    assert_eq!(exports(all).len(), 8);
    // Leases and places of waiting requests are released when the stream ends.
    assert!(Callbacks::REQUEST.exports().contains(&"proxy_on_delete"));
}
