//! Loads a configuration: bytes in, a checked value or a one-line error out.
//!
//! Envoy passes a filter its configuration as the bytes of a `google.protobuf.StringValue` (JSON
//! text) or of a `google.protobuf.Struct` (binary protobuf, whatever `wasm.proto` says). Both are
//! parsed into one JSON value, which is read in two steps: [`FilterConfig::Raw`] is what the user
//! wrote, and the [`FilterConfig`] is what the filter runs on. Once built, it cannot be invalid.

mod check;
mod error;
mod names;
mod node;
mod read;
mod suspects;

use serde::de::{Deserialize, DeserializeOwned};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

pub use check::{At, check_name, each, in_range, not_empty, not_empty_list};
pub use error::{ConfigError, Invalid};

/// The environment variables that a configuration may refer to: Envoy's
/// `vm_config.environment_variables`.
pub type Env = BTreeMap<String, String>;

/// The configuration of one filter.
pub trait FilterConfig: Sized {
    /// The filter's name, such as `header-rewrite`. Every error begins with it.
    const FILTER: &'static str;

    /// The configuration as written. Use `#[serde(deny_unknown_fields)]` on every struct, and only
    /// externally tagged enums: the other forms lose the position of an error.
    type Raw: DeserializeOwned;

    /// Builds the configuration that the filter runs on from the one that was written.
    ///
    /// Must be a pure function of its arguments. Each of Envoy's workers loads the configuration
    /// itself, and skips the filter if this fails.
    ///
    /// # Errors
    /// [`Invalid`], with the path below the configuration's root.
    fn build(raw: Self::Raw, env: &Env) -> Result<Self, Invalid>;
}

/// Reads, checks and builds the configuration of a filter. Empty input is read as `{}`.
///
/// # Errors
/// [`ConfigError`]: one line with the filter, the path, the value and what is accepted.
pub fn load<C: FilterConfig>(bytes: &[u8], env: &Env) -> Result<C, ConfigError> {
    load_with_warnings(bytes, env).map(|(config, _)| config)
}

/// Like [`load`], but also returns warnings about values that are valid but probably unintended.
/// Each warning is one line in the form of an error.
///
/// # Errors
/// Same as [`load`].
pub fn load_with_warnings<C: FilterConfig>(
    bytes: &[u8],
    env: &Env,
) -> Result<(C, Vec<ConfigError>), ConfigError> {
    let in_filter = |invalid: Invalid| ConfigError::new(C::FILTER, invalid);
    let node = node::parse(bytes).map_err(in_filter)?;
    WARNINGS.set(suspects::suspects(&node));
    let raw = C::Raw::deserialize(node).map_err(in_filter)?;
    let config = build::<C>(raw, env, "").map_err(in_filter)?;
    let warnings = WARNINGS.take().into_iter().map(in_filter).collect();
    Ok((config, warnings))
}

/// Builds the configuration of a filter from its raw form. A filter that contains other filters
/// calls this for each of them, because the meaning of a configuration may depend on the filter it
/// belongs to (route metadata, for example). Errors and warnings are reported at `place`, such as
/// `chain[2].cors`.
///
/// # Errors
/// Same as [`FilterConfig::build`].
pub fn build<C: FilterConfig>(raw: C::Raw, env: &Env, place: &str) -> Result<C, Invalid> {
    let before = FILTER.replace(C::FILTER);
    let others = WARNINGS.take();
    let built = C::build(raw, env);
    FILTER.set(before);
    WARNINGS.with_borrow_mut(|warnings| {
        let own = std::mem::replace(warnings, others);
        warnings.extend(own.into_iter().map(|warning| in_place(warning, place)));
    });
    built.map_err(|error| in_place(error, place))
}

fn in_place(invalid: Invalid, place: &str) -> Invalid {
    if place.is_empty() {
        return invalid;
    }
    invalid.at(place)
}

/// Returns the name of the filter whose configuration is being built.
pub(crate) fn current_filter() -> &'static str {
    FILTER.get()
}

thread_local! {
    static FILTER: Cell<&'static str> = const { Cell::new("") };
    /// Warnings about the configuration that is being loaded.
    static WARNINGS: RefCell<Vec<Invalid>> = const { RefCell::new(Vec::new()) };
}

/// Records a warning about a value that is valid but probably unintended. Call it while a
/// configuration is being built. The path starts at the configuration's root.
pub fn warn(warning: Invalid) {
    WARNINGS.with_borrow_mut(|warnings| warnings.push(warning));
}

#[cfg(test)]
mod tests;
