use super::*;
use filter_kit::config::{load, load_with_warnings};

fn error(json: &str) -> String {
    match load::<Config>(json.as_bytes(), &Env::new()) {
        Ok(_) => format!("accepted: {json}"),
        Err(error) => error.to_string(),
    }
}

/// The error of one policy, without what stands before it.
fn policy(policy: &str) -> String {
    let error = error(&format!(r#"{{"policies": [{{{policy}}}]}}"#));
    error.trim_start_matches("cors: policies[0].").to_owned()
}

#[test]
fn an_empty_configuration_is_inert() {
    let config: Config = load(b"", &Env::new()).unwrap();
    assert!(config.policies.is_empty());
    assert_eq!(config.mode, Mode::Enforce);
}

#[test]
fn every_key_of_the_reference_is_accepted() {
    let json = r#"{"mode": "report", "policies": [{
        "match": {"hosts": ["api.example.com"]},
        "allow_origins": ["https://app.example.com", "https://*.example.org", "http://localhost:*", "app://."],
        "allow_origin_regexes": ["https://pr-[0-9]+\\.preview\\.example\\.dev"],
        "allow_methods": ["GET", "POST", "PUT", "DELETE"],
        "allow_headers": ["Content-Type", "authorization"],
        "expose_headers": ["x-request-id"],
        "allow_credentials": true,
        "max_age": "10m",
        "allow_private_network": false,
        "timing_allow_origin": false,
        "preflight": {"status": 204, "unmatched": "refuse"},
        "unmatched_origin": "pass",
        "unsafe_methods": {"unmatched": "refuse", "fetch_site": true}}]}"#;
    let config: Config = load(json.as_bytes(), &Env::new()).unwrap();
    assert_eq!(config.mode, Mode::Report);
    assert!(!config.policies.is_empty());
}

#[test]
fn mistakes_are_refused_with_place_and_reason() {
    for (json, expected) in [
        (
            r#""allow_origin": ["*"]"#,
            "allow_origin: unknown key; did you mean \"allow_origins\"? one of: match, allow_origins,",
        ),
        (
            r#""allow_methods": ["GET"]"#,
            "allow_origins: missing key; list the origins that are allowed, or write [] to allow none",
        ),
        (
            r#""allow_origins": ["https://a.example", "https://b.example/app"]"#,
            "allow_origins[1]: \"https://b.example/app\" is not an origin: a path, query or fragment is not part of an origin; accepted are scheme://host[:port]",
        ),
        (
            r#""allow_origins": ["https://*example.org"]"#,
            "allow_origins[0]: \"https://*example.org\" is not an origin: * stands for whole labels",
        ),
        (
            r#""allow_origins": ["https://a.example", "*"], "allow_credentials": true"#,
            "allow_origins[1]: not valid with allow_credentials: it matches https://evil.example, an origin that anyone can have; \
             name the origins, or leave no choice in their domain",
        ),
        (
            r#""allow_origins": ["null"], "allow_credentials": true"#,
            "allow_origins[0]: not valid with allow_credentials: any page can make its origin null, in a sandboxed frame; ",
        ),
        (
            r#""allow_origins": ["https://*"], "allow_credentials": true"#,
            "allow_origins[0]: not valid with allow_credentials: it matches https://evil.example, ",
        ),
        (
            r#""allow_origin_regexes": ["https://a\\.example", "https://.*example\\.com"], "allow_credentials": true"#,
            "allow_origin_regexes[1]: not valid with allow_credentials: it matches https://evilexample.com, ",
        ),
        (
            r#""allow_origin_regexes": ["https://App\\.example"]"#,
            "allow_origin_regexes[0]: \"https://App\\.example\" can never match: origins are compared in lower case",
        ),
        (
            r#""allow_origins": ["https://a.example"], "expose_headers": ["etag", "*"], "allow_credentials": true"#,
            "expose_headers[1]: with allow_credentials, browsers take \"*\" for the name of a header",
        ),
        (
            r#""allow_origins": [], "allow_origin_regexes": ["("]"#,
            "allow_origin_regexes[0]: \"(\" is not a regular expression",
        ),
        (
            r#""allow_origins": [], "allow_origin_regexes": ["(a{1000}){1000}"]"#,
            "allow_origin_regexes[0]: \"(a{1000}){1000}\" takes more than",
        ),
        (
            r#""allow_origins": ["*"], "allow_methods": ["GET", "put"]"#,
            "allow_methods[1]: \"put\" is not a method; a token in upper case is accepted",
        ),
        (
            r#""allow_origins": ["*"], "allow_methods": [""]"#,
            "allow_methods[0]: \"\" is not a method",
        ),
        (
            r#""allow_origins": ["*"], "allow_headers": ["x token"]"#,
            "allow_headers[0]: \"x token\" is not a header name",
        ),
        (
            r#""allow_origins": ["*"], "expose_headers": ["é"]"#,
            "expose_headers[0]: \"é\" is not a header name",
        ),
        (
            r#""allow_origins": ["*"], "max_age": "1500ms""#,
            "max_age: a fraction of a second",
        ),
        (r#""allow_origins": ["*"], "max_age": 600"#, "max_age: "),
        (
            r#""allow_origins": ["*"], "preflight": {"status": 403}"#,
            "preflight.status: 403 is not accepted; one of: 200, 204",
        ),
        (
            r#""allow_origins": ["*"], "preflight": {"unmatched": "allow"}"#,
            "preflight.unmatched: ",
        ),
        (
            r#""allow_origins": ["*"], "unmatched_origin": "forward""#,
            "unmatched_origin: ",
        ),
        (
            r#""allow_origins": ["*"], "unsafe_methods": {}"#,
            "unsafe_methods: never refuses anything, since allow_origins has \"*\"; list the origins",
        ),
        (
            r#""allow_origins": [], "unsafe_methods": {"unmatched": "forward"}"#,
            "unsafe_methods.unmatched: ",
        ),
        (
            r#""allow_origins": ["*"], "match": {"hosts": ["a b"]}"#,
            "match.hosts[0]: ",
        ),
    ] {
        let got = policy(json);
        assert!(got.starts_with(expected), "{json}: {got}");
    }
}

#[test]
fn patterns_of_whole_schemes_are_accepted_without_credentials() {
    let json = r#"{"policies": [{"allow_origins": ["*", "null", "https://*", "chrome-extension://*", "file://"],
        "allow_origin_regexes": [".*", "app://.*"]}]}"#;
    assert!(load::<Config>(json.as_bytes(), &Env::new()).is_ok());
}

