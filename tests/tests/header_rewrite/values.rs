//! Values: templates, and what must not be written.

use crate::common::*;

#[test]
fn templates_see_what_envoy_knows() {
    let envoy = Envoy::with_filter(
        "header-rewrite",
        r#"{"rules": [{"request": [{"set": {"name": "x-seen", "value":
            "${source.address} ${route.name} ${request.method} ${request.scheme} ${request.host} ${env.REGION}"}},
            {"set": {"name": "x-id", "value": "${request.id}"}}]}]}"#,
    )
    .vm_env("REGION", "eu")
    .route(r#"{name: named, match: {prefix: /named}, route: {cluster: upstream}}"#)
    .start();
    let answer = envoy.get("/named").host("a.example:80").send();
    let echo = answer.echo();
    assert_eq!(
        echo.header("x-seen"),
        Some("127.0.0.1 named GET http a.example:80 eu")
    );
    assert_eq!(echo.header("x-id"), echo.header("x-request-id"));
    assert!(echo.header("x-id").is_some());
}

#[test]
fn values_that_may_not_be_written_are_not() {
    let envoy = with(
        r#"{"rules": [{"request": [{"set": {"name": "x-q", "value": "${request.query.q}"}}, {"path": {"prefix": "/f", "with": "/files/${request.query.p}"}}],
            "response": [{"set": {"name": "x-q", "value": "${request.query.q}"}}]}]}"#,
    );
    let client = Client::http1();
    for q in ["a%0d%0aset-cookie:%20evil=1", "a%00b", "a%0ab"] {
        // If a value cannot be made, the header is removed.
        let request = client.get(envoy.url(&format!("/?q={q}")));
        let answer = request.header("x-q", "forged").send();
        assert_eq!(answer.echo().header("x-q"), None, "{q}");
        assert_eq!(answer.header("x-q"), None, "{q}");
        assert_eq!(answer.header("set-cookie"), None, "{q}");
    }
    assert_eq!(
        envoy.stat("wasmcustom.header_rewrite.skipped.invalid_value_total"),
        6
    );
    // If a rewrite that applies is not possible, the request is refused with 400 and never passes
    // with its path unchanged.
    let before = envoy.upstream().count();
    for (target, reason) in [
        ("/f?q=x&p=../../etc/passwd", "unsafe_path"),
        ("/f?q=x&p=..%2F..%2Fetc%2Fpasswd", "unsafe_path"),
        ("/f?q=x", "missing_value"),
    ] {
        assert_eq!(client.get(envoy.url(target)).send().status, 400, "{target}");
        assert!(stat(&envoy, &format!("refused.{reason}_total")) > 0);
    }
    assert_eq!(stat(&envoy, "refused.unsafe_path_total"), 2);
    assert_eq!(stat(&envoy, "refused.missing_value_total"), 1);
    assert_eq!(
        envoy.upstream().count(),
        before,
        "none reached the upstream"
    );
    let long = "l".repeat(9000);
    let request = client.get(envoy.url(&format!("/?q={long}")));
    let answer = request.header("x-q", "forged").send();
    assert_eq!(answer.echo().header("x-q"), None);
}

#[test]
fn a_set_that_cannot_be_made_leaves_none() {
    let config = r#"{"rules": [{"request": [{"set": {"name": "x-env", "value": "prod-${request.host}"}},
        {"set": {"name": "x-client", "value": "${request.query.client}"}}]}]}"#;
    everywhere("header-rewrite", config, |envoy, client| {
        let host = format!("{}.example", "a".repeat(9_000));
        let request = client.get(envoy.url("/")).host(&host);
        let answer = request
            .header("x-env", "forged")
            .header("x-client", "forged")
            .send();
        let echo = answer.echo();
        assert_eq!(
            (echo.header("x-env"), echo.header("x-client")),
            (None, None)
        );
    });
}

