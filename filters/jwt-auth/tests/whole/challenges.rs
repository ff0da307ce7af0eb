//! Status, challenge and body of each kind of refusal, by default and as configured.

use filter_kit::testing::{Answer, Run, ScriptedHost, request};
use jwt_auth::JwtAuth;
use serde_json::{Value, json};
use std::time::Duration;

use super::testing::NOW;
use super::{configuration, details, good, host, inline};

const SCOPED: &str =
    r#"[{"require": {"provider": {"name": "corp", "scopes": {"all": ["a", "b"]}}}}]"#;

fn with_scopes(keys: &Value, more: &str) -> String {
    configuration(keys, more).replace(super::RULES, SCOPED)
}

/// The status, `www-authenticate`, `retry-after` and the body of the answer to a request with these
/// values of `authorization`.
fn refusal(run: &mut Run<JwtAuth>, host: &ScriptedHost, values: &[&str]) -> (u16, [String; 3]) {
    let request = values
        .iter()
        .fold(request("PUT", "/x"), |request, value| {
            request.header("authorization", *value)
        })
        .header("x-from", "here")
        .header("x-quoted", "a\"b");
    let (exchange, answer) = run.request(&request.pairs());
    let answer = if answer == Answer::Waits {
        host.set_now(Duration::from_secs(NOW + 60));
        run.tick();
        exchange.now()
    } else {
        answer
    };
    let Answer::Replied(reply) = answer else {
        panic!("{answer:?}")
    };
    let header = |name: &str| {
        let values = reply.headers.iter().filter(|(n, _)| n == name.as_bytes());
        let values: Vec<_> = values
            .map(|(_, value)| String::from_utf8_lossy(value))
            .collect();
        values.join(" | ")
    };
    let body = String::from_utf8(reply.body.clone()).unwrap();
    (
        reply.status,
        [header("www-authenticate"), header("retry-after"), body],
    )
}

#[test]
fn each_kind_of_refusal_has_its_status_and_its_challenge() {
    let host = host();
    let mut run = Run::<JwtAuth>::start(&host, &with_scopes(&inline(), "")).unwrap();
    let good = good();
    for (values, status, parameters) in [
        (&[][..], 401, ""),
        (
            &["Bearer x"],
            401,
            r#", error="invalid_token", error_description="The token is malformed.""#,
        ),
        (
            &[&good, &good],
            400,
            r#", error="invalid_request", error_description="More than one token is given.""#,
        ),
        (
            &[&good],
            403,
            r#", error="insufficient_scope", error_description="The token lacks a scope.", scope="a b""#,
        ),
    ] {
        let (got, [challenge, retry, _]) = refusal(&mut run, &host, values);
        let expected = format!(r#"Bearer realm="example.com"{parameters}"#);
        assert_eq!((got, &challenge), (status, &expected), "{values:?}");
        assert_eq!(retry, "");
    }
    let remote =
        json!({"remote": {"cluster": "idp", "uri": "https://idp.example/", "timeout": "1s"}});
    let mut run = Run::<JwtAuth>::start(&host, &with_scopes(&remote, "")).unwrap();
    let (status, [challenge, retry, _]) = refusal(&mut run, &host, &[&good]);
    assert_eq!((status, &*challenge, &*retry), (503, "", "1"));
}

#[test]
fn replies_of_the_configuration_know_the_reason_and_the_request() {
    let body = r#"{"body": "${jwt.reason} of ${request.method} on ${request.hostname}"}"#;
    let more = format!(
        r#", "realm": "mine", "responses": {{"unauthorized": {body}, "forbidden": {body}, "unavailable": {body}}}"#
    );
    let host = host();
    let mut run = Run::<JwtAuth>::start(&host, &with_scopes(&inline(), &more)).unwrap();
    let good = good();
    for (value, status, reason) in [
        ("Bearer x", 401, "jwt_malformed"),
        (&good, 403, "jwt_scope"),
    ] {
        let (got, [challenge, _, body]) = refusal(&mut run, &host, &[value]);
        let expected = format!("{reason} of PUT on example.com");
        assert_eq!((got, body), (status, expected));
        assert!(challenge.starts_with(r#"Bearer realm="mine", error="#));
    }
    let remote =
        json!({"remote": {"cluster": "idp", "uri": "https://idp.example/", "timeout": "1s"}});
    let mut run = Run::<JwtAuth>::start(&host, &with_scopes(&remote, &more)).unwrap();
    let (status, [_, _, body]) = refusal(&mut run, &host, &[&good]);
    assert_eq!(status, 503);
    assert_eq!(body, "jwt_keys_unavailable of PUT on example.com");
}

#[test]
fn the_challenge_names_the_metadata_of_the_resource_if_that_is_a_uri() {
    let host = host();
    for (template, expected) in [
        (
            "https://${request.hostname}/.well-known/oauth-protected-resource",
            r#", resource_metadata="https://example.com/.well-known/oauth-protected-resource""#,
        ),
        (
            "https://a.example/${request.header.x-from}",
            r#", resource_metadata="https://a.example/here""#,
        ),
        // Not valid in quotes, empty, missing.
        ("https://a.example/${request.header.x-quoted}", ""),
        ("${request.query.none | }", ""),
        ("https://a.example/${request.header.none}", ""),
    ] {
        let challenge = json!({"resource_metadata": template});
        let more = format!(r#", "challenge": {challenge}"#);
        let mut run = Run::<JwtAuth>::start(&host, &configuration(&inline(), &more)).unwrap();
        let (_, [challenge, _, _]) = refusal(&mut run, &host, &[]);
        let expected = format!(r#"Bearer realm="example.com"{expected}"#);
        assert_eq!(challenge, expected, "{template}");
    }
}

#[test]
fn a_malformed_host_is_refused_where_an_answer_contains_the_host() {
    let host = host();
    let host_text = "https://${request.hostname}/";
    let body = json!({"body": host_text});
    for (more, expected) in [
        (json!({}), "jwt_missing"),
        (
            json!({"responses": {"forbidden": {"body": "no"}}}),
            "jwt_missing",
        ),
        (
            json!({"challenge": {"resource_metadata": "https://a.example/"}}),
            "jwt_missing",
        ),
        (
            json!({"challenge": {"resource_metadata": host_text}}),
            "malformed_host",
        ),
        (
            json!({"responses": {"unauthorized": body}}),
            "malformed_host",
        ),
        (json!({"responses": {"forbidden": body}}), "malformed_host"),
        (
            json!({"responses": {"unavailable": body}}),
            "malformed_host",
        ),
    ] {
        let mut configuration: Value = serde_json::from_str(&with_scopes(&inline(), "")).unwrap();
        for (key, value) in more.as_object().unwrap() {
            configuration[key] = value.clone();
        }
        let mut run = Run::<JwtAuth>::start(&host, &configuration.to_string()).unwrap();
        let request = request("GET", "/").authority("a..example");
        let (_, answer) = run.request(&request.pairs());
        assert_eq!(details(&answer), expected, "{more}");
    }
}
