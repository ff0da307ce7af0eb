//! A request, read once.
//!
//! What decisions are made of is read from the host when it is first asked for, and kept: the head
//! in one buffer, the host, the path's readings, the query and the cookies taken apart. What no
//! configuration asks for is never read. Everything is bytes: a client chooses them.

mod authority;
mod pairs;
pub(crate) mod property;
mod readings;

use crate::explain::{self, Explanation};
use crate::headers::{Headers, Mark, Touched};
use crate::host::{self, Map};
use crate::reply::Client;
use pairs::Pairs;
use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::net::IpAddr;
use std::time::Duration;

pub use authority::{Authority, Host, MalformedHost};
pub use pairs::{form_decode, query_pairs};
pub use readings::{
    MAX_READINGS, Readings, TooManyReadings, decode, decode_keeping_slashes, is_plain,
};

/// A request: as it came, and with the edits that were made of it since.
///
/// Only in `on_request` and `on_resume` of a filter can it be read from the host; a
/// [`snapshot`](Self::snapshot) holds what was read by then.
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
    /// How many bytes of the path regular expressions have looked through.
    searched: Cell<usize>,
    is_explained: Cell<bool>,
    rare: OnceCell<Box<Rare>>,
}

/// What few configurations ask for: in a box, so that other requests do not pay for its room.
#[derive(Debug, Clone, Default)]
struct Rare {
    client_ip: OnceCell<Option<IpAddr>>,
    /// Metadata of the route, by filter and key.
    metadata: RefCell<Vec<Metadata>>,
}

#[derive(Debug, Clone)]
struct Metadata {
    filter: &'static str,
    key: String,
    value: Option<Vec<u8>>,
}

/// The most bytes of a long path that all regular expressions look through together: 5 ms in a VM,
/// where one needs some 70 ns for a byte.
const MAX_SEARCHED_BYTES: usize = 64 * 1024;

/// The normalized host: mostly the beginning of `:authority` as it is.
#[derive(Debug, Clone)]
enum NormalizedHost {
    Prefix(usize),
    Other(Vec<u8>),
}

/// Where path and query end in `:path`.
#[derive(Debug, Clone, Copy)]
struct Target {
    path: usize,
    /// `None` where there is no question mark.
    query: Option<usize>,
}

impl Request {
    /// A request with these headers, read from no host; for tests. See [`testing`](crate::testing).
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

    /// The request that the host has; `has_more`: body or trailers follow its head.
    pub(crate) fn of_host(has_more: bool) -> Self {
        Self {
            has_more,
            ..Self::default()
        }
    }

