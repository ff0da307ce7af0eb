//! The pairs of `envoy-configs/migrating/`: Envoy's own configuration and our replacement treat the
//! same requests alike.

use std::collections::BTreeSet;
use std::fs;

use e2e::token::Token;
use e2e::{Client, Envoy, Response, paths, yaml};
use serde_json::{Value, json};

/// A request, and the result in both.
struct Row {
    method: &'static str,
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    status: u16,
    /// Fields of the response, as lines `name: value`; `name: -` means missing.
    answer: &'static [&'static str],
    /// The same for the request at the upstream; `:path` is the path.
    upstream: &'static [&'static str],
}

fn row(method: &'static str, path: &'static str, status: u16) -> Row {
    Row {
        method,
        path,
        headers: Vec::new(),
        status,
        answer: &[],
        upstream: &[],
    }
}

impl Row {
    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn bearer(self, token: Token) -> Self {
        self.header("authorization", format!("Bearer {}", token.sign()))
    }

    fn answer(self, answer: &'static [&'static str]) -> Self {
        Self { answer, ..self }
    }

    fn upstream(self, upstream: &'static [&'static str]) -> Self {
        Self { upstream, ..self }
    }

    fn send(&self, envoy: &Envoy) -> Response {
        let request = Client::http1().request(self.method, envoy.url(self.path));
        let fields = self.headers.iter();
        let fields = fields.map(|(name, value)| (*name, value.as_str()));
        request.host("api.example.com").headers(fields).send()
    }

    /// Checks the response against the row. The error says what differs.
    fn check(&self, answer: &Response) -> Result<(), String> {
        if answer.status != self.status {
            return Err(format!("{}, not {}", answer.status, self.status));
        }
        let compare = |found: Option<String>, line: &str| {
            let (_, expected) = line.split_once(": ").unwrap();
            let found = found.unwrap_or_else(|| "-".to_owned());
            (found == expected)
                .then_some(())
                .ok_or(format!("{line}, but it is {found}"))
        };
        for line in self.answer {
            let name = line.split(": ").next().unwrap();
            let values = answer.headers_all(name);
            compare((!values.is_empty()).then(|| values.join(", ")), line)?;
        }
        if self.upstream.is_empty() {
            return Ok(());
        }
        let echo = answer.echo();
        for line in self.upstream {
            let name = line.split(": ").next().unwrap();
            let values = echo.headers_all(name);
            let found = match name {
                ":path" => Some(echo.path.clone()),
                _ => (!values.is_empty()).then(|| values.join(", ")),
            };
            compare(found, line)?;
        }
        Ok(())
    }
}

fn good() -> Token {
    Token::new("ES256")
}

fn expired() -> Token {
    good().claim("exp", json!(1_000_000_000))
}

fn tokens(first: Vec<Row>) -> Vec<Row> {
    let mut rows = vec![
        row("GET", "/api/items", 200)
            .bearer(good())
            .upstream(&["x-jwt-sub: alice", ":path: /api/items"]),
        row("GET", "/api/items", 401).bearer(expired()),
        row("GET", "/api/items", 401).header("authorization", "Bearer not.a.token"),
        row("GET", "/api/items", 403).bearer(good().claim("aud", json!("other"))),
        row("GET", "/shop", 200).upstream(&["x-jwt-sub: -", "x-jwt-payload: -"]),
        row("GET", "/shop", 401).bearer(expired()),
        row("GET", "/shop", 200)
            .bearer(good())
            .upstream(&["x-jwt-sub: alice"]),
    ];
    rows.extend(first);
    rows
}

