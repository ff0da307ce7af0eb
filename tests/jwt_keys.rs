//! jwt-auth with keys of a server, in a real Envoy: one fetch for all workers, requests that wait, rotation, and every way in which a key server
//! fails.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    reason = "a failed assumption is a failed test; it runs on a real clock"
)]

use e2e::envoy::{Builder, Chain};
use e2e::token::{self, Token};
use e2e::{Client, EchoedRequest, Envoy, Protocol, Reply, Response, Upstream, raw, wait};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

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

/// A token of a key that nobody has.
fn unknown(n: usize) -> String {
    Token::new("ES256")
        .header("kid", json!(format!("no-{n}")))
        .sign()
}

#[test]
fn four_workers_fetch_once_and_the_first_requests_wait_for_it() {
    let idp = KeyServer::new(keys(&["test-es256"]).delay(SECOND));
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
fn a_server_that_is_down_at_the_start_is_503_and_service_begins_within_two_seconds_of_its_return() {
    let mut idp = KeyServer::new(keys(&["test-es256"]));
    idp.upstream.stop();
    let envoy = filter(idp.upstream.port(), "")
        .concurrency(4)
        .start()
        .unwrap();
    wait::until("a fetch fails", SOON, || {
        stat(&envoy, "fetch.failed.status") > 0
    });
    for answer in together(40, |_| get(&envoy, &old())) {
        assert_eq!(answer.status, 503);
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.header("www-authenticate"), None);
    }
    passed(Instant::now(), SECOND * 3);
    let failed = stat(&envoy, "fetch.failed.status");
    assert!(
        (4..=20).contains(&failed),
        "pauses between the fetches: {failed}"
    );
    idp.upstream.start().unwrap();
    let back = Instant::now();
    wait::until("service", SECOND * 2, || get(&envoy, &old()).status == 200);
    assert!(back.elapsed() < SECOND * 2);
    let answers = together(40, |_| get(&envoy, &old()));
    assert_eq!((statuses(&answers), idp.fetches()), (vec![200], 1));
    envoy.assert_vm_alive();
}

#[test]
fn old_keys_serve_while_the_server_is_down_until_they_are_too_old() {
    let mut idp = KeyServer::new(keys(&["test-es256"]));
    let options = r#", "refresh": "1s", "stale_for": "4s""#;
    let envoy = filter(idp.upstream.port(), options)
        .concurrency(4)
        .start()
        .unwrap();
    until_fetched(&envoy);
    wait::until("the keys are kept fresh", SOON, || idp.fetches() >= 3);
    idp.upstream.stop();
    let down = Instant::now();
    while down.elapsed() < SECOND * 2 {
        assert_eq!(statuses(&together(8, |_| get(&envoy, &old()))), [200]);
    }
    assert!(stat(&envoy, "fetch.failed.status") > 0);
    wait::until("the keys are too old", SOON, || {
        get(&envoy, &old()).status == 503
    });
    assert!(down.elapsed() < SECOND * 6);
    let answers = together(20, |_| get(&envoy, &old()));
    assert_eq!(
        statuses(&answers),
        [503],
        "cached tokens too, on all workers"
    );
    assert_eq!(answers[0].header("retry-after"), Some("1"));
    idp.upstream.start().unwrap();
    wait::until("service", SECOND * 2, || get(&envoy, &old()).status == 200);
    assert_eq!(statuses(&together(20, |_| get(&envoy, &old()))), [200]);
    envoy.assert_vm_alive();
}

