//! The promises of `all-filters.yaml` and `chain.yaml`: the filters work together.

use serde_json::json;

use crate::{Client, Response, Target, token::Token};

const APP: &str = "https://app.example.com";

fn get(target: &dyn Target, path: &str, fields: &[(&str, &str)]) -> Response {
    Client::http1()
        .get(target.url(path))
        .header("origin", APP)
        .headers(fields.iter().copied())
        .send()
}

/// Checks that each filter does its part, and that none undoes another's.
///
/// # Panics
/// If the sample does not do what its comments say.
pub fn check(target: &dyn Target) {
    a_preflight_needs_no_token(target);
    a_page_can_read_a_refusal(target);
    who_the_client_is_reaches_the_upstream_and_cannot_be_forged(target);
    what_is_rewritten_was_let_in_under_its_own_path(target);
    who_comes_too_often_is_refused_and_a_page_can_read_that(target);
    target.assert_vm_alive();
}

fn a_preflight_needs_no_token(target: &dyn Target) {
    let answer = Client::http1()
        .options(target.url("/account"))
        .header("origin", APP)
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "authorization")
        .send();
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
}

fn a_page_can_read_a_refusal(target: &dyn Target) {
    let token = Token::new("ES256").bearer();
    for (path, authorization, status) in [
        ("/account", "", 401),
        ("/account", "Bearer no-token", 401),
        ("/public", "Bearer no-token", 401),
        ("/admin", &*token, 403),
        // Another spelling of the same path.
        ("/x/..//%61dmin", &*token, 403),
    ] {
        let fields = [("authorization", authorization)];
        let fields = &fields[..usize::from(!authorization.is_empty())];
        let answer = get(target, path, fields);
        assert_eq!(answer.status, status, "{path} {authorization}");
        assert!(answer.header("www-authenticate").is_some(), "{path}");
        let expected = if path == "/public" { "*" } else { APP };
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some(expected),
            "{path}"
        );
    }
}

fn who_the_client_is_reaches_the_upstream_and_cannot_be_forged(target: &dyn Target) {
    let admin = Token::new("ES256").claim("scope", json!("admin")).bearer();
    for (path, fields, sub) in [
        (
            "/account",
            &[("authorization", &*admin), ("x-jwt-sub", "root")][..],
            Some("alice"),
        ),
        ("/admin", &[("authorization", &*admin)], Some("alice")),
        ("/shop", &[("x-jwt-sub", "root")], None),
    ] {
        let answer = get(target, path, fields);
        assert_eq!(answer.status, 200, "{path}");
        let echo = answer.echo();
        assert_eq!(echo.header("x-jwt-sub"), sub, "{path}");
        assert_eq!(echo.header("authorization"), None, "{path}");
        assert_eq!(
            echo.headers_all("x-env"),
            [format!("prod-{}", target.address().ip())],
            "{path}"
        );
    }
}

fn what_is_rewritten_was_let_in_under_its_own_path(target: &dyn Target) {
    let fields = [
        ("x-internal-user", "root"),
        ("cookie", "a=1; tracking=me"),
        ("x-echo-set", "x-powered-by: tests"),
        ("x-echo-status", "503"),
    ];
    let answer = get(target, "/api/v1/items?debug=1&page=2", &fields);
    let echo = answer.echo();
    assert_eq!(echo.path, "/v1/svc/items?page=2");
    assert_eq!(echo.header("x-internal-user"), None);
    assert_eq!(echo.header("cookie"), Some("a=1; tracking=off"));
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("x-powered-by"), None);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-api-path"), Some("/api/v1/items"));
    assert_eq!(
        get(target, "/api/v0/gone", &[]).status,
        410,
        "routes match on what the filters made"
    );
}

fn who_comes_too_often_is_refused_and_a_page_can_read_that(target: &dyn Target) {
    let log_in = || {
        let request = Client::http1().request("POST", target.url("/login"));
        request.header("origin", APP).send()
    };
    let answers = [(); 4].map(|()| log_in());
    assert_eq!(answers.each_ref().map(|a| a.status), [200, 200, 200, 429]);
    let [.., refused] = answers;
    assert_eq!(refused.header("access-control-allow-origin"), Some(APP));
    assert!(refused.header("retry-after").is_some());
    // An account has its own limit, after that of its address.
    let token = Token::new("ES256").bearer();
    let answer = get(target, "/account", &[("authorization", &token)]);
    let policies = answer.headers_all("ratelimit-policy").join(", ");
    for name in ["\"client\";q=6000;w=60", "\"subject\";q=600;w=60"] {
        assert!(policies.contains(name), "{policies}");
    }
    assert_eq!(answer.header("x-ratelimit-limit"), Some("600"));
    let visitor = get(target, "/shop", &[("x-jwt-sub", "alice")]);
    assert_eq!(
        visitor.header("x-ratelimit-limit"),
        Some("6000"),
        "a forged account"
    );
}