fn rows(pair: &str) -> Vec<Row> {
    let preflight = |origin: &str, method: &str| {
        row("OPTIONS", "/items", 200)
            .header("origin", origin)
            .header("access-control-request-method", method)
    };
    match pair {
        "jwt-authn" => tokens(vec![
            row("GET", "/api/items", 401),
            row("GET", "/healthz", 200).upstream(&["x-jwt-sub: -"]),
            row("GET", "/elsewhere", 200),
            row("GET", "/api", 200)
                .bearer(good())
                .upstream(&["authorization: -"]),
            row("GET", "/billing", 403).bearer(good()),
            row("GET", "/billing", 200)
                .bearer(good().claim("aud", json!("billing")))
                .upstream(&["x-jwt-sub: alice"]),
        ]),
        "request-authentication" => tokens(vec![
            row("GET", "/", 200),
            row("GET", "/admin/users", 200)
                .bearer(good())
                .upstream(&["x-jwt-sub: alice"]),
        ]),
        "local-ratelimit" => {
            let with_key = |key: &str, status| row("GET", "/", status).header("x-api-key", key);
            vec![
                with_key("a", 200).answer(&["x-ratelimit-limit: 3", "x-ratelimit-remaining: 2"]),
                with_key("a", 200).answer(&["x-ratelimit-remaining: 1", "x-limited-by: -"]),
                with_key("a", 200).answer(&["x-ratelimit-remaining: 0"]),
                with_key("a", 429).answer(&[
                    "x-ratelimit-limit: 3",
                    "x-ratelimit-remaining: 0",
                    "x-limited-by: edge",
                ]),
                with_key("b", 200).answer(&["x-ratelimit-remaining: 2"]),
                row("GET", "/", 200).answer(&["x-ratelimit-limit: 2"]),
                row("GET", "/", 200),
                row("GET", "/", 429),
                with_key("b", 200).answer(&["x-ratelimit-remaining: 1"]),
            ]
        }
        "header-mutation" => vec![
            row("GET", "/?debug=1&lang=de&x=y", 200)
                .header("x-internal", "1")
                .header("x-env", "test")
                .header("x-hop", "lan")
                .header("x-echo-set", "x-powered-by: php")
                .upstream(&[
                    "x-internal: -",
                    "x-env: prod",
                    "x-asked-host: api.example.com",
                    "x-client: 127.0.0.1",
                    "x-tenant: public",
                    "x-hop: lan, edge",
                ])
                .answer(&[
                    "x-powered-by: -",
                    "cache-control: no-store",
                    "x-status: 200",
                ]),
            row("GET", "/", 200)
                .header("x-tenant", "acme")
                .header("x-echo-set", "cache-control: public")
                .upstream(&["x-tenant: acme", "x-hop: edge", ":path: /?lang=en"])
                .answer(&["cache-control: no-store"]),
            row("GET", "/", 503)
                .header("x-echo-status", "503")
                .answer(&["x-status: 503"]),
        ],
        "cors" => vec![
            preflight("https://app.example.com", "PUT").answer(&[
                "access-control-allow-origin: https://app.example.com",
                "access-control-allow-credentials: true",
                "access-control-max-age: 600",
            ]),
            preflight("https://pr-7.example.org", "GET")
                .answer(&["access-control-allow-origin: https://pr-7.example.org"]),
            row("GET", "/items", 200)
                .header("origin", "https://app.example.com")
                .upstream(&["origin: https://app.example.com"])
                .answer(&[
                    "access-control-allow-origin: https://app.example.com",
                    "access-control-allow-credentials: true",
                    "access-control-expose-headers: x-request-id",
                ]),
            row("GET", "/items", 200)
                .header("origin", "https://evil.example")
                .answer(&["access-control-allow-origin: -"]),
            row("GET", "/items", 200)
                .header("origin", "https://a.example.org.evil.example")
                .answer(&["access-control-allow-origin: -"]),
            row("GET", "/items", 200).answer(&["access-control-allow-origin: -"]),
        ],
        "lua" => vec![
            row("GET", "/api/items?q=1", 200)
                .header("x-tenant", "ACME")
                .header("x-internal", "1")
                .header("x-echo-set", "location: http://a.example/b")
                .upstream(&["x-tenant: acme", "x-internal: -", ":path: /items?q=1"])
                .answer(&["location: https://a.example/b", "cache-control: -"]),
            row("GET", "/api", 200)
                .header("x-tenant", "b")
                .upstream(&[":path: /api"]),
            row("GET", "/", 400).answer(&["cache-control: -"]),
            row("GET", "/", 503)
                .header("x-tenant", "a")
                .header("x-echo-status", "503")
                .answer(&["cache-control: no-store"]),
        ],
        _ => panic!("{pair}.yaml has no requests here"),
    }
}

fn before(pair: &Value) -> Envoy {
    let side = &pair["before"];
    let mut envoy = Envoy::with_no_filter();
    for filter in side["http_filters"].as_array().unwrap() {
        envoy = envoy.native(filter.to_string());
    }
    if let Some(policies) = side.get("typed_per_filter_config") {
        let route = json!({"match": {"prefix": "/"}, "route": {"cluster": "upstream"},
            "typed_per_filter_config": policies});
        envoy = envoy.route(route.to_string());
    }
    envoy.start()
}

fn after(pair: &Value) -> Envoy {
    let mut envoy = Envoy::with_no_filter();
    for (name, config) in pair["after"].as_object().unwrap() {
        envoy = envoy.filter(name, config.to_string());
    }
    envoy.start()
}

#[test]
fn envoys_own_filter_and_ours_answer_alike() {
    let folder = paths::workspace().join("envoy-configs/migrating");
    let page = fs::read_to_string(paths::workspace().join("docs/migrating.md")).unwrap();
    let names: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert!(names.len() >= 6, "{names:?}");
    let names: Vec<String> = names.into_iter().collect();
    e2e::each(&names, Clone::clone, |name| {
        let text = fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap();
        let pair = yaml::parse(&text).unwrap();
        assert!(
            page.contains(&format!("migrating/{name}.yaml")),
            "docs/migrating.md lacks it"
        );
        for (side, envoy) in [("before", before(&pair)), ("after", after(&pair))] {
            for row in rows(name) {
                let answer = row.send(&envoy);
                if let Err(what) = row.check(&answer) {
                    panic!(
                        "{side}: {} {} {:?}: {what}",
                        row.method, row.path, row.headers
                    );
                }
            }
        }
    });
}
