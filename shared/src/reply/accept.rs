//! Content negotiation between plain text and JSON (RFC 9110, section 12.5.1).

use crate::headers::list_elements;

/// Whether an `accept` header prefers JSON to plain text. If there is no preference, as with `*/*`
/// and browsers, the client gets text.
#[must_use]
pub fn prefers_json(accept: &[u8]) -> bool {
    let json = quality(accept, b"application", &[b"problem+json", b"json"]);
    let text = quality(accept, b"text", &[b"plain", b"html"]);
    json > text
}

/// Returns the highest quality, in thousandths, of a media type: by name, else by `type/*`, else by
/// `*/*`.
fn quality(accept: &[u8], main: &[u8], subtypes: &[&[u8]]) -> u16 {
    let mut best: Option<(u8, u16)> = None;
    for element in list_elements(accept) {
        let mut parts = element.split(|b| *b == b';').map(<[u8]>::trim_ascii);
        let range = parts.next().unwrap_or_default();
        let precision = precision(range, main, subtypes);
        if precision > 0 {
            let q = parts.find_map(q_value).unwrap_or(1000);
            best = best.max(Some((precision, q)));
        }
    }
    best.map_or(0, |(_, q)| q)
}

/// Returns how precisely a media range names a type: 3 by name, 2 by `type/*`, 1 by `*/*`, 0 if it
/// does not match.
fn precision(range: &[u8], main: &[u8], subtypes: &[&[u8]]) -> u8 {
    let Some(slash) = range.iter().position(|b| *b == b'/') else {
        return 0;
    };
    let (range_main, rest) = range.split_at_checked(slash).unwrap_or_default();
    let range_subtype = rest.get(1..).unwrap_or_default();
    if range_main.eq_ignore_ascii_case(main) {
        if subtypes
            .iter()
            .any(|s| range_subtype.eq_ignore_ascii_case(s))
        {
            return 3;
        }
        return if range_subtype == b"*" { 2 } else { 0 };
    }
    u8::from(range == b"*/*")
}

/// Parses a `q=0.5` parameter, in thousandths (RFC 9110, section 12.4.2).
fn q_value(parameter: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(parameter).ok()?;
    let value = text
        .strip_prefix("q=")
        .or_else(|| text.strip_prefix("Q="))?;
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    if whole.parse::<u8>().ok()? >= 1 {
        return Some(1000);
    }
    decimals
        .bytes()
        .chain(*b"000")
        .take(3)
        .try_fold(0_u16, |q, digit| {
            q.checked_mul(10)?
                .checked_add(u16::from(digit.checked_sub(b'0').filter(|d| *d <= 9)?))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_preferred_only_where_the_client_says_so() {
        for (accept, json) in [
            ("", false),
            ("*/*", false),
            ("application/json", true),
            ("Application/JSON", true),
            ("application/problem+json, text/plain", false),
            ("application/problem+json, text/plain;q=0.5", true),
            ("application/json, */*", false),
            ("application/json, */*;q=0.8", true),
            ("application/json, text/plain, */*", false),
            ("application/json;q=0.2, text/*;q=0.9", false),
            ("application/*", true),
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                false,
            ),
            ("application/json;q=0, */*", false),
            ("application/json;q=nan, text/plain;q=0.1", true),
            ("application/json;q=0.15, text/plain;q=0.2", false),
            ("application/json;q=0.25, text/plain;q=0.2", true),
            (",;/", false),
        ] {
            assert_eq!(prefers_json(accept.as_bytes()), json, "{accept}");
        }
    }
}
