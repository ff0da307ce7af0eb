//! The pipeline: a filter on its host.
//!
//! A [`Filter`] decides on a [`Request`], and edits it and its [`Response`]. Everything else is
//! here, once for all filters: loading the configuration, reading the head, writing the difference,
//! local replies, requests that wait, ticks and calls, and report mode.
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

/// How often in turn a request may wait without a callback in between. A filter that asks again for
/// what it cannot have must not keep the worker.
const MAX_WAITS: usize = 4;

/// A filter on one worker. Made once for each configuration that is loaded.
pub trait Filter: Sized + 'static {
    /// The configuration.
    type Config: FilterConfig;

    /// What a request leaves for its response, or for when it goes on after it has waited.
    type State: Default + 'static;

    /// The callbacks that Envoy has a reason to call. A module exports no others: Envoy enters the
    /// VM for each that it finds.
    const CALLBACKS: Callbacks = Callbacks::REQUEST;

    /// The version that the module states when it is loaded: of the filter's crate,
    /// `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    /// The filter of a configuration. In `on_configure` of the root context.
    fn new(config: Self::Config) -> Self;

    /// The filter of a configuration that stands in one plugin with others of the same filter,
    /// `nth` of them before it. A filter whose shared data is known by the plugin tells them apart
    /// by it.
    fn new_nth(config: Self::Config, nth: usize) -> Self {
        let _ = nth;
        Self::new(config)
    }

    /// Whether to act on what is decided. In report mode no edit is made, no reply is sent, and
    /// what would have been is logged.
    fn mode(&self) -> Mode {
        Mode::Enforce
    }

    /// Whether it reads all headers of most requests: then a chain reads them for all filters,
    /// before one of them asks for a single header.
    fn reads_requests(&self) -> bool {
        false
    }

    /// Decides on a request whose head is here.
    fn on_request(&self, request: &mut Request, state: &mut Self::State) -> Flow;

    /// Decides again on a request that has waited.
    fn on_resume(&self, _: &mut Request, _: &mut Self::State, _: Wake) -> Flow {
        Flow::Continue
    }

    /// Edits the trailers of a request, wherever its decision stands. With [`Callbacks::waiting`]
    /// only. Servers may take a trailer for a header (RFC 9110, section 6.5.1), so what is taken
    /// out of the headers is taken out here too.
    fn on_request_trailers(&self, _: &mut Headers) {}

    /// Edits the response. Local replies pass here too, those of this filter among them; a response
    /// may come without its request, as where Envoy refuses one itself.
    fn on_response(&self, _: &mut Response, _: &mut Self::State) {}

    /// What the filter does beside its requests.
    fn background(&self) -> Option<&dyn Background> {
        None
    }
}

/// How a request goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flow {
    /// To the next filter, with the edits that were made.
    Continue,
    /// Not at all: this is the answer. Edits are not made.
    Reply(LocalReply),
    /// Later. Body and trailers wait too.
    Wait(Wait),
}

/// What Envoy does with a request after a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// It goes on.
    Continue,
    /// It stays.
    Pause,
}

/// What a request waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wait {
    /// The answer to this call.
    Call(GrpcCall),
    /// News of the [`Background`], at most until this time. A request that still waits for the same
    /// news names the same time again.
    News(Duration),
}

/// Why a request that has waited is decided again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wake {
    /// The call is answered; `None`: it failed, or could not be made.
    Answer(Option<Vec<u8>>),
    /// There is news, and still time to wait for more.
    News,
    /// Its time is up.
    TimeUp,
    /// It may not wait: too many do.
    Full,
}

/// What a filter does beside its requests: calls to servers, on a clock. All in callbacks of the
/// root context.
pub trait Background {
    /// The most requests that wait at the same time.
    fn max_waiting(&self) -> usize;

    /// A request begins to wait for news.
    fn on_wait(&self) {}

    /// Its time has come.
    fn on_tick(&self, now: Duration);

    /// A call has ended.
    fn on_answer(&self, call: CallId, answer: Result<HttpAnswer, CallFailure>, now: Duration);

    /// The longest body of an answer, in bytes. What is longer is not copied.
    fn max_answer_bytes(&self) -> usize;

    /// A number that is another one whenever there is news for requests that wait.
    fn news(&self) -> u64;

    /// How long until the next tick; `None`: never. Asked whenever something was done.
    fn tick_in(&self, now: Duration, is_anyone_waiting: bool) -> Option<Duration>;
}

/// Explains an answer that the filter has not explained itself.
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

/// Logs which headers of a message would change beside those that have changed before.
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
