//! jwt-auth: verifies JSON Web Tokens, requires claims and scopes, and hands claims on as headers.
//!
//! The life of a request: [`rules::Rules::requirement`] finds what it has to show, [`authenticator::Authenticator::decide`] says whether it
//! does and by which tokens, and [`forward::edits`] or [`answer::Answers::reply`] is what becomes of it. Where the keys are still on their way it
//! waits, and is decided anew from a callback of the root context.
//!
//! | Module | Holds |
//! |---|---|
//! | [`config`] | what a user writes, and its checks |
//! | [`rules`], [`requirement`] | what a request has to show |
//! | [`sources`], [`token`], [`claims`] | where tokens stand, how they are taken apart, what they say |
//! | [`keys`], [`signature`], [`algorithm`] | keys, and who verifies with them |
//! | [`remote`], [`waiting`] | keys of a server, fetched by one worker for all; requests that wait for them |
//! | [`provider`], [`authenticator`] | the checks of a token in their order |
//! | [`cache`], [`budget`] | what was verified before, and how much may be verified |
//! | [`forward`], [`answer`], [`reason`], [`events`] | what the upstream gets, what the client is told, what is counted |
//! | [`filter`] | all of this on one worker, between the host and the decisions |
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
pub mod filter;
pub mod forward;
pub mod json;
pub mod keys;
pub mod provider;
pub mod reason;
pub mod remote;
pub mod requirement;
pub mod rules;
pub mod signature;
pub mod sources;
pub mod token;
pub mod waiting;

#[cfg(test)]
mod testing;

pub use config::{Config, RawConfig};
pub use events::Event;

use filter::{JwtAuth, Outcome};
use filter_kit::host::{self, CallId};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};
use std::rc::Rc;
use waiting::Place;

/// The JSON Schema of the configuration.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(RawConfig)
}

#[cfg(target_arch = "wasm32")]
mod entry {
    use proxy_wasm::types::LogLevel;

    proxy_wasm::main! {{
        proxy_wasm::set_log_level(LogLevel::Info);
        proxy_wasm::set_root_context(|id| Box::new(crate::Root::new(id)));
    }}
}

/// The root context: beside the configuration it has the clock and the calls of remote keys.
pub struct Root {
    id: u32,
    filter: Option<Rc<JwtAuth>>,
}

impl Root {
    /// Not configured yet.
    #[must_use]
    pub fn new(id: u32) -> Self {
        Self { id, filter: None }
    }
}

impl Context for Root {
    fn on_http_call_response(&mut self, call: u32, headers: usize, body: usize, _: usize) {
        if let Some(filter) = &self.filter {
            filter.on_answer(CallId(call), headers, body);
        }
    }
}

impl RootContext for Root {
    /// Envoy refuses a configuration for which this is false: it does not start, or goes on with the old one.
    fn on_configure(&mut self, _: usize) -> bool {
        let Some(config) = host::configuration() else {
            return false;
        };
        self.filter = Some(Rc::new(JwtAuth::start(config, self.id)));
        true
    }

    fn on_tick(&mut self) {
        if let Some(filter) = &self.filter {
            filter.on_tick();
        }
    }

    fn create_http_context(&self, id: u32) -> Option<Box<dyn HttpContext>> {
        let filter = Rc::clone(self.filter.as_ref()?);
        Some(Box::new(Request {
            id,
            filter,
            place: None,
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// One request.
struct Request {
    id: u32,
    filter: Rc<JwtAuth>,
    /// Its place among those that wait. With the stream goes the request, and with the request its place: nobody is answered then.
    place: Option<Rc<Place>>,
}

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        match self.filter.on_request(self.id) {
            Outcome::Pass => Action::Continue,
            Outcome::Answered => Action::Pause,
            Outcome::Waits(place) => {
                self.place = Some(place);
                Action::Pause
            }
        }
    }
}
