//! Plays a script with a whole filter on a scripted host.
//!
//! Properties of every filter are checked here: it does not panic, makes a limited number of host
//! calls, writes only valid headers, lets nothing of a request through that it answered or that
//! still waits, and does not edit a request that it answers.

use crate::reference::{is_name, is_value};
use crate::script::{self, Pairs, Step};
use crate::tokens::{self, NOW};
use crate::work;
use filter_kit::pipeline::Filter;
use filter_kit::testing::{Answer, Call, Exchange, Run, ScriptedHost};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// A request whose outcome is known.
pub struct Seen<'s> {
    /// The index of the configuration.
    pub configuration: usize,
    /// The request as received.
    pub request: &'s Pairs,
    /// What happened to it.
    pub answer: &'s Answer,
    /// The response before and after the filter, if there was one.
    pub response: Option<(&'s Pairs, &'s Pairs)>,
    /// The time since the filter was loaded.
    pub elapsed: Duration,
    /// Whether host calls have failed, or properties have changed.
    pub is_disturbed: bool,
}

/// Maximum number of host calls in one callback, for a request with no more than this many headers.
const MAX_CALLS: u64 = 200;

/// Maximum time of one callback, in code with libFuzzer's counters and overflow checks.
const MAX_WORK: Duration = Duration::from_millis(1500);

/// Maximum number of requests that may wait besides the current one.
const MAX_HELD: usize = 4;

struct Play<'p, F: Filter> {
    host: ScriptedHost,
    run: Run<F>,
    configuration: usize,
    check: &'p mut dyn FnMut(&Seen<'_>),
    current: Option<Current<F>>,
    held: Vec<Exchange<F>>,
    calls: VecDeque<Call>,
    is_disturbed: bool,
}

struct Current<F: Filter> {
    exchange: Exchange<F>,
    request: Pairs,
    answer: Answer,
    has_response: bool,
}

/// Plays a script with one of these configurations.
///
/// # Panics
/// If a promise is broken.
pub fn play<F: Filter>(configurations: &[String], script: &[u8], mut check: impl FnMut(&Seen<'_>)) {
    let script = script::read(script);
    let configuration = script.configuration % configurations.len();
    let host = ScriptedHost::install();
    if script.is_debug {
        host.set_log_level(log::Level::Debug);
    }
    host.set_now(Duration::from_secs(NOW));
    host.set_property("source\0address", b"10.0.0.1:4711");
    // The samples need this variable.
    host.set_env("KUBERNETES_AUTHORIZATION", "Bearer a-secret");
    let run = Run::<F>::start(&host, &configurations[configuration])
        .unwrap_or_else(|| panic!("a configuration is refused: {:?}", host.log()));
    let mut play = Play {
        host,
        run,
        configuration,
        check: &mut check,
        current: None,
        held: Vec::new(),
        calls: VecDeque::new(),
        is_disturbed: false,
    };
    let mut shown = Vec::new();
    for step in script.steps {
        if let Step::Request(pairs, _) = &step {
            shown.extend(pairs.iter().filter_map(shown_in_log));
        }
        let before = play.host.hostcalls();
        let start = work::cpu_time();
        let headers = play.step(step);
        let spent = work::cpu_time().saturating_sub(start);
        assert!(spent < MAX_WORK, "a callback took {spent:?}");
        let calls = difference(&before, &play.host.hostcalls());
        let total: u64 = calls.values().sum();
        let max = MAX_CALLS + 8 * headers as u64;
        assert!(total <= max, "{total} calls of the host: {calls:?}");
        play.calls.extend(play.host.take_calls());
    }
    // No log line contains a token that could be used, unless a client puts it where none belongs.
    for token in tokens::good() {
        let (_, signature) = token.rsplit_once('.').unwrap();
        if shown.iter().any(|value| value.contains(signature)) {
            continue;
        }
        for line in play.host.log() {
            assert!(!line.contains(signature), "a token in the log: {line}");
        }
    }
}

/// The part of a header that the log shows, if it shows any.
fn shown_in_log((name, value): &(Vec<u8>, Vec<u8>)) -> Option<String> {
    let value = match name.as_slice() {
        b":path" => value.split(|b| *b == b'?').next()?,
        b":method" | b":authority" | b"host" | b"origin" | b"x-request-id" => value,
        _ => return None,
    };
    Some(String::from_utf8_lossy(value).into_owned())
}

/// Returns the calls made between two counts.
fn difference(
    before: &BTreeMap<&'static str, u64>,
    after: &BTreeMap<&'static str, u64>,
) -> BTreeMap<&'static str, u64> {
    let count = |name| before.get(name).copied().unwrap_or(0);
    after
        .iter()
        .map(|(name, n)| (*name, n - count(name)))
        .filter(|(_, n)| *n > 0)
        .collect()
}

