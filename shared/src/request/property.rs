//! Values of metadata and attributes, in the forms in which Envoy returns them.

/// Converts a property to text: text stays as it is, a number becomes decimal, a boolean `true` or
/// `false`. Returns `None` for other forms, such as a list.
///
/// Envoy does not return types: a number is eight bytes (little-endian), a boolean one. Such bytes
/// are not mistaken for text: the numbers whose bytes would be valid text do not occur in
/// configurations.
pub(crate) fn text_of(value: Vec<u8>) -> Option<Vec<u8>> {
    let is_text = std::str::from_utf8(&value).is_ok_and(|text| !text.chars().any(char::is_control));
    if is_text {
        return Some(value);
    }
    if let [boolean] = value.as_slice() {
        return match boolean {
            0 => Some(b"false".to_vec()),
            1 => Some(b"true".to_vec()),
            _ => None,
        };
    }
    let bytes: [u8; 8] = value.try_into().ok()?;
    Some(double(f64::from_le_bytes(bytes)))
}

/// Converts an attribute to text. Numeric attributes are integers.
pub(crate) fn attribute(value: Vec<u8>) -> Option<Vec<u8>> {
    let bytes: Option<[u8; 8]> = value.as_slice().try_into().ok();
    let is_text = std::str::from_utf8(&value).is_ok_and(|text| !text.chars().any(char::is_control));
    match bytes.filter(|_| !is_text) {
        Some(bytes) => Some(i64::from_le_bytes(bytes).to_string().into_bytes()),
        None => text_of(value),
    }
}

/// Formats a number as JSON does, an integer without a fraction.
fn double(number: f64) -> Vec<u8> {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "integral and at most 2^53, checked above"
        )]
        let integer = number as i64;
        return integer.to_string().into_bytes();
    }
    let number = serde_json::Number::from_f64(number);
    number.map_or_else(Vec::new, |number| number.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_integers() {
        assert_eq!(
            attribute(443_i64.to_le_bytes().to_vec()),
            Some(b"443".to_vec())
        );
        assert_eq!(
            attribute(b"a.example".to_vec()),
            Some(b"a.example".to_vec())
        );
        assert_eq!(attribute(vec![1]), Some(b"true".to_vec()));
    }

    #[test]
    fn what_envoy_hands_over_becomes_a_text() {
        let double = |n: f64| n.to_le_bytes().to_vec();
        for (value, text) in [
            (b"gold".to_vec(), Some("gold")),
            (b"platinum".to_vec(), Some("platinum")),
            (Vec::new(), Some("")),
            (double(5.0), Some("5")),
            (double(0.0), Some("0")),
            (double(-1.5), Some("-1.5")),
            (vec![1], Some("true")),
            (vec![0], Some("false")),
            (vec![2], None),
            (b"\x01\x02".to_vec(), None),
        ] {
            let got = text_of(value);
            assert_eq!(got.as_deref(), text.map(str::as_bytes));
        }
    }
}
