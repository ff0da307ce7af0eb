//! jwt-auth with keys of a server, in a real Envoy: one fetch for all workers, requests that wait,
//! rotation, and every way in which a key server fails.

use e2e::envoy::{Builder, Chain};
use e2e::token::{self, Token};
use e2e::{Client, EchoedRequest, Envoy, Protocol, Reply, Response, Upstream, wait};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

mod faults;
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

/// The test keys of these names, as a key server sends them.
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

/// As many requests at once; their connections are spread over the workers.
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

/// A token of a key that no one has.
fn unknown(n: usize) -> String {
    Token::new("ES256")
        .header("kid", json!(format!("no-{n}")))
        .sign()
}

#[test]
fn four_workers_fetch_once_and_the_first_requests_wait_for_it() {
    let idp = KeyServer::new(keys(&["test-es256"]).delay(SECOND * 3));
    let envoy = filter(idp.upstream.port(), "")
        .concurrency(4)
        .start()
        .unwrap();
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
    envoy.assert_vm_alive();
}

#[test]
fn the_first_request_with_a_rotated_key_passes_with_one_fetch_at_four_workers() {
    let idp = KeyServer::new(keys(&["test-es256"]));
    let options = r#", "refetch_on_unknown_key": "1s""#;
    let envoy = filter(idp.upstream.port(), options)
        .concurrency(4)
        .start()
        .unwrap();
    until_fetched(&envoy);
    let fetched = Instant::now();
    assert_eq!(statuses(&together(40, |_| get(&envoy, &old()))), [200]);
    passed(fetched, SECOND);
    idp.answers(keys(&["test-rs256"]).delay(Duration::from_millis(200)));
    assert_eq!(idp.fetches(), 1);
    assert_eq!(statuses(&together(40, |_| get(&envoy, &new()))), [200]);
    assert_eq!(idp.fetches(), 2, "one more for all of them");
    // The old key is gone, and with it its tokens in the caches of all workers.
    let answers = together(40, |_| get(&envoy, &old()));
    assert_eq!(statuses(&answers), [401]);
    assert!(
        answers[0]
            .header("www-authenticate")
            .unwrap()
            .contains("invalid_token")
    );
    envoy.assert_vm_alive();
}

#[test]
fn a_token_without_kid_has_a_rotated_key_fetched_too() {
    let without_kid = |kid: &str| {
        let mut reply = keys(&[kid]);
        let mut set: Value = serde_json::from_slice(&reply.body).unwrap();
        set["keys"][0].as_object_mut().unwrap().remove("kid");
        reply.body = set.to_string().into_bytes();
        reply
    };
    let key = |name: &str| Token::new(name).header("kid", Value::Null).sign();
    let idp = KeyServer::new(without_kid("test-es256"));
    let options = r#", "refetch_on_unknown_key": "1s""#;
    let envoy = filter(idp.upstream.port(), options).start().unwrap();
    until_fetched(&envoy);
    let fetched = Instant::now();
    assert_eq!(get(&envoy, &key("ES256")).status, 200);
    idp.answers(without_kid("test-rs256"));
    passed(fetched, SECOND);
    assert_eq!(get(&envoy, &key("RS256")).status, 200);
    assert_eq!(idp.fetches(), 2);
    envoy.assert_vm_alive();
}

#[test]
fn a_flood_of_unknown_keys_costs_one_fetch_per_interval() {
    let idp = KeyServer::new(keys(&["test-es256"]));
    let start = |options: &str| {
        let envoy = filter(idp.upstream.port(), options)
            .concurrency(4)
            .start()
            .unwrap();
        until_fetched(&envoy);
        envoy
    };
    let envoy = start(r#", "refetch_on_unknown_key": "1h""#);
    assert_eq!(statuses(&together(40, |n| get(&envoy, &unknown(n)))), [401]);
    assert_eq!(idp.fetches(), 1);
    assert_eq!(stat(&envoy, "waiting.begun"), 0, "nothing to wait for");
    drop(envoy);
    let envoy = start(r#", "refetch_on_unknown_key": "1s""#);
    let start = Instant::now();
    let mut requests = 0;
    while start.elapsed() < SECOND * 4 {
        let answers = together(16, |n| get(&envoy, &unknown(n)));
        assert_eq!(statuses(&answers), [401]);
        requests += answers.len();
    }
    let most = start.elapsed().as_secs() + 3;
    assert!(
        (4..=most).contains(&idp.fetches()),
        "{} of {requests}",
        idp.fetches()
    );
    assert_eq!(get(&envoy, &old()).status, 200);
    envoy.assert_vm_alive();
}

/// A listener with jwt-auth, as a file of LDS.
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
        .start()
        .unwrap();
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
    envoy.assert_vm_alive();
}

#[test]
fn discovery_leads_to_the_keys_of_the_issuer() {
    let document = |issuer: &str| {
        json!({"issuer": issuer, "jwks_uri": "https://keys.example/set?a=b"}).to_string()
    };
    let issuer = Arc::new(Mutex::new("https://evil.example"));
    let told = Arc::clone(&issuer);
    let idp = Upstream::with(move |request: &EchoedRequest| match request.path.as_str() {
        "/.well-known/openid-configuration" => Reply::json(document(*told.lock().unwrap())),
        "/set?a=b" if request.authority == "keys.example" => keys(&["test-es256"]),
        _ => Reply::new(404),
    })
    .unwrap();
    let config = format!(
        r#"{{"providers": {{"corp": {{"issuer": "{}", "keys": {{"discovery": {{"cluster": "idp",
            "uri": "https://idp.example/.well-known/openid-configuration"}}}}}}}}}}"#,
        token::ISSUER
    );
    let envoy = Envoy::with_filter("jwt-auth", config)
        .cluster_at("idp", idp.port(), Protocol::Http1)
        .concurrency(4)
        .start()
        .unwrap();
    wait::until("the document is refused", SOON, || {
        stat(&envoy, "fetch.failed.discovery") > 0
    });
    assert_eq!(get(&envoy, &old()).status, 503);
    *issuer.lock().unwrap() = token::ISSUER;
    wait::until("service", SECOND * 2, || get(&envoy, &old()).status == 200);
    assert_eq!(statuses(&together(20, |_| get(&envoy, &old()))), [200]);
    let paths: Vec<_> = idp.requests().iter().map(|r| r.path.clone()).collect();
    assert_eq!(
        paths.iter().filter(|path| *path == "/set?a=b").count(),
        1,
        "{paths:?}"
    );
    assert_eq!(stat(&envoy, "fetch.succeeded"), 1);
    envoy.assert_vm_alive();
}

