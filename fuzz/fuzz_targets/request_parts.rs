//! Queries, cookies, lists, addresses and content negotiation, compared with simple
//! implementations.
#![no_main]

use catalog_fuzz::reference::{is_value, percent_decoded};
use filter_kit::headers::{self, Headers, list_elements};
use filter_kit::reply::{Client, list_has, prefers_json};
use filter_kit::request::{address_without_port, form_decode, query_pairs, split_target};
use filter_kit::testing::request;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    if !is_value(text) {
        return;
    }
    assert_eq!(*form_decode(text), percent_decoded(text, true));

    let (path, query) = split_target(text);
    assert!(!path.contains(&b'?'));
    assert!(text.starts_with(path));
    if let Some(query) = query {
        let pairs: Vec<_> = query_pairs(query).collect();
        for (name, value) in &pairs {
            let joined = [*name, b"=", *value].concat();
            let whole = query.windows(joined.len()).any(|w| w == joined);
            assert!(whole || query.windows(name.len()).any(|w| w == *name));
        }
        // Every parameter that a simple parser finds is found.
        let plain = query.split(|b| *b == b'&').filter(|part| !part.is_empty());
        for part in plain.take(8) {
            let name = part.split(|b| *b == b'=').next().unwrap_or_default();
            assert!(
                pairs.iter().any(|(n, _)| *n == name),
                "{}",
                name.escape_ascii()
            );
        }
    }

    for element in list_elements(text) {
        // A comma may occur only in quotes.
        let is_quoted = element.contains(&b'"');
        assert!(!element.is_empty() && (is_quoted || !element.contains(&b',')));
        assert_eq!(element, element.trim_ascii());
    }
    let _ = list_has(text, b"close");
    let _ = prefers_json(text);
    let _ = Client::of(Some(text), std::iter::once(text));
    let address = address_without_port(text);
    assert!(text.len() >= address.len());

    let cookies = request("GET", "/").header("cookie", text).build();
    for value in cookies.cookie_values("a") {
        assert!(value.is_empty() || text.windows(value.len()).any(|w| w == value));
    }
    if let Ok(target) = std::str::from_utf8(text) {
        let request = request("GET", target).source_address(target).build();
        let _ = request.query_values("a").count();
        let _ = request.client_ip();
    }

    // Names are look-alikes if written with `_` and with `-`, and never if their lengths differ.
    let mut parts = text.splitn(2, |b| *b == b':');
    let (one, two) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    if headers::is_look_alike(one, two) {
        assert_eq!(one.len(), two.len());
        assert!(headers::is_look_alike(two, one));
    }
    let mut pairs = Headers::new(&[("x-a", one), ("x-a", two)]);
    assert_eq!(pairs.all("x-a").collect::<Vec<_>>(), [one, two]);
    pairs.set("x-a", two);
    assert_eq!(pairs.only("x-a"), Some(two));
    pairs.remove("x-a");
    assert!(!pairs.contains("x-a"));
});
