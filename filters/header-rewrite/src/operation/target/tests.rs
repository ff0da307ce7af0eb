use crate::reason::{Refused, Skipped};
use crate::testing::{edit, on_requests, rules, text};
use filter_kit::headers::Headers;
use filter_kit::request::Request;
use filter_kit::testing::{RequestBuilder, request};

/// Returns `:path` and `:authority` after one operation.
fn after(operation: &str, request: RequestBuilder) -> Result<(String, String), Refused> {
    let mut request = request.build();
    edit(&on_requests(operation), &mut request)?;
    let authority = text(request.authority());
    Ok((text(request.target().unwrap_or_default()), authority))
}

#[test]
fn query_parameters_are_set_and_removed_by_their_decoded_name() {
    let set = r#"{"query": {"set": {"name": "lang", "value": "e n&x=${request.method}"}}}"#;
    let remove = r#"{"query": {"remove": {"name": "debug"}}}"#;
    for (operation, before, expected) in [
        (set, "/", "/?lang=e%20n%26x%3DGET"),
        (set, "/?", "/?lang=e%20n%26x%3DGET"),
        (
            set,
            "/?a=1&l%61ng=x&b&lang=y",
            "/?a=1&lang=e%20n%26x%3DGET&b",
        ),
        (remove, "/?debug", "/"),
        (remove, "/?a=1&debug=1&b=2&debug", "/?a=1&b=2"),
        (remove, "/?debugger=1", "/?debugger=1"),
        (remove, "/x", "/x"),
        (remove, "/a;b//c%2Fd?debug", "/a;b//c%2Fd"),
    ] {
        let (target, _) = after(operation, request("GET", before)).unwrap();
        assert_eq!(target, expected, "{operation} {before}");
    }
}

#[test]
fn a_parameter_whose_value_cannot_be_made_is_left_out() {
    let set = r#"{"query": {"set": {"name": "a", "value": "${request.header.x-a}"}}}"#;
    let rules = on_requests(set);
    for (target, expected) in [("/?a=1&b", "/?b"), ("/?a", "/"), ("/", "/")] {
        let mut request = request("GET", target).build();
        assert_eq!(edit(&rules, &mut request), Ok(vec![Skipped::Missing]));
        assert_eq!(request.target().map(text).as_deref(), Some(expected));
    }
}

#[test]
fn requests_without_a_path_keep_their_target() {
    for operation in [
        r#"{"path": {"regex": ".*", "with": "/x"}}"#,
        r#"{"path": {"prefix": "/", "with": "/x"}}"#,
        r#"{"query": {"set": {"name": "a", "value": "b"}}}"#,
    ] {
        let options = after(operation, request("OPTIONS", "*"));
        assert_eq!(options.unwrap().0, "*");
        let mut connect = request("CONNECT", "/").build();
        connect.edit(|headers: &mut Headers| headers.remove(":path"));
        let edited: &mut Request = &mut connect;
        assert_eq!(edit(&on_requests(operation), edited), Ok(Vec::new()));
        assert_eq!(connect.target(), None);
    }
}

#[test]
fn a_host_is_made_of_the_groups_of_the_path() {
    let rules = rules(
        r#"{"rules": [{"match": {"paths": [{"regex": "/t/([a-z]+)(/.*)?"}]}, "request": [{"host": {"value": "${match.1}.internal"}}]}]}"#,
    );
    let mut request = request("GET", "/t/acme/x").authority("a.example").build();
    assert_eq!(edit(&rules, &mut request), Ok(Vec::new()));
    assert_eq!(request.host(), Ok(&b"acme.internal"[..]));
}

#[test]
fn the_host_is_set_only_to_a_host() {
    // If the host cannot be made, the request is refused.
    let host = r#"{"host": {"value": "${request.header.x-host}"}}"#;
    for (value, expected) in [
        ("backend.internal", Ok(())),
        ("backend.internal:8080", Ok(())),
        ("[::1]:80", Ok(())),
        ("a b", Err(Refused::InvalidHost)),
        ("a/b", Err(Refused::InvalidHost)),
        ("user@a", Err(Refused::InvalidHost)),
        ("a:99999", Err(Refused::InvalidHost)),
        ("a:", Err(Refused::InvalidHost)),
        ("a..b", Err(Refused::InvalidHost)),
        (":80", Err(Refused::InvalidHost)),
        ("[::zz]", Err(Refused::InvalidHost)),
        ("", Err(Refused::InvalidHost)),
        (&"a".repeat(9000), Err(Refused::TooLong)),
    ] {
        let after = after(host, request("GET", "/").header("x-host", value));
        let expected = expected.map(|()| ("/".to_owned(), value.to_owned()));
        assert_eq!(after, expected, "{value}");
    }
    let missing = after(host, request("GET", "/"));
    assert_eq!(missing, Err(Refused::MissingValue));
}
