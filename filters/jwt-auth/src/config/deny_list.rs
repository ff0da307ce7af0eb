//! `deny_list`.

use crate::deny_list::{DenyList, read_time};
use filter_kit::config::Invalid;
use serde::Deserialize;
use std::collections::HashSet;

/// The most ids on the deny list.
const MAX_DENIED: usize = 10_000;

/// The deny list.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[serde(deny_unknown_fields)]
pub struct RawDenyList {
    /// Tokens with one of these `jti`; at most 10000.
    #[serde(default)]
    pub jti: Vec<String>,
    /// Tokens with one of these `sub`; at most 10000.
    #[serde(default)]
    pub sub: Vec<String>,
    /// Tokens issued before this time, such as `2026-01-01T00:00:00Z`, and tokens without `iat`;
    /// omitted: none.
    pub issued_before: Option<String>,
}

impl RawDenyList {
    pub(super) fn build(self) -> Result<DenyList, Invalid> {
        let bounded = |key: &str, list: Vec<String>| {
            if list.len() > MAX_DENIED {
                let count = list.len();
                let reason = format!("{count} entries exceed the maximum of {MAX_DENIED}");
                return Err(Invalid::new(reason).at(key));
            }
            Ok(list.into_iter().collect::<HashSet<_>>())
        };
        let time = |text: String| {
            read_time(&text).ok_or_else(|| {
                let reason = format!("\"{text}\" is not a time in UTC, as 2026-01-01T00:00:00Z");
                Invalid::new(reason).at("issued_before")
            })
        };
        Ok(DenyList {
            ids: bounded("jti", self.jti)?,
            subjects: bounded("sub", self.sub)?,
            issued_before: self.issued_before.map(time).transpose()?,
        })
    }
}