#[test]
fn an_answer_that_is_no_good_is_counted_and_the_old_keys_stay() {
    let idp = KeyServer::new(keys(&["test-es256"]));
    let options = r#", "refresh": "1s", "timeout": "500ms""#;
    let envoy = filter(idp.upstream.port(), options)
        .concurrency(2)
        .start()
        .unwrap();
    until_fetched(&envoy);
    let truncated = {
        let mut reply = keys(&["test-es256"]);
        reply.body.truncate(100);
        reply
    };
    let secret = r#"{"keys": [{"kty": "oct", "kid": "test-es256", "alg": "HS256", "k": "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3I"}]}"#;
    for (what, answer, reason) in [
        (
            "HTML",
            Reply::new(200).body("<html><body>Hi</body></html>"),
            "malformed",
        ),
        ("cut off", truncated, "malformed"),
        ("nothing", Reply::new(200), "malformed"),
        ("5 MiB", Reply::json(" ".repeat(5 << 20)), "too_large"),
        (
            "a redirect",
            Reply::new(302).header("location", "https://idp.example/other"),
            "status",
        ),
        ("an error", keys(&["test-rs256"]).status(500), "status"),
        ("no content", Reply::new(204), "status"),
        ("too late", keys(&["test-rs256"]).delay(SECOND), "status"),
        ("cut", Reply::abort(), "status"),
        ("no keys", Reply::json(r#"{"keys": []}"#), "no_usable_key"),
        ("a secret", Reply::json(secret), "no_usable_key"),
        ("a list", Reply::json("[]"), "no_usable_key"),
    ] {
        let name = format!("fetch.failed.{reason}");
        let before = stat(&envoy, &name);
        idp.answers(answer);
        wait::until(what, SOON, || stat(&envoy, &name) > before);
        assert_eq!(
            statuses(&together(8, |_| get(&envoy, &old()))),
            [200],
            "{what}"
        );
    }
    // What was refused has left nothing behind.
    let mut forged = Token::new("HS256").header("kid", json!("test-es256"));
    forged.claims.remove("aud");
    let key = jsonwebtoken::EncodingKey::from_secret(b"secret secret secret secret secr");
    assert_eq!(
        get(&envoy, &forged.try_sign_with(&key).unwrap()).status,
        401
    );
    idp.answers(keys(&["test-rs256"]));
    wait::until("good keys come through again", SOON, || {
        get(&envoy, &new()).status == 200
    });
    wait::until("and the old ones are gone", SOON, || {
        statuses(&together(8, |_| get(&envoy, &old()))) == [401]
    });
    let log = envoy.log();
    assert!(
        log.contains("keys of corp: the fetch failed: the answer is 302, not 200"),
        "{log}"
    );
    assert!(
        log.contains("keys of corp: the fetch failed: the answer has 5242880 bytes"),
        "{log}"
    );
    envoy.assert_vm_alive();
}

/// A server that answers, but takes for ever over it.
fn drip() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n{");
                while stream.write_all(b" ").is_ok() {
                    thread::sleep(Duration::from_millis(20));
                }
            });
        }
    });
    port
}

