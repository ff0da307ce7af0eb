//! `redirect` and `respond`: answers of rules.

use crate::common::*;

const TO_HTTPS: &str = r#"{"rules": [
    {"match": {"headers": [{"name": "x-forwarded-proto", "exact": "http"}]},
     "redirect": {"location": "https://${request.hostname}${request.target}"}},
    {"response": [{"set": {"name": "x-edge", "value": "1"}}, {"when": {"status": [308]}, "set": {"name": "cache-control", "value": "no-store"}}]}]}"#;

#[test]
fn a_request_over_http_is_redirected_and_the_answer_edited() {
    everywhere("header-rewrite", TO_HTTPS, |envoy, client| {
        let before = envoy.upstream().count();
        for (target, host, location) in [
            (
                "/a/b%20c?d=e&f=%2F",
                "Shop.example.com:8080",
                "https://shop.example.com/a/b%20c?d=e&f=%2F",
            ),
            (
                "//evil.example",
                "a.example",
                "https://a.example//evil.example",
            ),
        ] {
            for method in ["GET", "POST"] {
                let request = client.request(method, envoy.url(target));
                let answer = request.host(host).send();
                assert_eq!(answer.status, 308);
                assert_eq!(answer.header("location"), Some(location));
                assert_eq!(answer.header("x-edge"), Some("1"));
                assert_eq!(answer.header("cache-control"), Some("no-store"));
                assert!(answer.text().is_empty());
            }
        }
        assert_eq!(envoy.upstream().count(), before);
        let answer = client
            .get(envoy.url("/"))
            .header("x-forwarded-proto", "https")
            .send();
        assert_eq!((answer.status, answer.header("x-edge")), (200, Some("1")));
    });
}

#[test]
fn a_maintenance_page_is_served_but_to_the_inside() {
    let config = r#"{"rules": [
        {"match": {"paths": [{"exact": "/healthz"}]}, "respond": {"body": "ok\n"}},
        {"match": {"headers": [{"name": "x-team", "present": false}]},
         "respond": {"status": 503, "body": "<h1>${request.hostname} is back soon</h1>\n",
            "headers": [{"name": "content-type", "value": "text/html"}, {"name": "retry-after", "value": "600"}, {"name": "x-none", "value": "${request.query.none}"}]}}]}"#;
    everywhere("header-rewrite", config, |envoy, client| {
        let answer = client.get(envoy.url("/shop")).host("a.example").send();
        assert_eq!(answer.status, 503);
        assert_eq!(answer.text(), "<h1>a.example is back soon</h1>\n");
        assert_eq!(answer.headers_all("content-type"), ["text/html"]);
        assert_eq!(answer.header("retry-after"), Some("600"));
        assert_eq!(answer.header("x-none"), None);
        let answer = client.get(envoy.url("/healthz")).send();
        assert_eq!((answer.status, answer.text().as_str()), (200, "ok\n"));
        let answer = client.get(envoy.url("/shop")).header("x-team", "1").send();
        assert_eq!(answer.echo().path, "/shop");
        // The answer depends on whether the exact path is meant.
        let answer = client.get(envoy.url("/healthz;v=1")).send();
        assert_eq!(answer.status, 400);
    });
    let envoy = with(config);
    let grpc = Client::http2()
        .request("POST", envoy.url("/x"))
        .send_grpc(b"");
    assert_eq!((grpc.http.status, grpc.status), (200, Some(14)));
}

#[test]
fn the_first_answer_ends_the_request_after_the_operations_so_far() {
    let config = r#"{"rules": [
        {"request": [{"path": {"prefix": "/old", "with": "/new"}}]},
        {"match": {"paths": [{"prefix": "/old"}]}, "redirect": {"status": 301, "location": "${request.target}"}},
        {"respond": {"status": 404}, "response": [{"set": {"name": "x-late", "value": "1"}}]}]}"#;
    everywhere("header-rewrite", config, |envoy, client| {
        let answer = client.get(envoy.url("/old/x?y=z")).send();
        assert_eq!(
            (answer.status, answer.header("location")),
            (301, Some("/new/x?y=z"))
        );
        assert_eq!(answer.header("x-late"), Some("1"));
        assert_eq!(client.get(envoy.url("/x")).send().status, 404);
    });
}

#[test]
fn a_redirect_whose_location_cannot_be_made_or_leads_elsewhere_is_refused() {
    let envoy = Envoy::with_filter(
        "header-rewrite",
        r#"{"rules": [{"redirect": {"status": 302, "location": "/${request.query.to}"}}]}"#,
    )
    .access_log("%RESPONSE_CODE% %RESPONSE_CODE_DETAILS%")
    .start();
    let get = |target: &str| envoy.get(target).send();
    assert_eq!(get("/?to=a/b").header("location"), Some("/a/b"));
    for target in [
        "/?to=/evil.example",
        "/?to=%5Cevil.example",
        // Browsers drop tabs.
        "/?to=%09/evil.example",
        "/?to=a%0d%0ax:%20y",
        "/",
    ] {
        let answer = get(target);
        assert_eq!(
            (answer.status, answer.header("location")),
            (400, None),
            "{target}"
        );
    }
    assert_eq!(stat(&envoy, "refused.invalid_location_total"), 4);
    assert_eq!(stat(&envoy, "refused.missing_value_total"), 1);
    assert_eq!(stat(&envoy, "request.redirected_total"), 1);
    for line in ["302 rewrite_redirect", "400 rewrite_invalid_location"] {
        envoy.wait_for_access_log(line, Duration::from_secs(5));
    }
}

#[test]
fn in_report_mode_nothing_is_answered() {
    let report = |config: &str| config.replacen('{', r#"{"mode": "report", "#, 1);
    let envoy = with(&report(TO_HTTPS));
    let answer = envoy.get("/a").send();
    assert_eq!(
        (answer.echo().path.as_str(), answer.header("x-edge")),
        ("/a", None)
    );
    assert_eq!(stat(&envoy, "reported.request_redirected_total"), 1);
    assert_eq!(stat(&envoy, "request.redirected_total"), 0);
    envoy.wait_for_log(
        "header-rewrite: report: the request would be answered: rewrite_redirect",
        Duration::from_secs(5),
    );
    let envoy = with(&report(
        r#"{"rules": [{"respond": {"status": 503}, "response": [{"preset": {"security_headers": {
        "content_security_policy": "script-src 'nonce-${nonce}'"}}}]}]}"#,
    ));
    let answer = envoy.get("/a").header("x-csp-nonce", "own").send();
    assert_eq!(answer.echo().header("x-csp-nonce"), Some("own"));
    assert_eq!(answer.header("content-security-policy"), None);
    assert_eq!(stat(&envoy, "reported.request_answered_total"), 1);
    envoy.wait_for_log(
        "header-rewrite: would be refused: reason=rewrite_respond",
        Duration::from_secs(5),
    );
}
