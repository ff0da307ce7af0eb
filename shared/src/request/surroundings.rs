//! What Envoy knows about a request besides its headers: the client's address and the route.

use super::{Request, property};
use crate::host;
use std::cell::{OnceCell, RefCell};
use std::net::IpAddr;

/// Values that few configurations use. Boxed, so that other requests do not pay for the space.
#[derive(Debug, Clone, Default)]
pub(super) struct Rare {
    client_ip: OnceCell<Option<IpAddr>>,
    /// Route metadata, by filter and key.
    metadata: RefCell<Vec<Metadata>>,
}

#[derive(Debug, Clone)]
struct Metadata {
    filter: &'static str,
    key: String,
    value: Option<Vec<u8>>,
}

impl Request {
    /// Returns the client's address as trusted by Envoy, without the port: after
    /// `use_remote_address` and `xff_num_trusted_hops`, never a raw `x-forwarded-for`.
    #[must_use]
    pub fn source_address(&self) -> Option<&[u8]> {
        self.source_address
            .get_or_init(|| {
                let address = host::property(b"source\0address")?;
                Some(address_without_port(&address).to_vec())
            })
            .as_deref()
    }

    /// Returns [`source_address`](Self::source_address) as an IP address; an IPv4-mapped IPv6
    /// address becomes IPv4. `None` for a Unix socket.
    #[must_use]
    pub fn client_ip(&self) -> Option<IpAddr> {
        let rare = self.rare.get_or_init(Box::default);
        *rare.client_ip.get_or_init(|| {
            let text = std::str::from_utf8(self.source_address()?).ok()?;
            // A scope (`fe80::1%eth0`) is not part of the address.
            let text = text.split('%').next()?;
            text.parse().ok().map(|ip: IpAddr| ip.to_canonical())
        })
    }

    /// Returns a value from the metadata of the selected route: `filter_metadata` under the
    /// filter's name. Numbers and booleans are formatted as in JSON; `None` for lists and objects.
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

    /// Returns the name of the route that Envoy selected.
    #[must_use]
    pub fn route_name(&self) -> Option<&[u8]> {
        self.route_name
            .get_or_init(|| host::property(b"xds\0route_name"))
            .as_deref()
    }
}

/// Returns the address part of Envoy's `source.address` (`10.0.0.1:4711`, `[::1]:4711`), without
/// port and brackets.
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
