//! The headers that every decision on an origin depends on.

use crate::policy::AllowedOrigin;
use filter_kit::request::Request;
use std::borrow::Cow;

/// The CORS-related headers of a request that has an `origin`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Head<'r> {
    /// Whether there is an origin that is not empty.
    pub(super) has_origin: bool,
    /// The origin as sent; empty if there is more than one.
    pub(super) origin: &'r [u8],
    method: &'r [u8],
    /// Whether it has an `access-control-request-method`.
    asks_method: bool,
}

impl<'r> Head<'r> {
    /// Reads single headers. Reading one that exists costs as much as reading all of them, but most
    /// requests with an origin are not preflights.
    pub(super) fn with_origin(origin: &'r [u8], request: &'r Request) -> Self {
        if request.is_read() || request.has("access-control-request-method") {
            return Self::of(request);
        }
        Self {
            has_origin: !origin.is_empty(),
            origin,
            ..Self::default()
        }
    }

    pub(super) fn of(request: &'r Request) -> Self {
        let headers = request.headers();
        let mut origins = headers.all("origin");
        let origin = origins.next().unwrap_or_default();
        let mut has_origin = !origin.is_empty();
        let mut is_only = true;
        for other in origins {
            has_origin |= !other.is_empty();
            is_only = false;
        }
        let mut asked_for = headers.all("access-control-request-method");
        Self {
            has_origin,
            origin: if is_only { origin } else { b"" },
            method: headers.first(":method").unwrap_or_default(),
            asks_method: asked_for.any(|method| !method.is_empty()),
        }
    }

    pub(super) fn is_preflight(self) -> bool {
        self.has_origin && self.asks_method && self.method == b"OPTIONS"
    }

    /// Returns the value of `access-control-allow-origin`.
    pub(super) fn allow_origin(self, allowed: AllowedOrigin) -> Cow<'static, [u8]> {
        match allowed {
            AllowedOrigin::Any => Cow::Borrowed(b"*"),
            AllowedOrigin::Same => Cow::Owned(self.origin.to_vec()),
        }
    }
}
