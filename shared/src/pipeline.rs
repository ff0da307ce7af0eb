//! Runs a filter on its host.
//!
//! A [`Filter`] decides on a [`Request`], and edits it and its [`Response`]. Everything else is
//! done here, once for all filters: loading the configuration, reading headers, writing the
//! difference, local replies, waiting requests, timers and calls, and report mode.
//!
//! ```
//! use filter_kit::config::{Env, FilterConfig, Invalid};
//! use filter_kit::pipeline::{Filter, Flow};
//! use filter_kit::request::Request;
//!
//! /// Sets `x-greeting` on each request.
//! struct Greeter(Config);
//!
//! #[derive(serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Config {
//!     greeting: String,
//! }
//!
//! impl FilterConfig for Config {
//!     const FILTER: &'static str = "greeter";
//!     type Raw = Self;
//!
//!     fn build(raw: Self, _: &Env) -> Result<Self, Invalid> {
//!         Ok(raw)
//!     }
//! }
//!
//! impl Filter for Greeter {
//!     type Config = Config;
//!     type State = ();
//!
//!     fn new(config: Config) -> Self {
//!         Self(config)
//!     }
//!
//!     fn on_request(&self, request: &mut Request, _: &mut ()) -> Flow {
//!         request.edit(|headers| headers.set("x-greeting", self.0.greeting.as_bytes()));
//!         Flow::Continue
//!     }
//! }
//! ```

mod callbacks;
mod part;
mod root;
mod stream;
mod waiting;
mod worker;

use crate::config::FilterConfig;
use crate::explain::{self, Explanation};
use crate::headers::Headers;
use crate::host::{self, CallFailure, CallId, GrpcCall, HttpAnswer};
use crate::reply::LocalReply;
use crate::request::Request;
use crate::response::Response;
use crate::values::Mode;
use std::time::Duration;

pub use callbacks::Callbacks;
pub use part::{edit_response, edit_trailers, follow_request};
#[cfg(any(test, feature = "testing", target_arch = "wasm32"))]
pub(crate) use root::Root;
#[cfg(any(test, feature = "testing", target_arch = "wasm32"))]
pub(crate) use stream::Stream;

/// How many times in a row a request may ask to wait within one callback. A filter that keeps
/// asking for something unavailable must not block the worker.
const MAX_WAITS: usize = 4;

/// A filter on one worker. Created once for each configuration that is loaded.
pub trait Filter: Sized + 'static {
    /// The configuration.
    type Config: FilterConfig;

    /// What a request keeps for its response, or for when it resumes after waiting.
    type State: Default + 'static;

    /// The callbacks that the filter needs. A module exports no others, because Envoy enters the VM
    /// for every callback that is exported.
    const CALLBACKS: Callbacks = Callbacks::REQUEST;

    /// The version that the module logs when it is loaded. Set it to the version of the filter's
    /// crate, `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    /// Creates the filter from its configuration. Called in `on_configure` of the root context.
    fn new(config: Self::Config) -> Self;

    /// Creates one of several instances of the same filter in one plugin; `nth` instances come
    /// before it. A filter that identifies its shared data by the plugin uses `nth` to keep the
    /// instances apart.
    fn new_nth(config: Self::Config, nth: usize) -> Self {
        let _ = nth;
        Self::new(config)
    }

    /// Whether decisions take effect. In report mode no edit is made and no reply is sent; what
    /// would have happened is logged.
    fn mode(&self) -> Mode {
        Mode::Enforce
    }

    /// Whether the filter reads all headers of most requests. If so, a chain reads them for all of
    /// its filters before one of them asks for a single header.
    fn reads_requests(&self) -> bool {
        false
    }

    /// Decides on a request whose headers have arrived.
    fn on_request(&self, request: &mut Request, state: &mut Self::State) -> Flow;

    /// Decides again on a request that has waited.
    fn on_resume(&self, _: &mut Request, _: &mut Self::State, _: Wake) -> Flow {
        Flow::Continue
    }

    /// Edits the trailers of a request, whatever was decided about it. Called only with
    /// [`Callbacks::waiting`]. Servers may treat a trailer as a header (RFC 9110, section 6.5.1),
    /// so a filter that removes a header has to remove the trailer too.
    fn on_request_trailers(&self, _: &mut Headers) {}

    /// Edits the response. Called for local replies too, including those of this filter. A response
    /// may come without its request, for example if Envoy itself rejects the request.
    fn on_response(&self, _: &mut Response, _: &mut Self::State) {}

    /// Returns the work that the filter does outside of its requests, if any.
    fn background(&self) -> Option<&dyn Background> {
        None
    }
}

