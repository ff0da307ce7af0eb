//! The canonical form of the host of a request.

use super::{Authority, MalformedHost, Request};
use std::borrow::Cow;

/// The normalized host. Most hosts are a prefix of `:authority`, unchanged.
#[derive(Debug, Clone)]
pub(super) enum NormalizedHost {
    Prefix(usize),
    Other(Vec<u8>),
}

impl Request {
    /// Returns the host without port and final dot, in lower case, an IPv6 address in its canonical
    /// form and in brackets. Empty if the request has none.
    ///
    /// # Errors
    /// [`MalformedHost`] for an authority that is not `host[:port]`. A filter whose configuration
    /// depends on hosts refuses such a request.
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
