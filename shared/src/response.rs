//! A response, read from the host lazily.

use crate::headers::{Edit, Headers, Mark};
use crate::host::{self, Map};
use crate::values::Mode;
use std::borrow::Cow;
use std::cell::OnceCell;

/// A response as received, with the edits made since. Available only in `on_response` of a filter.
///
/// As long as the headers have not been read, edits are made directly on the host, so a filter that
/// only sets headers never reads them. Once they have been read, edits are made on the copy, and
/// the host gets the difference at the end.
#[derive(Debug, Clone)]
pub struct Response {
    headers: OnceCell<Headers>,
    /// Whether edits may be made directly on the host.
    is_direct: bool,
    /// The number of edits made directly.
    direct_edits: u32,
    /// Whether another filter reads the response after this one.
    is_read_again: bool,
}

impl Response {
    /// Creates the response that the host has. In report mode it makes no edit on the host.
    pub(crate) fn of_host(mode: Mode) -> Self {
        Self {
            headers: OnceCell::new(),
            is_direct: mode == Mode::Enforce,
            direct_edits: 0,
            is_read_again: false,
        }
    }

    /// Returns a copy whose edits never reach the host.
    pub(crate) fn draft(&self) -> Self {
        Self {
            is_direct: false,
            ..self.clone()
        }
    }

