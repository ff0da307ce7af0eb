//! List-based header fields.

/// Returns the elements of a comma-separated field (RFC 9110, section 5.6.1), without surrounding
/// white space. Empty elements are dropped. A comma inside a quoted string is not a separator.
pub fn list_elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let mut escaped = false;
    value
        .split(move |b| {
            let was_escaped = std::mem::take(&mut escaped);
            match b {
                b'\\' if quoted && !was_escaped => escaped = true,
                b'"' if !was_escaped => quoted = !quoted,
                b',' => return !quoted,
                _ => {}
            }
            false
        })
        .map(<[u8]>::trim_ascii)
        .filter(|element| !element.is_empty())
}
