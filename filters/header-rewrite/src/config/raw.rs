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
            /// Replace all values of a header by one. Where that cannot be made, none is left.
            pub set: Option<RawNameValue>,
            /// Add one more value of a header.
            pub add: Option<RawNameValue>,
            /// Set a header only where it is missing.
            pub default: Option<RawNameValue>,
            /// Remove headers by one of `name`, `prefix` and `regex`.
            pub remove: Option<RawRemove>,
            /// Move a header to another name, in place of its values. Nothing happens without the
            /// first.
            pub rename: Option<RawFromTo>,
            /// Copy a header to another name, in place of its values. Nothing happens without the
            /// first.
            pub copy: Option<RawFromTo>,
            /// Replace every occurrence of a regular expression in every value of a header. A value
            /// in which that cannot be done is removed.
            pub replace: Option<RawReplace>,
            /// Remove repeated values of a header, within comma-separated lists too; the first one
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
        /// Rewrite the path, by `prefix` (whole segments) or `regex`; the query stays. What is not
        /// replaced stays as it was sent. Where a value is missing, or a reading of the result
        /// leaves its place, the request is refused.
        path: RawPathRewrite,
        /// Set or remove a query parameter.
        query: RawQueryEdit,
        /// Set the host (`:authority`). Where the value is missing or not a host, the request is
        /// refused.
        host: RawValue,
    }
}

operations! {
    /// An operation on the response: exactly one of these keys, and `when`.
    pub struct RawResponseOperation {
        /// Only for these responses; omitted: for all.
        when: RawWhen,
        /// A set of headers, each set once: `security_headers`, or that as a key, with
        /// `content_security_policy`.
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
    /// The value, a template. Empty: an empty header.
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
    /// The header to give them to.
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
    /// What to put in its place: a template in which `${1}` is the first capture group, `${0}` all
    /// that was found.
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
    /// Statuses, any of: `503`, or a range as `500-599`.
    pub status: Option<Vec<StatusRange>>,
    /// Conditions on response headers, all of, as the operations before left them. A repeated
    /// header matches where one of its values does.
    pub headers: Option<Vec<RawHeaderMatch>>,
}
