use super::*;

const PREFLIGHT_VARY: &str =
    "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\n";

/// For a policy that allows private network access.
const PRIVATE_VARY: &str = "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers, \
    Access-Control-Request-Private-Network\n";

fn preflight(policies: &Policies, origin: &str, method: &str, headers: &str) -> Decision {
    let asked = [
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", headers),
    ];
    let given = if headers.is_empty() { 2 } else { 3 };
    ask(policies, "OPTIONS", &asked[..given])
}

#[test]
fn a_preflight_that_is_allowed_gets_the_list_of_what_is() {
    let decision = preflight(
        &sample(),
        "https://app.example.com",
        "PUT",
        "content-type,x-token",
    );
    assert_eq!(decision.outcome, Some(Outcome::PreflightAllowed));
    let expected = format!(
        "access-control-allow-origin: https://app.example.com\n\
         access-control-allow-credentials: true\n\
         access-control-allow-methods: GET, PUT\n\
         access-control-allow-headers: content-type, x-token\n\
         access-control-max-age: 600\n{PRIVATE_VARY}"
    );
    assert_eq!(reply(&decision), (204, expected));
}

#[test]
fn private_network_access_is_granted_only_where_it_is_asked_for() {
    let asked = [
        ("origin", "https://app.example.com"),
        ("access-control-request-method", "GET"),
        ("access-control-request-private-network", "true"),
    ];
    let (_, headers) = reply(&ask(&sample(), "OPTIONS", &asked));
    assert!(headers.contains("access-control-allow-private-network: true\n"));
    let (_, headers) = reply(&ask(&sample(), "OPTIONS", &asked[..2]));
    assert!(!headers.contains("allow-private-network"));
    assert!(headers.ends_with(PRIVATE_VARY));
    let without = policies(r#"{"policies": [{"allow_origins": ["https://app.example.com"]}]}"#);
    let (_, headers) = reply(&ask(&without, "OPTIONS", &asked));
    assert!(!headers.contains("allow-private-network"));
    assert!(headers.ends_with(PREFLIGHT_VARY));
}

#[test]
fn a_preflight_that_is_not_allowed_is_refused_for_its_first_fault() {
    for (origin, method, headers, reason) in [
        ("https://evil.example", "GET", "", Reason::Origin),
        ("https://a.example.org.evil.com", "GET", "", Reason::Origin),
        ("https://xexample.org", "GET", "", Reason::Origin),
        ("https://app.example.com:8443", "GET", "", Reason::Origin),
        ("https://app.example.com.", "GET", "", Reason::Origin),
        ("https://app.example.com/", "GET", "", Reason::Origin),
        ("https://app.example.com", "DELETE", "", Reason::Method),
        ("https://app.example.com", "POST", "", Reason::Method),
        ("https://app.example.com", "get", "", Reason::Method),
        ("https://app.example.com", "G ET", "", Reason::Method),
        ("https://app.example.com", "GET", "x-other", Reason::Header),
        (
            "https://app.example.com",
            "GET",
            "x-token, x-other",
            Reason::Header,
        ),
        ("https://app.example.com", "GET", "x token", Reason::Header),
        ("https://app.example.com", "GET", "accept", Reason::Header),
    ] {
        let decision = preflight(&sample(), origin, method, headers);
        assert_eq!(
            decision.outcome,
            Some(Outcome::PreflightRefused(reason)),
            "{origin} {method} {headers}"
        );
        assert_eq!(reply(&decision), (403, PRIVATE_VARY.to_owned()));
    }
}

#[test]
fn header_names_are_asked_for_in_any_case_and_with_any_spacing() {
    for headers in ["X-TOKEN", "x-token ,, content-type", ""] {
        let decision = preflight(&sample(), "https://app.example.com", "GET", headers);
        assert_eq!(
            decision.outcome,
            Some(Outcome::PreflightAllowed),
            "{headers}"
        );
    }
}

#[test]
fn a_star_mirrors_what_is_asked_for() {
    let mirror = policies(
        r#"{"policies": [{"allow_origins": ["*"], "allow_methods": ["*"], "allow_headers": ["*"], "preflight": {"status": 200}}]}"#,
    );
    let decision = preflight(
        &mirror,
        "https://any.example",
        "PURGE",
        "authorization, x-a",
    );
    let expected = format!(
        "access-control-allow-origin: *\n\
         access-control-allow-methods: PURGE\n\
         access-control-allow-headers: authorization, x-a\n{PREFLIGHT_VARY}"
    );
    assert_eq!(reply(&decision), (200, expected));
    let decision = preflight(&mirror, "https://any.example", "GET", "");
    assert!(!reply(&decision).1.contains("allow-headers"));
    for bad in ["x-\u{e9}", "a\"b"] {
        let decision = preflight(&mirror, "https://any.example", "GET", bad);
        assert_eq!(
            decision.outcome,
            Some(Outcome::PreflightRefused(Reason::Header)),
            "{bad}"
        );
    }
    let long = "x-a,".repeat(3000);
    let decision = preflight(&mirror, "https://any.example", "GET", &long);
    assert_eq!(
        decision.outcome,
        Some(Outcome::PreflightRefused(Reason::Header))
    );
}

#[test]
fn an_unmatched_preflight_goes_to_the_upstream_where_the_policy_says_so() {
    let forward = policies(
        r#"{"policies": [{"allow_origins": ["https://app.example.com"], "preflight": {"unmatched": "forward"}}]}"#,
    );
    for (origin, method) in [
        ("https://evil.example", "GET"),
        ("https://app.example.com", "PUT"),
    ] {
        let decision = preflight(&forward, origin, method, "");
        assert_eq!(decision.outcome, Some(Outcome::PreflightForwarded));
        let (cors, vary) = passed(&decision);
        assert_eq!(cors, "the upstream's");
        assert!(PREFLIGHT_VARY.contains(&vary));
    }
}

#[test]
fn a_preflight_whose_path_is_ambiguous_is_refused() {
    // If readings select different policies, there is no permission.
    let two = policies(TWO);
    for target in ["/public/..;/api", &format!("/%{}41", "25".repeat(70))] {
        let head = request("OPTIONS", target)
            .header("origin", "https://a.example")
            .header("access-control-request-method", "GET");
        let decision = decide(&two, &head.build());
        let outcome = Outcome::PreflightRefused(Reason::AmbiguousPath);
        assert_eq!(decision.outcome, Some(outcome), "{target}");
        assert_eq!(reply(&decision), (403, PREFLIGHT_VARY.to_owned()));
    }
}

#[test]
fn a_list_of_request_headers_has_at_most_eight_kib() {
    let any = policies(r#"{"policies": [{"allow_origins": ["*"], "allow_headers": ["*"]}]}"#);
    for (bytes, expected) in [
        (8 * 1024, Outcome::PreflightAllowed),
        (8 * 1024 + 1, Outcome::PreflightRefused(Reason::Header)),
    ] {
        let name = "a".repeat(bytes);
        let decision = preflight(&any, "https://a.example", "GET", &name);
        assert_eq!(decision.outcome, Some(expected), "{bytes}");
    }
}
