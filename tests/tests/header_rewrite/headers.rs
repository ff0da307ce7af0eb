//! Operations on request headers.

use crate::common::*;

// A server may read names with `_` and `-` as the same name.
#[test]
fn what_a_request_operation_writes_or_removes_goes_in_every_spelling() {
    let envoy = with(
        r#"{"rules": [{"request": [
            {"set": {"name": "x-env-name", "value": "prod"}},
            {"set": {"name": "x-no-value", "value": "${request.query.none}"}},
            {"add": {"name": "x-via-edge", "value": "edge"}},
            {"default": {"name": "x-tenant-id", "value": "public"}},
            {"remove": {"name": "x-internal-user"}},
            {"remove": {"prefix": "x-secret-"}},
            {"remove": {"regex": "x-(foo|bar)-id"}},
            {"rename": {"from": "x-old-name", "to": "x-new-name"}},
            {"copy": {"from": "x-from-here", "to": "x-to-there"}}],
            "response": [{"set": {"name": "x-env-name", "value": "prod"}}]}]}"#,
    );
    let forged = [
        "x_env_name",
        "x-env_name",
        "X_Env-Name",
        "x.env.name",
        "x_no_value",
        "x_via_edge",
        "x_tenant_id",
        "x_internal_user",
        "x_secret_key",
        "x-secret_key",
        "x_foo_id",
        "x-bar_id",
        "x_old_name",
        "x_new_name",
        "x_to_there",
    ];
    for client in [Client::http1(), Client::http2()] {
        let request = client
            .get(envoy.url("/"))
            .header("x-old-name", "moved")
            .header("x-from-here", "copied")
            .header("x_from_here", "only read")
            .header("x_other", "stays")
            .header("x-echo-set", "x_env_name: upstream");
        let answer = forged
            .iter()
            .fold(request, |request, name| request.header(name, "forged"))
            .send();
        let echo = answer.echo();
        let left: Vec<_> = echo
            .headers
            .iter()
            .filter(|(_, value)| *value == "forged")
            .collect();
        assert!(left.is_empty(), "{left:?}");
        for (name, value) in [
            ("x-env-name", "prod"),
            ("x-via-edge", "edge"),
            ("x-tenant-id", "public"),
            ("x-new-name", "moved"),
            ("x-to-there", "copied"),
            ("x-from-here", "copied"),
            ("x_from_here", "only read"),
            ("x_other", "stays"),
        ] {
            assert_eq!(echo.headers_all(name), [value], "{name}");
        }
        assert_eq!(answer.header("x_env_name"), Some("upstream"));
    }
}

#[test]
fn repeated_headers_and_bytes_pass_through_unharmed() {
    let envoy = with(
        r#"{"rules": [{"request": [{"rename": {"from": "x-old", "to": "x-new"}}, {"dedupe": {"name": "x-list"}}, {"add": {"name": "x-more", "value": "2"}},
            {"copy": {"from": "x-raw", "to": "x-copy"}}],
            "response": [{"replace": {"name": "set-cookie", "regex": "; *Path=/[^;]*", "with": "; Path=/"}}]}]}"#,
    );
    let answer = envoy
        .get("/")
        .header("x-old", "1")
        .header("x-old", "2")
        .header("x-new", "gone")
        .header("x-list", "a, b, a")
        .header("x-list", "c, b")
        .header("x-more", "1")
        .header("x-raw", [0xe9, 0xff])
        .header("x-echo-set", "set-cookie: a=1; Path=/x")
        .header("x-echo-set", "set-cookie: b=2; Path=/y; Secure")
        .send();
    let echo = answer.echo();
    assert_eq!(echo.headers_all("x-new"), ["1", "2"]);
    assert_eq!(echo.header("x-old"), None);
    assert_eq!(echo.headers_all("x-list"), ["a, b", "c"]);
    assert_eq!(echo.headers_all("x-more"), ["1", "2"]);
    assert_eq!(echo.header("x-copy"), Some("\u{e9}\u{ff}"));
    assert_eq!(
        answer.headers_all("set-cookie"),
        ["a=1; Path=/", "b=2; Path=/; Secure"]
    );
}

#[test]
fn removing_all_that_may_go_leaves_a_request_that_works() {
    let envoy = with(
        r#"{"rules": [{"request": [{"remove": {"regex": ".*"}}], "response": [{"remove": {"regex": ".*"}}]}]}"#,
    );
    for client in [Client::http1(), Client::http2()] {
        let answer = client
            .request("POST", envoy.url("/x"))
            .header("x-a", "1")
            .body("body")
            .send();
        assert_eq!(answer.status, 200);
        let echo = answer.echo();
        assert_eq!(
            (echo.path.as_str(), echo.body.as_str(), echo.header("x-a")),
            ("/x", "body", None)
        );
    }
}