fn warnings(json: &str) -> Vec<String> {
    let (_, warnings) = load_with_warnings::<Config>(json.as_bytes(), &Env::new()).unwrap();
    warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn a_policy_that_never_decides_is_warned_of() {
    let all = r#"{"allow_origins": ["*"]}"#;
    let by = |methods: &str| {
        format!(r#"{{"match": {{"methods": [{methods}]}}, "allow_origins": ["*"]}}"#)
    };
    let put = by(r#""PUT""#);
    let options = "the method of a preflight is the one that it asks for, so no preflight matches this policy; omit the key, or list those methods";
    let first = "matches every request, so no policy after it decides; put it last";
    for (policies, expected) in [
        (vec![all], vec![]),
        (vec![&put, all], vec![]),
        (vec![&put, &by(r#""OPTIONS", "PUT""#), all], vec![]),
        (vec![all, &put], vec![format!("cors: policies[0]: {first}")]),
        (
            vec![&put, all, &put],
            vec![format!("cors: policies[1]: {first}")],
        ),
        (
            vec![&put, &by(r#""OPTIONS""#)],
            vec![format!("cors: policies[1].match.methods: {options}")],
        ),
    ] {
        let json = format!(r#"{{"policies": [{}]}}"#, policies.join(", "));
        assert_eq!(warnings(&json), expected, "{json}");
    }
}

#[test]
fn a_policy_by_a_header_that_preflights_lack_is_warned_of() {
    let warnings = |condition: &str| {
        warnings(&format!(
            r#"{{"policies": [{{"match": {{"hosts": ["a.example"]}}, "allow_origins": ["*"]}}, {{"match": {{"headers": [{condition}]}}, "allow_origins": ["*"]}}]}}"#
        ))
    };
    let expected = "cors: policies[1].match.headers[0].name: browsers do not send x-tier with preflights, so no preflight matches this policy";
    for condition in [
        r#"{"name": "x-tier", "exact": "a"}"#,
        r#"{"name": "x-tier", "present": true}"#,
    ] {
        assert_eq!(warnings(condition), [expected], "{condition}");
    }
    for condition in [
        r#"{"name": "x-tier", "present": false}"#,
        r#"{"name": "host", "exact": "a"}"#,
        r#"{"name": "sec-fetch-mode", "exact": "cors"}"#,
        r#"{"name": "access-control-request-method", "exact": "PUT"}"#,
    ] {
        assert_eq!(warnings(condition), [""; 0], "{condition}");
    }
}

#[test]
fn a_guard_looks_at_fetch_site_unless_told_otherwise() {
    for (written, expected) in [("", true), (r#", "fetch_site": false"#, false)] {
        let json = format!(
            r#"{{"policies": [{{"allow_origins": [], "unsafe_methods": {{"unmatched": "refuse"{written}}}}}]}}"#
        );
        let config = load::<Config>(json.as_bytes(), &Env::new()).unwrap();
        let guard = config.policies.guard().unwrap();
        assert_eq!(guard.fetch_site, expected, "{written}");
    }
}
