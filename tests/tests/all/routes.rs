//! Envoy selects the route again after a request is edited. What jwt-auth has checked is what is
//! served, if the chain has the documented order.

use e2e::{Envoy, raw, token::Token};
use serde_json::json;

const JWT: (&str, &str) = (
    "jwt-auth",
    r#"{"providers": {"corp": {"keys": {"secret": {"value": "a public test secret of 32 bytes", "algorithm": "HS256"}}}},
        "rules": [{"match": {"paths": [{"prefix": "/admin"}]}, "require": {"provider": {"name": "corp"}}},
                  {"match": {"headers": [{"name": "x-area", "exact": "inside"}]}, "require": {"provider": {"name": "corp"}}},
                  {"require": "nothing"}]}"#,
);

/// Leads to what a rule of jwt-auth guards, by path and by header.
const REWRITE: (&str, &str) = (
    "header-rewrite",
    r#"{"rules": [{"match": {"paths": [{"prefix": "/office"}]}, "request": [{"path": {"prefix": "/office", "with": "/admin"}}]},
                  {"match": {"paths": [{"prefix": "/area"}]}, "request": [{"set": {"name": "x-area", "value": "inside"}}]}]}"#,
);

fn chain(filters: &[(&str, &str)]) -> Envoy {
    Envoy::with_filters(filters)
        .route("{match: {prefix: /admin}, direct_response: {status: 202}}")
        .route("{match: {prefix: /, headers: [{name: x-area, string_match: {exact: inside}}]}, direct_response: {status: 203}}")
        .start()
}

#[test]
fn a_rewrite_before_jwt_auth_is_judged_as_what_is_served() {
    let envoy = chain(&[REWRITE, JWT]);
    for (path, status) in [
        ("/admin", 401),
        ("/office", 401),
        ("/office/x", 401),
        ("/area", 401),
        ("/else", 200),
    ] {
        let answer = envoy.get(path).send();
        assert_eq!(answer.status, status, "{path}");
    }
}

/// Why the READMEs require it to come before: Envoy cannot keep the route that jwt-auth saw.
#[test]
fn a_rewrite_behind_jwt_auth_reaches_a_route_that_it_has_not_judged() {
    let envoy = chain(&[JWT, REWRITE]);
    for (path, status) in [("/admin", 401), ("/office", 202), ("/area", 203)] {
        let answer = envoy.get(path).send();
        assert_eq!(answer.status, status, "{path}");
    }
    for readme in ["header-rewrite", "jwt-auth"] {
        let path = e2e::paths::workspace().join(format!("filters/{readme}/README.md"));
        let text = std::fs::read_to_string(path).unwrap();
        assert!(
            text.split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .contains("rewrites before it"),
            "{readme} does not tell what to do"
        );
    }
}

#[test]
fn no_spelling_leads_past_jwt_auth_in_the_samples_of_all_filters() {
    for sample in ["all-filters", "chain"] {
        no_spelling_leads_past_jwt_auth(&Envoy::from_sample(sample).start());
    }
}

fn no_spelling_leads_past_jwt_auth(envoy: &Envoy) {
    for path in [
        "/admin",
        "/account",
        "/account/x",
        "/%61dmin",
        "//admin",
        "/./admin",
        "/x/../admin",
        "/x/..%2fadmin",
        "/admin;x",
        "/x/..;/admin",
        "/api/../admin",
        "/api/v1/../../admin",
        "/api/v1/%2e%2e/%2e%2e/admin",
        "/api/v1/..%2f..%2fadmin",
        "/api/v1/%252e%252e/%252e%252e/admin",
        "/api/v1//admin",
        "/api/v1/..;/..;/admin",
        "/api/v1\\..\\..\\admin",
        "/public/../admin",
        "/admin?/api/v1/x",
        "/admin#/api",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n");
        let answer = raw::send(envoy.address(), request).response();
        if answer.status == 200 {
            let served = answer.echo().path;
            let plain = served
                .to_ascii_lowercase()
                .replace("%2f", "/")
                .replace("%2e", ".");
            let guarded = ["/admin", "/account"]
                .iter()
                .any(|area| plain.starts_with(area));
            assert!(!guarded && !plain.contains(".."), "{path} reached {served}");
        } else {
            assert!(
                [307, 400, 401].contains(&answer.status),
                "{path}: {}",
                answer.status
            );
        }
    }
    let token = Token::new("ES256").claim("scope", json!("admin"));
    let admin = envoy
        .get("/admin")
        .header("authorization", token.bearer())
        .send();
    assert_eq!(admin.status, 200);
}
