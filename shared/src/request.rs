//! A request, read from the host lazily.
//!
//! Everything that decisions need is read when it is first used, and then kept: all headers in one
//! buffer, the host, the readings of the path, the parsed query and cookies. What no configuration
//! uses is never read. All values are bytes, because clients choose them.

mod authority;
mod edit;
mod normalized;
mod pairs;
pub(crate) mod property;
mod readings;
mod search;
mod surroundings;
mod target;

use crate::explain::{self, Explanation};
use crate::headers::Headers;
use crate::host::{self, Map};
use crate::reply::Client;
use normalized::NormalizedHost;
use pairs::Pairs;
use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::time::Duration;
use surroundings::Rare;
use target::Target;

pub use authority::{Authority, Host, MalformedHost};
pub use pairs::{form_decode, query_pairs};
pub(crate) use readings::decode_keeping_slashes;
pub use readings::{MAX_READINGS, Readings, TooManyReadings, decode, is_plain};
pub use surroundings::address_without_port;
pub use target::split_target;

/// A request as received, with the edits made since.
///
/// It can be read from the host only in `on_request` and `on_resume` of a filter; a
/// [`snapshot`](Self::snapshot) contains what was read by then.
#[derive(Debug, Clone, Default)]
pub struct Request {
    headers: OnceCell<Headers>,
    host: OnceCell<Result<NormalizedHost, MalformedHost>>,
    target: OnceCell<Target>,
    readings: OnceCell<Result<Readings, TooManyReadings>>,
    query: OnceCell<Pairs>,
    cookies: OnceCell<Pairs>,
    source_address: OnceCell<Option<Vec<u8>>>,
    route_name: OnceCell<Option<Vec<u8>>>,
    now: OnceCell<Duration>,
    has_more: bool,
    /// The work done by regular expressions so far.
    searched: Cell<usize>,
    is_explained: Cell<bool>,
    rare: OnceCell<Box<Rare>>,
}

impl Request {
    /// Creates a request with these headers that reads nothing from a host; for tests. See
    /// [`testing`](crate::testing).
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn of(
        headers: Headers,
        source_address: Option<Vec<u8>>,
        route: Option<Vec<u8>>,
    ) -> Self {
        Self {
            headers: headers.into(),
            source_address: source_address.into(),
            route_name: route.into(),
            ..Self::default()
        }
    }

    /// Creates the request that the host has; `has_more` says whether a body or trailers follow its
    /// headers.
    pub(crate) fn of_host(has_more: bool) -> Self {
        Self {
            has_more,
            ..Self::default()
        }
    }

    /// Whether a body or trailers follow the headers, as reported by the host when the headers
    /// arrive.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// Returns all headers, including pseudo-headers.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        self.headers.get_or_init(|| host::map(Map::Request))
    }

    /// Whether the headers have been read, so that looking at them needs no host call.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.headers.get().is_some()
    }

    /// Whether a header exists that most requests do not have. Reads only this header if the
    /// headers have not been read yet.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match self.headers.get() {
            Some(headers) => headers.contains(name),
            None => host::map_value(Map::Request, name).is_some(),
        }
    }

    /// Returns the first value of a header, empty if the host returns none. Reads only this header
    /// if the headers have not been read yet.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        match self.headers.get() {
            Some(headers) => {
                let (_, value) = headers.iter().find(|(n, _)| *n == name.as_bytes())?;
                Some(Cow::Borrowed(value))
            }
            None => host::map_value(Map::Request, name).map(Cow::Owned),
        }
    }

    /// Returns the values of a header. Wherever `host` is used as a name, it means the host of
    /// `:authority`, without port and in lower case.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let is_host = name == "host";
        let host = is_host.then(|| self.host().ok()).flatten();
        let name = if is_host { "" } else { name };
        host.filter(|host| !host.is_empty())
            .into_iter()
            .chain(self.headers().all(name))
    }

    /// Returns `:method`. Methods are case-sensitive (RFC 9110, section 9.1).
    #[must_use]
    pub fn method(&self) -> &[u8] {
        self.headers().first(":method").unwrap_or_default()
    }

    /// Returns `:scheme`.
    #[must_use]
    pub fn scheme(&self) -> &[u8] {
        self.headers().first(":scheme").unwrap_or_default()
    }

    /// Returns `:authority`: the host as the client wrote it, with the port.
    #[must_use]
    pub fn authority(&self) -> &[u8] {
        self.headers().first(":authority").unwrap_or_default()
    }

    /// Returns all ways in which servers may read the path; see [`Readings`]. Iterate with
    /// [`path`](Self::path).
    ///
    /// # Errors
    /// [`TooManyReadings`].
    pub fn readings(&self) -> Result<&Readings, TooManyReadings> {
        self.readings
            .get_or_init(|| Readings::of(self.path()))
            .as_ref()
            .map_err(|error| *error)
    }

    /// Returns the canonical form of the path, the same for all spellings. For uses that need one
    /// form, such as a key.
    ///
    /// # Errors
    /// [`TooManyReadings`].
    pub fn canonical_path(&self) -> Result<&[u8], TooManyReadings> {
        Ok(self.readings()?.canonical(self.path()))
    }

    /// Returns the values of a query parameter, each decoded once, in order.
    pub fn query_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.query
            .get_or_init(|| Pairs::of_query(self.query().unwrap_or_default()))
            .values(name)
    }

    /// Returns the values of a cookie as sent, in order, from all `cookie` headers (RFC 6265,
    /// section 4.2).
    pub fn cookie_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.cookies
            .get_or_init(|| Pairs::of_cookies(self.headers().all("cookie")))
            .values(name)
    }

    /// Returns the wall-clock time since the Unix epoch. The clock is read on the first call.
    #[must_use]
    pub fn now(&self) -> Duration {
        *self.now.get_or_init(host::now)
    }

    /// Returns the kind of client, which determines the form of a local reply.
    #[must_use]
    pub fn client(&self) -> Client {
        let headers = self.headers();
        Client::of(headers.first("content-type"), headers.all("accept"))
    }

    /// Tells the log and access logs why the filter refuses this request, or would in report mode.
    /// Call it once for each reason, in the callback that decides.
    pub fn explain(&self, explanation: &Explanation<'_>) {
        self.is_explained.set(true);
        explain::explain(explanation, self);
    }

    /// Clears the flag, because the next filter of a chain has to explain its own decision.
    pub(crate) fn forget_explanation(&self) {
        self.is_explained.set(false);
    }

    /// Writes filter state, which lasts as long as the request: `%FILTER_STATE(wasm.NAME:PLAIN)%`
    /// in access logs. Call it in the callback that decides.
    pub fn export(&self, name: &str, value: &[u8]) {
        host::set_filter_state(name, value);
    }

    /// Whether the filter has explained its decision.
    pub(crate) fn is_explained(&self) -> bool {
        self.is_explained.get()
    }

    /// Prepares a request that has waited for another decision: the clock is read again, and the
    /// work of regular expressions counts from zero.
    pub(crate) fn wake(&mut self) {
        self.searched.set(0);
        self.now.take();
    }
}

#[cfg(test)]
mod tests;
