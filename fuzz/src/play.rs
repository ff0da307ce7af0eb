//! Plays a script with a whole filter on a scripted host.

mod checks;

use crate::script::{self, Pairs, Step};
use crate::tokens::NOW;
use crate::work;
use checks::Calls;
use filter_kit::pipeline::Filter;
use filter_kit::testing::{Answer, Call, Exchange, Run, ScriptedHost};
use std::collections::VecDeque;
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
            shown.extend(pairs.iter().filter_map(checks::shown_in_log));
        }
        let before = play.host.hostcalls();
        let start = work::cpu_time();
        let headers = play.step(step);
        let spent = work::cpu_time().saturating_sub(start);
        checks::work(spent, &difference(&before, &play.host.hostcalls()), headers);
        play.calls.extend(play.host.take_calls());
    }
    checks::log(&play.host.log(), &shown);
}

/// Returns the calls made between two counts.
fn difference(before: &Calls, after: &Calls) -> Calls {
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
                    checks::pairs(&current.exchange.trailers(&pairs));
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
        checks::answer(
            &mut current.exchange,
            &current.request,
            &current.answer,
            &calls,
        );
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
            checks::pairs(&received);
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
            checks::answer(
                &mut current.exchange,
                &current.request,
                &current.answer,
                &calls,
            );
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
                checks::answer(
                    &mut current.exchange,
                    &current.request,
                    &current.answer,
                    &Calls::new(),
                );
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
