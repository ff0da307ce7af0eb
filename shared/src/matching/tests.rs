use super::*;
use crate::testing::request;

fn built(json: &str) -> Match {
    serde_json::from_str::<RawMatch>(json)
        .unwrap()
        .build()
        .unwrap()
}

#[test]
fn all_parts_must_hold_and_within_a_list_one_is_enough() {
    let m = built(
        r#"{"hosts": ["api.example.com", "*.example.org"], "methods": ["GET", "POST"], "paths": [{"prefix": "/api"}, {"exact": "/x"}],
            "headers": [{"name": "X-Tier", "exact": "gold"}, {"name": "x-debug", "present": false}],
            "query": [{"name": "version", "exact": "2"}]}"#,
    );
    let good = || {
        request("GET", "/api/1?version=2")
            .authority("API.example.com:8443")
            .header("x-tier", "free")
            .header("x-tier", "gold")
    };
    assert_eq!(m.fits(&good().build()), Ok(true));
    for (what, bad) in [
        ("host", good().authority("example.org").build()),
        ("debug", good().header("x-debug", "").build()),
        (
            "method",
            RequestHead {
                method: b"PUT".to_vec(),
                ..good().build()
            },
        ),
        (
            "path",
            RequestHead {
                target: Some(b"/y?version=2".to_vec()),
                ..good().build()
            },
        ),
        (
            "query",
            RequestHead {
                target: Some(b"/x?version=3".to_vec()),
                ..good().build()
            },
        ),
        (
            "connect",
            RequestHead {
                target: None,
                ..good().build()
            },
        ),
    ] {
        assert_eq!(m.fits(&bad), Ok(false), "{what}");
    }
}

#[test]
fn an_empty_match_fits_everything() {
    assert_eq!(built("{}").fits(&RequestHead::default()), Ok(true));
}

#[test]
fn a_path_is_ambiguous_only_to_a_rule_that_would_apply() {
    let m = built(r#"{"methods": ["GET"], "paths": [{"prefix": "/admin"}]}"#);
    assert_eq!(
        m.fits(&request("GET", "/%61dmin").build()),
        Err(AmbiguousPath)
    );
    assert_eq!(
        m.fits(&request("GET", "/admin/../x").build()),
        Err(AmbiguousPath)
    );
    assert_eq!(m.fits(&request("POST", "/%61dmin").build()), Ok(false));
    assert_eq!(m.fits(&request("GET", "/admin//x").build()), Ok(true));
    assert_eq!(m.fits(&request("GET", "/b//x").build()), Ok(false));
}

#[test]
fn captures_come_from_the_path_pattern_that_fits() {
    let m = built(r#"{"paths": [{"exact": "/a"}, {"regex": "/(v[0-9])/(.*)"}]}"#);
    assert_eq!(m.path_groups(), 2);
    let captures = m.path_captures(&request("GET", "/v1/x?y").build());
    assert_eq!(captures, [Some(b"v1".to_vec()), Some(b"x".to_vec())]);
    assert!(m.path_captures(&request("GET", "/a").build()).is_empty());
}

#[test]
fn only_the_parts_that_are_matched_are_needed() {
    assert_eq!(built("{}").needs(), Needs::default());
    let needs = built(r#"{"hosts": ["a.com"], "query": [{"name": "a", "present": true}]}"#).needs();
    assert_eq!(
        needs,
        Needs {
            authority: true,
            target: true,
            ..Needs::default()
        }
    );
}

#[test]
fn errors_name_the_place() {
    for (json, error) in [
        (
            r#"{"hosts": []}"#,
            "hosts: an empty list matches nothing; leave the key out to match everything",
        ),
        (
            r#"{"methods": ["get"]}"#,
            "methods[0]: \"get\" is not a method; a token in upper case is accepted",
        ),
        (
            r#"{"paths": [{"prefix": "/a"}, {"exact": "b"}]}"#,
            "paths[1].exact: \"b\" does not begin with /",
        ),
        (
            r#"{"headers": [{"name": "a"}]}"#,
            "headers[0]: write exactly one of: exact, prefix, suffix, contains, regex, present",
        ),
    ] {
        let raw: RawMatch = serde_json::from_str(json).unwrap();
        assert_eq!(raw.build().unwrap_err().to_string(), error);
    }
}
