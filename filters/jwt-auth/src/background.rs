//! The remote keys of the filter: its clock, its calls, and the requests that wait. All of it runs in callbacks of the root context.

use super::{JwtAuth, Outcome, Verdict};
use crate::events::Event;
use crate::provider::{Keys, Provider};
use crate::remote::keyring::Keyring;
use crate::remote::worker::{Call, Step};
use crate::remote::{Source, document};
use crate::waiting::Place;
use filter_kit::host::{self, CallFailure, CallId, HttpAnswer, HttpGet, SharedData};
use std::rc::Rc;
use std::time::Duration;

impl JwtAuth {
    /// Begins the fetches that are due, and sees to those that wait. In `on_tick` of the root context.
    pub fn on_tick(&self) {
        let now = host::now();
        for (provider, call) in self.keyring.begin(&SharedData, now) {
            self.counters.increment(Event::FetchBegun);
            // Of a call before this one no answer is awaited any more.
            self.calls.borrow_mut().retain(|(_, of)| *of != provider);
            self.send(provider, &call, now);
        }
        self.see_to_waiting(now);
    }

    /// Takes the answer to a call. In `on_http_call_response` of the root context.
    pub fn on_answer(&self, call: CallId, headers: usize, body_size: usize) {
        let provider = {
            let mut calls = self.calls.borrow_mut();
            let Some(at) = calls.iter().position(|(id, _)| *id == call) else {
                return;
            };
            calls.swap_remove(at).1
        };
        let now = host::now();
        let answer = host::http_answer(headers, body_size, document::MAX_BYTES);
        self.take(provider, answer, now);
        self.see_to_waiting(now);
    }

    fn send(&self, provider: usize, call: &Call, now: Duration) {
        let cluster = self.keyring.cluster(provider);
        let sent = host::http_get(&HttpGet {
            cluster: &cluster,
            scheme: call.uri.scheme(),
            authority: &call.uri.authority,
            path: &call.uri.path,
            accept: "application/json, application/jwk-set+json",
            timeout: call.timeout,
        });
        match sent {
            Ok(id) => self.calls.borrow_mut().push((id, provider)),
            Err(failure) => self.take(provider, Err(failure), now),
        }
    }

    fn take(&self, provider: usize, answer: Result<HttpAnswer, CallFailure>, now: Duration) {
        let providers = self.authenticator.providers();
        let name = providers.get(provider).map_or("", |p| &p.name);
        match self.keyring.answer(provider, &SharedData, now, answer) {
            Some(Step::Call(call)) => self.send(provider, &call, now),
            Some(Step::Keys(left_out)) => {
                self.counters.increment(Event::FetchSucceeded);
                for reason in left_out {
                    log::warn!("jwt-auth: keys of {name}: {reason}");
                }
            }
            Some(Step::Failed(failure)) => {
                self.counters.increment(Event::fetch_failed(&failure));
                log::warn!("jwt-auth: keys of {name}: the fetch failed: {failure}");
            }
            None => {}
        }
    }

    /// Decides anew on the requests that wait, where something is known that was not, or their time is up.
    fn see_to_waiting(&self, now: Duration) {
        let version = self.keyring.version();
        let is_new = self.considered.replace(version) != version;
        for place in self.waiting.take() {
            let is_over = now >= place.until;
            if is_new || is_over {
                // Where the stream is gone there is nothing to do.
                host::act_for(place.stream, self.root, || {
                    self.reconsider(&place, now, is_over);
                });
            } else {
                self.waiting.put_back(&place);
            }
        }
        let next = self.keyring.look_in(now, !self.waiting.is_empty());
        if next != self.tick.get() {
            self.tick_every(next);
        }
    }

    fn reconsider(&self, place: &Rc<Place>, now: Duration, is_over: bool) {
        let head = host::request_head(self.needs);
        let verdict = self.judge(&head, now, !is_over);
        if let Verdict::Wait(_) = verdict {
            self.waiting.put_back(place);
        } else if let Outcome::Pass = self.carry_out(&head, verdict) {
            host::resume_request();
        }
    }

    pub(super) fn tick_every(&self, period: Option<Duration>) {
        if self.tick.replace(period) != period {
            host::tick_every(period);
        }
    }
}

pub(super) fn keyring(providers: &[Provider]) -> Keyring {
    let sources = providers
        .iter()
        .enumerate()
        .filter_map(|(n, p)| match &p.keys {
            Keys::Remote(source) => Some((n, p.name.as_str(), Source::clone(source))),
            Keys::Fixed(_) => None,
        });
    let seed = host::random_seed();
    Keyring::new(
        sources,
        seed.first_chunk()
            .map_or(0, |half| u64::from_le_bytes(*half)),
    )
}