/// The sample with a key server that has this certificate.
fn sample(certificate: &str) -> (Envoy, e2e::KeyServer) {
    let idp = e2e::KeyServer::start(certificate).unwrap();
    let envoy = Envoy::from_sample("jwt-auth-remote")
        .cluster_port("idp", idp.port())
        .concurrency(2)
        .start()
        .unwrap();
    (envoy, idp)
}

#[test]
fn the_sample_fetches_over_tls_from_a_server_whose_name_and_authority_are_right() {
    let (envoy, idp) = sample("idp");
    assert_eq!(
        get(&envoy, &old()).echo().header("x-jwt-sub"),
        Some("alice")
    );
    let partner = Token::new("EdDSA")
        .claim("iss", json!(e2e::key_server::PARTNER))
        .sign();
    assert_eq!(
        get(&envoy, &partner).echo().header("x-jwt-provider"),
        Some("partner")
    );
    assert_eq!(Client::http1().get(envoy.url("/")).send().status, 401);
    assert_eq!(
        Client::http1().get(envoy.url("/healthz")).send().status,
        200
    );
    assert_eq!(idp.requests().len(), 3);
    assert!(
        idp.requests()
            .iter()
            .all(|request| request.authority == "idp.example")
    );
    assert!(envoy.stat("cluster.idp.ssl.handshake") > 0);
    envoy.assert_vm_alive();
    for certificate in ["other", "foreign"] {
        let (envoy, idp) = sample(certificate);
        assert_eq!(get(&envoy, &old()).status, 503, "{certificate}");
        assert!(idp.requests().is_empty(), "{certificate}");
        envoy.assert_vm_alive();
    }
}

/// The set of one test key, changed.
fn set_of(kid: &str, change: impl Fn(&mut Value)) -> Reply {
    let mut reply = keys(&[kid]);
    let mut set: Value = serde_json::from_slice(&reply.body).unwrap();
    change(&mut set["keys"][0]);
    reply.body = set.to_string().into_bytes();
    reply
}

// Unknown `kid` (never a known one whose signature is bad): one
// refetch per `refetch_on_unknown_key`, and only for a token whose algorithm keys of a server can
// have and the provider accepts.
#[test]
fn only_a_token_that_other_keys_could_verify_causes_a_fetch_and_only_one() {
    let no_kid = |kid: &str| set_of(kid, |key| drop(key.as_object_mut().unwrap().remove("kid")));
    let idp = KeyServer::new(no_kid("test-es256"));
    let options = r#", "refetch_on_unknown_key": "1s""#;
    let envoy = filter(idp.upstream.port(), options)
        .concurrency(2)
        .start()
        .unwrap();
    until_fetched(&envoy);
    let fetched = Instant::now();
    assert_eq!(get(&envoy, &old()).status, 200);
    passed(fetched, SECOND);
    let secret = Token::new("HS256").header("kid", json!("new")).sign();
    assert_eq!(get(&envoy, &secret).status, 401);
    assert_eq!(get(&envoy, "nonsense").status, 401);
    assert_eq!(idp.fetches(), 1, "no server has a secret");
    // The tokens have a kid, the keys have not.
    idp.answers(no_kid("test-rs256"));
    assert_eq!(statuses(&together(20, |_| get(&envoy, &new()))), [200]);
    assert_eq!(idp.fetches(), 2);
    // A wish for other keys does not outlive the fetch that met it.
    let rotated = Instant::now();
    passed(rotated, SECOND * 3);
    assert_eq!(statuses(&together(20, |_| get(&envoy, &new()))), [200]);
    assert_eq!(idp.fetches(), 2);
    // A known kid with a bad signature or another algorithm is no reason to ask.
    idp.answers(keys(&["test-rs256"]));
    assert_eq!(get(&envoy, &unknown(1)).status, 401);
    assert_eq!(idp.fetches(), 3);
    let known = Instant::now();
    passed(known, SECOND * 2);
    assert_eq!(get(&envoy, &token::forged(&new())).status, 401);
    let other = Token::new("ES256")
        .header("kid", json!("test-rs256"))
        .sign();
    assert_eq!(get(&envoy, &other).status, 401);
    assert_eq!(idp.fetches(), 3);
    envoy.assert_vm_alive();
}

