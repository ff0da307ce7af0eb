//! Edits of a request.

use super::Request;
use crate::headers::{Headers, Mark, Touched};

impl Request {
    /// Edits the headers. Cached values that depend on a changed header are read again; the rest is
    /// kept, so many edits of a long request cost no more than the edits themselves.
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

    /// Drops the cached values that depend on these headers.
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

    /// Marks the current point in the sequence of edits, for
    /// [`is_changed_since`](Self::is_changed_since).
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark(self.headers.get().map_or(0, Headers::edits))
    }

    /// Whether edits since the mark change what the host has to apply.
    #[must_use]
    pub fn is_changed_since(&self, mark: Mark) -> bool {
        self.mark() != mark && (mark != Mark(0) || self.is_changed())
    }

    /// Whether the host has to apply any edit.
    #[must_use]
    pub(crate) fn is_changed(&self) -> bool {
        self.headers.get().is_some_and(Headers::is_changed)
    }

    /// Returns the current request, for use when its response arrives. Reads the headers, and
    /// whatever `more` reads.
    #[must_use]
    pub fn snapshot(&self, more: impl FnOnce(&Self)) -> Self {
        let _ = self.headers();
        more(self);
        self.clone()
    }

    pub(crate) fn edited(&self) -> Option<&Headers> {
        self.headers.get()
    }

    /// Drops the edits.
    pub(crate) fn forget_edits(&mut self) {
        *self = Self::of_host(self.has_more);
    }
}