    /// Whether a body or trailers follow the head, as the host says when the head comes.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// All headers, pseudo-headers among them.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        self.headers.get_or_init(|| host::map(Map::Request))
    }

    /// Whether a header that most requests do not have is there. Where the headers have not been
    /// read yet, only this one is asked for.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match self.headers.get() {
            Some(headers) => headers.contains(name),
            None => host::map_value(Map::Request, name).is_some(),
        }
    }

    /// The first value of a header; an empty one where the host gives none. Where the headers have
    /// not been read yet, only this one is asked for.
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

    /// The values of a header. `host` is the host of `:authority`, without port and in lower case,
    /// wherever it is named.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let is_host = name == "host";
        let host = is_host.then(|| self.host().ok()).flatten();
        let name = if is_host { "" } else { name };
        host.filter(|host| !host.is_empty())
            .into_iter()
            .chain(self.headers().all(name))
    }

    /// `:method`; methods are case-sensitive (RFC 9110, section 9.1).
    #[must_use]
    pub fn method(&self) -> &[u8] {
        self.headers().first(":method").unwrap_or_default()
    }

    /// `:scheme`.
    #[must_use]
    pub fn scheme(&self) -> &[u8] {
        self.headers().first(":scheme").unwrap_or_default()
    }

    /// `:authority`: the host as the client wrote it, with the port.
    #[must_use]
    pub fn authority(&self) -> &[u8] {
        self.headers().first(":authority").unwrap_or_default()
    }

    /// The host: without port and final dot, in lower case, an IPv6 address in its canonical form
    /// and in brackets. Empty where the request has none.
    ///
    /// # Errors
    /// [`MalformedHost`] for an authority that is not `host[:port]`. A filter whose configuration
    /// looks at hosts refuses such a request.
    pub fn host(&self) -> Result<&[u8], MalformedHost> {
        let authority = self.authority();
        let normalized = self.host.get_or_init(|| {
            let host = Authority::parse(authority)?.host;
            Ok(match host.normalized() {
                Cow::Borrowed(text) => NormalizedHost::Prefix(text.len()),
                Cow::Owned(text) => NormalizedHost::Other(text),
            })
        });
        match normalized {
            Ok(NormalizedHost::Prefix(size)) => Ok(authority.get(..*size).unwrap_or_default()),
            Ok(NormalizedHost::Other(text)) => Ok(text),
            Err(malformed) => Err(*malformed),
        }
    }

    /// `:path`: path and query as the client sent them. `None` for CONNECT.
    #[must_use]
    pub fn target(&self) -> Option<&[u8]> {
        self.headers().first(":path")
    }

    /// The path without the query: empty for CONNECT, `*` for `OPTIONS *`.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        let target = self.target().unwrap_or_default();
        target.get(..self.split().path).unwrap_or_default()
    }

    /// The query without its question mark; `None` where there is no question mark.
    #[must_use]
    pub fn query(&self) -> Option<&[u8]> {
        let split = self.split();
        self.target()?.get(split.path..split.query?)?.get(1..)
    }

    fn split(&self) -> Target {
        *self.target.get_or_init(|| {
            let (path, query) = split_target(self.target().unwrap_or_default());
            Target {
                path: path.len(),
                query: query.map(|query| path.len().saturating_add(1).saturating_add(query.len())),
            }
        })
    }

    /// What servers may make of the path; see [`Readings`]. Iterate with [`path`](Self::path).
    ///
    /// # Errors
    /// [`TooManyReadings`].
    pub fn readings(&self) -> Result<&Readings, TooManyReadings> {
        self.readings
            .get_or_init(|| Readings::of(self.path()))
            .as_ref()
            .map_err(|error| *error)
    }

    /// Takes from what regular expressions may look through of the path.
    ///
    /// # Errors
    /// [`TooManyReadings`] where nothing is left: the path is too long for so many patterns.
    pub(crate) fn search(&self, bytes: usize) -> Result<(), TooManyReadings> {
        let searched = self.searched.get().saturating_add(bytes);
        self.searched.set(searched);
        if searched > MAX_SEARCHED_BYTES {
            return Err(TooManyReadings);
        }
        Ok(())
    }

    /// The path in the one form that all its spellings have, for what needs one form, such as a
    /// key.
    ///
    /// # Errors
    /// [`TooManyReadings`].
    pub fn canonical_path(&self) -> Result<&[u8], TooManyReadings> {
        Ok(self.readings()?.canonical(self.path()))
    }

    /// The values of a query parameter, each decoded once, in order.
    pub fn query_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.query
            .get_or_init(|| Pairs::of_query(self.query().unwrap_or_default()))
            .values(name)
    }

    /// The values of a cookie as sent, in order, over all `cookie` headers (RFC 6265, section 4.2).
    pub fn cookie_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.cookies
            .get_or_init(|| Pairs::of_cookies(self.headers().all("cookie")))
            .values(name)
    }

    /// The client's address without the port, as Envoy trusts it: after `use_remote_address` and
    /// `xff_num_trusted_hops`, never a raw `x-forwarded-for`.
    #[must_use]
    pub fn source_address(&self) -> Option<&[u8]> {
        self.source_address
            .get_or_init(|| {
                let address = host::property(b"source\0address")?;
                Some(address_without_port(&address).to_vec())
            })
            .as_deref()
    }

    /// [`source_address`](Self::source_address) as an address, an IPv4 address that is mapped into
    /// IPv6 as IPv4. `None` for a Unix socket.
    #[must_use]
    pub fn client_ip(&self) -> Option<IpAddr> {
        let rare = self.rare.get_or_init(Box::default);
        *rare.client_ip.get_or_init(|| {
            let text = std::str::from_utf8(self.source_address()?).ok()?;
            // A scope (`fe80::1%eth0`) is no part of the address.
            let text = text.split('%').next()?;
            text.parse().ok().map(|ip: IpAddr| ip.to_canonical())
        })
    }

    /// A value in the metadata of the route that Envoy chose: `filter_metadata` under the filter's
    /// name. Numbers and booleans as JSON writes them; `None` for lists and objects.
    #[must_use]
    pub fn route_metadata(&self, filter: &'static str, key: &str) -> Option<Vec<u8>> {
        let rare = self.rare.get_or_init(Box::default);
        let mut known = rare.metadata.borrow_mut();
        let found = known
            .iter()
            .find(|metadata| metadata.filter == filter && metadata.key == key);
        if let Some(metadata) = found {
            return metadata.value.clone();
        }
        let path = ["xds\0route_metadata\0filter_metadata\0", filter, "\0", key].concat();
        let value = host::property(path.as_bytes()).and_then(property::text_of);
        known.push(Metadata {
            filter,
            key: key.to_owned(),
            value: value.clone(),
        });
        value
    }

    /// Sets a value in the metadata of the route; for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn set_route_metadata(&self, filter: &'static str, key: &str, value: &str) {
        let rare = self.rare.get_or_init(Box::default);
        rare.metadata.borrow_mut().push(Metadata {
            filter,
            key: key.to_owned(),
            value: Some(value.into()),
        });
    }

    /// The name of the route that Envoy chose.
    #[must_use]
    pub fn route_name(&self) -> Option<&[u8]> {
        self.route_name
            .get_or_init(|| host::property(b"xds\0route_name"))
            .as_deref()
    }

    /// The wall clock, since the Unix epoch, as it was when it was first asked for.
    #[must_use]
    pub fn now(&self) -> Duration {
        *self.now.get_or_init(host::now)
    }

    /// Who asks, for the form of a local reply.
    #[must_use]
    pub fn client(&self) -> Client {
        let headers = self.headers();
        Client::of(headers.first("content-type"), headers.all("accept"))
    }

    /// Edits the headers. What was read of a header that changes is read again; the rest is kept,
    /// so that many edits of a long request cost no more than the edits.
    pub fn edit(&mut self, edit: impl FnOnce(&mut Headers)) {
        let _ = self.headers();
        let Some(headers) = self.headers.get_mut() else {
            return;
        };
        edit(headers);
        let touched = headers.take_touched();
        if touched.is_any() {
            self.forget(touched);
        }
    }

    /// What was read of these headers is read again.
    #[inline(never)]
    fn forget(&mut self, touched: Touched) {
        if touched.path {
            self.target.take();
            self.readings.take();
            self.query.take();
        }
        if touched.authority {
            self.host.take();
        }
        if touched.cookie {
            self.cookies.take();
        }
    }

    /// The edits so far, for [`is_changed_since`](Self::is_changed_since).
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark(self.headers.get().map_or(0, Headers::edits))
    }

    /// Whether edits since the mark change what the host has to do.
    #[must_use]
    pub fn is_changed_since(&self, mark: Mark) -> bool {
        self.mark() != mark && (mark != Mark(0) || self.is_changed())
    }

    /// Whether the host has to change anything.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.headers.get().is_some_and(Headers::is_changed)
    }

    /// The request as it is now, for when its response comes: the headers are read, and what `more`
    /// asks for.
    #[must_use]
    pub fn snapshot(&self, more: impl FnOnce(&Self)) -> Self {
        let _ = self.headers();
        more(self);
        self.clone()
    }

    /// Tells the log and access logs why the filter refuses this request, or would. Once for each
    /// reason, in the callback that decides.
    pub fn explain(&self, explanation: &Explanation<'_>) {
        self.is_explained.set(true);
        explain::explain(explanation, self);
    }

    /// The next filter of a chain explains what it decides itself.
    pub(crate) fn forget_explanation(&self) {
        self.is_explained.set(false);
    }

    /// Writes filter state that lives as long as the request: `%FILTER_STATE(wasm.NAME:PLAIN)%` in
    /// access logs. In the callback that decides.
    pub fn export(&self, name: &str, value: &[u8]) {
        host::set_filter_state(name, value);
    }

    /// Whether the filter has explained what it decided.
    pub(crate) fn is_explained(&self) -> bool {
        self.is_explained.get()
    }

    /// Reads the clock again, for a request that has waited.
    pub(crate) fn wake(&mut self) {
        self.searched.set(0);
        self.now.take();
    }

    pub(crate) fn edited(&self) -> Option<&Headers> {
        self.headers.get()
    }

    /// Takes the edits back.
    pub(crate) fn forget_edits(&mut self) {
        *self = Self::of_host(self.has_more);
    }
}

