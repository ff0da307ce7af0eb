//! Bytes that no one should send, to every filter: each gets an answer, the VM lives on, and the next request is served.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed assumption is a failed test"
)]

use e2e::{
    Client, Envoy,
    raw::{self, Answer, Connection},
};

/// Every filter, with a configuration that reads and writes as much as it can.
const FILTERS: &[(&str, &str)] = &[
    (
        "cors",
        r#"{"policies": [{"match": {"headers": [{"name": "x-never", "present": false}], "query": [{"name": "never", "present": false}]},
        "allow_origins": ["https://*.example.org:*"], "allow_origin_regexes": [".*[0-9]"], "allow_methods": ["*"], "allow_headers": ["*"],
        "expose_headers": ["*"], "allow_private_network": true, "timing_allow_origin": true, "preflight": {"unmatched": "forward"}}]}"#,
    ),
    (
        "header-rewrite",
        r#"{"rules": [{"match": {"headers": [{"name": "x-never", "present": false}], "query": [{"name": "never", "present": false}]},
        "request": [
            {"set": {"name": "x-all", "value": "${request.method}${request.scheme}${request.host | -}${request.path | -}${request.query | -}${source.address | -}"}},
            {"set": {"name": "x-evil", "value": "${request.header.x-bytes | -}${request.cookie.a | -}"}},
            {"replace": {"name": "user-agent", "regex": "[^a-z]", "with": "_"}}, {"dedupe": {"name": "accept"}},
            {"path": {"regex": "/x", "with": "/y"}}, {"query": {"set": {"name": "a", "value": "b"}}}],
        "response": [{"preset": "security_headers"}, {"set": {"name": "x-back", "value": "${request.header.x-bytes | -}"}}]}]}"#,
    ),
    (
        "jwt-auth",
        r#"{"providers": {"p": {"issuer": "https://issuer.example", "keys": {"secret": {"value": "a public test secret of 32 bytes", "algorithm": "HS256"}},
            "token_sources": [{"header": {"name": "authorization", "prefix": "Bearer "}}, {"header": {"name": "x-bytes"}},
                {"query": {"name": "a"}}, {"cookie": {"name": "a"}}],
            "claims_to_headers": [{"claim": "sub", "header": "x-sub"}], "payload_header": "x-payload", "provider_header": "x-provider"}},
        "rules": [{"match": {"headers": [{"name": "x-never", "present": true}]}, "require": "nothing"}],
        "responses": {"unauthorized": {"headers": [{"name": "x-why", "value": "${jwt.reason} ${request.path | -} ${request.host | -}"}]}}}"#,
    ),
    (
        "rate-limit",
        r#"{"limits": [{"name": "all", "match": {"headers": [{"name": "x-never", "present": false}], "query": [{"name": "never", "present": false}]},
            "key": [{"client_ip": {}}, {"header": "x-bytes"}, {"query": "a"}, {"cookie": "a"}, {"path": {}}, {"method": {}}, {"host": {}}],
            "requests": 1, "per": "1h", "cost": {"header": "x-cost", "default": 1}, "missing_key": "shared"},
            {"name": "few", "requests": 1000, "per": "1s", "cost": {"header": "x-cost"}}],
        "response": {"headers": [{"name": "x-why", "value": "${limit.name} ${request.header.x-bytes | -} ${request.path | -}"}]}}"#,
    ),
];

fn each_filter(check: impl Fn(&Envoy)) {
    for (filter, config) in FILTERS {
        let envoy = Envoy::with_filter(filter, *config)
            .hcm("{upgrade_configs: [{upgrade_type: websocket}, {upgrade_type: CONNECT}], http_protocol_options: {accept_http_10: true}}")
            .start()
            .unwrap();
        check(&envoy);
        let next = Client::http1().get(envoy.url("/next")).send();
        assert!(
            next.status < 500,
            "{filter}: the next request got {}",
            next.status
        );
        envoy.assert_vm_alive();
    }
}

#[test]
fn bytes_0x80_to_0xff_in_any_header() {
    each_filter(|envoy| {
        let client = Client::http1();
        let every_byte: Vec<u8> = (0x80..=0xff).collect();
        for name in [
            "x-bytes",
            "user-agent",
            "accept",
            "origin",
            "authorization",
            "cookie",
            "content-type",
            "x-forwarded-for",
            "access-control-request-method",
            "access-control-request-headers",
            "x-cost",
            "x-request-id",
            "referer",
        ] {
            let answer = client.get(envoy.url("/x")).header(name, &every_byte).send();
            assert!(answer.status < 500, "{name}: {}", answer.status);
        }
    });
}

