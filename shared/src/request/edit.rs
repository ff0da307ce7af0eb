//! Edits of a request, and what has to be read again after them.

use super::Request;
use crate::headers::{Headers, Mark, Touched};

impl Request {
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
    pub(crate) fn is_changed(&self) -> bool {
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

    pub(crate) fn edited(&self) -> Option<&Headers> {
        self.headers.get()
    }

    /// Takes the edits back.
    pub(crate) fn forget_edits(&mut self) {
        *self = Self::of_host(self.has_more);
    }
}
