//! What the fields say of a limit whatever its state is: written once.

use super::Told;
use crate::quota::{Quota, whole_seconds};

/// What the fields say of a limit whatever its state is.
#[derive(Debug, Clone)]
pub struct Label {
    /// Of letters, digits, `-` and `_`, in quotes.
    pub(super) name: String,
    /// Draft, section 3: `"per-client";q=100;w=60`.
    pub(super) policy: String,
    pub(super) requests: String,
}

impl Label {
    /// The label of a limit. `None`: the rate limit service alone knows its quota.
    #[must_use]
    pub fn new(name: &str, quota: Option<&Quota>) -> Self {
        let name = format!("\"{name}\"");
        let told = quota.map(|quota| Told {
            requests: quota.requests().into(),
            window: Some(whole_seconds(quota.per()).max(1)),
        });
        Self {
            policy: told.map_or_else(|| name.clone(), |told| policy(&name, told)),
            requests: told
                .map(|told| told.requests.to_string())
                .unwrap_or_default(),
            name,
        }
    }
}

/// Draft, section 3.
pub(super) fn policy(name: &str, told: Told) -> String {
    let window = told.window.map(|seconds| format!(";w={seconds}"));
    format!("{name};q={}{}", told.requests, window.unwrap_or_default())
}
