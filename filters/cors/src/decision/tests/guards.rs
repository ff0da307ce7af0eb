use super::*;

const GUARD: &str = r#"{"policies": [
    {"match": {"paths": [{"prefix": "/open"}]}, "allow_origins": []},
    {"allow_origins": ["https://app.example.com"], "unsafe_methods": {"unmatched": "refuse", "fetch_site": true}}]}"#;

const EVIL: (&str, &str) = ("origin", "https://evil.example");
const CROSS: (&str, &str) = ("sec-fetch-site", "cross-site");

#[test]
fn an_unsafe_method_is_for_allowed_origins_and_the_requests_own() {
    let origin = Some(Outcome::RefusedUnsafeOrigin);
    let site = Some(Outcome::RefusedUnsafeFetchSite);
    let passed = Some(Outcome::PassedOrigin);
    for (headers, expected) in [
        (&[EVIL][..], origin),
        (&[("origin", "null")], origin),
        (&[EVIL, EVIL], origin),
        (&[("origin", "http://api.example.com:8443")], origin),
        (&[EVIL, CROSS], origin),
        (&[EVIL, ("sec-fetch-site", "same-site")], origin),
        (
            &[("origin", "https://app.example.com"), CROSS],
            Some(Outcome::Allowed),
        ),
        (&[("origin", "https://api.example.com")], passed),
        (
            &[("origin", "null"), ("sec-fetch-site", "same-origin")],
            passed,
        ),
        (&[EVIL, ("sec-fetch-site", "same-origin"), CROSS], origin),
        (&[CROSS], site),
        (&[("origin", ""), CROSS], site),
        (&[("sec-fetch-site", "same-site")], None),
        (&[("sec-fetch-site", "none")], None),
        (&[], None),
    ] {
        for method in ["POST", "PUT", "PATCH", "DELETE", "PURGE", "post"] {
            let decision = ask(&policies(GUARD), method, headers);
            assert_eq!(decision.outcome, expected, "{method} {headers:?}");
        }
        for method in ["GET", "HEAD", "OPTIONS"] {
            let decision = ask(&policies(GUARD), method, headers);
            assert!(
                matches!(decision.action, Action::Pass(_)),
                "{method} {headers:?}"
            );
        }
    }
    let decision = ask(&policies(GUARD), "POST", &[EVIL]);
    assert_eq!(reply(&decision), (403, "vary: Origin\n".to_owned()));
}

#[test]
fn without_fetch_site_only_the_origin_is_looked_at() {
    let config = GUARD.replace("true", "false");
    for (headers, expected) in [
        (&[CROSS][..], None),
        (
            &[EVIL, ("sec-fetch-site", "same-origin")],
            Some(Outcome::RefusedUnsafeOrigin),
        ),
    ] {
        assert_eq!(ask(&policies(&config), "POST", headers).outcome, expected);
    }
}

#[test]
fn no_spelling_of_a_path_walks_around_a_guard() {
    let policies = policies(GUARD);
    let many = format!("/%{}41", "25".repeat(70));
    for (target, expected) in [
        ("/open", Some(Outcome::PassedOrigin)),
        ("/open/../x", Some(Outcome::RefusedUnsafeOrigin)),
        ("/open/..;/x", Some(Outcome::RefusedUnsafeOrigin)),
        ("//open", Some(Outcome::RefusedUnsafeOrigin)),
        (many.as_str(), Some(Outcome::RefusedUnsafeOrigin)),
    ] {
        let (name, value) = EVIL;
        let request = request("POST", target).authority("api.example.com");
        let decision = decide(&policies, &request.clone().header(name, value).build());
        assert_eq!(decision.outcome, expected, "{target}");
        let own = request.header(name, "https://api.example.com").build();
        let decision = decide(&policies, &own);
        assert!(matches!(decision.action, Action::Pass(_)), "{target}");
    }
}

#[test]
fn where_readings_select_guards_that_differ_the_stricter_one_holds() {
    let guard = |fetch_site| {
        format!(
            r#""allow_origins": [], "unsafe_methods": {{"unmatched": "refuse", "fetch_site": {fetch_site}}}"#
        )
    };
    for (inner, outer) in [(true, false), (false, true)] {
        let config = format!(
            r#"{{"policies": [{{"match": {{"paths": [{{"prefix": "/a"}}]}}, {}}}, {{{}}}]}}"#,
            guard(inner),
            guard(outer)
        );
        let head = request("POST", "/a/..;/x").header(CROSS.0, CROSS.1).build();
        let decision = decide(&policies(&config), &head);
        assert_eq!(
            decision.outcome,
            Some(Outcome::RefusedUnsafeFetchSite),
            "{inner}"
        );
    }
}
