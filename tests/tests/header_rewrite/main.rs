//! header-rewrite in a real Envoy: its sample, every claim of its README, and bytes that no one should send.

mod cost;

use e2e::{Client, ConfigForm, Envoy, cases, raw};
use std::time::Duration;

fn sample() -> Envoy {
    Envoy::from_sample("header-rewrite").start().unwrap()
}

fn with(config: &str) -> Envoy {
    Envoy::with_filter("header-rewrite", config)
        .start()
        .unwrap()
}

fn stat(envoy: &Envoy, name: &str) -> u64 {
    envoy.stat(&format!("wasmcustom.header_rewrite.{name}"))
}

#[test]
fn the_sample_does_what_its_comments_say() {
    cases::header_rewrite::check(&sample());
}

#[test]
fn routes_match_on_what_the_filter_made() {
    let envoy = sample();
    let answer = Client::http1().get(envoy.url("/api/v0/gone")).send();
    assert_eq!(answer.status, 410);
    assert_eq!(
        answer.header("x-frame-options"),
        Some("DENY"),
        "direct responses are edited too"
    );
}

#[test]
fn local_replies_and_404s_are_rewritten_too() {
    let config = r#"{"rules": [{"response": [{"set": {"name": "x-status", "value": "${response.status}"}}]}]}"#;
    let mut envoy = Envoy::with_filter("header-rewrite", config)
        .virtual_host(r#"{name: only, domains: [only.example.com], routes: [{match: {path: /known}, direct_response: {status: 204}}]}"#)
        .start()
        .unwrap();
    let client = Client::http1();
    let no_route = client
        .get(envoy.url("/other"))
        .host("only.example.com")
        .send();
    assert_eq!(
        (no_route.status, no_route.header("x-status")),
        (404, Some("404"))
    );
    let direct = client
        .get(envoy.url("/known"))
        .host("only.example.com")
        .send();
    assert_eq!(
        (direct.status, direct.header("x-status")),
        (204, Some("204"))
    );
    envoy.upstream_mut().stop();
    let down = client.get(envoy.url("/")).send();
    assert_eq!((down.status, down.header("x-status")), (503, Some("503")));
    envoy.assert_vm_alive();
}

#[test]
fn json_text_and_struct_behave_alike() {
    let config = r#"{"rules": [{"match": {"paths": [{"prefix": "/a"}]}, "request": [{"set": {"name": "x-a", "value": "${request.query.n | none}"}}],
        "response": [{"when": {"status": [200, "500-599"]}, "add": {"name": "x-b", "value": "c"}}]}]}"#;
    for form in [ConfigForm::Text, ConfigForm::Struct] {
        let envoy = Envoy::with_filter("header-rewrite", config)
            .form(form)
            .start()
            .unwrap();
        let answer = Client::http1().get(envoy.url("/a?n=%41")).send();
        assert_eq!(answer.echo().header("x-a"), Some("A"), "{form:?}");
        assert_eq!(answer.header("x-b"), Some("c"), "{form:?}");
    }
}

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
    .start()
    .unwrap();
    let answer = Client::http1()
        .get(envoy.url("/named"))
        .host("a.example:80")
        .send();
    let echo = answer.echo();
    assert_eq!(
        echo.header("x-seen"),
        Some("127.0.0.1 named GET http a.example:80 eu")
    );
    assert_eq!(echo.header("x-id"), echo.header("x-request-id"));
    assert!(echo.header("x-id").is_some());
}

