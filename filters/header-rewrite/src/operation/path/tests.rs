use super::*;
use crate::testing::{edit, on_requests, rules, text};
use filter_kit::testing::{RequestBuilder, request};
use proptest::prelude::*;

/// Returns `:path` after one operation.
fn after(operation: &str, request: RequestBuilder) -> Result<String, Refused> {
    let mut request = request.build();
    edit(&on_requests(operation), &mut request)?;
    Ok(request.target().map(text).unwrap())
}

fn prefix(prefix: &str, with: &str) -> String {
    format!(r#"{{"path": {{"prefix": "{prefix}", "with": "{with}"}}}}"#)
}

fn regex(regex: &str, with: &str) -> String {
    format!(r#"{{"path": {{"regex": "{regex}", "with": "{with}"}}}}"#)
}

#[test]
fn the_path_is_rewritten_and_the_query_stays() {
    let api = prefix("/api", "/");
    let v2 = prefix("/api/", "/v2/");
    let groups = regex("^/api/(v[0-9]+)/(.*)$", "/${1}/svc/${2}");
    for (operation, before, expected) in [
        (&api, "/api/x?a=/api", "/x?a=/api"),
        (&api, "/api", "/"),
        (&api, "/api/", "/"),
        (&api, "/apix", "/apix"),
        (&v2, "/api/x", "/v2/x"),
        (&v2, "/api", "/v2"),
        (&groups, "/api/v1/a/b?c", "/v1/svc/a/b?c"),
        (&groups, "/api/x", "/api/x"),
        (&regex("a", "b"), "/a/a", "/b/b"),
        (&regex("^/x", ""), "/x", "/"),
        (&regex("^/x", "//evil.com"), "/x/y", "/evil.com/y"),
        (&regex("^/x", "y"), "/x", "/y"),
        (&prefix("/", "/v2"), "/x", "/v2/x"),
        (&prefix("/x", "/a b/é"), "/x/y", "/a%20b/%C3%A9/y"),
        (&api, "/api//evil.com/x", "/evil.com/x"),
        (
            &regex("^/x/.*", "/${request.query.a}"),
            "/x/1?a=b%3fc%23d%20e%E9",
            "/b%3Fc%23d%20e%E9?a=b%3fc%23d%20e%E9",
        ),
    ] {
        let target = after(operation, request("GET", before));
        assert_eq!(target.as_deref(), Ok(expected), "{operation} {before}");
    }
}

#[test]
fn a_template_has_the_groups_of_the_rules_path() {
    for (operation, expected) in [
        (prefix("/t", "/${match.1}"), "/acme/acme/x"),
        (regex("^/t/[^/]*", "/${match.1}"), "/acme/x"),
    ] {
        let rules = rules(&format!(
            r#"{{"rules": [{{"match": {{"paths": [{{"regex": "/t/([a-z]+)/.*"}}]}}, "request": [{operation}]}}]}}"#
        ));
        let mut request = request("GET", "/t/acme/x").build();
        edit(&rules, &mut request).unwrap();
        assert_eq!(request.target().map(text).unwrap(), expected);
    }
}

#[test]
fn what_the_client_sent_stays_as_sent() {
    let by_prefix = prefix("/api", "/tenants/acme");
    let by_regex = regex("^/api/(.*)", "/tenants/acme/${1}");
    for rest in [
        "bob/secret;a=b",
        "a/100%25",
        "a%20b",
        "group%2Fproject",
        "a//b",
        "%61;x/%C3%A9%c3%a9",
        "a%2541",
    ] {
        for operation in [&by_prefix, &by_regex] {
            let target = after(operation, request("GET", &format!("/api/{rest}?q")));
            let expected = format!("/tenants/acme/{rest}?q");
            assert_eq!(target, Ok(expected), "{operation}");
        }
    }
    let target = after(&by_prefix, request("GET", "/%61pi/a/../b%20"));
    assert_eq!(target.as_deref(), Ok("/tenants/acme/a/../b%20"));
    let target = after(&by_prefix, request("GET", "/api/\"[é"));
    assert_eq!(target.as_deref(), Ok("/tenants/acme/\"[é"));
}

#[test]
fn what_the_client_sent_stays_below_the_new_beginning_in_every_reading() {
    // `/..%2fbob` behind `/tenants/acme` does not stay below it. Such a request is refused with 400
    // and never passes with its path unchanged.
    let operation = prefix("/api", "/tenants/acme");
    for rest in [
        "/../bob",
        "/..%2fbob",
        "/%2e%2e/bob",
        "/%252e%252e/bob",
        "/..;x/bob",
        "/x/..%5c..%5cbob",
        "/x/..\\..\\bob",
        "/a/../..",
    ] {
        let target = after(&operation, request("GET", &format!("/api{rest}")));
        assert_eq!(target, Err(Refused::UnsafePath), "{rest}");
    }
    // Every path is below the root.
    let target = after(&prefix("/api", "/"), request("GET", "/api/../bob"));
    assert_eq!(target.as_deref(), Ok("/../bob"));
}

#[test]
fn a_prefix_that_only_a_reading_has_cannot_be_replaced() {
    let operation = prefix("/api/v1", "/");
    for path in [
        "//api/v1/x",
        "/api%2fv1/x",
        "/api;a/v1/x",
        "/x/../api/v1",
        "/%2561pi/v1",
        "/api/v1%2fx",
        // More than 64 readings.
        &format!("/%{}41", "25".repeat(70)),
    ] {
        let target = after(&operation, request("GET", path));
        assert_eq!(target, Err(Refused::AmbiguousPath), "{path}");
    }
    for path in ["/other//a;b/c%2Fd", "/a/../b", "/api/v2;a", "/apis/v1"] {
        let target = after(&operation, request("GET", path));
        assert_eq!(target.as_deref(), Ok(path));
    }
}

#[test]
fn a_regex_looks_at_the_path_as_sent_and_leaves_no_dot_segment() {
    let operation = regex("^/api/", "/v2/");
    for (path, expected) in [
        ("/api/x;a", Ok("/v2/x;a")),
        // The same path.
        ("/%61p%69/%78", Ok("/v2/x")),
        ("/%61pi/%2fa%20%zz%4", Ok("/v2/%2fa%20%zz%4")),
        // Only a reading matches.
        ("/x/../api/", Err(Refused::AmbiguousPath)),
        ("//api/x", Err(Refused::AmbiguousPath)),
        ("/api%2Fx", Err(Refused::AmbiguousPath)),
        ("/%2561pi/x", Err(Refused::AmbiguousPath)),
        ("/api;v=1/x", Err(Refused::AmbiguousPath)),
        ("/apis;v=1/x%2F", Ok("/apis;v=1/x%2F")),
        ("/other//a%20b/", Ok("/other//a%20b/")),
        ("/api/a%2Fb//c", Ok("/v2/a%2Fb//c")),
        ("/api/../x", Err(Refused::UnsafePath)),
        ("/api/..;a/x", Err(Refused::UnsafePath)),
        ("/api/%2e%2E/x", Err(Refused::UnsafePath)),
        ("/api/%252e%252E/x", Err(Refused::UnsafePath)),
        ("/api/.", Err(Refused::UnsafePath)),
        ("/api/a%5c..%5cb", Err(Refused::UnsafePath)),
    ] {
        let target = after(&operation, request("GET", path));
        assert_eq!(target.as_deref(), expected.as_ref().copied(), "{path}");
    }
    let many = format!("/api/%{}41", "25".repeat(70));
    let target = after(&operation, request("GET", &many));
    assert_eq!(target, Err(Refused::AmbiguousPath));
}

#[test]
fn no_value_of_a_template_leads_out_of_the_place_that_is_written() {
    let by_regex = regex("^/f/.*", "/files/${request.query.n}");
    let by_prefix = prefix("/f", "/files/${request.query.n}");
    for (evil, stays_below) in [
        ("../admin", false),
        ("%2e%2e/admin", false),
        ("..%252fadmin", false),
        ("..%5cadmin", false),
        ("./a", false),
        ("a/..", false),
        ("..", false),
        // Below `/files` in every reading, but not in plain form.
        ("a//b", true),
        ("a;b", true),
        ("%2541", true),
    ] {
        let ask = |operation| after(operation, request("GET", &format!("/f/1?n={evil}")));
        assert_eq!(ask(&by_regex).is_ok(), stays_below, "{evil}");
        let by_prefix = ask(&by_prefix);
        let is_plain = evil == "%2541";
        assert_eq!(by_prefix.is_ok(), is_plain, "{evil}: {by_prefix:?}");
    }
    for (value, expected) in [
        ("/evil.com", Ok("/evil.com/1")),
        ("a b?c#d", Ok("/a%20b%3Fc%23d/1")),
        (&"a".repeat(9000), Err(Refused::TooLong)),
    ] {
        let operation = prefix("/f", "/${request.header.x-a}");
        let target = after(&operation, request("GET", "/f/1").header("x-a", value));
        assert_eq!(target.as_deref(), expected.as_ref().copied());
    }
    for operation in [&by_regex, &by_prefix] {
        let target = after(operation, request("GET", "/f/1"));
        assert_eq!(target, Err(Refused::MissingValue));
    }
}

proptest! {
    #[test]
    fn whatever_a_template_brings_the_path_begins_with_one_slash_and_climbs_nowhere(value: Vec<u8>) {
        for operation in [regex("^/x", "${request.header.x-a}"), prefix("/x", "/${request.header.x-a}")] {
            let head = request("GET", "/x/y").header("x-a", value.clone());
            if let Ok(target) = after(&operation, head) {
                prop_assert!(target.starts_with('/') && !target.starts_with("//"));
                prop_assert!(!target.split('/').any(|segment| matches!(segment, "." | "..")));
                prop_assert!(!target.bytes().any(|b| b == b' ' || b == b'?' || b == b'#' || b.is_ascii_control() || !b.is_ascii()));
            }
        }
    }

    #[test]
    fn every_reading_of_a_rewritten_path_is_below_the_new_beginning(rest in "(/|%2[fF]|;|\\.|%2e|%25|\\\\|%5[cC]|a|b){0,12}") {
        let operation = prefix("/api", "/tenants/acme");
        let mut request = request("GET", &format!("/api{rest}")).build();
        let below = RawPath { prefix: Some("/tenants/acme".into()), ..RawPath::default() }.build().unwrap();
        if edit(&on_requests(&operation), &mut request).is_ok() {
            let is_rewritten = request.path().starts_with(b"/tenants");
            for reading in request.readings().unwrap().iter(request.path()) {
                prop_assert!(!is_rewritten || below.fits(reading));
            }
        }
    }
}