// What was to be replaced must not pass through: a client could omit or break the replacement.
#[test]
fn a_value_in_which_a_replacement_cannot_be_made_is_removed_and_others_stay() {
    let config = r#"{"rules": [{"request": [{"replace": {"name": "x-roles", "regex": "admin", "with": "${request.query.as}"}}],
        "response": [{"replace": {"name": "x-echoed", "regex": "secret", "with": "${request.query.as}"}}]}]}"#;
    everywhere("header-rewrite", config, |envoy, client| {
        let long = "l".repeat(9_000);
        for (query, roles, echoed) in [
            ("as=guest", &["guest", "reader"][..], Some("guest")),
            ("as=", &["", "reader"], Some("")),
            ("x=1", &["reader"], None),
            ("as=a%0d%0ab", &["reader"], None),
            (&format!("as={long}"), &["reader"], None),
        ] {
            let request = client.get(envoy.url(&format!("/?{query}")));
            let request = request.header("x-echo-set", "x-echoed: secret");
            let answer = request
                .headers([("x-roles", "admin"), ("x-roles", "reader")])
                .send();
            assert_eq!(answer.echo().headers_all("x-roles"), roles, "{query}");
            assert_eq!(answer.header("x-echoed"), echoed, "{query}");
        }
    });
}

#[test]
fn defaults_are_templates_unused_groups_are_empty_and_groups_are_decoded_once_in_a_query() {
    let config = r#"{"rules": [
        {"request": [{"set": {"name": "x-host", "value": "${request.header.x-forwarded-host | ${request.host}}"}}],
         "response": [{"replace": {"name": "set-cookie", "regex": "(?i); *path=/bar(/[^;]*)?(;|$)", "with": "; Path=/foo${1}${2}"}}]},
        {"match": {"paths": [{"regex": "/go/([a-z]+)(/.*)?"}]},
         "request": [{"query": {"set": {"name": "to", "value": "${match.1}${match.2}"}}}, {"set": {"name": "x-group", "value": "<${match.2}>"}}]}]}"#;
    everywhere("header-rewrite", config, |envoy, client| {
        let cookies = [
            "a=1; path=/bar",
            "b=2; Path=/bar/x; Secure",
            "c=3; Path=/other",
        ];
        let request = cookies.iter().fold(
            client.get(envoy.url("/x")).host("a.example"),
            |request, cookie| request.header("x-echo-set", format!("set-cookie: {cookie}")),
        );
        let answer = request.send();
        assert_eq!(answer.echo().header("x-host"), Some("a.example"));
        assert_eq!(
            answer.headers_all("set-cookie"),
            [
                "a=1; Path=/foo",
                "b=2; Path=/foo/x; Secure",
                "c=3; Path=/other"
            ]
        );
        let request = client
            .get(envoy.url("/"))
            .header("x-forwarded-host", "b.example");
        assert_eq!(request.send().echo().header("x-host"), Some("b.example"));
        for (path, target, group) in [
            (
                "/go/a/%ED%95%9C%20x",
                "/go/a/%ED%95%9C%20x?to=a%2F%ED%95%9C%20x",
                "</%ED%95%9C%20x>",
            ),
            ("/go/a/100%25", "/go/a/100%25?to=a%2F100%25", "</100%25>"),
            ("/go/a", "/go/a?to=a", "<>"),
        ] {
            let answer = client.get(envoy.url(path)).send();
            let echo = answer.echo();
            assert_eq!(
                (echo.path.as_str(), echo.header("x-group")),
                (target, Some(group))
            );
        }
    });
}

#[test]
fn proxy_authorization_may_be_removed() {
    let config = r#"{"rules": [{"request": [{"remove": {"name": "proxy-authorization"}}]}]}"#;
    everywhere("header-rewrite", config, |envoy, client| {
        let request = client
            .get(envoy.url("/"))
            .header("proxy-authorization", "Basic c2VjcmV0");
        assert_eq!(request.send().echo().header("proxy-authorization"), None);
    });
}
