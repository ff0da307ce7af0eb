//! Ranges of response statuses.

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::fmt;
use std::ops::RangeInclusive;

/// A status (`503`) or a range of them (`500-599`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusRange(pub RangeInclusive<u16>);

const RULE: &str = "a status or a range of statuses from 100 to 599, as 503 or \"500-599\"";

impl StatusRange {
    fn new(first: u64, last: u64) -> Option<Self> {
        let valid = |code: u64| u16::try_from(code).ok().filter(|c| (100..=599).contains(c));
        let (first, last) = (valid(first)?, valid(last)?);
        (first <= last).then_some(Self(first..=last))
    }
}

impl<'de> Deserialize<'de> for StatusRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RangeVisitor)
    }
}

struct RangeVisitor;

impl Visitor<'_> for RangeVisitor {
    type Value = StatusRange;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(RULE)
    }

    fn visit_u64<E: Error>(self, code: u64) -> Result<StatusRange, E> {
        StatusRange::new(code, code).ok_or_else(|| E::custom(format_args!("{code} is not {RULE}")))
    }

    fn visit_i64<E: Error>(self, code: i64) -> Result<StatusRange, E> {
        let range = u64::try_from(code)
            .ok()
            .and_then(|c| StatusRange::new(c, c));
        range.ok_or_else(|| E::custom(format_args!("{code} is not {RULE}")))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<StatusRange, E> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let number = |text: &str| text.trim().parse::<u64>().ok();
        number(first)
            .zip(number(last))
            .and_then(|(first, last)| StatusRange::new(first, last))
            .ok_or_else(|| E::custom(format_args!("\"{text}\" is not {RULE}")))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for StatusRange {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "StatusRange".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "a status, or a range of statuses",
            "oneOf": [
                {"type": "integer", "minimum": 100, "maximum": 599},
                {"type": "string", "pattern": "^[1-5][0-9]{2}(-[1-5][0-9]{2})?$"}
            ]
        })
    }
}
