//! What a request costs.

use filter_kit::request::Request;
use filter_kit::response::Response;
use filter_kit::values::HeaderName;

/// What a request costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cost {
    /// Always the same.
    Fixed(u32),
    /// The value of a request header.
    Header(HeaderCost),
    /// The value of a response header.
    ResponseHeader(HeaderCost),
}

/// A cost from a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderCost {
    /// The header's name.
    pub name: HeaderName,
    /// The cost if the header is missing, repeated or not a number; at least `min`.
    pub default: u32,
    /// Minimum cost, whatever the header contains.
    pub min: u32,
}

impl Cost {
    /// Returns the cost, unless it comes from a response header. A number that is too large for the
    /// type becomes its maximum, which exceeds any burst.
    #[must_use]
    pub fn of(&self, request: &Request) -> u32 {
        match self {
            Self::Fixed(cost) => *cost,
            Self::Header(header) => header.read(request.headers().only(header.name.as_str())),
            Self::ResponseHeader(header) => header.default,
        }
    }

    /// Returns the cost when the response arrives, for a request whose cost was `cost` before.
    #[must_use]
    pub fn of_answer(&self, response: &Response, cost: u32) -> u32 {
        match self {
            Self::Fixed(_) | Self::Header(_) => cost,
            Self::ResponseHeader(header) => {
                header.read(response.headers().only(header.name.as_str()))
            }
        }
    }
}

impl HeaderCost {
    fn read(&self, value: Option<&[u8]>) -> u32 {
        let cost = value.and_then(read_number);
        cost.map_or(self.default, |cost| cost.max(self.min))
    }
}

/// Parses a number in decimal digits, without sign, fraction and exponent.
pub(crate) fn read_number(value: &[u8]) -> Option<u32> {
    let digits = value.trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0_u32, |number, digit| {
        number
            .saturating_mul(10)
            .saturating_add(u32::from(digit.saturating_sub(b'0')))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use filter_kit::testing::{headers, request};

    fn header(default: u32, min: u32) -> HeaderCost {
        HeaderCost {
            name: HeaderName::new("x-cost").unwrap(),
            default,
            min,
        }
    }

    fn cost(default: u32, min: u32) -> Cost {
        Cost::Header(header(default, min))
    }

    #[test]
    fn an_answer_says_what_it_cost() {
        let by_answer = Cost::ResponseHeader(header(3, 2));
        for (fields, cost) in [
            (&[("x-cost", "70")][..], 70),
            (&[("x-cost", "0")], 2),
            (&[("x-cost", "many")], 3),
            (&[("x-cost", "1"), ("x-cost", "1")], 3),
            (&[], 3),
        ] {
            let response = Response::of(headers(fields));
            assert_eq!(by_answer.of_answer(&response, 9), cost, "{fields:?}");
            assert_eq!(Cost::Fixed(9).of_answer(&response, 9), 9);
        }
    }

    #[test]
    fn what_is_not_a_number_costs_the_default() {
        let cost = cost(7, 0);
        for (value, expected) in [
            ("0", 0),
            ("1", 1),
            (" 25 ", 25),
            ("007", 7),
            ("-1", 7),
            ("+1", 7),
            ("1.5", 7),
            ("1e300", 7),
            ("ten", 7),
            ("", 7),
            ("4294967295", u32::MAX),
            ("99999999999999999999", u32::MAX),
        ] {
            let request = request("GET", "/").header("x-cost", value).build();
            assert_eq!(cost.of(&request), expected, "{value:?}");
        }
        let twice = request("GET", "/")
            .header("x-cost", "0")
            .header("x-cost", "1")
            .build();
        assert_eq!(cost.of(&twice), 7, "two values are not a number");
        let bytes = request("GET", "/").header("x-cost", b"\xb2".to_vec());
        assert_eq!(cost.of(&bytes.build()), 7);
        assert_eq!(cost.of(&request("GET", "/").build()), 7);
        assert_eq!(Cost::Fixed(3).of(&twice), 3);
    }

    #[test]
    fn no_header_makes_a_request_cheaper_than_the_minimum() {
        let cost = cost(5, 2);
        for (value, expected) in [("0", 2), ("1", 2), ("2", 2), ("3", 3), ("-1", 5), ("", 5)] {
            let request = request("GET", "/").header("x-cost", value).build();
            assert_eq!(cost.of(&request), expected, "{value:?}");
        }
    }
}
