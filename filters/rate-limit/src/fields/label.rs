//! The constant part of a limit's fields, formatted once.

use super::Advertised;
use crate::allowance::Allowance;
use crate::quota::whole_seconds;

/// The constant part of a limit's fields.
#[derive(Debug, Clone)]
pub(crate) struct Label {
    /// In quotes; consists of letters, digits, `-` and `_`.
    pub(super) name: String,
    /// Draft, section 3: `"per-client";q=100;w=60`.
    pub(super) policy: String,
    pub(super) requests: String,
    /// Whether the limit counts requests in progress. Then there is no time after which it is
    /// reset.
    pub(super) is_concurrent: bool,
}

impl Label {
    /// Creates the label of a limit. If the quota differs between requests, only the name is set.
    #[must_use]
    pub(crate) fn new(name: &str, allowance: &Allowance) -> Self {
        let name = format!("\"{name}\"");
        let requests = match allowance {
            Allowance::Quota(quota) => Some(quota.requests()),
            Allowance::Nothing(_) => Some(0),
            Allowance::Concurrent(most) => Some(most.get()),
            Allowance::OfHeader(_) | Allowance::OfService => None,
        };
        let is_concurrent = matches!(allowance, Allowance::Concurrent(_));
        let advertised = requests.map(|requests| Advertised {
            requests: requests.into(),
            window: window(allowance),
        });
        // Draft, section 2.1.
        let unit = if is_concurrent {
            ";qu=\"concurrent-requests\""
        } else {
            ""
        };
        Self {
            policy: match advertised {
                Some(advertised) => policy(&name, advertised) + unit,
                None => name.clone(),
            },
            requests: requests
                .map(|requests| requests.to_string())
                .unwrap_or_default(),
            name,
            is_concurrent,
        }
    }
}

/// Returns the window in whole seconds.
pub(crate) fn window(allowance: &Allowance) -> Option<u64> {
    allowance.per().map(|per| whole_seconds(per).max(1))
}

/// Draft, section 3.
pub(super) fn policy(name: &str, advertised: Advertised) -> String {
    let window = advertised.window.map(|seconds| format!(";w={seconds}"));
    format!(
        "{name};q={}{}",
        advertised.requests,
        window.unwrap_or_default()
    )
}
