//! The recipes of the README, as written.

use crate::common::*;
use e2e::{Reply, Upstream, tls};

/// Returns the configuration under this heading.
fn recipe(title: &str) -> String {
    let readme = e2e::paths::workspace().join("filters/header-rewrite/README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, after) = readme.split_once(&format!("\n**{title}**")).unwrap();
    let (_, block) = after.split_once("```yaml\n").unwrap();
    let (yaml, _) = block.split_once("```").unwrap();
    e2e::yaml::parse(yaml).unwrap().to_string()
}

#[test]
fn http_to_https() {
    let envoy = with(&recipe("http to https."));
    let answer = envoy.get("/a?b=c").host("a.example:80").send();
    assert_eq!(answer.header("location"), Some("https://a.example/a?b=c"));
}

#[test]
fn a_maintenance_page() {
    let envoy = with(&recipe("A maintenance page"));
    let answer = envoy.get("/a").send();
    assert_eq!(
        (answer.status, answer.header("cache-control")),
        (503, Some("no-store"))
    );
    assert!(answer.text().contains("is back soon"));
    assert_eq!(envoy.get("/healthz").send().text(), "ok\n");
}

#[test]
fn a_content_security_policy_with_a_nonce() {
    for (kind, has_policy) in [("text/html", true), ("image/png", false)] {
        let upstream =
            Upstream::with(move |_| Reply::new(200).header("content-type", kind)).unwrap();
        let envoy = Envoy::with_filter(
            "header-rewrite",
            recipe("A content security policy with a nonce"),
        )
        .upstream(&upstream)
        .start();
        let answer = envoy.get("/").send();
        let policy = answer.header("content-security-policy");
        let begins = policy.is_some_and(|policy| policy.starts_with("script-src 'nonce-"));
        assert_eq!(begins, has_policy, "{kind}: {policy:?}");
        let requests = upstream.requests();
        assert!(
            requests
                .iter()
                .all(|request| request.header("x-csp-nonce").is_some())
        );
    }
}

#[test]
fn an_internal_area() {
    let recipe = recipe("An internal area.");
    for (range, is_inside) in [("10.0.0.0/8", false), ("127.0.0.0/8", true)] {
        let envoy = with(&recipe.replace("10.0.0.0/8", range));
        let status = |path: &str| envoy.get(path).send().status;
        assert_eq!(status("/internal/x"), if is_inside { 200 } else { 403 });
        // For some of them it is uncertain whether they are inside: 400.
        for path in ["/internal", "/%69nternal", "//internal", "/x/../internal"] {
            let status = status(path);
            assert_eq!(status == 200, is_inside, "{range} {path}: {status}");
        }
        assert_eq!(status("/internals"), 200, "{range}");
    }
}

#[test]
fn the_name_in_a_clients_certificate() {
    let recipe = recipe("The name in a client's certificate");
    let forged = |envoy: &Envoy| {
        let request = envoy.get("/");
        request.header("x-client-subject", "CN=forged").send()
    };
    let envoy = Envoy::with_filter("header-rewrite", recipe.as_str()).mutual_tls("idp");
    let envoy = envoy.start();
    for (certificate, subject) in [("other", "CN=other.example"), ("idp", "CN=idp.example")] {
        let client = tls::client(&envoy, "idp.example", Some(certificate));
        let answer = forged(&client);
        assert_eq!(answer.echo().headers_all("x-client-subject"), [subject]);
    }
    for certificate in [None, Some("foreign")] {
        let client = tls::client(&envoy, "idp.example", certificate);
        assert_eq!(
            forged(&client).status,
            503,
            "{certificate:?}: no connection"
        );
    }
    let plain = with(&recipe);
    assert_eq!(
        forged(&plain).echo().headers_all("x-client-subject"),
        ["none"]
    );
}