#[test]
fn report_mode_changes_nothing_but_counters_and_logs() {
    let envoy = with(
        r#"{"mode": "report", "rules": [{"match": {"paths": [{"prefix": "/admin"}]}, "request": [{"remove": {"name": "x-secret"}}]},
            {"response": [{"preset": "security_headers"}]}]}"#,
    );
    let client = Client::http1();
    let answer = client
        .get(envoy.url("/admin"))
        .header("x-secret", "s3cret")
        .send();
    assert_eq!(answer.echo().header("x-secret"), Some("s3cret"));
    assert_eq!(answer.header("x-frame-options"), None);
    // DESIGN 4 (v2), "What filters make of them": it is refused "where readings differ in which request operations apply".
    assert_eq!(client.get(envoy.url("//admin")).send().status, 200);
    assert_eq!(
        envoy.stat("wasmcustom.header_rewrite.reported.request_changed_total"),
        1
    );
    assert_eq!(
        envoy.stat("wasmcustom.header_rewrite.reported.response_changed_total"),
        2
    );
    assert_eq!(
        envoy.stat("wasmcustom.header_rewrite.reported.ambiguous_path_total"),
        1
    );
    assert_eq!(
        envoy.stat("wasmcustom.header_rewrite.request.changed_total"),
        0
    );
    let log = envoy.wait_for_log(
        "report: the request would change in: x-secret",
        Duration::from_secs(5),
    );
    assert!(!log.contains("s3cret"), "values are never logged");
}

// DESIGN 4 (v2), "What filters make of them": "where readings differ in which request operations apply, 400 ambiguous_path". A path with one
// reading was refused before for its spelling alone; now the rule applies to it.
#[test]
fn no_spelling_of_a_path_slips_past_a_rule() {
    let config = r#"{"rules": [{"match": {"paths": [{"prefix": "/admin"}]}, "request": [{"remove": {"name": "x-role"}}]}]}"#;
    let plain = with(config);
    let normalizing = Envoy::with_filter("header-rewrite", config)
        .hcm("{normalize_path: true, merge_slashes: true, path_with_escaped_slashes_action: UNESCAPE_AND_FORWARD}")
        .start()
        .unwrap();
    for (path, status) in [
        ("/admin", 200),
        ("/%61dmin", 200),
        ("/%61%64min/%3a%C3%A9", 200),
        ("//admin", 400),
        ("/./admin", 400),
        ("/x/../admin", 400),
        ("/admin;a", 400),
        ("/x/..;/admin", 400),
        ("/x/%2e%2e/admin", 400),
        ("/x/..%2Fadmin", 400),
        ("/%2561dmin", 400),
    ] {
        for envoy in [&plain, &normalizing] {
            let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nx-role: root\r\n\r\n");
            let answer = raw::send(envoy.address(), request.as_bytes()).response();
            let echoed = String::from_utf8_lossy(&answer.body).into_owned();
            let refused = answer.status == 400;
            let applied = answer.status == 200 && !echoed.contains("root");
            assert!(refused || applied, "{path}: {} {echoed}", answer.status);
        }
        let answer = raw::send(
            plain.address(),
            format!("GET {path} HTTP/1.1\r\nhost: a\r\naccept: application/json\r\n\r\n")
                .as_bytes(),
        )
        .response();
        assert_eq!(answer.status, status, "{path}");
        if status == 400 {
            assert_eq!(
                answer.headers.get("content-type"),
                Some("application/problem+json")
            );
        } else {
            assert_eq!(answer.echo().path, path, "as it was sent");
        }
    }
    assert_eq!(
        plain.stat("wasmcustom.header_rewrite.refused.ambiguous_path_total"),
        16
    );
    assert_eq!(
        Client::http1()
            .get(plain.url("/static//a;b/%41"))
            .send()
            .status,
        200,
        "a spelling that changes no answer is no matter"
    );
}

#[test]
fn a_refusal_names_its_reason_in_the_access_log() {
    // DESIGN 4 (v2), "What filters make of them": "response operations apply if any reading matches", so only request operations refuse.
    let envoy = Envoy::with_filter(
        "header-rewrite",
        r#"{"rules": [{"match": {"paths": [{"prefix": "/admin"}]}, "request": [{"remove": {"name": "x-role"}}]},
            {"match": {"paths": [{"prefix": "/files"}]}, "response": [{"preset": "security_headers"}]}]}"#,
    )
    .access_log("%RESPONSE_CODE% %RESPONSE_CODE_DETAILS%")
    .start()
    .unwrap();
    assert_eq!(Client::http1().get(envoy.url("//admin")).send().status, 400);
    envoy.wait_for_access_log("400 ambiguous_path", Duration::from_secs(5));
    let grpc = Client::http2()
        .request("POST", envoy.url("//admin"))
        .send_grpc(b"");
    assert_eq!((grpc.http.status, grpc.status), (200, Some(3)));
    for path in ["/files/a%2Fb", "/x/..;/files", "/%66iles;v=1"] {
        let answer = Client::http1().get(envoy.url(path)).send();
        assert_eq!(answer.echo().path, path);
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
    }
    let answer = Client::http1().get(envoy.url("/other;v=1")).send();
    assert_eq!(answer.header("x-frame-options"), None);
    envoy.assert_vm_alive();
}

