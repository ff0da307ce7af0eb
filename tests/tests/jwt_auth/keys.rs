//! jwt-auth with the keys of a server, in a real Envoy: one fetch for all workers, requests that
//! wait, rotation, and every way in which a key server can fail.

use e2e::envoy::{Builder, Chain};
use e2e::token::{self, Token};
use e2e::{Client, EchoedRequest, Envoy, Protocol, Reply, Response, Upstream, wait};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

mod faults;
mod rotation;
mod sources;
mod waiting;

const SOON: Duration = Duration::from_secs(10);

const SECOND: Duration = Duration::from_secs(1);

/// A key server whose answer can be changed.
struct KeyServer {
    upstream: Upstream,
    answer: Arc<Mutex<Reply>>,
}

impl KeyServer {
    fn new(answer: Reply) -> Self {
        let answer = Arc::new(Mutex::new(answer));
        let given = Arc::clone(&answer);
        Self {
            upstream: Upstream::with(move |_| given.lock().unwrap().clone()).unwrap(),
            answer,
        }
    }

    fn answers(&self, answer: Reply) {
        *self.answer.lock().unwrap() = answer;
    }

    fn fetches(&self) -> u64 {
        self.upstream.count()
    }
}

/// Returns the test keys with these names, as a key server sends them.
fn keys(kids: &[&str]) -> Reply {
    let set: Value = serde_json::from_str(token::JWKS).unwrap();
    let keys: Vec<_> = set["keys"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|key| kids.iter().any(|kid| key["kid"] == *kid))
        .collect();
    Reply::json(json!({ "keys": keys }).to_string())
}

/// jwt-auth with the keys at `https://idp.example/jwks`, in a cluster `idp` at this port.
fn filter(port: u16, options: &str) -> Builder<Chain> {
    let config = format!(
        r#"{{"providers": {{"corp": {{"keys": {{"remote": {{"cluster": "idp", "uri": "https://idp.example/jwks"{options}}}}}}}}}}}"#
    );
    Envoy::with_filter("jwt-auth", config).cluster_at("idp", port, Protocol::Http1)
}

fn get(envoy: &Envoy, token: &str) -> Response {
    Client::http1()
        .new_connections()
        .get(envoy.url("/"))
        .header("authorization", format!("Bearer {token}"))
        .send()
}

/// Sends this many requests at once; their connections are spread over the workers.
fn together(count: usize, request: impl Fn(usize) -> Response + Sync) -> Vec<Response> {
    thread::scope(|scope| {
        let request = &request;
        let threads: Vec<_> = (0..count)
            .map(|n| scope.spawn(move || request(n)))
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    })
}

fn statuses(responses: &[Response]) -> Vec<u16> {
    let mut statuses: Vec<_> = responses.iter().map(|r| r.status).collect();
    statuses.dedup();
    statuses
}

fn stat(envoy: &Envoy, name: &str) -> u64 {
    envoy.stat(&format!("wasmcustom.jwt_auth.{name}_total"))
}

fn until_fetched(envoy: &Envoy) {
    wait::until("the keys are there", SOON, || {
        stat(envoy, "fetch.succeeded") > 0
    });
}

fn passed(since: Instant, time: Duration) {
    wait::until("time passes", SOON, || since.elapsed() > time);
}

fn old() -> String {
    Token::new("ES256").sign()
}

fn new() -> String {
    Token::new("RS256").sign()
}

/// Creates a token with an unknown key.
fn unknown(n: usize) -> String {
    Token::new("ES256")
        .header("kid", json!(format!("no-{n}")))
        .sign()
}

