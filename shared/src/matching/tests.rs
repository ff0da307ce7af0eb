mod work;

use super::*;
use crate::headers::Headers;
use crate::testing::request;

fn built(json: &str) -> Match {
    serde_json::from_str::<RawMatch>(json)
        .unwrap()
        .build()
        .unwrap()
}

#[test]
fn the_address_of_the_client_is_compared_with_ranges() {
    let m = built(r#"{"client_ip": ["10.0.0.0/8", "2001:db8::/32"]}"#);
    for (address, matches) in [
        (Some("10.1.2.3"), true),
        (Some("::ffff:10.1.2.3"), true),
        (Some("2001:db8::1"), true),
        (Some("fe80::1%eth0"), false),
        (Some("192.0.2.1"), false),
        (Some("@unix"), false),
        (None, false),
    ] {
        let mut head = request("GET", "/");
        if let Some(address) = address {
            head = head.source_address(address);
        }
        let readings = m.readings(&head.build()).unwrap();
        assert_eq!(readings.is_all(), matches, "{address:?}");
    }
}

#[test]
fn a_route_is_told_by_its_name_and_its_metadata() {
    let m = built(
        r#"{"routes": ["admin-api", "other"], "route_metadata": [{"key": "tier", "exact": "gold"}, {"key": "off", "present": false}]}"#,
    );
    for (name, metadata, matches) in [
        ("admin-api", &[("tier", "gold")][..], true),
        ("public", &[("tier", "gold")], false),
        ("other", &[("tier", "silver")], false),
        ("other", &[], false),
        ("other", &[("tier", "gold"), ("off", "true")], false),
    ] {
        let mut head = request("GET", "/").route_name(name);
        for (key, value) in metadata {
            head = head.route_metadata("", key, value);
        }
        let readings = m.readings(&head.build()).unwrap();
        assert_eq!(readings.is_all(), matches, "{name} {metadata:?}");
    }
}

#[test]
fn each_condition_counts_without_the_others() {
    for json in [
        r#"{"client_ip": ["10.0.0.0/8"]}"#,
        r#"{"routes": ["admin-api"]}"#,
        r#"{"route_metadata": [{"key": "tier", "exact": "gold"}]}"#,
        r#"{"not": {"methods": ["PUT"]}}"#,
    ] {
        for (method, address, route, tier, matches) in [
            ("GET", "10.1.2.3", "admin-api", "gold", true),
            ("PUT", "192.0.2.1", "public", "silver", false),
        ] {
            let head = request(method, "/")
                .source_address(address)
                .route_name(route)
                .route_metadata("", "tier", tier);
            let readings = built(json).readings(&head.build()).unwrap();
            assert_eq!(readings.is_all(), matches, "{json} {method}");
        }
    }
}

#[test]
fn what_must_not_hold_is_asked_of_each_reading() {
    let m =
        built(r#"{"paths": [{"prefix": "/api"}], "not": {"paths": [{"prefix": "/api/public"}]}}"#);
    for (path, all, none) in [
        ("/api/x", true, false),
        ("/api/public", false, true),
        ("/api/public/x", false, true),
        ("/other", false, true),
        // Some servers read it one way, some the other.
        ("/api/public/..%2fx", false, false),
    ] {
        let readings = m.readings(&request("GET", path).build()).unwrap();
        assert_eq!(
            (readings.is_all(), readings.is_none()),
            (all, none),
            "{path}"
        );
    }
    let m = built(
        r#"{"not": {"headers": [{"name": "x-internal", "present": true}], "not": {"methods": ["GET"]}}}"#,
    );
    for (method, internal, matches) in [
        ("GET", true, true),
        ("GET", false, true),
        ("POST", true, false),
        ("POST", false, true),
    ] {
        let mut head = request(method, "/");
        if internal {
            head = head.header("x-internal", "1");
        }
        assert_eq!(
            m.readings(&head.build()).unwrap().is_all(),
            matches,
            "{method} {internal}"
        );
    }
}

#[test]
fn a_malformed_host_matters_where_the_host_decides() {
    for (raw, expected) in [
        ("{}", false),
        (r#"{"methods": ["GET"], "paths": [{"prefix": "/"}]}"#, false),
        (
            r#"{"headers": [{"name": "x-host", "present": true}]}"#,
            false,
        ),
        (r#"{"not": {"methods": ["GET"]}}"#, false),
        (r#"{"hosts": ["a.example"]}"#, true),
        (r#"{"headers": [{"name": "Host", "present": true}]}"#, true),
        (r#"{"not": {"hosts": ["a.example"]}}"#, true),
    ] {
        assert_eq!(built(raw).looks_at_host(), expected, "{raw}");
    }
}

#[test]
fn mistakes_in_what_envoy_knows_are_refused() {
    for (json, error) in [
        (
            r#"{"not": {}}"#,
            "not: matches every request, so nothing would match; write what must not hold",
        ),
        (
            r#"{"not": {"paths": [{"prefix": "a"}]}}"#,
            "not.paths[0].prefix: \"a\" does not begin with /; write \"/a\"",
        ),
        (
            r#"{"routes": []}"#,
            "routes: must not be empty; omit the key to accept everything",
        ),
        (
            r#"{"client_ip": []}"#,
            "client_ip: must not be empty; omit the key to accept everything",
        ),
        (
            r#"{"route_metadata": [{"key": "", "exact": "a"}]}"#,
            "route_metadata[0].key: must not be empty",
        ),
        (
            r#"{"route_metadata": [{"key": "a"}]}"#,
            "route_metadata[0]: write exactly one of: exact, prefix, suffix, contains, regex, present",
        ),
    ] {
        let raw: RawMatch = serde_json::from_str(json).unwrap();
        assert_eq!(raw.build().unwrap_err().to_string(), error);
    }
}

#[test]
fn all_parts_must_hold_and_within_a_list_one_is_enough() {
    let m = built(
        r#"{"hosts": ["api.example.com", "*.example.org"], "methods": ["GET", "POST"], "paths": [{"prefix": "/api"}, {"exact": "/x"}],
            "headers": [{"name": "X-Tier", "exact": "gold"}, {"name": "x-debug", "present": false}],
            "query": [{"name": "version", "exact": "2"}]}"#,
    );
    let good = |method: &str, target: &str| {
        request(method, target)
            .authority("API.example.com:8443")
            .header("x-tier", "free")
            .header("x-tier", "gold")
    };
    let fits = |request: &Request| m.readings(request).unwrap().is_all();
    let target = "/api/1?version=2";
    assert!(fits(&good("GET", target).build()));
    for (what, bad) in [
        ("host", good("GET", target).authority("example.org")),
        (
            "malformed host",
            good("GET", target).authority("api.example.com:x"),
        ),
        ("debug", good("GET", target).header("x-debug", "")),
        ("method", good("PUT", target)),
        ("path", good("GET", "/y?version=2")),
        ("query", good("GET", "/x?version=3")),
    ] {
        let set = m.readings(&bad.build()).unwrap();
        assert!(set.is_none(), "{what}");
    }
    let connect = Request::of(Headers::new(&[(":method", "CONNECT")]), None, None);
    assert!(m.readings(&connect).unwrap().is_none());
}

#[test]
fn an_empty_match_fits_everything() {
    let connect = Request::of(Headers::default(), None, None);
    assert_eq!(built("{}").readings(&connect), Ok(ReadingSet::ALL));
}

#[test]
fn the_readings_of_a_path_are_told_apart_only_where_the_rest_matches() {
    let m = built(r#"{"methods": ["GET"], "paths": [{"prefix": "/admin"}]}"#);
    for (method, path, all, none) in [
        ("GET", "/admin", true, false),
        ("GET", "/%61dmin", true, false),
        ("GET", "/admin/../x", false, false),
        ("GET", "/admin;a", false, false),
        ("GET", "/admin//x", true, false),
        ("GET", "/b//x", false, true),
        ("POST", "/admin/../x", false, true),
    ] {
        let set = m.readings(&request(method, path).build()).unwrap();
        assert_eq!(
            (set.is_all(), set.is_none()),
            (all, none),
            "{method} {path}"
        );
    }
    let nested = format!("/%{}61dmin", "25".repeat(100));
    assert_eq!(
        m.readings(&request("GET", &nested).build()),
        Err(TooManyReadings)
    );
    assert_eq!(
        m.readings(&request("POST", &nested).build()),
        Ok(ReadingSet::NONE)
    );
}

#[test]
fn host_as_a_header_name_is_the_host() {
    for (matcher, authority, fits) in [
        (r#""exact": "api.example.com""#, "API.example.com:80", true),
        (r#""exact": "API.example.com""#, "api.example.com", true),
        (r#""suffix": ".example.com""#, "a.example.com.", true),
        (r#""present": true"#, "a", true),
        (r#""present": false"#, "", true),
        (r#""exact": "api.example.com""#, "x@api.example.com", false),
    ] {
        let m = built(&format!(
            r#"{{"headers": [{{"name": "Host", {matcher}}}]}}"#
        ));
        let request = request("GET", "/").authority(authority).build();
        let set = m.readings(&request).unwrap();
        assert_eq!(set.is_all(), fits, "{matcher} {authority}");
    }
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
fn errors_name_the_place() {
    for (json, error) in [
        (
            r#"{"hosts": []}"#,
            "hosts: must not be empty; omit the key to accept everything",
        ),
        (
            r#"{"methods": ["get"]}"#,
            "methods[0]: \"get\" is not a method; methods are in upper case, as GET",
        ),
        (
            r#"{"methods": ["GET", "PO ST"]}"#,
            "methods[1]: \"PO ST\" is not a method; a token in upper case is accepted, as GET",
        ),
        (
            r#"{"methods": ["*"]}"#,
            "methods[0]: \"*\" is not a method; omit the key to match every method",
        ),
        (
            r#"{"paths": [{"prefix": "/a"}, {"exact": "b"}]}"#,
            "paths[1].exact: \"b\" does not begin with /; write \"/b\"",
        ),
        (
            r#"{"paths": [{"exact": "/caf\u00e9"}]}"#,
            "paths[0].exact: \"/caf\u{e9}\" is not a path; it has no query and no fragment, and other bytes are percent-encoded",
        ),
        (
            r#"{"paths": [{"exact": "/a b"}]}"#,
            "paths[0].exact: \"/a b\" is not a path; it has no query and no fragment, and other bytes are percent-encoded",
        ),
        (
            r#"{"paths": [{"exact": "/a?b"}]}"#,
            "paths[0].exact: \"/a?b\" is not a path; it has no query and no fragment, and other bytes are percent-encoded",
        ),
        (
            r#"{"headers": [{"name": "a"}]}"#,
            "headers[0]: write exactly one of: exact, prefix, suffix, contains, regex, present",
        ),
        (
            r#"{"headers": [{"name": "host", "exact": "a.com:80"}]}"#,
            "headers[0].exact: \"a.com:80\" has a port, and a host is compared without; write the host alone",
        ),
    ] {
        let raw: RawMatch = serde_json::from_str(json).unwrap();
        assert_eq!(raw.build().unwrap_err().to_string(), error);
    }
}
