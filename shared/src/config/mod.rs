//! Loading a configuration: bytes in, a checked value or a one-line error out.
//!
//! Envoy hands a filter its configuration as the bytes of a `google.protobuf.StringValue` (JSON text) or
//! of a `google.protobuf.Struct` (binary protobuf, whatever `wasm.proto` says). Both become one JSON value, which is
//! read in two steps: [`FilterConfig::Raw`] is what the user wrote, the [`FilterConfig`] is what the filter runs on.
//! Once built, it cannot be invalid.

mod check;
mod error;
mod node;
mod read;

use serde::de::{Deserialize, DeserializeOwned};
use std::collections::BTreeMap;

pub use check::{At, MAX_NAME_BYTES, check_name, each, in_range, not_empty, not_empty_list};
pub use error::{ConfigError, Invalid};

/// The environment a configuration may name: Envoy's `vm_config.environment_variables`.
pub type Env = BTreeMap<String, String>;

/// The configuration of one filter.
pub trait FilterConfig: Sized {
    /// The filter's name, which opens every error: `header-rewrite`.
    const FILTER: &'static str;

    /// The configuration as written. Use `#[serde(deny_unknown_fields)]` on every struct, and enums only in their
    /// externally tagged form: the others lose the position of an error.
    type Raw: DeserializeOwned;

    /// Turns what was written into what the filter runs on.
    ///
    /// Must be a pure function of its arguments. Envoy configures every worker by itself and skips the filter on a
    /// worker where this fails.
    ///
    /// # Errors
    /// [`Invalid`], with the path below the configuration's root.
    fn build(raw: Self::Raw, env: &Env) -> Result<Self, Invalid>;
}

/// Reads, checks and builds the configuration of a filter. No bytes at all stand for `{}`.
///
/// # Errors
/// [`ConfigError`]: one line with the filter, the path, the value and what is accepted.
pub fn load<C: FilterConfig>(bytes: &[u8], env: &Env) -> Result<C, ConfigError> {
    let in_filter = |invalid: Invalid| ConfigError::new(C::FILTER, invalid);
    let node = node::parse(bytes).map_err(in_filter)?;
    let raw = C::Raw::deserialize(node).map_err(in_filter)?;
    C::build(raw, env).map_err(in_filter)
}

#[cfg(test)]
mod tests;
