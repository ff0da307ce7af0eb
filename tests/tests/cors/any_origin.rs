//! `*` allows every origin, and the response is the same for all of them.

use crate::common::*;

const STAR: &str = r#"{"policies": [{"allow_origins": ["*"], "expose_headers": ["etag"]}]}"#;

#[test]
fn a_star_answers_a_star_with_or_without_an_origin() {
    everywhere("cors", STAR, |envoy, client| {
        for origin in [
            None,
            Some("https://a.example"),
            Some("null"),
            Some("file://"),
            Some("app://."),
            Some("https://x.example."),
            Some("moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc"),
            Some("not an origin"),
        ] {
            let request = client.get(envoy.url("/")).header(
                "x-echo-set",
                "access-control-allow-origin: https://upstream.example",
            );
            let request = match origin {
                Some(origin) => request.header("origin", origin),
                None => request,
            };
            let answer = request.send();
            assert_eq!(
                cors(&answer),
                [
                    ("access-control-allow-origin", "*"),
                    ("access-control-expose-headers", "etag"),
                ],
                "{origin:?}"
            );
        }
    });
}

#[test]
fn a_star_answers_a_star_to_preflights_of_any_origin() {
    let envoy = with(STAR);
    for origin in ["null", "file://", "https://x.example."] {
        let answer = preflight(&envoy, origin, "GET", "");
        assert_eq!(answer.status, 204, "{origin}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
}

#[test]
fn a_star_stands_on_envoys_own_answers_without_an_origin_too() {
    let envoy = Envoy::with_filter("cors", STAR)
        .virtual_host(
            r#"{name: only, domains: [only.example.com], routes: [{match: {path: /direct}, direct_response: {status: 410}}]}"#,
        )
        .start();
    for (path, status) in [("/direct", 410), ("/none", 404)] {
        let request = envoy.get(path);
        let answer = request.host("only.example.com").send();
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
}
