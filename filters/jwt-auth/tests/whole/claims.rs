//! Conditions on claims, with values of the request.

use filter_kit::testing::{Run, request};
use jwt_auth::JwtAuth;
use serde_json::{Value, json};

use super::testing::token;
use super::{details, host, inline};

fn configuration(requirement: impl Fn(&Value) -> Value, condition: &Value) -> String {
    let provider = json!({"provider": {"name": "corp", "claims": [condition]}});
    json!({
        "providers": {"corp": {"keys": inline()}},
        "rules": [{"require": requirement(&provider)}],
    })
    .to_string()
}

#[test]
fn a_claim_is_compared_with_what_the_request_says() {
    let host = host();
    let exact = |text: &str| json!({"claim": "tenant", "exact": text});
    let any_of = |list: &[&str]| json!({"claim": "tenant", "any_of": list});
    for (condition, claim, passes) in [
        (exact("${request.hostname}"), json!("a.example"), true),
        (exact("${request.hostname}"), json!("b.example"), false),
        (exact("${request.hostname}"), json!("A.example"), false),
        (
            exact("${request.hostname}"),
            json!(["b.example", "a.example"]),
            true,
        ),
        (exact("x-${request.header.x-tenant}"), json!("x-t1"), true),
        (exact("x-${request.header.x-tenant}"), json!("t1"), false),
        // A value that is missing or empty equals no claim.
        (exact("${request.header.none}"), json!(""), false),
        (exact("${request.header.x-empty}"), json!(""), false),
        (exact("${request.header.none | }"), json!(""), false),
        (exact(""), json!(""), true),
        (
            exact("$${request.hostname}"),
            json!("${request.hostname}"),
            true,
        ),
        (
            exact("$${request.hostname}"),
            json!("$${request.hostname}"),
            false,
        ),
        (exact("$${request.hostname}"), json!("a.example"), false),
        (
            any_of(&["t2", "${request.header.x-tenant}"]),
            json!("t1"),
            true,
        ),
        (
            any_of(&["t2", "${request.header.x-tenant}"]),
            json!("t2"),
            true,
        ),
        (
            any_of(&["t2", "${request.header.x-tenant}"]),
            json!("t3"),
            false,
        ),
        (any_of(&["t2", "${request.header.none}"]), json!(""), false),
    ] {
        let configuration = configuration(Value::clone, &condition);
        let mut run = Run::<JwtAuth>::start(&host, &configuration).unwrap();
        let token = token(&json!({"tenant": claim}).to_string());
        let request = request("GET", "/")
            .authority("a.example")
            .header("authorization", format!("Bearer {token}"))
            .header("x-tenant", "t1")
            .header("x-empty", "");
        let (_, answer) = run.request(&request.pairs());
        let expected = if passes { "continued" } else { "jwt_claim" };
        assert_eq!(details(&answer), expected, "{condition} {claim}");
    }
}

#[test]
fn a_malformed_host_is_refused_where_a_condition_contains_the_host() {
    let host = host();
    let with_host = "${request.hostname}";
    let as_it_is: &dyn Fn(&Value) -> Value = &Value::clone;
    let any: &dyn Fn(&Value) -> Value = &|one| json!({"any": [one, "nothing"]});
    let all: &dyn Fn(&Value) -> Value = &|one| json!({"all": [one]});
    let optional: &dyn Fn(&Value) -> Value = &|one| json!({"optional": one});
    for requirement in [as_it_is, any, all, optional] {
        for (condition, is_malformed) in [
            (json!({"claim": "a", "exact": with_host}), true),
            (json!({"claim": "a", "any_of": ["b", with_host]}), true),
            (json!({"claim": "a", "exact": "b"}), false),
            (json!({"claim": "a", "exact": "${request.method}"}), false),
            (
                json!({"claim": "a", "any_of": ["b", "${request.method}"]}),
                false,
            ),
            (json!({"claim": "a", "prefix": "b"}), false),
        ] {
            let configuration = configuration(requirement, &condition);
            let mut run = Run::<JwtAuth>::start(&host, &configuration).unwrap();
            let request = request("GET", "/").authority("a..example");
            let (_, answer) = run.request(&request.pairs());
            let is_refused = details(&answer) == "malformed_host";
            assert_eq!(is_refused, is_malformed, "{configuration}");
        }
    }
}
