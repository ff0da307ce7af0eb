//! What the fields say of a limit whatever its state is: written once.

use super::Advertised;
use crate::allowance::Allowance;
use crate::quota::whole_seconds;

/// What the fields say of a limit whatever its state is.
#[derive(Debug, Clone)]
pub(crate) struct Label {
    /// Of letters, digits, `-` and `_`, in quotes.
    pub(super) name: String,
    /// Draft, section 3: `"per-client";q=100;w=60`.
    pub(super) policy: String,
    pub(super) requests: String,
    /// Whether what is counted is under way: there is no time after which all is left again.
    pub(super) is_concurrent: bool,
}

impl Label {
    /// The label of a limit. Where the quota differs from request to request, it holds the name
    /// only.
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

/// The window in whole seconds.
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
