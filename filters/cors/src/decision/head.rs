//! What every decision on an origin looks at.

use crate::policy::AllowedOrigin;
use filter_kit::request::Request;
use std::borrow::Cow;

/// The head of a request that has an `origin`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Head<'r> {
    /// Whether there is an origin that is not empty.
    pub(super) has_origin: bool,
    /// The origin as it was sent; empty where there are two.
    pub(super) origin: &'r [u8],
    method: &'r [u8],
    /// Whether it asks for a method.
    asks_method: bool,
}

impl<'r> Head<'r> {
    pub(super) fn of(request: &'r Request) -> Self {
        let mut head = Self::default();
        let mut origins = 0_usize;
        for (name, value) in request.headers().iter() {
            // The lengths of the names tell most headers apart.
            if matches!(name.len(), 6 | 7 | 29) {
                head.see(name, value, &mut origins);
            }
        }
        head
    }

    #[inline(never)]
    fn see(&mut self, name: &[u8], value: &'r [u8], origins: &mut usize) {
        match name {
            b"origin" => {
                *origins = origins.wrapping_add(1);
                self.has_origin |= !value.is_empty();
                self.origin = if *origins == 1 { value } else { b"" };
            }
            b":method" if self.method.is_empty() => self.method = value,
            b"access-control-request-method" => self.asks_method |= !value.is_empty(),
            _ => {}
        }
    }

    pub(super) fn is_preflight(self) -> bool {
        self.has_origin && self.asks_method && self.method == b"OPTIONS"
    }

    /// The value of `access-control-allow-origin`.
    pub(super) fn allow_origin(self, allowed: AllowedOrigin) -> Cow<'static, [u8]> {
        match allowed {
            AllowedOrigin::Any => Cow::Borrowed(b"*"),
            AllowedOrigin::Same => Cow::Owned(self.origin.to_vec()),
        }
    }
}
