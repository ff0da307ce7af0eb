//! Limits on the length of templates, values and defaults.

use super::*;

#[test]
fn a_value_that_breaks_the_cap_gives_no_value_at_all() {
    let head = request("GET", "/")
        .header("x-long", vec![b'a'; MAX_EXPANDED_BYTES])
        .build();
    let values = Values {
        request: Some(&head),
        ..Values::default()
    };
    let long = parse("${request.header.x-long}").unwrap();
    assert_eq!(
        long.expand(&values).map(|v| v.len()),
        Ok(MAX_EXPANDED_BYTES)
    );
    for longer in [
        "${request.header.x-long}${request.method}",
        "${request.header.x-none | ${request.header.x-long}${request.method}}",
    ] {
        let longer = parse(longer).unwrap();
        assert_eq!(longer.expand(&values), Err(Unexpanded::TooLong));
    }
}

#[test]
fn the_text_of_a_template_has_a_bound_of_its_own_at_load() {
    let head = request("GET", "/").build();
    let values = Values {
        request: Some(&head),
        ..Values::default()
    };
    let most = "a".repeat(MAX_LITERAL_BYTES);
    for text in [most.clone(), format!("${{request.method}}{most}")] {
        let value = parse(&text).unwrap().expand(&values).unwrap();
        assert!(value.ends_with(most.as_bytes()));
    }
    let error = parse(&format!("{most}${{request.method | a}}")).unwrap_err();
    assert_eq!(error, "61441 bytes exceed the maximum of 61440");
}

#[test]
fn defaults_in_defaults_have_a_bound() {
    let nested = |depth: usize| format!("{}{}", "${request.path|".repeat(depth), "}".repeat(depth));
    assert!(parse(&nested(8)).is_ok());
    let error = parse(&nested(10_000)).unwrap_err();
    assert_eq!(error, "defaults in defaults exceed the maximum of 8");
}
