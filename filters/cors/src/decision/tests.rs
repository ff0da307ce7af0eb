mod guards;
mod preflights;

use super::*;
use crate::config::Config;
use filter_kit::config::{Env, load};
use filter_kit::testing::request;
use filter_kit::values::HeaderName;

fn policies(json: &str) -> Policies {
    let config: Config = load(json.as_bytes(), &Env::new()).unwrap();
    config.policies
}

fn sample() -> Policies {
    policies(
        r#"{"policies": [{"match": {"hosts": ["api.example.com"]},
            "allow_origins": ["https://app.example.com", "https://*.example.org"],
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

/// Returns what a response of the upstream gets: the CORS headers, one per line, and `vary`.
fn passed(decision: &Decision) -> (String, String) {
    let Action::Pass(plan) = &decision.action else {
        panic!("{decision:?}");
    };
    let cors = match &plan.cors {
        Cors::Keep => "the upstream's".to_owned(),
        Cors::Strip => String::new(),
        Cors::Replace(headers) => headers
            .iter()
            .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value)))
            .collect(),
    };
    (cors, plan.vary.value().to_owned())
}

#[test]
fn a_request_of_an_allowed_origin_may_be_read() {
    let expected = "access-control-allow-credentials: true\n\
         access-control-expose-headers: x-request-id, etag\n";
    for origin in [
        "https://app.example.com",
        "https://APP.example.com",
        "https://a.b.example.org:443",
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
    for origins in [
        ["https://app.example.com", "https://app.example.com"],
        ["", "https://app.example.com"],
        ["https://app.example.com", ""],
    ] {
        let twice = origins.map(|origin| ("origin", origin));
        let decision = ask(&sample(), "GET", &twice);
        assert_eq!(decision.outcome, Some(Outcome::PassedOrigin), "{origins:?}");
        assert_eq!(passed(&decision), nothing, "{origins:?}");
    }
}

#[test]
fn each_of_many_origins_is_allowed_and_no_other() {
    let origins: Vec<_> = (0..20)
        .map(|n| format!("https://app{n}.example.com"))
        .collect();
    let many = policies(&format!(
        r#"{{"policies": [{{"allow_origins": {origins:?}}}]}}"#
    ));
    for origin in &origins {
        let decision = ask(&many, "GET", &[("origin", origin)]);
        assert_eq!(decision.outcome, Some(Outcome::Allowed), "{origin}");
    }
    let decision = ask(&many, "GET", &[("origin", "https://app20.example.com")]);
    assert_eq!(decision.outcome, Some(Outcome::PassedOrigin));
}

#[test]
fn an_origin_is_refused_unless_it_is_the_requests_own() {
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
fn a_star_answers_a_star_to_every_request() {
    let star = policies(r#"{"policies": [{"allow_origins": ["*"], "expose_headers": ["etag"]}]}"#);
    let expected = "access-control-allow-origin: *\naccess-control-expose-headers: etag\n";
    let expected = (expected.to_owned(), String::new());
    for origins in [
        &["https://any.example"][..],
        &["null"],
        &["file://"],
        &["app://."],
        &["https://x.example."],
        &["https://a.example", "https://b.example"],
        &["\u{e9}"],
        &[""],
        &[],
    ] {
        let headers: Vec<_> = origins.iter().map(|origin| ("origin", *origin)).collect();
        for method in ["GET", "HEAD", "DELETE"] {
            let decision = ask(&star, method, &headers);
            assert_eq!(passed(&decision), expected, "{method} {origins:?}");
        }
    }
}

#[test]
fn the_methods_of_a_policy_are_asked_of_preflights_only() {
    let put = policies(
        r#"{"policies": [{"allow_origins": ["https://app.example.com"], "allow_methods": ["PUT"]}]}"#,
    );
    for method in ["GET", "HEAD", "POST", "DELETE"] {
        let decision = ask(&put, method, &[("origin", "https://app.example.com")]);
        assert_eq!(decision.outcome, Some(Outcome::Allowed), "{method}");
    }
}

#[test]
fn the_policy_of_a_preflight_is_that_of_the_method_it_asks_for() {
    let by_method = policies(
        r#"{"policies": [
            {"match": {"methods": ["PUT"]}, "allow_origins": ["https://put.example"], "allow_methods": ["PUT"]},
            {"match": {"methods": ["OPTIONS"]}, "allow_origins": ["https://options.example"]},
            {"match": {"methods": ["GET"]}, "allow_origins": ["https://get.example"]}]}"#,
    );
    let outcome = |origin, method, headers: &[(&str, &str)]| {
        let headers = [&[("origin", origin)][..], headers].concat();
        ask(&by_method, method, &headers).outcome
    };
    let asks = |method| [("access-control-request-method", method)];
    let refused = Some(Outcome::PreflightRefused(Reason::Origin));
    for (origin, asked, expected) in [
        (
            "https://put.example",
            "PUT",
            Some(Outcome::PreflightAllowed),
        ),
        ("https://get.example", "PUT", refused),
        (
            "https://get.example",
            "GET",
            Some(Outcome::PreflightAllowed),
        ),
        ("https://put.example", "GET", refused),
        ("https://put.example", "DELETE", None),
        ("https://put.example", "put", None),
        ("https://options.example", "", Some(Outcome::Allowed)),
    ] {
        let decided = outcome(origin, "OPTIONS", &asks(asked));
        assert_eq!(decided, expected, "{origin} {asked}");
    }
    let twice = [asks("PUT"), asks("PUT")].concat();
    assert_eq!(outcome("https://put.example", "OPTIONS", &twice), None);
    let plain = outcome("https://put.example", "PUT", &asks("GET"));
    assert_eq!(plain, Some(Outcome::Allowed));
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

/// Two policies that are selected by path.
const TWO: &str = r#"{"policies": [
    {"match": {"paths": [{"prefix": "/public"}]}, "allow_origins": ["*"]},
    {"match": {"paths": [{"prefix": "/api"}]}, "allow_origins": []}]}"#;