#[test]
fn requests_that_envoy_refuses_or_that_have_no_path() {
    each_filter(|envoy| {
        for (request, answered) in [
            (
                &b"GET / HTTP/1.1\r\nhost: a\r\nx-nul: a\0b\r\n\r\n"[..],
                &[400][..],
            ),
            (b"GET /\0 HTTP/1.1\r\nhost: a\r\n\r\n", &[400]),
            (b"\0\0\0\0\r\n\r\n", &[400]),
            (b"GET / HTTP/1.0\r\n\r\n", &[200, 400, 401, 426, 429]),
            (b"GET / HTTP/1.1\r\n\r\n", &[400]),
            (
                b"OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n",
                &[200, 401, 404, 429],
            ),
            (
                b"CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n",
                &[200, 401, 403, 404, 429],
            ),
            (
                b"GET http://a/b HTTP/1.1\r\nhost: a\r\n\r\n",
                &[200, 401, 429],
            ),
            (
                b"GET /%ff%00%zz HTTP/1.1\r\nhost: a\r\n\r\n",
                &[200, 400, 401, 429],
            ),
            (
                b"GET /a?%=&=&&%00 HTTP/1.1\r\nhost: a\r\n\r\n",
                &[200, 401, 429],
            ),
            (
                b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
                &[200, 400, 401, 429],
            ),
            (
                b"GET / HTTP/1.1\r\nhost: \xe9\r\n\r\n",
                &[200, 400, 401, 429],
            ),
        ] {
            let mut connection = Connection::open(envoy.address());
            match connection.send(request).answer_to_head() {
                Answer::Response(response) => {
                    assert!(
                        answered.contains(&response.status),
                        "{request:?}: {}",
                        response.status
                    );
                }
                Answer::Closed => panic!("{request:?}: closed without an answer"),
            }
        }
    });
}

#[test]
fn a_hundred_headers_and_one_of_nearly_60_kib() {
    each_filter(|envoy| {
        // Envoy's own bounds are 100 headers and 60 KiB for all of them; its proxy headers and ours come on top upstream.
        let mut many = String::from("GET / HTTP/1.1\r\nhost: a\r\n");
        for i in 0..94 {
            many.push_str(&format!("x-h{i}: {i}\r\n"));
        }
        many.push_str("\r\n");
        let status = raw::send(envoy.address(), many.as_bytes())
            .status()
            .unwrap();
        assert!(status < 500, "{status}");
        let too_many = many.replace(
            "\r\n\r\n",
            &format!("\r\n{}\r\n", "x-more: 1\r\n".repeat(20)),
        );
        assert_eq!(
            raw::send(envoy.address(), too_many.as_bytes()).status(),
            Some(431)
        );
        for name in [
            "x-bytes",
            "cookie",
            "origin",
            "authorization",
            "accept",
            "x-cost",
        ] {
            let big = format!(
                "GET / HTTP/1.1\r\nhost: a\r\n{name}: {}\r\n\r\n",
                "a".repeat(59_000)
            );
            let status = raw::send(envoy.address(), big.as_bytes()).status().unwrap();
            assert!(status < 500, "{name}: {status}");
        }
        let too_big = format!(
            "GET / HTTP/1.1\r\nhost: a\r\nx-bytes: {}\r\n\r\n",
            "a".repeat(70_000)
        );
        assert_eq!(
            raw::send(envoy.address(), too_big.as_bytes()).status(),
            Some(431)
        );
    });
}

#[test]
fn a_websocket_upgrade() {
    each_filter(|envoy| {
        let mut socket = Connection::open(envoy.address());
        socket.send(
            "GET /socket HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        );
        let Answer::Response(answer) = socket.answer_to_head() else {
            panic!("closed without an answer");
        };
        if answer.status == 101 {
            socket.send("ping");
            assert_eq!(socket.exactly(4), b"ping");
        } else {
            assert!([401, 429].contains(&answer.status), "{}", answer.status);
        }
    });
}