/// What happens to a request after a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flow {
    /// It continues to the next filter, with the edits that were made.
    Continue,
    /// It ends with this reply. Edits are dropped.
    Reply(LocalReply),
    /// It waits. Body and trailers wait too.
    Wait(Wait),
}

/// What Envoy does with a request after a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Continue the request.
    Continue,
    /// Keep the request paused.
    Pause,
}

/// What a request waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wait {
    /// The answer to this call.
    Call(GrpcCall),
    /// News from the [`Background`], at most until this time. A request that keeps waiting for the
    /// same news must return the same time again.
    News(Duration),
}

/// Why a request that has waited is decided again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wake {
    /// The answer to the call; `None` if the call failed or could not be made.
    Answer(Option<Vec<u8>>),
    /// There is news, and there is still time to wait for more.
    News,
    /// The time to wait is over.
    TimeUp,
    /// Too many requests are waiting already, so this one may not wait.
    Full,
}

/// What a filter does outside of its requests: timed calls to servers. All methods are called in
/// callbacks of the root context.
pub trait Background {
    /// Returns the maximum number of requests that may wait at the same time.
    fn max_waiting(&self) -> usize;

    /// Called when a request starts to wait for news.
    fn on_wait(&self) {}

    /// Called when the time returned by [`tick_in`](Self::tick_in) has passed.
    fn on_tick(&self, now: Duration);

    /// Called when a call has ended.
    fn on_answer(&self, call: CallId, answer: Result<HttpAnswer, CallFailure>, now: Duration);

    /// Returns the maximum size of the body of an answer, in bytes. A longer body is not copied
    /// into the module.
    fn max_answer_bytes(&self) -> usize;

    /// Returns a number that changes whenever there is news for waiting requests.
    fn news(&self) -> u64;

    /// Returns the time until the next tick; `None` for no tick. Called after each step that may
    /// change it.
    fn tick_in(&self, now: Duration, is_anyone_waiting: bool) -> Option<Duration>;
}

/// Explains a reply, unless the filter has already done so.
#[cold]
fn explain_reply(filter: &'static str, mode: Mode, reply: &LocalReply, request: &Request) {
    if reply.status >= 400 {
        if !request.is_explained() {
            request.explain(&Explanation::new(filter, mode, &reply.details));
        }
    } else if mode == Mode::Report {
        explain::report(filter, || {
            format!("the request would be answered: {}", reply.details)
        });
    } else if host::tells_decisions() {
        explain::debug(filter, "answered", request);
    }
}

/// Logs which headers of a message would change, except for earlier changes.
#[cold]
fn report_edits(
    filter: &'static str,
    message: &str,
    before: Option<&Headers>,
    after: Option<&Headers>,
) {
    let before = before.map(Headers::difference).unwrap_or_default();
    let edits = after.map(Headers::difference).unwrap_or_default();
    let edits = edits.iter().filter(|edit| !before.contains(edit));
    let mut names: Vec<_> = edits
        .map(|edit| String::from_utf8_lossy(edit.name()))
        .collect();
    if names.is_empty() {
        return;
    }
    explain::report(filter, || {
        names.dedup();
        format!("the {message} would change in: {}", names.join(", "))
    });
}

#[cfg(test)]
mod tests;
