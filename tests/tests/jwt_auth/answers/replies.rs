//! The forms of a response: problem documents, configured replies, the realm.

use super::config;
use e2e::Envoy;
use e2e::token::Token;
use serde_json::json;

#[test]
fn a_client_that_prefers_json_gets_a_problem_document() {
    let envoy = Envoy::with_filter("jwt-auth", config(json!({}))).start();
    for (accept, is_json) in [
        ("application/json", true),
        ("application/problem+json", true),
        ("text/html, application/json;q=0.9", false),
        ("*/*", false),
    ] {
        let answer = envoy.get("/").header("accept", accept).send();
        assert_eq!(answer.status, 401, "{accept}");
        if is_json {
            assert_eq!(
                answer.header("content-type"),
                Some("application/problem+json"),
                "{accept}"
            );
            let problem = answer.json();
            assert_eq!(
                (&problem["status"], &problem["detail"]),
                (&json!(401), &json!("A token is needed."))
            );
        } else {
            assert_eq!(answer.text(), "A token is needed.\n", "{accept}");
        }
        assert_eq!(
            answer.header("www-authenticate"),
            Some("Bearer realm=\"staff\""),
            "{accept}"
        );
    }
}

#[test]
fn status_body_and_headers_are_those_of_the_configuration() {
    let responses = json!({"responses": {
        "unauthorized": {"status": 302, "body": "", "headers": [{"name": "location", "value": "https://login.example/?for=${request.path}"}]},
        "forbidden": {"status": 404, "body": "Nothing here: ${jwt.reason}.", "headers": [{"name": "x-none", "value": "${request.header.x-none}"}]},
        "unavailable": {"status": 429, "headers": [{"name": "x-why", "value": "${jwt.reason}"}]},
    }});
    let envoy = Envoy::with_filter("jwt-auth", config(responses)).start();
    let get = |path: &str, token: Option<Token>| {
        let request = envoy.get(path);
        match token {
            Some(token) => request.header("authorization", token.bearer()).send(),
            None => request.send(),
        }
    };
    let missing = get("/shop", None);
    assert_eq!((missing.status, missing.text().as_str()), (302, ""));
    assert_eq!(
        missing.header("location"),
        Some("https://login.example/?for=/shop")
    );
    let forbidden = get("/all", Some(Token::new("ES256")));
    assert_eq!(
        (forbidden.status, forbidden.text().as_str()),
        (404, "Nothing here: jwt_scope.")
    );
    assert_eq!(
        forbidden.header("x-none"),
        None,
        "a header whose value is missing is left out"
    );
    let busy = get("/", Some(Token::new("EdDSA")));
    assert_eq!(
        (busy.status, busy.header("x-why")),
        (429, Some("jwt_overloaded"))
    );
    assert_eq!(busy.text(), "Too many tokens are being checked.\n");
}

#[test]
fn without_a_realm_it_is_the_host_of_the_request_and_cannot_break_out_of_its_quotes() {
    let envoy = Envoy::with_filter("jwt-auth", config(json!({"realm": null}))).start();
    for (host, realm) in [
        ("api.example.com", "api.example.com"),
        ("api.example.com:8080", "api.example.com"),
        ("a\", x=\"b", "a, x=b"),
        ("a\\", "a"),
    ] {
        let request = format!("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n");
        let answer = e2e::raw::send(envoy.address(), request).response();
        if answer.status == 401 {
            let expected = format!("Bearer realm=\"{realm}\"");
            assert_eq!(
                answer.header("www-authenticate"),
                Some(expected.as_str()),
                "{host}"
            );
        } else {
            assert_eq!(
                answer.status, 400,
                "{host}: Envoy refuses such a host itself"
            );
        }
    }
}

// RFC 9728, section 5.1: MCP clients use it to find the authorization server.
#[test]
fn each_challenge_names_the_metadata_and_keeps_the_error_where_it_is_replaced() {
    let metadata = "https://${request.host}/.well-known/oauth-protected-resource";
    let written =
        json!({"headers": [{"name": "www-authenticate", "value": "Bearer realm=\"mine\""}]});
    let envoy = Envoy::with_filter(
        "jwt-auth",
        config(json!({
            "challenge": {"resource_metadata": metadata}, "responses": {"forbidden": written},
        })),
    )
    .start();
    let challenge = |path: &str, token: Option<String>| {
        let request = envoy.get(path).host("api.example.com");
        let answer = match token {
            Some(token) => request.header("authorization", token).send(),
            None => request.send(),
        };
        answer.header("www-authenticate").unwrap().to_owned()
    };
    let uri = "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\"";
    assert_eq!(
        challenge("/", None),
        format!("Bearer realm=\"staff\", {uri}")
    );
    assert_eq!(
        challenge("/", Some("Bearer x".to_owned())),
        format!(
            "Bearer realm=\"staff\", error=\"invalid_token\", error_description=\"The token is malformed.\", {uri}"
        )
    );
    assert_eq!(
        challenge("/all", Some(Token::new("ES256").bearer())),
        format!(
            "Bearer realm=\"mine\", error=\"insufficient_scope\", error_description=\"The token lacks a scope.\", scope=\"read write\", {uri}"
        )
    );
}
