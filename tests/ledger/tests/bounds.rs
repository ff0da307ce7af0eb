//! The work of a request is bounded by its length, whatever a client fills it with: the modules,
//! as they are shipped, are metered with requests of the kinds that make parsers slow.
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a failed assumption is a failed test; the sizes are small"
)]

use ledger::{Exchange, Instance, module};
use serde_json::{Value, json};

/// Instructions for a request of ordinary length.
const BASE: u64 = 150_000;

/// Further instructions for each byte of a request. Most are for the readings of a path, and for
/// the matches that an expression of header-rewrite replaces.
const PER_BYTE: [(&str, u64); 5] = [
    ("cors", 300),
    ("rate-limit", 320),
    ("header-rewrite", 1_450),
    ("jwt-auth", 300),
    ("chain", 1_500),
];

/// Sizes of requests in bytes. Envoy's default limit is 60 KiB.
const SIZES: [usize; 3] = [2_000, 8_000, 32_000];

/// What a client repeats. Each is a separator, an escape or a part of one somewhere.
const FILLERS: [&str; 22] = [
    "a", "/", "/./", "/../", "/a/..", ";a=b", "%2e", "%2f", "%252f", "%", "%2", "\\", "+", ".",
    ",", ", ", ":", "\"", "\\\"", "&a=b", "; a=b", "é",
];

/// Where a client puts it.
const PLACES: [(&str, Place); 15] = [
    ("path", |filler| vec![(":path", format!("/api{filler}"))]),
    ("query", |filler| {
        vec![(":path", format!("/api?a={filler}"))]
    }),
    ("host", |filler| vec![(":authority", format!("a{filler}"))]),
    ("method", |filler| vec![(":method", format!("G{filler}"))]),
    ("token", |filler| {
        vec![("authorization", format!("Bearer {filler}"))]
    }),
    ("token's header", |filler| {
        vec![("authorization", format!("Bearer {filler}.e30.e30"))]
    }),
    ("token's claims", |filler| {
        let header = "eyJhbGciOiJIUzI1NiJ9";
        vec![("authorization", format!("Bearer {header}.{filler}.e30"))]
    }),
    ("authorization", |filler| {
        vec![("authorization", filler.to_owned())]
    }),
    ("cookie", |filler| vec![("cookie", format!("a={filler}"))]),
    ("origin", |filler| {
        vec![("origin", format!("https://{filler}"))]
    }),
    ("preflight", |filler| {
        vec![
            (":method", "OPTIONS".to_owned()),
            ("origin", "https://app.example.com".to_owned()),
            ("access-control-request-method", "PUT".to_owned()),
            ("access-control-request-headers", format!("a{filler}")),
        ]
    }),
    ("header", |filler| vec![("x-tenant", filler.to_owned())]),
    ("addresses", |filler| {
        vec![("x-forwarded-for", format!("10.0.0.1{filler}"))]
    }),
    ("protocols", |filler| {
        vec![("sec-websocket-protocol", format!("a{filler}"))]
    }),
    ("range", |filler| vec![("range", format!("bytes={filler}"))]),
];

