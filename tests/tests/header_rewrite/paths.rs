//! Paths: rewrites, and spellings that must not bypass a rule.

use crate::common::*;

// A rule applies to every spelling of its path. If only some readings match, a request operation is
// refused with 400 `ambiguous_path`.
#[test]
fn no_spelling_of_a_path_slips_past_a_rule() {
    let config = r#"{"rules": [{"match": {"paths": [{"prefix": "/admin"}]}, "request": [{"remove": {"name": "x-role"}}]}]}"#;
    let plain = with(config);
    let normalizing = Envoy::with_filter("header-rewrite", config)
        .hcm("{normalize_path: true, merge_slashes: true, path_with_escaped_slashes_action: UNESCAPE_AND_FORWARD}")
        .start();
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
    // Response operations apply if any reading matches, so only request operations refuse.
    let envoy = Envoy::with_filter(
        "header-rewrite",
        r#"{"rules": [{"match": {"paths": [{"prefix": "/admin"}]}, "request": [{"remove": {"name": "x-role"}}]},
            {"match": {"paths": [{"prefix": "/files"}]}, "response": [{"preset": "security_headers"}]}]}"#,
    )
    .access_log("%RESPONSE_CODE% %RESPONSE_CODE_DETAILS%")
    .start();
    assert_eq!(envoy.get("//admin").send().status, 400);
    envoy.wait_for_access_log("400 ambiguous_path", Duration::from_secs(5));
    let grpc = Client::http2()
        .request("POST", envoy.url("//admin"))
        .send_grpc(b"");
    assert_eq!((grpc.http.status, grpc.status), (200, Some(3)));
    for path in ["/files/a%2Fb", "/x/..;/files", "/%66iles;v=1"] {
        let answer = envoy.get(path).send();
        assert_eq!(answer.echo().path, path);
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
    }
    let answer = envoy.get("/other;v=1").send();
    assert_eq!(answer.header("x-frame-options"), None);
}

// For example, `/..%2fbob` behind `/tenants/acme` is refused.
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
        let answer = envoy.get(target).send();
        assert_eq!(answer.echo().path, rewritten, "{target}");
    }
    let before = envoy.upstream().count();
    for target in [
        "/api/..%2fbob",
        "/api/%2e%2e/bob",
        "/api/..;/bob",
        "/api/x/..%252f..%252fbob",
        "/api/..\\bob",
        // Only a reading has the prefix, so it is unclear what to replace.
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
}

// If a rewrite that applies is not possible, the request is refused with 400 and never passes with
// its path unchanged.
#[test]
fn encoded_segments_are_rewritten_as_they_are_and_what_is_too_long_is_refused() {
    let config = r#"{"rules": [{"request": [{"path": {"regex": "^/api/(v[0-9]+)/(.*)$", "with": "/${1}/svc/${2}"}}]},
        {"match": {"paths": [{"prefix": "/x"}]}, "request": [{"path": {"prefix": "/x", "with": "/tenants/${request.header.x-tenant}"}}]}]}"#;
    everywhere("header-rewrite", config, |envoy, client| {
        for (target, rewritten) in [
            ("/api/v2/a%2Fb%20c", "/v2/svc/a%2Fb%20c"),
            ("/api/v2/a;b=c/100%25?q=%2F", "/v2/svc/a;b=c/100%25?q=%2F"),
            ("/other/v2/a%2Fb", "/other/v2/a%2Fb"),
            ("/%61pi/%76%32/a%2Fb%20c", "/v2/svc/a%2Fb%20c"),
        ] {
            assert_eq!(client.get(envoy.url(target)).send().echo().path, rewritten);
        }
        let before = envoy.upstream().count();
        let long = "a".repeat(9_000);
        for target in ["/api/v1/".to_owned() + &long, "/x/a".to_owned()] {
            let answer = client.get(envoy.url(&target)).send();
            assert_eq!(answer.status, 400, "{} bytes", target.len());
        }
        // Only a reading matches.
        for target in [
            "/api%2Fv2/a",
            "/api/v2%2fa",
            "/%2561pi/v2/a",
            "/api;v=1/v2/a",
        ] {
            assert_eq!(client.get(envoy.url(target)).send().status, 400, "{target}");
        }
        let request = client.get(envoy.url("/x/a")).header("x-tenant", long);
        assert_eq!(request.send().status, 400);
        assert_eq!(envoy.upstream().count(), before);
    });
}
