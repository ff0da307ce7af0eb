//! Checks shared by many configurations, and helpers that add a path to their errors.

use super::Invalid;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// Prepends a position to the path of an error.
///
/// ```
/// use filter_kit::config::{At, Invalid};
///
/// fn port(text: &str) -> Result<u16, Invalid> {
///     text.parse().map_err(|_| format!("\"{text}\" is not a port")).at("port").at_index("servers", 2)
/// }
///
/// assert_eq!(port("x").unwrap_err().to_string(), "servers[2].port: \"x\" is not a port");
/// ```
pub trait At<T> {
    /// Prepends `step` to the path: a key (`rules`), an index (`[2]`) or a longer path
    /// (`rules[2].match`).
    ///
    /// # Errors
    /// The error of `self`, with the longer path.
    fn at(self, step: impl Display) -> Result<T, Invalid>;

    /// Prepends `key[index]` to the path.
    ///
    /// # Errors
    /// The error of `self`, with the longer path.
    fn at_index(self, key: &str, index: usize) -> Result<T, Invalid>;
}

impl<T, E: Into<Invalid>> At<T> for Result<T, E> {
    fn at(self, step: impl Display) -> Result<T, Invalid> {
        self.map_err(|error| error.into().at(step))
    }

    fn at_index(self, key: &str, index: usize) -> Result<T, Invalid> {
        self.map_err(|error| error.into().at_index(key, index))
    }
}

/// Builds each item of the list at `key`.
///
/// # Errors
/// The first error of `build`, with the key and the index of the item.
pub fn each<T, U, E: Into<Invalid>>(
    key: &str,
    items: impl IntoIterator<Item = T>,
    mut build: impl FnMut(T) -> Result<U, E>,
) -> Result<Vec<U>, Invalid> {
    let items = items.into_iter().enumerate();
    items
        .map(|(index, item)| build(item).at_index(key, index))
        .collect()
}

/// Checks that the value at `key` is within bounds. Works for numbers, durations and other ordered
/// types.
///
/// # Errors
/// [`Invalid`] with the value and the bound that it exceeds.
pub fn in_range<T: PartialOrd + Display>(
    key: &str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<T, Invalid> {
    let (min, max) = range.into_inner();
    let reason = if value < min {
        format!("{value} is below the minimum of {min}")
    } else if value > max {
        format!("{value} exceeds the maximum of {max}")
    } else {
        return Ok(value);
    };
    Err(Invalid::new(reason).at(key))
}

/// Checks that the text at `key` is not empty.
///
/// # Errors
/// [`Invalid`] if it is empty.
pub fn not_empty(key: &str, text: String) -> Result<String, Invalid> {
    if text.is_empty() {
        return Err(Invalid::new("must not be empty").at(key));
    }
    Ok(text)
}

/// Checks that a list is either omitted or not empty: an empty list could only mean "never".
///
/// # Errors
/// [`Invalid`] if it is empty.
pub fn not_empty_list<T>(key: &str, list: Option<Vec<T>>) -> Result<Option<Vec<T>>, Invalid> {
    if list.as_ref().is_some_and(Vec::is_empty) {
        return Err(Invalid::new("must not be empty; omit the key to accept everything").at(key));
    }
    Ok(list)
}

/// Maximum length of the name of a configuration item, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// Checks the name of a configuration item, such as a limit. The name appears in counters and
/// response-code details.
///
/// # Errors
/// [`Invalid`] unless the name is 1 to 64 letters, digits, `-` and `_`.
pub fn check_name(name: &str, what: &str) -> Result<(), Invalid> {
    let is_accepted = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(is_accepted) {
        return Err(Invalid::new(format!(
            "\"{name}\" is not a name of a {what}; 1 to {MAX_NAME_BYTES} letters, digits, - and _ are accepted"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Duration;

    fn message<T>(result: Result<T, Invalid>) -> String {
        result.map_or_else(|error| error.to_string(), |_| "accepted".to_owned())
    }

    #[test]
    fn a_range_error_has_the_value_and_the_bound() {
        let minutes = |n: u64| Duration::from_secs(n * 60);
        for (result, expected) in [
            (
                message(in_range("size", 0, 1..=9)),
                "size: 0 is below the minimum of 1",
            ),
            (
                message(in_range("size", 10, 1..=9)),
                "size: 10 exceeds the maximum of 9",
            ),
            (message(in_range("size", 9, 1..=9)), "accepted"),
            (
                message(in_range("skew", minutes(6), minutes(0)..=minutes(5))),
                "skew: 6m exceeds the maximum of 5m",
            ),
        ] {
            assert_eq!(result, expected);
        }
    }

    #[test]
    fn an_error_of_a_list_has_the_index_of_its_item() {
        let build = |n: i32| {
            if n < 2 {
                Ok(n)
            } else {
                Err(format!("{n} is too much"))
            }
        };
        assert_eq!(
            message(each("list", [0, 1, 2], build)),
            "list[2]: 2 is too much"
        );
        assert_eq!(each("list", [0, 1], build), Ok(vec![0, 1]));
    }

    #[test]
    fn what_is_empty_or_not_a_name_is_refused() {
        let list = |list: Option<Vec<i32>>| message(not_empty_list("hosts", list));
        for (result, expected) in [
            (
                message(not_empty("cluster", String::new())),
                "cluster: must not be empty",
            ),
            (message(not_empty("cluster", "a".into())), "accepted"),
            (
                list(Some(vec![])),
                "hosts: must not be empty; omit the key to accept everything",
            ),
            (list(None), "accepted"),
            (list(Some(vec![1])), "accepted"),
            (message(check_name("per-client_1", "limit")), "accepted"),
            (message(check_name(&"a".repeat(64), "limit")), "accepted"),
            (
                message(check_name("", "limit")),
                "\"\" is not a name of a limit; 1 to 64 letters, digits, - and _ are accepted",
            ),
            (
                message(check_name("a b", "limit")),
                "\"a b\" is not a name of a limit; 1 to 64 letters, digits, - and _ are accepted",
            ),
        ] {
            assert_eq!(result, expected);
        }
        assert!(check_name(&"a".repeat(65), "limit").is_err());
    }
}