    /// Creates a response with these headers that reads nothing from a host; for tests.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn of(headers: Headers) -> Self {
        Self {
            headers: headers.into(),
            is_direct: false,
            direct_edits: 0,
            is_read_again: false,
        }
    }

    /// Returns all headers, including `:status`.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        self.headers.get_or_init(|| host::map(Map::Response))
    }

    /// Whether a header exists that most responses do not have. Reads only this header if the
    /// headers have not been read yet.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match self.headers.get() {
            Some(headers) => headers.contains(name),
            None => host::map_value(Map::Response, name).is_some(),
        }
    }

    /// Returns the first value of a header that most responses do not have, empty if the host
    /// returns none. Reads only this header if the headers have not been read yet.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        match self.headers.get() {
            Some(headers) => {
                let (_, value) = headers.iter().find(|(n, _)| *n == name.as_bytes())?;
                Some(Cow::Borrowed(value))
            }
            None => host::map_value(Map::Response, name).map(Cow::Owned),
        }
    }

    /// Returns the status; `None` if `:status` is missing or not a number.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        let status = self.headers().first(":status")?;
        std::str::from_utf8(status).ok()?.parse().ok()
    }

    /// Replaces all values of a header with one.
    pub fn set(&mut self, name: &str, value: &[u8]) {
        self.carry_out(Edit::Set(name.as_bytes(), value), |h| h.set(name, value));
    }

    /// Adds a value to a header.
    pub fn add(&mut self, name: &str, value: &[u8]) {
        self.carry_out(Edit::Add(name.as_bytes(), value), |h| h.add(name, value));
    }

    /// Removes all values of a header.
    pub fn remove(&mut self, name: &str) {
        self.carry_out(Edit::Remove(name.as_bytes()), |h| h.remove(name));
    }

    /// Replaces all values of a header with one, directly on the host even if the headers have been
    /// read. Later reads may not see the edit. For a filter that has read everything it needs.
    pub fn set_unseen(&mut self, name: &str, value: &[u8]) {
        if self.is_direct && !self.is_read_again {
            self.direct_edits = self.direct_edits.wrapping_add(1);
            host::carry_out(Map::Response, Edit::Set(name.as_bytes(), value));
        } else {
            self.edit(|headers| headers.set(name, value));
        }
    }

    fn carry_out(&mut self, edit: Edit<'_>, on_headers: impl FnOnce(&mut Headers)) {
        if self.is_direct && self.headers.get().is_none() {
            self.direct_edits = self.direct_edits.wrapping_add(1);
            host::carry_out(Map::Response, edit);
        } else {
            self.edit(on_headers);
        }
    }

    /// Reads the headers and edits them.
    pub fn edit(&mut self, edit: impl FnOnce(&mut Headers)) {
        let _ = self.headers();
        if let Some(headers) = self.headers.get_mut() {
            edit(headers);
        }
    }

    /// Marks the current point in the sequence of edits, for
    /// [`is_changed_since`](Self::is_changed_since).
    #[must_use]
    pub fn mark(&self) -> Mark {
        let edits = self.headers.get().map_or(0, Headers::edits);
        Mark(self.direct_edits.wrapping_add(edits))
    }

    /// Whether edits since the mark change what the host has to apply, or has applied.
    #[must_use]
    pub fn is_changed_since(&self, mark: Mark) -> bool {
        self.mark() != mark && (mark != Mark(0) || self.is_changed())
    }

    /// Whether the host has to apply any edit, or has applied one.
    #[must_use]
    pub(crate) fn is_changed(&self) -> bool {
        self.direct_edits > 0 || self.edited().is_some_and(Headers::is_changed)
    }

    /// Sets whether another filter reads this response after the next one. If so, every edit must
    /// be visible in it.
    pub(crate) fn set_read_again(&mut self, is_read_again: bool) {
        self.is_read_again = is_read_again;
    }

    pub(crate) fn edited(&self) -> Option<&Headers> {
        self.headers.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ScriptedHost;

    fn pairs(headers: &[(&str, &str)]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let owned = |(n, v): &(&str, &str)| (n.as_bytes().to_vec(), v.as_bytes().to_vec());
        headers.iter().map(owned).collect()
    }

    #[test]
    fn headers_are_set_without_a_look_at_the_others() {
        let host = ScriptedHost::install();
        host.begin_response(pairs(&[("a", "1"), ("b", "2")]));
        let mut response = Response::of_host(Mode::Enforce);
        assert!(!response.has("c"));
        assert!(!response.is_changed());
        response.set("a", b"x");
        response.add("c", b"3");
        response.remove("b");
        assert!(response.is_changed() && response.edited().is_none());
        assert_eq!(response.value("a").as_deref(), Some(&b"x"[..]));
        assert!(!host.hostcalls().contains_key("get_header_map_pairs"));
        assert_eq!(response.headers().first("c"), Some(&b"3"[..]), "read now");
        response.set("d", b"4");
        assert_eq!(response.edited().map(|h| h.difference().len()), Some(1));
        assert_eq!(host.end_response(), pairs(&[("a", "x"), ("c", "3")]));
    }

    #[test]
    fn the_status_is_a_number_or_missing() {
        let host = ScriptedHost::install();
        for (headers, status) in [
            (&[(":status", "503")][..], Some(503)),
            (&[(":status", "ok")], None),
            (&[("a", "200")], None),
        ] {
            host.begin_response(pairs(headers));
            assert_eq!(Response::of_host(Mode::Enforce).status(), status);
        }
    }

    #[test]
    fn an_unseen_edit_is_made_on_the_host_and_not_on_what_was_read() {
        let host = ScriptedHost::install();
        host.begin_response(pairs(&[("a", "1")]));
        let mut response = Response::of_host(Mode::Enforce);
        assert_eq!(response.headers().first("a"), Some(&b"1"[..]));
        response.set_unseen("a", b"x");
        assert_eq!(response.headers().first("a"), Some(&b"1"[..]));
        assert_eq!(host.end_response(), pairs(&[("a", "x")]));
        // In report mode there is no edit of the host.
        host.begin_response(pairs(&[("a", "1")]));
        let mut response = Response::of_host(Mode::Report);
        response.set_unseen("a", b"x");
        assert_eq!(host.end_response(), pairs(&[("a", "1")]));
    }

    #[test]
    fn in_report_mode_no_edit_is_made_on_the_host() {
        let host = ScriptedHost::install();
        host.begin_response(pairs(&[("a", "1")]));
        let mut response = Response::of_host(Mode::Report);
        response.set("a", b"x");
        assert!(response.is_changed());
        assert_eq!(host.end_response(), pairs(&[("a", "1")]));
    }

    #[test]
    fn a_header_is_asked_for_alone_until_all_have_been_read() {
        let host = ScriptedHost::install();
        host.begin_response(pairs(&[("a", "1"), ("b", "")]));
        let response = Response::of_host(Mode::Enforce);
        for is_read in [false, true] {
            if is_read {
                let _ = response.headers();
            }
            for (name, value) in [("a", Some(&b"1"[..])), ("b", Some(b"")), ("c", None)] {
                assert_eq!(response.has(name), value.is_some(), "{name}");
                assert_eq!(response.value(name).as_deref(), value, "{name}");
            }
        }
    }

    #[test]
    fn a_draft_keeps_its_edits_from_the_host() {
        let host = ScriptedHost::install();
        host.begin_response(pairs(&[("a", "1")]));
        let response = Response::of_host(Mode::Enforce);
        let mut draft = response.draft();
        draft.set("a", b"x");
        assert!(draft.is_changed() && !response.is_changed());
        assert_eq!(host.end_response(), pairs(&[("a", "1")]));
    }

    #[test]
    fn a_mark_tells_what_was_changed_after_it() {
        let host = ScriptedHost::install();
        for is_read in [false, true] {
            host.begin_response(pairs(&[("a", "1")]));
            let mut response = Response::of_host(Mode::Enforce);
            if is_read {
                let _ = response.headers();
            }
            let first = response.mark();
            assert!(!response.is_changed_since(first));
            response.set("b", b"2");
            assert!(response.is_changed_since(first));
            let second = response.mark();
            assert!(!response.is_changed_since(second));
            response.remove("b");
            assert!(response.is_changed_since(second));
            // As before, unless an edit was made on the host.
            assert_eq!(response.is_changed_since(first), !is_read);
        }
    }
}
