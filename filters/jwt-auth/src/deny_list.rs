//! Tokens that are always refused.

use crate::claims::Claims;
use std::collections::HashSet;

/// A list of tokens that are refused.
#[derive(Debug, Clone, Default)]
pub struct DenyList {
    /// Tokens with one of these `jti`.
    pub ids: HashSet<String>,
    /// Tokens with one of these `sub`.
    pub subjects: HashSet<String>,
    /// Tokens issued before this time, in seconds since the Unix epoch, or without `iat`.
    pub issued_before: Option<u64>,
}

impl DenyList {
    /// Whether a token is refused.
    #[must_use]
    pub fn has(&self, claims: &Claims) -> bool {
        let listed = |list: &HashSet<String>, name| {
            !list.is_empty() && claims.text(name).is_some_and(|text| list.contains(text))
        };
        listed(&self.ids, "jti")
            || listed(&self.subjects, "sub")
            || self
                .issued_before
                .is_some_and(|time| claims.issued().is_none_or(|issued| issued < time))
    }
}

/// Parses a time such as `2026-01-01T00:00:00Z` (RFC 3339, section 5.6, in UTC) into seconds since
/// the Unix epoch; `None` for anything else.
#[must_use]
pub(crate) fn read_time(text: &str) -> Option<u64> {
    let shape = |(i, b): (usize, u8)| match i {
        4 | 7 => b == b'-',
        10 => b == b'T',
        13 | 16 => b == b':',
        19 => b == b'Z',
        _ => b.is_ascii_digit(),
    };
    if text.len() != 20 || !text.bytes().enumerate().all(shape) {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let days_of = |year: u64, month: u64| match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let is_valid = year >= 1970
        && (1..=12).contains(&month)
        && (1..=days_of(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !is_valid {
        return None;
    }
    let years: u64 = (1970..year)
        .map(|y| if is_leap(y) { 366 } else { 365 })
        .sum();
    let months: u64 = (1..month).map(|m| days_of(year, m)).sum();
    let days = years
        .saturating_add(months)
        .saturating_add(day)
        .saturating_sub(1);
    let hours = days.saturating_mul(24).saturating_add(hour);
    let minutes = hours.saturating_mul(60).saturating_add(minute);
    Some(minutes.saturating_mul(60).saturating_add(second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_and_exact() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T23:59:59Z", Some(951_868_799)),
            ("2026-01-01T00:00:00Z", Some(1_767_225_600)),
            ("2024-12-31T12:30:00Z", Some(1_735_648_200)),
            ("9999-12-31T23:59:59Z", Some(253_402_300_799)),
            ("1969-12-31T23:59:59Z", None),
            ("2100-02-29T00:00:00Z", None),
            ("2026-00-01T00:00:00Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-04-31T00:00:00Z", None),
            ("2026-01-01T24:00:00Z", None),
            ("2026-01-01T00:60:00Z", None),
            ("2026-01-01T00:00:60Z", None),
            ("2026-01-01T00:00:00+01:00", None),
            ("2026-01-01 00:00:00Z", None),
            ("2026-01-01", None),
            ("", None),
        ] {
            assert_eq!(read_time(text), seconds, "{text}");
        }
    }

    #[test]
    fn a_token_is_refused_for_any_of_the_lists() {
        let list = DenyList {
            ids: ["revoked".to_owned()].into(),
            subjects: ["mallory".to_owned()].into(),
            issued_before: Some(100),
        };
        for (claims, refused) in [
            (r#"{"jti": "a", "sub": "b", "iat": 100}"#, false),
            (r#"{"jti": "revoked", "sub": "b", "iat": 100}"#, true),
            (r#"{"jti": "mallory", "sub": "revoked", "iat": 100}"#, false),
            (r#"{"sub": "mallory", "iat": 100}"#, true),
            (r#"{"iat": 99}"#, true),
            ("{}", true),
        ] {
            let claims = Claims::read(claims.as_bytes()).unwrap();
            assert_eq!(list.has(&claims), refused, "{claims:?}");
            assert!(!DenyList::default().has(&claims));
        }
    }
}
