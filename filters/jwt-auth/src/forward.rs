//! What the upstream gets: claims as headers, no header that only this filter may set, and no token.

use crate::authenticator::Accepted;
use crate::provider::Provider;
use crate::sources;
use filter_kit::headers::Edit;
use filter_kit::request::RequestHead;
use filter_kit::values::HeaderName;
use std::collections::{BTreeMap, BTreeSet};

/// The headers that any provider promises to set.
#[must_use]
pub fn promised(providers: &[Provider]) -> BTreeSet<HeaderName> {
    providers
        .iter()
        .flat_map(|provider| provider.forward.headers())
        .cloned()
        .collect()
}

/// The edits of a request that passes by these tokens, which may be none. A header that is as it should be is left alone: after any change
/// Envoy chooses the route again.
#[must_use]
pub fn edits(
    head: &RequestHead,
    promised: &BTreeSet<HeaderName>,
    providers: &[Provider],
    accepted: &[Accepted],
) -> Vec<Edit> {
    let mut values: BTreeMap<&HeaderName, Vec<u8>> = BTreeMap::new();
    let mut taken_out = Vec::new();
    for token in accepted {
        let Some(provider) = providers.get(token.provider) else {
            continue;
        };
        let forward = &provider.forward;
        for (claim, header) in &forward.claims {
            if let Some(value) = token.token.claims.header_value(claim) {
                values.entry(header).or_insert(value);
            }
        }
        if let Some(header) = &forward.payload {
            values
                .entry(header)
                .or_insert_with(|| token.token.payload.clone().into_bytes());
        }
        if let Some(header) = &forward.provider {
            values
                .entry(header)
                .or_insert_with(|| provider.name.clone().into_bytes());
        }
        if !forward.token {
            taken_out.extend(&provider.sources);
        }
    }
    let mut edits = sources::remove(taken_out, head);
    for name in promised {
        let name_text = name.as_str();
        match values.remove(name) {
            Some(value) if head.headers.only(name_text) == Some(value.as_slice()) => {}
            Some(value) => edits.push(Edit::Set(name_text.to_owned(), value)),
            None if head.headers.contains(name_text) => {
                edits.push(Edit::Remove(name_text.to_owned()));
            }
            None => {}
        }
    }
    edits
}