#[test]
fn four_workers_fetch_once_and_the_first_requests_wait_for_it() {
    let idp = KeyServer::new(keys(&["test-es256"]).delay(SECOND * 3));
    let envoy = filter(idp.upstream.port(), "").concurrency(4).start();
    let token = old();
    let answers = together(60, |n| {
        let client = if n % 2 == 0 {
            Client::http1()
        } else {
            Client::http2()
        };
        client
            .new_connections()
            .post(envoy.url("/"))
            .header("authorization", format!("Bearer {token}"))
            .body(format!("body {n} ").repeat(5000))
            .send()
    });
    assert_eq!(statuses(&answers), [200]);
    for (n, answer) in answers.iter().enumerate() {
        let echo = answer.echo();
        assert_eq!(echo.header("authorization"), None);
        assert_eq!(echo.body, format!("body {n} ").repeat(5000));
    }
    assert!(
        stat(&envoy, "waiting.begun") >= 40,
        "{}",
        stat(&envoy, "waiting.begun")
    );
    assert_eq!(idp.fetches(), 1);
    let asked = idp.upstream.last_request().unwrap();
    assert_eq!(
        (
            asked.method.as_str(),
            asked.path.as_str(),
            asked.authority.as_str()
        ),
        ("GET", "/jwks", "idp.example")
    );
    let answers = together(60, |_| get(&envoy, &token));
    assert_eq!((statuses(&answers), idp.fetches()), (vec![200], 1));
    assert_eq!(stat(&envoy, "allowed.token"), 120);
}

/// Returns a listener with jwt-auth, as an LDS file.
fn listener(port: u16, options: &str) -> String {
    let type_of = |name: &str| format!("type.googleapis.com/envoy.extensions.filters.{name}");
    json!({"resources": [{
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": "ingress",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": {
            "@type": type_of("network.http_connection_manager.v3.HttpConnectionManager"),
            "stat_prefix": "ingress",
            "http_filters": [
                {"name": "jwt-auth", "typed_config": {"@type": type_of("http.wasm.v3.Wasm"), "config": {
                    "name": "jwt-auth", "root_id": "jwt-auth",
                    "vm_config": {
                        "vm_id": "jwt-auth", "runtime": "envoy.wasm.runtime.v8",
                        "code": {"local": {"filename": "/etc/envoy/filters/jwt-auth.wasm"}},
                    },
                    "configuration": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": format!(
                        r#"{{"providers": {{"corp": {{"keys": {{"remote": {{"cluster": "idp", "uri": "https://idp.example/jwks"{options}}}}}}}}}}}"#
                    )},
                }}},
                {"name": "router", "typed_config": {"@type": type_of("http.router.v3.Router")}},
            ],
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
                {"match": {"prefix": "/"}, "route": {"cluster": "upstream"}},
            ]}]},
        }}]}],
    }]})
    .to_string()
}

#[test]
fn a_change_of_the_configuration_keeps_the_keys() {
    let idp = KeyServer::new(keys(&["test-es256"]));
    let cluster = |name: &str, port: u16| {
        json!({"name": name, "connect_timeout": "1s", "load_assignment": {"cluster_name": name, "endpoints": [
            {"lb_endpoints": [{"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}}}]}]}})
    };
    let bootstrap = json!({
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 1}}},
        "node": {"id": "test", "cluster": "test"},
        "dynamic_resources": {"lds_config": {"path_config_source": {"path": "/etc/envoy/dynamic/lds.json"}}},
        "static_resources": {"clusters": [cluster("upstream", 2), cluster("idp", 3)]},
    });
    let envoy = Envoy::from_bootstrap(bootstrap.to_string())
        .dynamic("/etc/envoy/dynamic/", &[("lds.json", &listener(4, ""))])
        .cluster_port("idp", idp.upstream.port())
        .concurrency(2)
        .start();
    until_fetched(&envoy);
    for (n, options) in [(1, r#", "refresh": "20m""#), (2, r#", "timeout": "1s""#)] {
        envoy
            .dynamic()
            .write("lds.json", &listener(4, options))
            .unwrap();
        wait::until("the change is taken", SOON, || {
            envoy.stat("listener_manager.lds.update_success") > n
        });
        assert_eq!(statuses(&together(16, |_| get(&envoy, &old()))), [200]);
    }
    assert_eq!(idp.fetches(), 1);
}
