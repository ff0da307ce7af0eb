//! Whether a filter acts on its decisions.

use serde::Deserialize;

/// Whether a filter acts on what it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Decide and act.
    #[default]
    Enforce,
    /// Decide, count and log, but let everything through unchanged.
    Report,
}
