//! Formats times as text. Calendar libraries would add many times as much code to a module.

use super::TimeFormat;
use std::time::Duration;

const DAY: u64 = 24 * 60 * 60;

pub(super) fn written(since_epoch: Duration, format: TimeFormat) -> Vec<u8> {
    let seconds = since_epoch.as_secs();
    let text = match format {
        TimeFormat::Seconds => seconds.to_string(),
        TimeFormat::Milliseconds => since_epoch.as_millis().to_string(),
        TimeFormat::Rfc3339 => rfc3339(seconds),
    };
    text.into_bytes()
}

/// Converts a day to a calendar date, with Howard Hinnant's algorithm
/// (<https://howardhinnant.github.io/date_algorithms.html#civil_from_days>).
#[allow(
    clippy::arithmetic_side_effects,
    reason = "64 bits of seconds are at most 2^48 days, and all divisors are constants"
)]
fn rfc3339(seconds: u64) -> String {
    let (days, second) = (seconds / DAY + 719_468, seconds % DAY);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Here, years begin in March.
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_078_012_800, "2004-02-29T00:00:00Z"),
            (1_700_000_000, "2023-11-14T22:13:20Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
        }
        let now = Duration::from_millis(1_700_000_000_250);
        assert_eq!(written(now, TimeFormat::Milliseconds), b"1700000000250");
        assert_eq!(written(now, TimeFormat::Seconds), b"1700000000");
    }
}