#[test]
fn a_key_that_is_narrowed_to_another_algorithm_verifies_no_remembered_token() {
    let bound = |algorithm: &str| set_of("test-rs256", |key| key["alg"] = json!(algorithm));
    let idp = KeyServer::new(bound("RS256"));
    let envoy = filter(idp.upstream.port(), r#", "refresh": "1s""#)
        .start()
        .unwrap();
    until_fetched(&envoy);
    let token = new();
    assert_eq!(get(&envoy, &token).status, 200);
    assert_eq!(get(&envoy, &token).status, 200);
    assert_eq!(stat(&envoy, "cache.hit"), 1);
    idp.answers(bound("RS512"));
    wait::until("the key is narrowed", SOON, || {
        get(&envoy, &token).status == 401
    });
    assert!(stat(&envoy, "denied.unknown_key") > 0);
    envoy.assert_vm_alive();
}

#[test]
fn a_key_server_gets_the_headers_that_it_asks_for_and_a_user_agent() {
    let idp = KeyServer::new(keys(&["test-es256"]));
    let headers = r#", "headers": [{"name": "Authorization", "value": {"env": "KEYS_TOKEN"}}]"#;
    let envoy = filter(idp.upstream.port(), headers)
        .vm_env("KEYS_TOKEN", "Bearer of-the-proxy")
        .args(&["--component-log-level", "wasm:trace"])
        .start()
        .unwrap();
    until_fetched(&envoy);
    assert_eq!(get(&envoy, &old()).status, 200);
    let asked = idp.upstream.requests();
    assert_eq!(
        asked[0].header("authorization"),
        Some("Bearer of-the-proxy")
    );
    assert_eq!(asked[0].header("user-agent"), Some("jwt-auth"));
    assert!(!envoy.log().contains("of-the-proxy"));
    envoy.assert_vm_alive();
}

// discovery compares the document's issuer with document_issuer, else issuer, else
// an exact of issuers; with none it warns at load.
#[test]
fn the_document_of_discovery_is_of_the_issuer_that_is_written_for_it() {
    let set = keys(&["test-es256"]).body;
    for (written, document, fetched) in [
        (json!({}), "https://any.example", true),
        (json!({"issuer": token::ISSUER}), token::ISSUER, true),
        (
            json!({"issuer": token::ISSUER}),
            "https://inside.cluster",
            false,
        ),
        (
            json!({"issuers": [{"exact": "https://x"}, {"exact": token::ISSUER}]}),
            token::ISSUER,
            true,
        ),
        (
            json!({"issuers": [{"exact": "https://x"}, {"exact": token::ISSUER}]}),
            "https://y",
            false,
        ),
        (
            json!({"issuer": token::ISSUER, "document_issuer": "https://inside.cluster"}),
            "https://inside.cluster",
            true,
        ),
        (
            json!({"issuer": token::ISSUER, "document_issuer": "https://inside.cluster"}),
            token::ISSUER,
            false,
        ),
        (
            json!({"issuers": [{"regex": "https://login\\.example/[0-9a-f-]+/v2\\.0"}], "document_issuer": "https://login.example/{tenantid}/v2.0"}),
            "https://login.example/{tenantid}/v2.0",
            true,
        ),
    ] {
        let (set, issuer) = (set.clone(), document.to_owned());
        let idp = Upstream::with(move |request| match request.path.as_str() {
            "/keys" => Reply::json(String::from_utf8(set.clone()).unwrap()),
            _ => Reply::json(
                json!({"issuer": issuer, "jwks_uri": "https://idp.example/keys"}).to_string(),
            ),
        })
        .unwrap();
        let mut discovery = json!({"cluster": "idp", "uri": "https://idp.example/.well-known/openid-configuration"});
        let mut corp = written.clone();
        if let Some(issuer) = corp.as_object_mut().unwrap().remove("document_issuer") {
            discovery["document_issuer"] = issuer;
        }
        corp["keys"] = json!({"discovery": discovery});
        let envoy =
            Envoy::with_filter("jwt-auth", json!({"providers": {"corp": corp}}).to_string())
                .cluster_at("idp", idp.port(), Protocol::Http1)
                .start()
                .unwrap();
        let expected = if fetched {
            "fetch.succeeded"
        } else {
            "fetch.failed.discovery"
        };
        wait::until("the fetch has ended", SOON, || stat(&envoy, expected) > 0);
        let is_warned = envoy.log().contains("no issuer is known");
        assert_eq!(is_warned, written == json!({}), "{written}");
        envoy.assert_vm_alive();
    }
}
