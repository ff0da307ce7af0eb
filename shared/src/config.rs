//! Loading a configuration: bytes in, a checked value or a one-line error out.
//!
//! Envoy hands a filter its configuration as the bytes of a `google.protobuf.StringValue` (JSON
//! text) or of a `google.protobuf.Struct` (binary protobuf, whatever `wasm.proto` says). Both
//! become one JSON value, which is read in two steps: [`FilterConfig::Raw`] is what the user wrote,
//! the [`FilterConfig`] is what the filter runs on. Once built, it cannot be invalid.

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

/// The environment a configuration may name: Envoy's `vm_config.environment_variables`.
pub type Env = BTreeMap<String, String>;

/// The configuration of one filter.
pub trait FilterConfig: Sized {
    /// The filter's name, which opens every error: `header-rewrite`.
    const FILTER: &'static str;

    /// The configuration as written. Use `#[serde(deny_unknown_fields)]` on every struct, and enums
    /// only in their externally tagged form: the others lose the position of an error.
    type Raw: DeserializeOwned;

    /// Turns what was written into what the filter runs on.
    ///
    /// Must be a pure function of its arguments. Envoy configures every worker by itself and skips
    /// the filter on a worker where this fails.
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
    load_with_warnings(bytes, env).map(|(config, _)| config)
}

/// As [`load`], with what is valid and hardly meant: each warning is one line in the form of an
/// error.
///
/// # Errors
/// Those of [`load`].
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

/// Builds what was read as the configuration of a filter. A filter that holds others builds them by
/// this: what a configuration says may depend on whose it is, as the metadata of routes do. Errors
/// and warnings are at `place`, as `chain[2].cors`.
///
/// # Errors
/// Those of [`FilterConfig::build`].
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

/// The filter whose configuration is being built.
pub(crate) fn current_filter() -> &'static str {
    FILTER.get()
}

thread_local! {
    static FILTER: Cell<&'static str> = const { Cell::new("") };
    /// The warnings of the configuration that is being loaded.
    static WARNINGS: RefCell<Vec<Invalid>> = const { RefCell::new(Vec::new()) };
}

/// Warns of what is valid and hardly meant, while a configuration is built. The path is from the
/// configuration's root on.
pub fn warn(warning: Invalid) {
    WARNINGS.with_borrow_mut(|warnings| warnings.push(warning));
}

#[cfg(test)]
mod tests;
