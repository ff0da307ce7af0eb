use super::*;
use crate::config::Config;
use filter_kit::config::{Env, load};
use filter_kit::testing::request;

fn policies(json: &str) -> Policies {
    let config: Config = load(json.as_bytes(), &Env::new()).unwrap();
    config.policies
}

fn sample() -> Policies {
    policies(
        r#"{"policies": [{"match": {"hosts": ["api.example.com"]},
            "allow_origins": ["https://app.example.com", "https://*.example.org", "null"],
            "allow_methods": ["GET", "PUT"], "allow_headers": ["content-type", "X-Token"],
            "expose_headers": ["X-Request-Id", "etag"], "allow_credentials": true, "max_age": "10m",
            "allow_private_network": true, "timing_allow_origin": true}]}"#,
    )
}

fn ask(policies: &Policies, method: &str, headers: &[(&str, &str)]) -> Decision {
    let request = request(method, "/").authority("api.example.com");
    let head = headers
        .iter()
        .fold(request, |request, (name, value)| {
            request.header(name, *value)
        })
        .build();
    decide(policies, &head)
}

fn preflight(policies: &Policies, origin: &str, method: &str, headers: &str) -> Decision {
    let asked = [
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", headers),
    ];
    let given = if headers.is_empty() { 2 } else { 3 };
    ask(policies, "OPTIONS", &asked[..given])
}

/// The headers of a reply, one per line.
fn reply(decision: &Decision) -> (u16, String) {
    let Action::Reply(reply) = &decision.action else {
        panic!("{decision:?}");
    };
    let line = |(name, value): &(HeaderName, Vec<u8>)| {
        format!("{name}: {}\n", String::from_utf8_lossy(value))
    };
    (reply.status, reply.headers.iter().map(line).collect())
}

/// What a response of the upstream gets: the CORS headers, one per line, and `vary`.
fn passed(decision: &Decision) -> (String, String) {
    let Action::Pass(plan) = &decision.action else {
        panic!("{decision:?}");
    };
    let cors = match &plan.cors {
        Cors::Keep => "the upstream's".to_owned(),
        Cors::Replace(headers) => headers
            .iter()
            .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value)))
            .collect(),
    };
    (cors, plan.vary.value())
}

const PREFLIGHT_VARY: &str =
    "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\n";

#[test]
fn a_preflight_that_is_allowed_is_told_what_is() {
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
         access-control-max-age: 600\n{PREFLIGHT_VARY}"
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
    assert!(!headers.contains("private-network"));
    let without = policies(r#"{"policies": [{"allow_origins": ["https://app.example.com"]}]}"#);
    let (_, headers) = reply(&ask(&without, "OPTIONS", &asked));
    assert!(!headers.contains("private-network"));
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
        assert_eq!(reply(&decision), (403, PREFLIGHT_VARY.to_owned()));
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
fn a_request_of_an_allowed_origin_may_be_read() {
    let expected = "access-control-allow-credentials: true\n\
         access-control-expose-headers: x-request-id, etag\n";
    for origin in [
        "https://app.example.com",
        "https://APP.example.com",
        "https://a.b.example.org:443",
        "null",
    ] {
        let decision = ask(&sample(), "GET", &[("origin", origin)]);
        assert_eq!(decision.outcome, Some(Outcome::Allowed), "{origin}");
        let expected = format!(
            "access-control-allow-origin: {origin}\n{expected}timing-allow-origin: {origin}\n"
        );
        assert_eq!(passed(&decision), (expected, "Origin".to_owned()));
    }
}

#[test]
fn options_without_a_requested_method_is_no_preflight() {
    let options = policies(
        r#"{"policies": [{"allow_origins": ["https://app.example.com"], "allow_methods": ["OPTIONS"]}]}"#,
    );
    for headers in [
        &[("origin", "https://app.example.com")][..],
        &[
            ("origin", "https://app.example.com"),
            ("access-control-request-method", ""),
        ],
    ] {
        let decision = ask(&options, "OPTIONS", headers);
        assert_eq!(decision.outcome, Some(Outcome::Allowed));
    }
}

#[test]
fn a_request_that_is_not_allowed_passes_without_permission() {
    let nothing = (String::new(), "Origin".to_owned());
    let decision = ask(&sample(), "GET", &[("origin", "https://evil.example")]);
    assert_eq!(decision.outcome, Some(Outcome::PassedOrigin));
    assert_eq!(passed(&decision), nothing);
    let decision = ask(
        &sample(),
        "DELETE",
        &[("origin", "https://app.example.com")],
    );
    assert_eq!(decision.outcome, Some(Outcome::PassedMethod));
    assert_eq!(passed(&decision), nothing);
    let twice = [
        ("origin", "https://app.example.com"),
        ("origin", "https://app.example.com"),
    ];
    let decision = ask(&sample(), "GET", &twice);
    assert_eq!(decision.outcome, Some(Outcome::PassedOrigin));
}

#[test]
fn a_refused_origin_is_told_so_unless_it_stays_at_home() {
    let refuse = policies(
        r#"{"policies": [{"allow_origins": ["https://app.example.com"], "unmatched_origin": "refuse"}]}"#,
    );
    let decision = ask(&refuse, "POST", &[("origin", "https://evil.example")]);
    assert_eq!(decision.outcome, Some(Outcome::RefusedOrigin));
    assert_eq!(reply(&decision), (403, "vary: Origin\n".to_owned()));
    let decision = ask(&refuse, "POST", &[("origin", "https://api.example.com")]);
    assert_eq!(decision.outcome, Some(Outcome::PassedOrigin));
    let decision = ask(&refuse, "POST", &[("origin", "null")]);
    assert_eq!(decision.outcome, Some(Outcome::RefusedOrigin));
}

#[test]
fn a_star_answers_a_star_to_all_but_null() {
    let star = policies(r#"{"policies": [{"allow_origins": ["*"]}]}"#);
    let decision = ask(&star, "GET", &[("origin", "https://any.example")]);
    let expected = "access-control-allow-origin: *\n".to_owned();
    assert_eq!(passed(&decision), (expected, String::new()));
    let decision = ask(&star, "GET", &[]);
    assert_eq!(
        passed(&decision),
        ("the upstream's".to_owned(), String::new())
    );
    let decision = ask(&star, "GET", &[("origin", "null")]);
    assert_eq!(passed(&decision), (String::new(), "Origin".to_owned()));
}

#[test]
fn without_an_origin_only_vary_is_added() {
    for headers in [&[][..], &[("origin", "")]] {
        let decision = ask(&sample(), "GET", headers);
        assert_eq!(decision.outcome, None);
        let expected = ("the upstream's".to_owned(), "Origin".to_owned());
        assert_eq!(passed(&decision), expected);
    }
}

#[test]
fn the_first_policy_that_matches_decides_and_none_leaves_all_alone() {
    let two = policies(
        r#"{"policies": [
            {"match": {"paths": [{"prefix": "/public"}]}, "allow_origins": ["*"]},
            {"match": {"paths": [{"prefix": "/api"}]}, "allow_origins": []}]}"#,
    );
    let ask = |target: &str| {
        let head = request("GET", target).header("origin", "https://a.example");
        decide(&two, &head.build())
    };
    assert_eq!(ask("/public/x").outcome, Some(Outcome::Allowed));
    assert_eq!(ask("/api").outcome, Some(Outcome::PassedOrigin));
    let decision = ask("/other");
    assert_eq!(decision.outcome, None);
    assert_eq!(decision.action, Action::Pass(Plan::default()));
    assert_eq!(
        ask("/public/../api").outcome,
        Some(Outcome::RefusedAmbiguousPath)
    );
}