#[test]
fn a_server_that_drips_is_given_up_and_who_waited_is_answered() {
    let envoy = filter(drip(), r#", "timeout": "1s""#)
        .concurrency(2)
        .start()
        .unwrap();
    let start = Instant::now();
    let answers = together(20, |_| get(&envoy, &old()));
    assert_eq!(statuses(&answers), [503]);
    assert_eq!(answers[0].header("retry-after"), Some("1"));
    assert!(start.elapsed() < SECOND * 4, "{:?}", start.elapsed());
    wait::until("it is counted", SOON, || {
        stat(&envoy, "fetch.failed.no_answer") > 0
    });
    envoy.assert_vm_alive();
}

#[test]
fn who_waits_for_a_fetch_that_fails_is_answered_when_it_does() {
    let idp = KeyServer::new(Reply::new(500).delay(SECOND));
    let envoy = filter(idp.upstream.port(), "")
        .concurrency(4)
        .start()
        .unwrap();
    let start = Instant::now();
    let answers = together(40, |n| {
        let client = if n % 2 == 0 {
            Client::http1()
        } else {
            Client::http2()
        };
        client
            .get(envoy.url("/"))
            .header("authorization", format!("Bearer {}", old()))
            .send()
    });
    assert_eq!(statuses(&answers), [503]);
    assert!(
        start.elapsed() < SECOND * 4,
        "not the 5 s of the timeout: {:?}",
        start.elapsed()
    );
    assert!(stat(&envoy, "waiting.begun") > 0);
    let none = Client::http1().get(envoy.url("/")).send();
    assert_eq!(none.status, 401, "no token: nothing to wait for");
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
    assert_eq!(statuses(&together(8, |_| get(&envoy, &new()))), [401]);
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
    let options = r#", "refetch_on_unknown_key": "1s""#;
    let envoy = filter(idp.upstream.port(), options)
        .concurrency(4)
        .start()
        .unwrap();
    until_fetched(&envoy);
    let start = Instant::now();
    let mut requests = 0;
    while start.elapsed() < SECOND * 4 {
        let answers = together(16, |n| get(&envoy, &unknown(n)));
        assert_eq!(statuses(&answers), [401]);
        requests += answers.len();
    }
    let most = start.elapsed().as_secs() + 2;
    assert!(
        (3..=most).contains(&idp.fetches()),
        "{} of {requests}",
        idp.fetches()
    );
    assert_eq!(get(&envoy, &old()).status, 200);
    envoy.assert_vm_alive();
}

#[test]
fn a_cluster_that_is_not_there_or_empty_is_503_at_once() {
    let empty = r#"{"name": "idp", "type": "STATIC", "load_assignment": {"cluster_name": "idp", "endpoints": []}}"#;
    let config = |cluster: &str| {
        format!(
            r#"{{"providers": {{"corp": {{"keys": {{"remote": {{"cluster": "{cluster}", "uri": "https://idp.example/jwks"}}}}}}}}}}"#
        )
    };
    for cluster in ["nowhere", "idp"] {
        let envoy = Envoy::with_filter("jwt-auth", config(cluster))
            .cluster(empty)
            .concurrency(2)
            .start()
            .unwrap();
        let start = Instant::now();
        let answers = together(20, |_| get(&envoy, &old()));
        assert_eq!(statuses(&answers), [503], "{cluster}");
        assert!(
            start.elapsed() < SECOND * 3,
            "{cluster}: {:?}",
            start.elapsed()
        );
        wait::until("failures are counted", SOON, || {
            stat(&envoy, "fetch.failed.not_sent") + stat(&envoy, "fetch.failed.status") > 2
        });
        envoy.assert_vm_alive();
    }
}

#[test]
fn clients_that_go_away_while_they_wait_do_no_harm() {
    let idp = KeyServer::new(keys(&["test-es256"]).delay(SECOND * 2));
    let envoy = filter(idp.upstream.port(), "")
        .concurrency(2)
        .start()
        .unwrap();
    let request = format!(
        "GET / HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\r\n",
        old()
    );
    let mut connections: Vec<_> = (0..60)
        .map(|_| {
            let mut connection = raw::Connection::open(envoy.address());
            connection.send(&request);
            connection
        })
        .collect();
    wait::until("all wait", SOON, || stat(&envoy, "waiting.begun") == 60);
    let mut left = Vec::new();
    for (n, connection) in connections.drain(..).enumerate() {
        if n % 3 == 0 {
            left.push(connection);
        }
    }
    wait::until("Envoy notices", SOON, || {
        envoy.stat("http.ingress.downstream_rq_active") == 20
    });
    for mut connection in left {
        let raw::Answer::Response(answer) = connection.answer() else {
            panic!("closed")
        };
        assert_eq!(answer.status, 200);
    }
    assert_eq!(stat(&envoy, "allowed.token"), 20);
    assert_eq!(idp.fetches(), 1);
    assert_eq!(get(&envoy, &old()).status, 200);
    envoy.assert_vm_alive();
}

#[test]
fn a_storm_of_requests_that_wait_and_give_up_leaves_every_other_one_served() {
    let idp = KeyServer::new(keys(&["test-es256"]).delay(SECOND * 3));
    let envoy = filter(idp.upstream.port(), "")
        .concurrency(4)
        .start()
        .unwrap();
    let (one, token) = (Client::http2(), old());
    let answers: Vec<_> = thread::scope(|scope| {
        let (one, token, envoy) = (&one, &token, &envoy);
        let threads: Vec<_> = (0..400)
            .map(|n| {
                scope.spawn(move || {
                    let client = match n % 4 {
                        // Streams of one connection, and connections of their own; every second one is given up.
                        0 | 1 => one.clone(),
                        _ => Client::http1().new_connections(),
                    };
                    let patience = if n % 2 == 0 { SECOND * 9 } else { SECOND };
                    let answer = client
                        .timeout(patience)
                        .get(envoy.url("/"))
                        .header("authorization", format!("Bearer {token}"))
                        .try_send();
                    answer.ok().map(|answer| (n, answer.status))
                })
            })
            .collect();
        threads
            .into_iter()
            .filter_map(|t| t.join().unwrap())
            .collect()
    });
    let served: Vec<_> = answers.iter().filter(|(n, _)| n % 2 == 0).collect();
    assert_eq!(served.len(), 200);
    assert!(
        answers.iter().all(|(_, status)| *status == 200),
        "{answers:?}"
    );
    assert!(stat(&envoy, "waiting.begun") > 300);
    assert_eq!(idp.fetches(), 1);
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
fn only_so_many_requests_wait_and_report_mode_never_does() {
    let idp = KeyServer::new(keys(&["test-es256"]).delay(SECOND * 2));
    let config = |more: &str| {
        format!(
            r#"{{{more}, "providers": {{"corp": {{"keys": {{"remote": {{"cluster": "idp", "uri": "https://idp.example/jwks"}}}}}}}}}}"#
        )
    };
    let start = |more: &str| {
        Envoy::with_filter("jwt-auth", config(more))
            .cluster_at("idp", idp.upstream.port(), Protocol::Http1)
            .start()
            .unwrap()
    };
    let envoy = start(r#""max_waiting_requests": 3"#);
    let mut got: Vec<_> = together(10, |_| get(&envoy, &old()))
        .iter()
        .map(|a| a.status)
        .collect();
    got.sort_unstable();
    assert_eq!(got, [200, 200, 200, 503, 503, 503, 503, 503, 503, 503]);
    assert_eq!(
        (stat(&envoy, "waiting.begun"), stat(&envoy, "waiting.full")),
        (3, 7)
    );
    envoy.assert_vm_alive();

    let envoy = start(r#""mode": "report""#);
    let begun = Instant::now();
    let answer = get(&envoy, &old());
    assert!(answer.echo().header("authorization").is_some());
    assert!(begun.elapsed() < SECOND);
    assert_eq!(stat(&envoy, "reported.keys_unavailable"), 1);
    until_fetched(&envoy);
    assert_eq!(get(&envoy, &old()).status, 200);
    assert_eq!(stat(&envoy, "allowed.token"), 1);
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
