//! What `vary` lists, so that no cache serves one page what belongs to another.

use crate::common::*;

const BY_HEADER: &str = r#"{"policies": [
    {"match": {"headers": [{"name": "X-Tier", "exact": "gold"}, {"name": "host", "present": true}]}, "allow_origins": ["*"]},
    {"match": {"headers": [{"name": "accept-language", "present": true}], "paths": [{"prefix": "/a"}]},
     "allow_origins": ["https://app.example.com"]}]}"#;

#[test]
fn the_headers_that_choose_a_policy_are_listed_also_where_none_matches() {
    everywhere("cors", BY_HEADER, |envoy, client| {
        for (path, headers, expected) in [
            ("/", &[][..], "x-tier, accept-language"),
            ("/", &[("origin", APP)], "x-tier, accept-language"),
            ("/", &[("x-tier", "gold")], "x-tier, accept-language"),
            (
                "/a",
                &[("accept-language", "en"), ("origin", APP)],
                "Origin, x-tier, accept-language",
            ),
            (
                "/a",
                &[("accept-language", "en"), ("x-echo-set", "vary: X-TIER")],
                "X-TIER, Origin, accept-language",
            ),
            ("/", &[("x-echo-set", "vary: *")], "*"),
        ] {
            let request = client.get(envoy.url(path));
            let answer = request.headers(headers.iter().copied()).send();
            assert_eq!(answer.header("vary"), Some(expected), "{path} {headers:?}");
        }
    });
}

#[test]
fn the_answer_to_a_preflight_lists_private_network_access_where_it_may_be_granted() {
    let config = r#"{"policies": [{"allow_origins": ["https://app.example.com"], "allow_private_network": true}]}"#;
    everywhere("cors", config, |envoy, client| {
        for (origin, method, status) in [(APP, "GET", 204), (APP, "PUT", 403), ("null", "GET", 403)]
        {
            let answer = client
                .options(envoy.url("/"))
                .header("origin", origin)
                .header("access-control-request-method", method)
                .send();
            assert_eq!(answer.status, status);
            let (_, three) = PREFLIGHT_VARY;
            let expected = format!("{three}, Access-Control-Request-Private-Network");
            assert_eq!(answer.header("vary"), Some(expected.as_str()));
        }
    });
}
