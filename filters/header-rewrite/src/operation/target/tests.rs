use super::*;
use crate::config::Config;
use crate::rules::Selected;
use filter_kit::config::{Env, load};
use filter_kit::headers::Edit;
use filter_kit::testing::request;
use proptest::prelude::*;

/// `:path` and `:authority` after one operation, and why it was skipped.
fn after(operation: &str, head: &RequestHead) -> (Option<String>, String, Vec<Skipped>) {
    let json = format!(r#"{{"rules": [{{"request": [{operation}]}}]}}"#);
    let rules = load::<Config>(json.as_bytes(), &Env::new()).unwrap().rules;
    let mut selected = Selected::default();
    selected.select(&rules, head).unwrap();
    let rewritten = selected.rewrite_request(&rules, head).unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut target = head.target.as_deref().map(text);
    let mut authority = text(&head.authority);
    for edit in rewritten.edits {
        match edit {
            Edit::Set(name, value) if name == ":path" => target = Some(text(&value)),
            Edit::Set(name, value) if name == ":authority" => authority = text(&value),
            other => panic!("{other:?}"),
        }
    }
    (target, authority, rewritten.skipped)
}

#[test]
fn the_path_is_rewritten_and_the_query_stays() {
    let api = r#"{"path": {"prefix": "/api", "with": "/"}}"#;
    let v2 = r#"{"path": {"prefix": "/api/", "with": "/v2/"}}"#;
    let groups = r#"{"path": {"regex": "^/api/(v[0-9]+)/(.*)$", "with": "/${1}/svc/${2}"}}"#;
    for (operation, before, expected) in [
        (api, "/api/x?a=/api", "/x?a=/api"),
        (api, "/api", "/"),
        (api, "/api/", "/"),
        (api, "/apix", "/apix"),
        (v2, "/api/x", "/v2/x"),
        (v2, "/api", "/v2"),
        (groups, "/api/v1/a/b?c", "/v1/svc/a/b?c"),
        (groups, "/api/x", "/api/x"),
        (r#"{"path": {"regex": "a", "with": "b"}}"#, "/a/a", "/b/b"),
        (r#"{"path": {"regex": "^/x", "with": ""}}"#, "/x", "/"),
        (
            r#"{"path": {"regex": "^/x", "with": "//evil.com"}}"#,
            "/x/y",
            "/evil.com/y",
        ),
        (r#"{"path": {"regex": "^/x", "with": "y"}}"#, "/x", "/y"),
        (
            r#"{"path": {"regex": "^/x/.*", "with": "/${request.query.a}"}}"#,
            "/x/1?a=b%3fc%23d%20e%E9",
            "/b%3Fc%23d%20e%E9?a=b%3fc%23d%20e%E9",
        ),
    ] {
        let (target, _, skipped) = after(operation, &request("GET", before).build());
        assert_eq!(target.as_deref(), Some(expected), "{operation} {before}");
        assert!(skipped.is_empty());
    }
}

#[test]
fn a_path_never_leaves_plain_form() {
    let file = r#"{"path": {"regex": "^/f/.*", "with": "/files/${request.query.n}"}}"#;
    for evil in [
        "../admin",
        "%2e%2e/admin",
        "..%252fadmin",
        "a//b",
        "a;b",
        "..%5cadmin",
        "./a",
        "a/..",
    ] {
        let target = format!("/f/1?n={evil}");
        let (got, _, skipped) = after(file, &request("GET", &target).build());
        assert_eq!(got, Some(target), "{evil}");
        assert_eq!(skipped, [Skipped::UnsafePath], "{evil}");
    }
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
    ] {
        let (target, _, _) = after(operation, &request("GET", before).build());
        assert_eq!(target.as_deref(), Some(expected), "{operation} {before}");
    }
}

#[test]
fn requests_without_a_path_keep_their_target() {
    let connect = RequestHead {
        target: None,
        ..request("CONNECT", "/").build()
    };
    for operation in [
        r#"{"path": {"regex": ".*", "with": "/x"}}"#,
        r#"{"query": {"set": {"name": "a", "value": "b"}}}"#,
    ] {
        assert_eq!(after(operation, &connect).0, None);
        assert_eq!(
            after(operation, &request("OPTIONS", "*").build())
                .0
                .as_deref(),
            Some("*")
        );
    }
}

#[test]
fn the_host_is_set_only_to_a_host() {
    let host = r#"{"host": {"value": "${request.header.x-host}"}}"#;
    for (value, good) in [
        ("backend.internal", true),
        ("backend.internal:8080", true),
        ("[::1]:80", true),
        ("a b", false),
        ("a/b", false),
        ("user@a", false),
        ("a:99999", false),
        ("[::zz]", false),
        ("", false),
    ] {
        let (_, authority, skipped) =
            after(host, &request("GET", "/").header("x-host", value).build());
        assert_eq!(
            authority,
            if good { value } else { "example.com" },
            "{value}"
        );
        assert_eq!(skipped.is_empty(), good, "{value}");
    }
}

proptest! {
    #[test]
    fn whatever_a_template_brings_the_path_begins_with_one_slash_and_is_plain(value: Vec<u8>) {
        let head = request("GET", "/x/y").header("x-a", value).build();
        let (target, _, _) = after(r#"{"path": {"regex": "^/x", "with": "${request.header.x-a}"}}"#, &head);
        let target = target.unwrap_or_default();
        prop_assert!(target.starts_with('/') && !target.starts_with("//"));
        prop_assert!(is_plain(target.as_bytes()));
        prop_assert!(!target.bytes().any(|b| b == b' ' || b == b'?' || b == b'#' || b.is_ascii_control() || !b.is_ascii()));
    }
}
