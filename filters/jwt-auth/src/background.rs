//! Remote keys: the timer of the filter and its calls. Everything here runs in callbacks of the
//! root context.

use crate::events::Event;
use crate::filter::JwtAuth;
use crate::remote::worker::{Call, Step};
use crate::remote::{FetchHeader, document};
use filter_kit::host::{self, CallFailure, CallId, HttpAnswer, HttpGet, SharedData};
use filter_kit::pipeline::Background;
use std::time::Duration;

impl Background for JwtAuth {
    fn max_waiting(&self) -> usize {
        self.max_waiting
    }

    fn on_wait(&self) {
        self.counters.increment(Event::Waited);
    }

    /// Starts the fetches that are due.
    fn on_tick(&self, now: Duration) {
        self.first_look.set(None);
        for (provider, call) in self.keyring.begin(&SharedData, now) {
            self.counters.increment(Event::FetchBegun);
            // The answers to earlier calls are no longer expected.
            self.calls.borrow_mut().retain(|(_, of)| *of != provider);
            self.send(provider, &call, now);
        }
    }

    fn on_answer(&self, call: CallId, answer: Result<HttpAnswer, CallFailure>, now: Duration) {
        let provider = {
            let mut calls = self.calls.borrow_mut();
            let Some(at) = calls.iter().position(|(id, _)| *id == call) else {
                return;
            };
            calls.swap_remove(at).1
        };
        self.take(provider, answer, now);
    }

    fn max_answer_bytes(&self) -> usize {
        document::MAX_BYTES
    }

    fn news(&self) -> u64 {
        self.keyring.version()
    }

    fn tick_in(&self, now: Duration, is_anyone_waiting: bool) -> Option<Duration> {
        match self.first_look.get() {
            Some(first) if !is_anyone_waiting => Some(first),
            _ => self.keyring.look_in(now, is_anyone_waiting),
        }
    }
}

impl JwtAuth {
    fn send(&self, provider: usize, call: &Call, now: Duration) {
        let Some(source) = self.keyring.source(provider) else {
            return;
        };
        let headers: Vec<_> = source.headers.iter().map(FetchHeader::as_pair).collect();
        let sent = host::http_get(&HttpGet {
            cluster: &source.cluster,
            headers: &headers,
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
}
