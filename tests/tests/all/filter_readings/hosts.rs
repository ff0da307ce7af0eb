//! Authorities, well-formed and malformed, over HTTP/1.1 and HTTP/2; and `host` as the name of a
//! header.

use super::{FILTERS, Filter, Seen};
use e2e::{Client, Envoy, raw_http2};
use serde_json::{Value, json};

/// Other spellings of `admin.example.com`.
const SPELLINGS: [&str; 6] = [
    "admin.example.com",
    "ADMIN.Example.COM",
    "admin.example.com:8080",
    "admin.example.com:",
    "admin.example.com.",
    "Admin.example.com.:80",
];

const OTHERS: [&str; 4] = [
    "open.example.com",
    "xadmin.example.com",
    "admin.example.com.evil.example",
    "[::1]:80",
];

/// Not `host[:port]`, although Envoy routes most of them.
const MALFORMED: [&str; 12] = [
    "admin.example.com:x",
    "admin.example.com:+80",
    "admin.example.com:-1",
    "admin.example.com:80:80",
    "x@admin.example.com",
    "x:y@admin.example.com:80",
    "admin.example.com..",
    "admin..example.com",
    ".admin.example.com",
    "admin.example.com.:x",
    "admin%2eexample.com",
    "[::1",
];

/// A rule by host, written in both ways.
fn by_host() -> [Value; 2] {
    [
        json!({"hosts": ["admin.example.com"]}),
        json!({"headers": [{"name": "host", "exact": "admin.example.com"}]}),
    ]
}

// Case, port and one dot at the end of a host do not matter. If a host is malformed, every filter
// whose configuration looks at hosts refuses the request with 400 `malformed_host`. A match on the
// header `host` looks at hosts too.
#[test]
fn no_spelling_of_a_host_walks_around_its_rule_and_a_malformed_one_is_refused() {
    for filter in FILTERS {
        for rule in by_host() {
            let envoy = filter.start(&rule);
            let what = format!("{filter:?} {rule}");
            for host in SPELLINGS {
                let seen = filter.seen(&envoy, "/", host);
                assert_eq!(seen, Seen::Applied, "{what}: {host}");
            }
            for host in OTHERS {
                let seen = filter.seen(&envoy, "/", host);
                assert_eq!(seen, Seen::Served, "{what}: {host}");
            }
            let served = envoy.upstream().count();
            for host in MALFORMED {
                let seen = filter.seen(&envoy, "/", host);
                assert_eq!(seen, Seen::Refused, "{what}: {host}");
                // Envoy itself resets the stream if there is userinfo (RFC 9113, section 8.3.1).
                let expected = (!host.contains('@')).then_some(400);
                let status = raw_http2::status(envoy.address(), "/", host);
                assert_eq!(status, expected, "{what}: {host} over HTTP/2");
            }
            assert_eq!(envoy.upstream().count(), served, "{what}");
            let refused = envoy.stat(&filter.refusals("malformed_host"));
            assert_eq!(refused, 12 + 10, "{what}");
        }
    }
}

#[test]
fn over_http2_the_authority_is_the_host() {
    for filter in FILTERS {
        for rule in by_host() {
            let envoy = filter.start(&rule);
            let client = Client::http2();
            for (host, is_applied) in SPELLINGS
                .map(|host| (host, true))
                .into_iter()
                .chain(OTHERS.map(|host| (host, false)))
            {
                let request = client.get(envoy.url("/")).host(host);
                let answer = request.header("origin", "https://evil.example").send();
                let seen = match filter {
                    Filter::JwtAuth => answer.status == 401,
                    Filter::RateLimit => answer.header("ratelimit-policy").is_some(),
                    Filter::HeaderRewrite => answer.header("x-rule").is_some(),
                    Filter::Cors => answer.header("access-control-allow-origin").is_none(),
                };
                assert_eq!(seen, is_applied, "{filter:?} {rule}: {host}");
            }
        }
    }
}

#[test]
fn where_nothing_looks_at_the_host_a_malformed_one_is_served() {
    for filter in FILTERS {
        let envoy = filter.start(&json!({"paths": [{"prefix": "/admin"}]}));
        for host in ["admin.example.com:x", "x@admin.example.com"] {
            let seen = filter.seen(&envoy, "/", host);
            assert_eq!(seen, Seen::Served, "{filter:?}: {host}");
        }
    }
}

/// a matcher that names a port is refused at load.
#[test]
fn a_matcher_of_the_host_that_names_a_port_is_refused_at_load() {
    for filter in FILTERS {
        let port = json!({"headers": [{"name": "host", "exact": "admin.example.com:80"}]});
        let log = Envoy::with_filter(filter.name(), filter.config(&[port]))
            .refuses()
            .unwrap();
        let line = "headers[0].exact: \"admin.example.com:80\" has a port, and a host is compared without; write the host alone";
        assert!(log.contains(line), "{filter:?}: {log}");
    }
}

/// In templates, and as a source of copies, `host` is the host too.
#[test]
fn header_rewrite_reads_the_host_by_that_name() {
    let config = json!({"rules": [{"request": [
        {"set": {"name": "x-host", "value": "${request.header.host}"}},
        {"copy": {"from": "host", "to": "x-copy"}},
        {"set": {"name": "x-sent", "value": "${request.host}"}},
    ]}]});
    let envoy = Envoy::with_filter("header-rewrite", config.to_string()).start();
    for client in [Client::http1(), Client::http2()] {
        let request = client.get(envoy.url("/")).host("API.example.com.:8080");
        let echo = request.send().echo();
        assert_eq!(echo.header("x-host"), Some("api.example.com"));
        assert_eq!(echo.header("x-copy"), Some("api.example.com"));
        assert_eq!(echo.header("x-sent"), Some("API.example.com.:8080"));
        let malformed = client.get(envoy.url("/")).host("api.example.com:x").send();
        assert_eq!(malformed.status, 400);
    }
}
