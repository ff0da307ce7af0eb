//! Presets: headers that belong together.

use serde::Deserialize;

/// A set of response headers. A later operation on one of them overrides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Headers that make a browser careful with a page: HSTS for a year, no MIME sniffing, no frames, the origin alone as referrer to
    /// others, no camera, microphone, location or payment, and a browsing context of its own.
    SecurityHeaders,
}

impl Preset {
    /// The headers and their values.
    #[must_use]
    pub fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::SecurityHeaders => &[
                (
                    "strict-transport-security",
                    "max-age=31536000; includeSubDomains",
                ), // RFC 6797, section 6.1
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"), // RFC 7034, section 2.1
                ("referrer-policy", "strict-origin-when-cross-origin"),
                (
                    "permissions-policy",
                    "camera=(), geolocation=(), microphone=(), payment=()",
                ),
                ("cross-origin-opener-policy", "same-origin"),
            ],
        }
    }
}
