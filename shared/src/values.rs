//! The value types of configurations. Each is checked when it is parsed, so a value that exists is
//! valid.

mod duration;
mod header;
mod mode;
mod pattern;
mod secret;
mod status;
mod status_range;

pub use duration::Duration;
pub use header::{HeaderName, HeaderNameError, is_header_value, is_token};
pub use mode::Mode;
pub(crate) use pattern::FREE_BYTES;
pub use pattern::{Anchoring, Pattern};
pub use secret::Secret;
pub use status::Status;
pub use status_range::StatusRange;

/// Implements `JsonSchema` for a type that is written as a string.
#[cfg(feature = "schema")]
macro_rules! string_schema {
    ($type:ty, $name:literal, $description:literal $(, $key:literal: $value:expr)*) => {
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string", "description": $description $(, $key: $value)*
                })
            }
        }
    };
}
#[cfg(feature = "schema")]
pub(crate) use string_schema;
