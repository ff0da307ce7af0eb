//! The operation on the host.

use crate::reason::Refused;
use filter_kit::request::{Authority, Request};
use filter_kit::template::{Template, Values};

/// Sets `:authority`.
pub(super) fn set(
    template: &Template,
    request: &mut Request,
    path_captures: &[Option<Vec<u8>>],
) -> Result<(), Refused> {
    let host = template.expanded(&Values {
        request: Some(request),
        path_captures,
        ..Values::default()
    })?;
    if !is_authority(&host) {
        return Err(Refused::InvalidHost);
    }
    request.edit(|headers| headers.set(":authority", &host));
    Ok(())
}

/// Whether this is a host with an optional port, and nothing else (RFC 3986, section 3.2, without
/// userinfo).
#[must_use]
pub(crate) fn is_authority(text: &[u8]) -> bool {
    Authority::parse(text).is_ok_and(|authority| {
        !authority.host.is_empty()
            && (authority.port.is_none() || authority.port_number().is_some())
    })
}
