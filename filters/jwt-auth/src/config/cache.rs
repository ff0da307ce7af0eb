//! `cache`.

use super::size;
use crate::decision::CacheLimits;
use filter_kit::config::{Invalid, in_range};
use serde::Deserialize;

/// The most tokens that a cache may keep.
const MAX_TOKENS: u32 = 100_000;

/// The cache.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[serde(deny_unknown_fields)]
pub struct RawCache {
    /// How many verified tokens are cached, per worker; 0: none.
    #[serde(default = "max_tokens")]
    pub max_tokens: u32,
    /// The longest token that is cached, in bytes; a longer one is verified on every request.
    #[serde(default = "max_token_bytes")]
    pub max_token_bytes: u32,
    /// The most memory, in bytes, for all verified tokens and their claims, per worker; 0: none are
    /// cached.
    #[serde(default = "max_bytes")]
    pub max_bytes: u32,
}

fn max_tokens() -> u32 {
    1000
}

fn max_token_bytes() -> u32 {
    8192
}

fn max_bytes() -> u32 {
    8 * 1024 * 1024
}

impl Default for RawCache {
    fn default() -> Self {
        Self {
            max_tokens: max_tokens(),
            max_token_bytes: max_token_bytes(),
            max_bytes: max_bytes(),
        }
    }
}

impl RawCache {
    pub(super) fn build(self) -> Result<CacheLimits, Invalid> {
        in_range("max_tokens", self.max_tokens, 0..=MAX_TOKENS)?;
        Ok(CacheLimits {
            max_tokens: size(self.max_tokens),
            max_token_bytes: size(self.max_token_bytes),
            max_bytes: size(self.max_bytes),
        })
    }
}
