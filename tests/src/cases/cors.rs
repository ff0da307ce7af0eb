//! The promises of `cors.yaml`.

use crate::{Client, Response, Target};

/// The `vary` header of every response to a preflight.
pub const PREFLIGHT_VARY: (&str, &str) = (
    "vary",
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
);

/// Returns the CORS headers of a response, and `vary`, sorted.
pub fn headers(answer: &Response) -> Vec<(&str, &str)> {
    let mut fields: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| {
            name.starts_with("access-control-") || ["vary", "timing-allow-origin"].contains(name)
        })
        .collect();
    fields.sort_unstable();
    fields
}

/// Checks the previews, the developers and the public, and Envoy's own responses.
///
/// # Panics
/// If the sample does not do what its comments say.
pub fn check(target: &dyn Target) {
    let client = Client::http1();
    let answer = client
        .options(target.url("/api/items"))
        .header("origin", "https://pr-12.preview.example.dev")
        .header("access-control-request-method", "DELETE")
        .header(
            "access-control-request-headers",
            "authorization,content-type",
        )
        .send();
    assert_eq!(answer.status, 204);
    assert_eq!(
        headers(&answer),
        [
            ("access-control-allow-credentials", "true"),
            (
                "access-control-allow-headers",
                "content-type, authorization"
            ),
            (
                "access-control-allow-methods",
                "GET, HEAD, POST, PUT, DELETE"
            ),
            (
                "access-control-allow-origin",
                "https://pr-12.preview.example.dev"
            ),
            ("access-control-max-age", "600"),
            PREFLIGHT_VARY,
        ]
    );
    for (path, status) in [("/api/items", 200), ("/api/moved", 301), ("/api/gone", 410)] {
        let answer = client
            .get(target.url(path))
            .header("origin", "http://localhost:5173")
            .send();
        assert_eq!(answer.status, status);
        assert_eq!(
            headers(&answer),
            [
                ("access-control-allow-credentials", "true"),
                ("access-control-allow-origin", "http://localhost:5173"),
                ("access-control-expose-headers", "x-request-id"),
                ("vary", "Origin"),
            ],
            "{path}"
        );
    }
    let public = client
        .get(target.url("/public/items"))
        .header("origin", "https://anybody.example.net")
        .send();
    assert_eq!(headers(&public), [("access-control-allow-origin", "*")]);
    target.assert_vm_alive();
}