#[test]
fn values_that_may_not_be_written_are_not() {
    let envoy = with(
        r#"{"rules": [{"request": [{"set": {"name": "x-q", "value": "${request.query.q}"}}, {"path": {"prefix": "/f", "with": "/files/${request.query.p}"}}],
            "response": [{"set": {"name": "x-q", "value": "${request.query.q}"}}]}]}"#,
    );
    let client = Client::http1();
    for q in ["a%0d%0aset-cookie:%20evil=1", "a%00b", "a%0ab"] {
        // DESIGN 7 (v2), `set`: "where the value cannot be made, none is left".
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
    // DESIGN 7 (v2): "where a rewrite that applies cannot be carried out so, the request is refused with 400, never passed as it was".
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
    envoy.assert_vm_alive();
}

// DESIGN 7 (v2): "what the client sent stays as sent, and must stay below it in every reading (`/..%2fbob` behind `/tenants/acme` does not)".
#[test]
fn what_the_client_sent_stays_as_sent_behind_a_rewrite_and_cannot_leave_its_place() {
    let envoy = with(
        r#"{"rules": [{"request": [{"path": {"prefix": "/api", "with": "/tenants/acme"}}]}]}"#,
    );
    for (target, rewritten) in [
        ("/api", "/tenants/acme"),
        ("/%61pi/x", "/tenants/acme/x"),
        ("/api/bob/secret;a=b", "/tenants/acme/bob/secret;a=b"),
        ("/api/100%25", "/tenants/acme/100%25"),
        ("/api/group%2Fproject", "/tenants/acme/group%2Fproject"),
        (
            "/api/caf%c3%a9/a%20b?q=%2F",
            "/tenants/acme/caf%c3%a9/a%20b?q=%2F",
        ),
        ("/apix/%2e%2e/y", "/apix/%2e%2e/y"),
    ] {
        let answer = Client::http1().get(envoy.url(target)).send();
        assert_eq!(answer.echo().path, rewritten, "{target}");
    }
    let before = envoy.upstream().count();
    for target in [
        "/api/..%2fbob",
        "/api/%2e%2e/bob",
        "/api/..;/bob",
        "/api/x/..%252f..%252fbob",
        "/api/..\\bob",
        // Only a reading has the prefix: it is not known what to replace.
        "//api/bob",
        "/x/../api/bob",
        "/api;v=1/bob",
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n");
        let answer = raw::send(envoy.address(), request).response();
        assert_eq!(answer.status, 400, "{target}");
    }
    assert_eq!(
        envoy.upstream().count(),
        before,
        "none reached the upstream"
    );
    envoy.assert_vm_alive();
}

// DESIGN 4 (v2), "Safety": headers that a filter sets are first removed "in every spelling that a server may read as the same name (`_` for
// `-`)"; "so does every name that header-rewrite writes or removes."
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
    envoy.assert_vm_alive();
}

#[test]
fn repeated_headers_and_bytes_pass_through_unharmed() {
    let envoy = with(
        r#"{"rules": [{"request": [{"rename": {"from": "x-old", "to": "x-new"}}, {"dedupe": {"name": "x-list"}}, {"add": {"name": "x-more", "value": "2"}},
            {"copy": {"from": "x-raw", "to": "x-copy"}}],
            "response": [{"replace": {"name": "set-cookie", "regex": "; *Path=/[^;]*", "with": "; Path=/"}}]}]}"#,
    );
    let answer = Client::http1()
        .get(envoy.url("/"))
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
    envoy.assert_vm_alive();
}
