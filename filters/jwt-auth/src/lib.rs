//! jwt-auth: verifies JSON Web Tokens, requires claims and scopes, and hands claims on as headers.
//!
//! The life of a request: [`rules::Rules::requirement`] finds what it has to show, [`authenticator::Authenticator::decide`] says whether it
//! does and by which tokens, and [`forward::edits`] or [`answer::Answers::reply`] is what becomes of it.
//!
//! | Module | Holds |
//! |---|---|
//! | [`config`] | what a user writes, and its checks |
//! | [`rules`], [`requirement`] | what a request has to show |
//! | [`sources`], [`token`], [`claims`] | where tokens stand, how they are taken apart, what they say |
//! | [`keys`], [`signature`], [`algorithm`] | keys, and who verifies with them |
//! | [`provider`], [`authenticator`] | the checks of a token in their order |
//! | [`cache`], [`budget`] | what was verified before, and how much may be verified |
//! | [`forward`], [`answer`], [`reason`], [`events`] | what the upstream gets, what the client is told, what is counted |
//! | [`base64url`], [`json`] | strict reading |

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        reason = "an overflow in a test should fail it"
    )
)]

pub mod algorithm;
pub mod answer;
pub mod authenticator;
pub mod base64url;
pub mod budget;
pub mod cache;
pub mod claims;
pub mod config;
pub mod events;
pub mod forward;
pub mod json;
pub mod keys;
pub mod provider;
pub mod reason;
pub mod requirement;
pub mod rules;
pub mod signature;
pub mod sources;
pub mod token;

#[cfg(test)]
mod testing;

pub use config::{Config, RawConfig};
pub use events::Event;

use answer::Answers;
use authenticator::{Accepted, Authenticator, KeyState, Moment};
use filter_kit::host::{self, Counter, Counters, Plugin};
use filter_kit::reply::LocalReply;
use filter_kit::request::{Needs, RequestHead};
use filter_kit::values::{HeaderName, Mode};
use provider::Keys;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use requirement::{Refusal, Requirement};
use rules::Rules;
use std::collections::BTreeSet;
use std::rc::Rc;

/// The JSON Schema of the configuration.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(RawConfig)
}

#[cfg(target_arch = "wasm32")]
mod entry {
    proxy_wasm::main! {{ filter_kit::host::start::<crate::JwtAuth>(); }}
}

/// The filter on one worker.
pub struct JwtAuth {
    mode: Mode,
    rules: Rules,
    bypass_cors_preflight: bool,
    authenticator: Authenticator,
    promised: BTreeSet<HeaderName>,
    answers: Answers,
    needs: Needs,
    counters: Counters<Event>,
    by_provider: Vec<ProviderCounters>,
}

/// What is counted for each provider.
struct ProviderCounters {
    allowed: Counter,
    denied: Counter,
}

impl Plugin for JwtAuth {
    type Config = Config;

    fn new(config: Config) -> Self {
        let of_provider = |name: &str| ProviderCounters {
            allowed: Counter::define(&format!("jwt_auth.provider.{name}.allowed_total")),
            denied: Counter::define(&format!("jwt_auth.provider.{name}.denied_total")),
        };
        Self {
            mode: config.mode,
            rules: config.rules,
            bypass_cors_preflight: config.bypass_cors_preflight,
            promised: forward::promised(&config.providers),
            // Tokens, forged headers and the form of a refusal: all are found among the headers.
            needs: config.answers.needs().or(Needs {
                headers: true,
                ..Needs::default()
            }),
            answers: config.answers,
            counters: Counters::define(),
            by_provider: config
                .providers
                .iter()
                .map(|p| of_provider(&p.name))
                .collect(),
            authenticator: Authenticator::new(
                config.providers,
                config.max_cached,
                config.max_cached_bytes,
                config.verification_time,
                config.denied_ids,
            ),
        }
    }

    fn request(plugin: &Rc<Self>) -> Box<dyn HttpContext> {
        Box::new(Request {
            filter: Rc::clone(plugin),
        })
    }
}

impl JwtAuth {
    fn keys(&self, provider: usize) -> KeyState {
        match self
            .authenticator
            .providers()
            .get(provider)
            .map(|p| &p.keys)
        {
            Some(Keys::Fixed(set)) => KeyState::Here {
                set: Rc::clone(set),
                may_change: false,
            },
            None => KeyState::NotHere { may_change: false },
        }
    }

    fn decide(
        &self,
        requirement: &Requirement,
        head: &RequestHead,
    ) -> Result<Vec<Accepted>, Refusal> {
        let moment = Moment {
            now: host::now(),
            clock: &host::now,
            keys: &|provider| self.keys(provider),
            patient: false,
        };
        let verdict = self.authenticator.decide(requirement, head, &moment);
        if self.authenticator.was_hit() {
            self.counters.increment(Event::CacheHit);
        } else if !matches!(requirement, Requirement::Nothing) {
            self.counters.increment(Event::CacheMiss);
        }
        verdict
    }

    /// Lets a request through, with what its tokens say.
    fn pass(&self, head: &RequestHead, accepted: &[Accepted], event: Event) -> Action {
        self.counters.increment(event);
        for token in accepted {
            if let Some(counters) = self.by_provider.get(token.provider) {
                counters.allowed.increment();
            }
        }
        if self.mode == Mode::Enforce {
            let providers = self.authenticator.providers();
            host::edit_request(&forward::edits(head, &self.promised, providers, accepted));
        }
        Action::Continue
    }

    fn refuse(&self, head: &RequestHead, refusal: &Refusal) -> Action {
        if let Some(counters) = self.by_provider.get(refusal.provider) {
            counters.denied.increment();
        }
        if self.mode == Mode::Report {
            self.counters.increment(Event::reported(refusal.reason));
            log::info!(
                "report: the request would be refused: {}",
                refusal.reason.details()
            );
            return Action::Continue;
        }
        self.counters.increment(Event::denied(refusal.reason));
        host::reply(&self.answers.reply(refusal, head))
    }

    fn refuse_path(&self) -> Action {
        if self.mode == Mode::Report {
            self.counters.increment(Event::ReportedAmbiguousPath);
            log::info!("report: the request would be refused: its path is not in plain form");
            return Action::Continue;
        }
        self.counters.increment(Event::DeniedAmbiguousPath);
        host::reply(&LocalReply::ambiguous_path())
    }
}

/// One request.
struct Request {
    filter: Rc<JwtAuth>,
}

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let filter = &self.filter;
        let head = host::request_head(filter.needs);
        if filter.bypass_cors_preflight && rules::is_preflight(&head) {
            return filter.pass(&head, &[], Event::AllowedPreflight);
        }
        let Ok(requirement) = filter.rules.requirement(&head) else {
            return filter.refuse_path();
        };
        match filter.decide(requirement, &head) {
            Ok(accepted) => {
                let event = match (requirement, accepted.as_slice()) {
                    (Requirement::Nothing, _) => Event::AllowedNothing,
                    (_, []) => Event::AllowedWithout,
                    _ => Event::AllowedToken,
                };
                filter.pass(&head, &accepted, event)
            }
            Err(refusal) => filter.refuse(&head, &refusal),
        }
    }
}