/// Returns headers with what a client repeats.
type Place = fn(&str) -> Vec<(&'static str, String)>;

/// Every kind of match, key, source and operation that reads what a client sends.
fn configuration(filter: &str) -> Value {
    let matches = json!({"paths": [{"exact": "/health"}, {"prefix": "/api"}, {"regex": "/v[0-9]+/(.*)"}],
        "hosts": ["a.example", "*.example.com"], "headers": [{"name": "x-tenant", "regex": ".*a.*b"}],
        "query": [{"name": "a", "regex": ".*a.*b"}]});
    let cors = json!({"policies": [
        {"match": {"paths": [{"prefix": "/public"}]}, "allow_origins": ["*"]},
        {"allow_origins": ["https://app.example.com", "https://*.example.org"], "allow_methods": ["PUT"],
         "allow_headers": ["x-a", "x-b"], "allow_credentials": true}]});
    let limits = json!({"limits": [
        {"name": "matched", "match": matches, "requests": 1_000_000, "per": "1h"},
        {"name": "address", "key": [{"client_ip": {}}], "requests": 1_000_000, "per": "1h"},
        {"name": "path", "key": [{"path": {}}, {"host": {}}, {"method": {}}], "requests": 1_000_000, "per": "1h"},
        {"name": "parts", "key": [{"header": "x-tenant"}, {"query": "a"}, {"cookie": "a"}], "requests": 1_000_000, "per": "1h"},
        {"name": "token", "key": [{"header": {"name": "authorization", "regex": "(?i:bearer) +([^ ]+) *"}}], "requests": 1_000_000, "per": "1h"}]});
    let rewrite = json!({"rules": [
        {"match": matches, "request": [{"set": {"name": "x-matched", "value": "yes"}}]},
        {"request": [
            {"set": {"name": "x-all", "value": "${request.query.a | -}${request.cookie.a | -}${request.hostname | -}"}},
            {"replace": {"name": "x-tenant", "regex": "([a-z]+)=([^;]*)", "with": "${2}=${1}"}},
            {"dedupe": {"name": "x-forwarded-for"}},
            {"path": {"regex": "/([^/]*)/(.*)", "with": "/${2}/${1}"}},
            {"query": {"set": {"name": "b", "value": "${request.header.x-tenant | -}"}}}, {"query": {"remove": {"name": "a"}}}]}]});
    let jwt = json!({"providers": {"p": {"keys": {"secret": {"value": "a-secret-of-at-least-32-bytes-for-hs256", "algorithm": "HS256"}}, "issuer": "https://issuer.example",
            "token_sources": [{"header": {"name": "authorization", "prefix": "Bearer "}}, {"header": {"name": "x-tenant"}},
                {"query": {"name": "a"}}, {"cookie": {"name": "a"}}]}},
        "rules": [{"match": matches, "require": {"provider": {"name": "p"}}},
            {"match": {"paths": [{"prefix": "/"}]}, "require": "nothing"}]});
    let chain = json!({"chain": [{"cors": cors}, {"rate-limit": limits}, {"jwt-auth": jwt}, {"header-rewrite": rewrite}]});
    match filter {
        "cors" => cors,
        "rate-limit" => limits,
        "header-rewrite" => rewrite,
        "jwt-auth" => jwt,
        _ => chain,
    }
}

fn request(headers: Vec<(&'static str, String)>) -> Exchange {
    let pairs = |pairs: &[(&str, &str)]| {
        let owned = pairs
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        owned.collect::<Vec<_>>()
    };
    let mut request = pairs(&[
        (":scheme", "https"),
        (":method", "GET"),
        (":path", "/api"),
        (":authority", "api.example.com"),
    ]);
    for (name, value) in headers {
        request.retain(|(n, _)| n != name.as_bytes());
        request.push((name.into(), value.into()));
    }
    Exchange {
        request,
        response: pairs(&[(":status", "200")]),
        properties: vec![("source\0address", "203.0.113.7:4711")],
    }
}

fn size(exchange: &Exchange) -> u64 {
    let bytes: usize = exchange
        .request
        .iter()
        .map(|(n, v)| n.len() + v.len())
        .sum();
    bytes as u64
}

#[test]
fn the_work_of_a_request_is_bounded_by_its_length() {
    let mut faults = Vec::new();
    for (filter, per_byte) in PER_BYTE {
        let wasm = module(filter).unwrap();
        let mut instance = Instance::start(&wasm, &configuration(filter).to_string()).unwrap();
        let mut worst = (0, String::new());
        for (place, put) in PLACES {
            for filler in FILLERS {
                for length in SIZES {
                    let text = filler.repeat(length / filler.len());
                    let exchange = request(put(&text));
                    let case = format!("{filter}: {length} bytes of {filler:?} in the {place}");
                    let cost = match instance.exchange(&exchange) {
                        Ok(cost) => cost.instructions,
                        Err(error) => {
                            faults.push(format!("{case}: {error:?}"));
                            continue;
                        }
                    };
                    let bytes = size(&exchange);
                    if cost > 20_000_000 || cost / bytes > 500 {
                        println!("{case}: {cost} = {}/byte", cost / bytes);
                    }
                    if cost > BASE + per_byte * bytes {
                        faults.push(format!("{case}: {cost} instructions"));
                    }
                    worst = worst.max((cost / bytes, case));
                }
            }
        }
        println!("{} instructions per byte: {}", worst.0, worst.1);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