/// Path and query of a `:path`. A fragment, which Envoy refuses by default, belongs to neither.
#[must_use]
pub fn split_target(target: &[u8]) -> (&[u8], Option<&[u8]>) {
    let target = target.split(|b| *b == b'#').next().unwrap_or_default();
    match target.iter().position(|b| *b == b'?') {
        None => (target, None),
        Some(at) => {
            let (path, query) = target.split_at_checked(at).unwrap_or((target, b""));
            (path, query.get(1..))
        }
    }
}

/// The address of Envoy's `source.address` (`10.0.0.1:4711`, `[::1]:4711`), without port and
/// brackets.
#[must_use]
pub fn address_without_port(address: &[u8]) -> &[u8] {
    if let Some(rest) = address.strip_prefix(b"[") {
        return rest.split(|b| *b == b']').next().unwrap_or_default();
    }
    let mut parts = address.split(|b| *b == b':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(host), Some(_), None) => host,
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::request;
    use proptest::prelude::*;

    #[test]
    fn the_host_is_read_without_port_case_and_final_dot() {
        for (authority, host) in [
            ("api.example.com", Some("api.example.com")),
            ("API.Example.com:8443", Some("api.example.com")),
            ("api.example.com:", Some("api.example.com")),
            ("api.example.com.", Some("api.example.com")),
            ("[::1]:8080", Some("[::1]")),
            ("[0:0::1]", Some("[::1]")),
            ("", Some("")),
            ("user@api.example.com:80", None),
            ("a:b", None),
            ("::1", None),
        ] {
            let request = request("GET", "/").authority(authority).build();
            assert_eq!(request.host().ok(), host.map(str::as_bytes), "{authority}");
            let values: Vec<&[u8]> = request.values("host").collect();
            let expected = host.filter(|host| !host.is_empty()).map(str::as_bytes);
            assert_eq!(values, expected.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_address_loses_port_and_brackets() {
        for (address, bare) in [
            ("10.0.0.1:4711", "10.0.0.1"),
            ("10.0.0.1", "10.0.0.1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("@unix", "@unix"),
        ] {
            assert_eq!(
                address_without_port(address.as_bytes()),
                bare.as_bytes(),
                "{address}"
            );
        }
    }

    #[test]
    fn path_and_query_split_at_the_first_question_mark() {
        for (target, path, query) in [
            ("/a?b=c?d", "/a", Some("b=c?d")),
            ("/a?", "/a", Some("")),
            ("/a", "/a", None),
            ("*", "*", None),
            ("/a#f?x", "/a", None),
        ] {
            let request = request("GET", target).build();
            assert_eq!(request.path(), path.as_bytes());
            assert_eq!(request.query(), query.map(str::as_bytes), "{target}");
        }
        let connect = Request::of(Headers::default(), None, None);
        assert_eq!((connect.path(), connect.query()), (&b""[..], None));
    }

    #[test]
    fn query_values_are_decoded_once_and_repeated_ones_all_seen() {
        let request = request("GET", "/?a=1&b=x%2541+y&a=&%61=3&c").build();
        let values = |n| request.query_values(n).collect::<Vec<_>>();
        assert_eq!(values("a"), [&b"1"[..], b"", b"3"]);
        assert_eq!(values("b"), [b"x%41 y"]);
        assert_eq!(values("c"), [b""]);
        assert_eq!(values("d"), Vec::<&[u8]>::new());
    }

    #[test]
    fn cookies_are_found_over_all_cookie_headers() {
        let request = request("GET", "/")
            .header("cookie", "a=1; session=x; b")
            .header("cookie", "session=\"y\"")
            .build();
        let values: Vec<_> = request.cookie_values("session").collect();
        assert_eq!(values, [&b"x"[..], b"y"]);
    }

    #[test]
    fn an_edit_of_another_header_keeps_what_was_read() {
        let mut request = request("GET", "/%61?x=1").header("cookie", "s=1").build();
        let _ = (request.readings().is_ok(), request.host().is_ok());
        let _ = request.query_values("x").count() + request.cookie_values("s").count();
        request.edit(|headers| {
            headers.set("x-a", b"1");
            headers.set(":path", b"/%61?x=1");
            headers.remove("x-b");
        });
        assert!(request.readings.get().is_some() && request.query.get().is_some());
        assert!(request.host.get().is_some() && request.cookies.get().is_some());
        request.edit(|headers| headers.add("cookie", b"t=2"));
        assert_eq!(request.cookie_values("t").next(), Some(&b"2"[..]));
        assert!(request.readings.get().is_some());
    }

    #[test]
    fn what_was_read_is_read_again_after_an_edit() {
        let mut request = request("GET", "/a?x=1")
            .header("cookie", "s=1")
            .authority("a.example")
            .build();
        let read = |request: &Request| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            [
                text(request.path()),
                text(request.canonical_path().unwrap()),
                text(request.query_values("x").next().unwrap()),
                text(request.cookie_values("s").next().unwrap()),
                text(request.host().unwrap()),
            ]
        };
        assert_eq!(read(&request), ["/a", "/a", "1", "1", "a.example"]);
        request.edit(|headers| {
            headers.set(":path", b"/b?x=2");
            headers.set(":authority", b"b.example");
            headers.set("cookie", b"s=2");
        });
        assert_eq!(read(&request), ["/b", "/b", "2", "2", "b.example"]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let _ = form_decode(&bytes);
            let _ = address_without_port(&bytes);
            let headers = Headers::new(&[(":path", &bytes), (":authority", &bytes), ("cookie", &bytes)]);
            let request = Request::of(headers, None, None);
            let _ = (request.path(), request.query(), request.host().is_ok(), request.readings().is_ok());
            let _ = (request.query_values("a").count(), request.cookie_values("a").count());
        }
    }
}
