//! What the upstream receives: claims as headers, but no token, and no header that only this filter
//! may set.

use crate::decision::Accepted;
use crate::provider::Provider;
use crate::sources::{self, TokenSource};
use filter_kit::headers::{Headers, is_same_name};
use filter_kit::request::Request;
use filter_kit::values::HeaderName;
use std::collections::BTreeSet;

/// The headers that clients must not set, and those that may carry tokens.
#[derive(Debug, Clone)]
pub(crate) struct Guarded {
    /// The headers that any provider promises to set.
    promised: Vec<HeaderName>,
    /// The headers that may carry tokens.
    carriers: Vec<HeaderName>,
    /// Those of both kinds that a server may read under another spelling.
    with_look_alikes: Vec<HeaderName>,
}

impl Guarded {
    fn is_empty(&self) -> bool {
        self.promised.is_empty() && self.with_look_alikes.is_empty()
    }

    /// Collects the headers of all providers.
    #[must_use]
    pub(crate) fn of(providers: &[Provider]) -> Self {
        let promised: BTreeSet<HeaderName> = providers
            .iter()
            .flat_map(|provider| provider.forward.headers())
            .cloned()
            .collect();
        let carriers: BTreeSet<HeaderName> = providers
            .iter()
            .flat_map(|provider| &provider.sources)
            .filter_map(TokenSource::header)
            .cloned()
            .collect();
        let has_other_spelling =
            |name: &&HeaderName| !name.as_str().bytes().all(|b| b.is_ascii_alphanumeric());
        let guarded = promised.union(&carriers);
        Self {
            with_look_alikes: guarded.filter(has_other_spelling).cloned().collect(),
            promised: promised.into_iter().collect(),
            carriers: carriers.into_iter().collect(),
        }
    }

    /// Removes trailers that a server could mistake for a verified header.
    pub(crate) fn clean(&self, trailers: &mut Headers) {
        for name in self.promised.iter().chain(&self.carriers) {
            trailers.remove(name.as_str());
        }
        for name in &self.with_look_alikes {
            trailers.remove_look_alikes(name.as_str());
        }
    }
}

/// Edits a request that continues with these tokens, if any. If two tokens set the same header, the
/// first one applies.
///
/// If the rule requires a token, no unverified one is forwarded: only sources of an accepted token
/// whose provider forwards it are kept. `is_token_asked_for` is false for a rule that requires
/// nothing. Then any token is a matter between client and upstream.
pub(crate) fn edit(
    request: &mut Request,
    guarded: &Guarded,
    providers: &[Provider],
    accepted: &[Accepted],
    is_token_asked_for: bool,
) {
    if is_token_asked_for {
        let forwarding = || {
            let of = accepted.iter().map(|token| providers.get(token.provider));
            of.flatten().filter(|provider| provider.forward.token)
        };
        let all = providers.iter().flat_map(|provider| &provider.sources);
        if forwarding().next().is_none() {
            sources::remove(all, request);
        } else {
            let is_kept = |source: &&TokenSource| {
                forwarding().any(|provider| sources::is_of(&provider.sources, source, request))
            };
            let others: Vec<_> = all.filter(|source| !is_kept(source)).collect();
            sources::remove(others, request);
        }
    }
    if guarded.is_empty() {
        return;
    }
    let value = |name: &HeaderName| {
        accepted
            .iter()
            .flat_map(|accepted| &accepted.token.headers)
            .find(|(other, _)| is_same_name(other.as_str().as_bytes(), name.as_str().as_bytes()))
            .map(|(_, value)| value.as_slice())
    };
    request.edit(|headers| {
        for name in &guarded.promised {
            match value(name) {
                Some(value) => headers.set(name.as_str(), value),
                None => headers.remove(name.as_str()),
            }
        }
        for name in &guarded.with_look_alikes {
            headers.remove_look_alikes(name.as_str());
        }
    });
}
