//! Preflights, which have no token.

use filter_kit::testing::{Run, request};
use jwt_auth::JwtAuth;

use super::{configuration, details, host, inline, values};

#[test]
fn a_preflight_passes_only_where_that_is_on_and_only_as_browsers_send_it() {
    let host = host();
    let on = r#", "bypass_cors_preflight": true"#;
    for (more, origin, methods, has_body, expected) in [
        ("", "https://a.example", &["PUT"][..], false, "jwt_missing"),
        (on, "https://a.example", &["PUT"], false, "continued"),
        (on, "https://a.example", &["PUT"], true, "jwt_missing"),
        (on, "https://a.example", &["PUT, GET"], false, "jwt_missing"),
        (
            on,
            "https://a.example",
            &["PUT", "GET"],
            false,
            "jwt_missing",
        ),
        (on, "https://a.example", &[""], false, "jwt_missing"),
        (on, "https://a.example", &["a b"], false, "jwt_missing"),
        (on, "https://a.example", &[], false, "jwt_missing"),
        (on, "", &["PUT"], false, "jwt_missing"),
    ] {
        let mut run = Run::<JwtAuth>::start(&host, &configuration(&inline(), more)).unwrap();
        let mut request = request("OPTIONS", "/admin").header("origin", origin);
        for method in methods {
            request = request.header("access-control-request-method", *method);
        }
        let (_, answer) = run.head(&request.pairs(), has_body);
        assert_eq!(details(&answer), expected, "{methods:?} {has_body}");
    }
}

#[test]
fn a_preflight_brings_no_other_method_and_no_token() {
    let host = host();
    let on = r#", "bypass_cors_preflight": true"#;
    let mut run = Run::<JwtAuth>::start(&host, &configuration(&inline(), on)).unwrap();
    for (name, expected) in [
        ("x-http-method-override", "jwt_missing"),
        ("X_HTTP_Method_Override", "jwt_missing"),
        ("x-http-method", "jwt_missing"),
        ("x-method-override", "jwt_missing"),
        ("x-method", "continued"),
    ] {
        let request = request("OPTIONS", "/admin")
            .header("origin", "https://a.example")
            .header("access-control-request-method", "PUT")
            .header(name, "DELETE");
        let (_, answer) = run.request(&request.pairs());
        assert_eq!(details(&answer), expected, "{name}");
    }
    let forged = request("OPTIONS", "/admin")
        .header("origin", "https://a.example")
        .header("access-control-request-method", "PUT")
        .header("content-length", "0")
        .header("authorization", "Bearer FORGED");
    let (_, answer) = run.request(&forged.pairs());
    assert_eq!(values(&answer, "authorization"), [""; 0]);
}
