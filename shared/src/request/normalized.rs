//! The host of a request in the one form that all its spellings have.

use super::{Authority, MalformedHost, Request};
use std::borrow::Cow;

/// The normalized host: mostly the beginning of `:authority` as it is.
#[derive(Debug, Clone)]
pub(super) enum NormalizedHost {
    Prefix(usize),
    Other(Vec<u8>),
}

impl Request {
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
}
