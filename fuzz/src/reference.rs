//! Simple and slow implementations to compare with.

/// Percent-decodes a text. `plus` decodes `+` as a space, as in forms.
#[must_use]
pub fn percent_decoded(text: &[u8], plus: bool) -> Vec<u8> {
    let text: Vec<u8> = text
        .iter()
        .map(|b| if plus && *b == b'+' { b' ' } else { *b })
        .collect();
    percent_encoding::percent_decode(&text).collect()
}

/// Whether these bytes are allowed in a header's value.
#[must_use]
pub fn is_value(bytes: &[u8]) -> bool {
    !bytes.iter().any(|b| matches!(b, 0 | b'\r' | b'\n'))
}

/// Whether these bytes are a valid header name, in lower case.
#[must_use]
pub fn is_name(bytes: &[u8]) -> bool {
    let is_token = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    !bytes.is_empty() && bytes.iter().all(is_token) && !bytes.iter().any(u8::is_ascii_uppercase)
}
