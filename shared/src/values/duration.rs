//! Durations, written as `"250ms"`.

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::fmt;
use std::time::Duration as StdDuration;

/// A duration of a configuration: an integer and a unit, `ms`, `s`, `m`, `h` or `d`; at most 365
/// days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(StdDuration);

const MAX_MS: u64 = 365 * 24 * 60 * 60 * 1000;

impl Duration {
    /// No time.
    pub const ZERO: Self = Self::from_millis(0);

    /// The longest accepted duration: 365 days.
    pub const MAX: Self = Self::from_millis(MAX_MS);

    /// Creates a duration from milliseconds, for defaults.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(StdDuration::from_millis(ms))
    }

    /// Creates a duration from seconds, for defaults.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(StdDuration::from_secs(secs))
    }

    /// Returns the duration as the standard library's type.
    #[must_use]
    pub const fn get(self) -> StdDuration {
        self.0
    }
}

impl TryFrom<String> for Duration {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parse(&text).ok_or_else(|| {
            format!(
                "\"{text}\" is not a duration; write an integer and a unit, at most 365d: 250ms, 10s, 5m, 1h, 1d"
            )
        })
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DurationVisitor)
    }
}

struct DurationVisitor;

impl Visitor<'_> for DurationVisitor {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration: an integer and a unit, as 250ms, 10s, 5m, 1h or 1d")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Duration, E> {
        Err(E::custom(format_args!(
            "{number} has no unit; write {number}s for seconds, {number}ms for milliseconds"
        )))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
        Duration::try_from(text.to_owned()).map_err(E::custom)
    }
}

fn parse(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        "d" => 24 * 60 * 60 * 1000,
        _ => return None,
    };
    let ms = number.checked_mul(unit_ms)?;
    (ms <= MAX_MS).then_some(Duration::from_millis(ms))
}

/// Formats the duration as in a configuration: `250ms`, `10m`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millis();
        let units = [
            (86_400_000, "d"),
            (3_600_000, "h"),
            (60_000, "m"),
            (1000, "s"),
        ];
        let (size, unit) = units
            .into_iter()
            .find(|(size, _)| ms >= *size && ms.is_multiple_of(*size))
            .unwrap_or((1, "ms"));
        let number = ms.checked_div(size).unwrap_or(ms);
        write!(f, "{number}{unit}")
    }
}

#[cfg(feature = "schema")]
impl serde::Serialize for Duration {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "schema")]
super::string_schema!(Duration, "Duration", "a duration", "pattern": "^[0-9]+(ms|s|m|h|d)$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_an_integer_and_a_unit() {
        for (text, ms) in [
            ("0s", Some(0)),
            ("250ms", Some(250)),
            ("10s", Some(10_000)),
            ("5m", Some(300_000)),
            ("1h", Some(3_600_000)),
            ("365d", Some(MAX_MS)),
            ("366d", None),
            ("18446744073709551615h", None),
            ("10", None),
            ("s", None),
            ("", None),
            ("1.5s", None),
            ("-1s", None),
            ("1 s", None),
            ("1S", None),
            ("1é", None),
        ] {
            assert_eq!(parse(text), ms.map(Duration::from_millis), "{text}");
        }
    }
}
