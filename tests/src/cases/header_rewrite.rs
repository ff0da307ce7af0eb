//! The promises of `header-rewrite.yaml`.

use crate::{Client, Target};

/// Sends one request that matches every rule, in both directions.
///
/// # Panics
/// If the sample does not do what its comments say.
pub fn check(target: &dyn Target) {
    let answer = Client::http1()
        .get(target.url("/api/v1/items?debug=1&page=2"))
        .host("shop.example.com")
        .header("x-internal-user", "root")
        .header("x-env", "forged")
        .header("x-env", "twice")
        .header("cookie", "a=1; tracking=me; b=2")
        .header("x-echo-set", "x-powered-by: tests")
        .header("x-echo-set", "x-frame-options: ALLOWALL")
        .header("x-echo-set", "location: http://inside.example.com/x")
        .header("x-echo-status", "503")
        .send();
    let echo = answer.echo();
    assert_eq!(echo.path, "/v1/svc/items?page=2");
    assert_eq!(echo.headers_all("x-env"), ["prod-shop.example.com"]);
    assert_eq!(echo.header("accept-language"), Some("en"));
    assert_eq!(echo.header("x-internal-user"), None);
    assert_eq!(echo.header("cookie"), Some("a=1; tracking=off; b=2"));
    assert_eq!(answer.header("x-powered-by"), None);
    assert_eq!(answer.headers_all("x-frame-options"), ["DENY"]);
    assert_eq!(
        answer.header("strict-transport-security"),
        None,
        "not over http"
    );
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(
        answer.header("location"),
        Some("https://inside.example.com/x")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(
        answer.header("x-api-path"),
        Some("/api/v1/items"),
        "responses see the request as it came"
    );
    assert_eq!(
        target.stat("wasmcustom.header_rewrite.request.changed_total"),
        1
    );
    assert_eq!(
        target.stat("wasmcustom.header_rewrite.response.changed_total"),
        1
    );
    target.assert_vm_alive();
}