impl<F: Filter> Play<'_, F> {
    /// Performs a step. Returns how many headers it had.
    fn step(&mut self, step: Step) -> usize {
        match step {
            Step::Request(pairs, has_more) => {
                let headers = pairs.len();
                self.request(pairs, has_more);
                headers
            }
            Step::Response(pairs) => {
                let headers = pairs.len();
                self.response(pairs);
                headers
            }
            Step::Trailers(pairs) => {
                let headers = pairs.len();
                if let Some(current) = &mut self.current {
                    check_pairs(&current.exchange.trailers(&pairs));
                }
                headers
            }
            Step::Body => {
                if let Some(current) = &mut self.current {
                    let goes_on = current.exchange.body();
                    let is_open = matches!(current.answer, Answer::Continued(_));
                    assert_eq!(goes_on, is_open, "the body of {:?}", current.answer);
                }
                0
            }
            Step::Wait(seconds) => {
                let now = self.host.now() + Duration::from_secs(seconds);
                self.host.set_now(now);
                0
            }
            Step::Tick => {
                self.run.tick();
                self.see_to_current();
                self.many()
            }
            Step::HttpAnswer(answer) => {
                let at = self.calls.iter().position(|call| !is_grpc(call));
                // An answer to no call of this filter has no effect.
                let token = match at {
                    Some(at) => self.calls.remove(at).map_or(0, |call| call.token),
                    None => 0,
                };
                let answer = answer.as_ref();
                self.run
                    .answer_http(token, answer.map(|(code, body)| (*code, body.as_slice())));
                self.see_to_current();
                self.many()
            }
            Step::GrpcAnswer(answer) => {
                self.grpc_answer(answer.as_deref());
                0
            }
            Step::Property(path, value) => {
                self.host.set_property(&path, &value);
                self.is_disturbed = true;
                0
            }
            Step::Faults(faults) => {
                self.host.set_faults(&faults);
                self.is_disturbed = true;
                0
            }
            Step::End => {
                self.current = None;
                0
            }
        }
    }

    /// Returns the limit for a callback of the root context, for all waiting requests, in headers.
    fn many(&self) -> usize {
        100 * (self.held.len() + 1)
    }

    fn request(&mut self, pairs: Pairs, has_more: bool) {
        if let Some(current) = self.current.take()
            && current.answer == Answer::Waits
            && self.held.len() < MAX_HELD
        {
            self.held.push(current.exchange);
        }
        let before = self.host.hostcalls();
        let (exchange, answer) = self.run.head(&pairs, has_more);
        let mut current = Current {
            exchange,
            request: pairs,
            answer,
            has_response: false,
        };
        let calls = difference(&before, &self.host.hostcalls());
        check_answer(&mut current, &calls);
        self.tell(&current, None);
        self.current = Some(current);
    }

    fn response(&mut self, pairs: Pairs) {
        let Some(mut current) = self.current.take() else {
            return;
        };
        // While it waits there is nothing to respond to, and there is only one response.
        if current.answer != Answer::Waits && !current.has_response {
            let sent = match &current.answer {
                Answer::Replied(reply) => {
                    let status = (b":status".to_vec(), reply.status.to_string().into_bytes());
                    [&[status], reply.headers.as_slice()].concat()
                }
                _ => pairs,
            };
            let received = current.exchange.response(&sent);
            check_pairs(&received);
            current.has_response = true;
            self.tell(&current, Some((&sent, &received)));
        }
        self.current = Some(current);
    }

    fn grpc_answer(&mut self, answer: Option<&[u8]>) {
        let at = self.calls.iter().position(is_grpc);
        let Some(call) = at.and_then(|at| self.calls.remove(at)) else {
            return;
        };
        let Some(mut current) = self.current.take() else {
            return;
        };
        if current.answer == Answer::Waits {
            let before = self.host.hostcalls();
            current.answer = current.exchange.answer_grpc(call.token, answer);
            let calls = difference(&before, &self.host.hostcalls());
            check_answer(&mut current, &calls);
            self.tell(&current, None);
        }
        self.current = Some(current);
    }

    /// Called after a callback of the root context. If other requests wait too, the scripted host
    /// cannot know for which one it was called.
    fn see_to_current(&mut self) {
        let Some(mut current) = self.current.take() else {
            return;
        };
        if current.answer == Answer::Waits {
            if self.held.is_empty() {
                current.answer = current.exchange.now();
                check_answer(&mut current, &BTreeMap::new());
                self.tell(&current, None);
            } else if current.exchange.body() {
                // It continued.
                return;
            }
        }
        self.current = Some(current);
    }

    fn tell(&mut self, current: &Current<F>, response: Option<(&Pairs, &Pairs)>) {
        let elapsed = self.host.now().saturating_sub(Duration::from_secs(NOW));
        (self.check)(&Seen {
            configuration: self.configuration,
            request: &current.request,
            answer: &current.answer,
            response,
            elapsed,
            is_disturbed: self.is_disturbed,
        });
    }
}

