//! Conditions on what Envoy knows about a request besides its headers: the client's address and the
//! route. Also `not`.

use super::network::Network;
use super::{Match, TextMatch};
use crate::request::Request;

/// Parts that most matches do not have.
#[derive(Debug, Clone, Default)]
pub(super) struct More {
    pub(super) client_ip: Option<Vec<Network>>,
    pub(super) routes: Option<Vec<Vec<u8>>>,
    pub(super) metadata: Vec<(String, TextMatch)>,
    /// The name under which the metadata are stored.
    pub(super) filter: &'static str,
    pub(super) not: Option<Match>,
}

impl More {
    /// Whether any part is given.
    pub(super) fn is_any(&self) -> bool {
        self.client_ip.is_some()
            || self.routes.is_some()
            || !self.metadata.is_empty()
            || self.not.is_some()
    }

    /// Whether the conditions on address and route are met.
    #[inline(never)]
    pub(super) fn hold(&self, request: &Request) -> bool {
        super::any(self.client_ip.as_deref(), |network| {
            request.client_ip().is_some_and(|ip| network.contains(ip))
        }) && super::any(self.routes.as_deref(), |route| {
            request.route_name() == Some(route.as_slice())
        }) && self
            .metadata
            .iter()
            .all(|(key, matcher)| matcher.fits(request.route_metadata(self.filter, key).as_deref()))
    }
}
