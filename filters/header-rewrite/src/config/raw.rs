//! Operations as a user writes them: their keys, and those of operations on headers.

mod answer;
mod target;

use super::header::RawHeaderOperation;
use super::preset::RawPreset;
use filter_kit::matching::RawHeaderMatch;
use filter_kit::values::StatusRange;
use serde::Deserialize;

pub(crate) use answer::{RawRedirect, RawRespond};
pub(super) use target::{RawPathRewrite, RawQueryEdit, RawValue};

/// Declares a struct of operations of which one is written: those on headers, which requests and
/// responses share, and its own.
macro_rules! operations {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Default, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(
            deny_unknown_fields,
            expecting = "an operation, as {set: {name: x-env, value: prod}}"
        )]
        pub struct $name {
            $($(#[$field_meta])* pub $field: Option<$type>,)*
            /// Replace all values of a header with one. If the value cannot be made, the header is
            /// removed.
            pub set: Option<RawNameValue>,
            /// Add one more value of a header.
            pub add: Option<RawNameValue>,
            /// Set a header only if it is missing.
            pub default: Option<RawNameValue>,
            /// Remove headers by one of `name`, `prefix` and `regex`.
            pub remove: Option<RawRemove>,
            /// Move the values of a header to another one, and replace the values there. If the
            /// first is missing, nothing happens.
            pub rename: Option<RawFromTo>,
            /// Copy the values of a header to another one, and replace the values there. If the
            /// first is missing, nothing happens.
            pub copy: Option<RawFromTo>,
            /// Replace every occurrence of a regular expression in every value of a header. A value
            /// in which this is not possible is removed.
            pub replace: Option<RawReplace>,
            /// Remove repeated values of a header, also within comma-separated lists; the first one
            /// stays.
            pub dedupe: Option<RawName>,
        }

        impl $name {
            pub(super) fn header_operations(&mut self) -> Vec<RawHeaderOperation> {
                let mut written = Vec::new();
                written.extend(self.set.take().map(RawHeaderOperation::Set));
                written.extend(self.add.take().map(RawHeaderOperation::Add));
                written.extend(self.default.take().map(RawHeaderOperation::Default));
                written.extend(self.remove.take().map(RawHeaderOperation::Remove));
                written.extend(self.rename.take().map(RawHeaderOperation::Rename));
                written.extend(self.copy.take().map(RawHeaderOperation::Copy));
                written.extend(self.replace.take().map(RawHeaderOperation::Replace));
                written.extend(self.dedupe.take().map(RawHeaderOperation::Dedupe));
                written
            }
        }
    };
}

operations! {
    /// An operation on the request: exactly one of these keys.
    pub struct RawRequestOperation {
        /// Rewrite the path, by `prefix` (whole segments) or `regex`; the query stays. The rest of
        /// the path stays as sent. If a value is missing, or a reading of the result leaves its
        /// place, the request is refused.
        path: RawPathRewrite,
        /// Set or remove a query parameter.
        query: RawQueryEdit,
        /// Set the host (`:authority`). If the value is missing or not a host, the request is
        /// refused.
        host: RawValue,
    }
}

operations! {
    /// An operation on the response: exactly one of these keys, and `when`.
    pub struct RawResponseOperation {
        /// Only for these responses; omitted: all.
        when: RawWhen,
        /// A set of headers, each set once: `security_headers`, or an object with that key and
        /// `content_security_policy` below it.
        preset: RawPreset,
    }
}

/// A header and its value.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a header, as {name: x-env, value: prod}"
)]
pub struct RawNameValue {
    /// The header.
    pub name: String,
    /// The value, a template. An empty value writes an empty header.
    pub value: String,
}

/// A header.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a name, as {name: x-env}")]
pub struct RawName {
    /// The header.
    pub name: String,
}

/// Which headers to remove: exactly one of these keys.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a header, as {name: x-env}")]
pub struct RawRemove {
    /// The header of this name.
    pub name: Option<String>,
    /// Headers whose name begins with this.
    pub prefix: Option<String>,
    /// Headers whose whole name matches this regular expression.
    pub regex: Option<String>,
}

/// Two headers.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "two headers, as {from: x-old, to: x-new}"
)]
pub struct RawFromTo {
    /// The header to take the values from.
    pub from: String,
    /// The header that gets the values.
    pub to: String,
}

/// A replacement in a header.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a replacement, as {name: location, regex: \"^http:\", with: \"https:\"}"
)]
pub struct RawReplace {
    /// The header.
    pub name: String,
    /// What to replace: a regular expression, found anywhere in the value.
    pub regex: String,
    /// The replacement: a template in which `${1}` is the first capture group, `${0}` the whole
    /// match.
    pub with: String,
}

/// A condition on the response. All given parts must hold.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a condition, as {status: [\"500-599\"]}"
)]
pub struct RawWhen {
    /// Statuses, any of: `503`, or a range such as `500-599`.
    pub status: Option<Vec<StatusRange>>,
    /// Conditions on response headers, all of which must hold after the operations before. A
    /// repeated header matches if one of its values does.
    pub headers: Option<Vec<RawHeaderMatch>>,
}