fn is_grpc(call: &Call) -> bool {
    call.path.ends_with("/ShouldRateLimit")
}

/// Checks the properties of the answer to any request.
fn check_answer<F: Filter>(current: &mut Current<F>, calls: &BTreeMap<&'static str, u64>) {
    let count = |name| calls.get(name).copied().unwrap_or(0);
    let edits = count("replace_header_map_value")
        + count("add_header_map_value")
        + count("remove_header_map_value");
    match &current.answer {
        Answer::Continued(headers) => check_head(&current.request, headers),
        Answer::Replied(reply) => {
            assert_eq!(edits, 0, "edits of a request that is answered");
            assert_eq!(count("continue_stream"), 0, "it is answered and goes on");
            assert!(!current.exchange.body(), "its body goes on");
            assert!((200..600).contains(&reply.status), "{reply:?}");
            assert!(
                !reply.details.contains(['\r', '\n', ' ', '\0']),
                "{reply:?}"
            );
            check_pairs(&reply.headers);
        }
        Answer::Waits => {
            assert_eq!(edits, 0, "edits of a request that waits");
            assert!(!current.exchange.body(), "its body goes on");
        }
    }
}

/// Checks the headers of a continued request: each pseudo-header has as many values as before. A
/// host may be added to a request that had none.
fn check_head(before: &Pairs, after: &Pairs) {
    check_pairs(after);
    for name in [":method", ":path", ":authority", ":scheme"] {
        let count = |pairs: &Pairs| pairs.iter().filter(|(n, _)| n == name.as_bytes()).count();
        let (came, goes_on) = (count(before), count(after));
        let is_given = name == ":authority" && (came, goes_on) == (0, 1);
        assert!(came == goes_on || is_given, "{name} of {after:?}");
    }
    let path = |pairs: &Pairs| {
        let found = pairs.iter().find(|(n, _)| n == b":path");
        found.map(|(_, path)| path.clone()).unwrap_or_default()
    };
    let (before, after) = (path(before), path(after));
    if before.starts_with(b"/") && before.iter().all(u8::is_ascii_graphic) {
        let good = after.starts_with(b"/") && after.iter().all(u8::is_ascii_graphic);
        assert!(good, "the path {}", after.escape_ascii());
    }
}

fn check_pairs(pairs: &Pairs) {
    for (name, value) in pairs {
        let plain = name.strip_prefix(b":").unwrap_or(name);
        assert!(is_name(plain), "the name {}", name.escape_ascii());
        assert!(is_value(value), "the value {}", value.escape_ascii());
    }
}
