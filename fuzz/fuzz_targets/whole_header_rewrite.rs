//! The whole header-rewrite filter. Whatever it makes of what clients and upstreams send are valid
//! headers, and the path is still one path.
#![no_main]

use catalog_fuzz::configurations;
use catalog_fuzz::play::play;
use header_rewrite::HeaderRewrite;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// Every operation, applied to what a client sends.
const OWN: &[&str] = &[
    r#"{"rules": [{"request": [
        {"set": {"name": "x-all", "value": "${request.query.a | -}${request.cookie.a | -}${request.hostname | -}${request.id | -}"}},
        {"set": {"name": "x-target", "value": "${request.target}"}},
        {"replace": {"name": "x-a", "regex": "([a-z]+)=([^;]*)", "with": "${2}=${1}"}},
        {"dedupe": {"name": "x-b"}}, {"remove": {"prefix": "x-c-"}},
        {"path": {"regex": "/([^/]*)/(.*)", "with": "/${2}/${1}"}},
        {"query": {"set": {"name": "b", "value": "${request.header.x-a | -}"}}}, {"query": {"remove": {"name": "c"}}}],
      "response": [{"set": {"name": "x-back", "value": "${request.header.x-a | -}${response.header.x-d | -}"}},
        {"replace": {"name": "location", "regex": "^http:", "with": "https:"}}]}]}"#,
    r#"{"rules": [{"match": {"paths": [{"regex": "/old/(.*)"}]}, "redirect": {"location": "https://example.com/new/${match.1}?${request.query | -}", "status": 301}},
        {"match": {"paths": [{"prefix": "/up"}]}, "redirect": {"location": "https://${request.hostname}${request.target}"}},
        {"match": {"paths": [{"prefix": "/no"}]}, "respond": {"status": 404, "body": "not ${request.path}", "headers": [{"name": "x-why", "value": "${request.query.why | -}"}]}}]}"#,
    r#"{"rules": [{"match": {"paths": [{"prefix": "/a"}]}, "request": [{"path": {"prefix": "/a", "with": "/b"}}, {"rename": {"from": "x-a", "to": "x-b"}}]},
        {"match": {"paths": [{"regex": "/v([0-9]+)/(.*)"}]}, "request": [{"set": {"name": "x-version", "value": "${match.1}"}},
            {"query": {"set": {"name": "rest", "value": "${match.2}"}}}, {"host": {"value": "${request.query.host | internal.example.com}"}},
            {"copy": {"from": "host", "to": "x-host"}}, {"default": {"name": "x-c", "value": "${request.time}"}}]}]}"#,
];

static CONFIGURATIONS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let own = OWN.iter().map(|text| (*text).to_owned());
    own.chain(configurations::of("header-rewrite")).collect()
});

fuzz_target!(|script: &[u8]| play::<HeaderRewrite>(&CONFIGURATIONS, script, |_| ()));