#[test]
fn the_first_policy_that_matches_decides_and_none_leaves_all_alone() {
    let two = policies(TWO);
    let ask = |target: &str| {
        let head = request("GET", target).header("origin", "https://a.example");
        decide(&two, &head.build())
    };
    assert_eq!(ask("/public/x").outcome, Some(Outcome::Allowed));
    assert_eq!(ask("/public/a;b//c%2Fd").outcome, Some(Outcome::Allowed));
    assert_eq!(ask("/other;a/b%2Fc//d").outcome, None);
    assert_eq!(ask("/%70ublic/%41%25").outcome, Some(Outcome::Allowed));
    assert_eq!(ask("/api").outcome, Some(Outcome::PassedOrigin));
    let decision = ask("/other");
    assert_eq!(decision.outcome, None);
    assert_eq!(decision.action, Action::Pass(Plan::default()));
}

#[test]
fn where_readings_select_different_policies_there_is_no_permission_and_the_request_goes_on() {
    let two = policies(TWO);
    for target in [
        "/public/../api",
        "/public/..;/api",
        "/public;a",
        "//public",
        // More than 64 readings: encoded 70 times.
        &format!("/%{}41", "25".repeat(70)),
    ] {
        let head = request("GET", target);
        let decision = decide(&two, &head.clone().header("origin", "null").build());
        assert_eq!(decision.outcome, Some(Outcome::PassedAmbiguousPath));
        assert_eq!(passed(&decision), (String::new(), "Origin".to_owned()));
        let decision = decide(&two, &head.build());
        assert_eq!(decision.outcome, None, "{target}");
        let expected = ("the upstream's".to_owned(), "Origin".to_owned());
        assert_eq!(passed(&decision), expected);
    }
}

#[test]
fn what_not_asks_for_is_looked_at_too() {
    let by_not = policies(
        r#"{"policies": [{"match": {"not": {"methods": ["PUT"], "headers": [{"name": "x-tier", "exact": "gold"}]}},
            "allow_origins": ["https://app.example.com"], "allow_methods": ["PUT", "GET"]}]}"#,
    );
    let names = by_not.chosen_by().iter().map(HeaderName::as_str);
    assert_eq!(names.collect::<Vec<_>>(), ["x-tier"]);
    for (tier, method, expected) in [
        ("gold", "PUT", None),
        ("gold", "GET", Some(Outcome::PreflightAllowed)),
        ("silver", "PUT", Some(Outcome::PreflightAllowed)),
    ] {
        let headers = [
            ("origin", "https://app.example.com"),
            ("access-control-request-method", method),
            ("x-tier", tier),
        ];
        let decision = ask(&by_not, "OPTIONS", &headers);
        assert_eq!(decision.outcome, expected, "{tier} {method}");
    }
}

#[test]
fn a_malformed_host_is_refused_where_a_policy_looks_at_hosts() {
    // A malformed host is refused with 400 `malformed_host`.
    let by_header = r#"{"policies": [{"match": {"headers": [{"name": "host", "prefix": "api."}]}, "allow_origins": []}]}"#;
    let everywhere = r#"{"policies": [{"allow_origins": []}]}"#;
    for (policies, refused) in [
        (sample(), true),
        (policies(by_header), true),
        (policies(everywhere), false),
    ] {
        for authority in ["api.example.com:x", "x@api.example.com", "a..b"] {
            let head = request("GET", "/").authority(authority).build();
            let decision = decide(&policies, &head);
            let expected = refused.then_some(Outcome::RefusedMalformedHost);
            assert_eq!(decision.outcome, expected, "{authority}");
            if refused {
                assert_eq!(reply(&decision), (400, String::new()));
            }
        }
    }
}
