//! jwt-auth with a third-party OpenID provider: oidc-provider-mock, which `cargo xtask test oidc`
//! installs in `target/oidc/`.
//!
//! Its tokens have no `kid`, although its keys do, and it generates a new key whenever it starts: a
//! rotation without overlap.

use base64::Engine as _;
use e2e::{Client, Envoy, Protocol, Reply, Response, Upstream, paths, ports, token, wait};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const START: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// A provider with the user `alice`.
struct Provider {
    process: Child,
    url: String,
}

impl Provider {
    fn start(port: u16) -> Self {
        let program = paths::target().join("oidc/bin/oidc-provider-mock");
        let process = Command::new(&program)
            .args(["--port", &port.to_string(), "--user", "alice"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| {
                panic!(
                    "{}: {e}; `cargo xtask test oidc` installs it",
                    program.display()
                )
            });
        let provider = Self {
            process,
            url: format!("http://127.0.0.1:{port}"),
        };
        wait::until("the provider answers", START, || {
            let document = format!("{}/.well-known/openid-configuration", provider.url);
            Client::http1().get(document).try_send().is_ok()
        });
        provider
    }

    /// Logs alice in at the client `api` with the authorization code flow (OpenID Connect Core 1.0,
    /// section 3.1), and returns her ID token.
    fn id_token(&self) -> String {
        let form = "application/x-www-form-urlencoded";
        let back = "http://127.0.0.1:1/back";
        let login = Client::http1()
            .post(format!(
                "{}/oauth2/authorize?client_id=api&redirect_uri={back}&response_type=code&scope=openid",
                self.url
            ))
            .header("content-type", form)
            .body("sub=alice")
            .send();
        let location = login.header("location").unwrap();
        let code = location.split_once("code=").unwrap().1;
        let basic = base64::engine::general_purpose::STANDARD.encode("api:secret");
        let tokens = Client::http1()
            .post(format!("{}/oauth2/token", self.url))
            .header("content-type", form)
            .header("authorization", format!("Basic {basic}"))
            .body(format!(
                "grant_type=authorization_code&code={code}&redirect_uri={back}"
            ))
            .send();
        let tokens = tokens.json();
        tokens.get("id_token").unwrap().as_str().unwrap().to_owned()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn envoy(port: u16) -> Envoy {
    envoy_of(port, port, &format!("http://127.0.0.1:{port}"), "")
}

/// Starts Envoy for the provider at `port`, whose document and keys are fetched from `idp`.
fn envoy_of(port: u16, idp: u16, issuer: &str, options: &str) -> Envoy {
    let config = format!(
        r#"{{"providers": {{"mock": {{
            "issuer": "{issuer}", "audiences": ["api"],
            "claims_to_headers": [{{"claim": "sub", "header": "x-jwt-sub"}}],
            "keys": {{"discovery": {{"cluster": "idp", "uri": "http://127.0.0.1:{port}/.well-known/openid-configuration",
                "refetch_on_unknown_key": "1s"{options}}}}}
        }}}}}}"#
    );
    Envoy::with_filter("jwt-auth", config)
        .cluster_at("idp", idp, Protocol::Http1)
        .concurrency(4)
        .start()
}

fn get(envoy: &Envoy, token: &str) -> Response {
    Client::http1()
        .new_connections()
        .get(envoy.url("/"))
        .header("authorization", format!("Bearer {token}"))
        .send()
}

/// Returns the statuses of this many concurrent requests, on connections that are spread over the
/// workers.
fn statuses(envoy: &Envoy, token: &str) -> Vec<u16> {
    let mut statuses: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..24)
            .map(|_| scope.spawn(|| get(envoy, token).status))
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    statuses.dedup();
    statuses
}

fn fetches(envoy: &Envoy) -> (u64, u64) {
    let stat = |name: &str| envoy.stat(&format!("wasmcustom.jwt_auth.fetch.{name}_total"));
    (stat("begun"), stat("succeeded"))
}

#[test]
fn its_tokens_pass_and_after_a_rotation_the_first_with_the_new_key_does_with_one_fetch() {
    let port = ports::free().unwrap();
    let provider = Provider::start(port);
    let old = provider.id_token();
    let envoy = envoy(port);
    assert_eq!(get(&envoy, &old).echo().header("x-jwt-sub"), Some("alice"));
    assert_eq!(statuses(&envoy, &old), [200]);
    assert_eq!(fetches(&envoy), (1, 1));
    assert_eq!(get(&envoy, &token::forged(&old)).status, 401);
    let before = fetches(&envoy);

    drop(provider);
    assert_eq!(statuses(&envoy, &old), [200], "no one has to be asked");
    let provider = Provider::start(port);
    let new = provider.id_token();
    let started = Instant::now();
    wait::until("the interval is over", SECOND * 5, || {
        started.elapsed() > SECOND
    });
    assert_eq!(fetches(&envoy), before);
    assert_eq!(statuses(&envoy, &new), [200]);
    let after = (before.0 + 1, before.1 + 1);
    assert_eq!(fetches(&envoy), after, "one more for all workers");
    assert_eq!(statuses(&envoy, &old), [401], "and the old key is gone");
    let asked = envoy.stat("cluster.idp.upstream_rq_total");
    assert_eq!(asked, 2 * fetches(&envoy).0, "the document and the keys");
}

fn stat(envoy: &Envoy, name: &str) -> u64 {
    envoy.stat(&format!("wasmcustom.jwt_auth.{name}_total"))
}

#[test]
fn with_another_issuer_nothing_passes() {
    let port = ports::free().unwrap();
    let provider = Provider::start(port);
    let token = provider.id_token();
    let envoy = envoy_of(port, port, "https://issuer.example", "");
    wait::until("the document is refused", SECOND * 10, || {
        stat(&envoy, "fetch.failed.discovery") > 0
    });
    assert_eq!(
        statuses(&envoy, &token),
        [401],
        "the issuer of a token is compared before its key is needed"
    );
    assert_eq!(stat(&envoy, "fetch.succeeded"), 0, "no key is taken");
    let options = format!(r#", "document_issuer": "http://127.0.0.1:{port}""#);
    let envoy = envoy_of(port, port, "https://issuer.example", &options);
    assert_eq!(statuses(&envoy, &token), [401], "and no token");
    assert!(stat(&envoy, "denied.issuer") > 0);
}

#[test]
fn a_key_that_is_rotated_under_load_costs_no_request() {
    let port = ports::free().unwrap();
    let provider = Provider::start(port);
    let current = Mutex::new(provider.id_token());
    let envoy = envoy(port);
    assert_eq!(get(&envoy, &current.lock().unwrap().clone()).status, 200);
    let is_over = AtomicBool::new(false);
    let refused = thread::scope(|scope| {
        let (current, envoy, is_over) = (&current, &envoy, &is_over);
        let load: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(move || {
                    let mut refused = Vec::new();
                    while !is_over.load(Ordering::Relaxed) {
                        let token = current.lock().unwrap().clone();
                        let status = get(envoy, &token).status;
                        let is_old = *current.lock().unwrap() != token;
                        // A request with a token of the removed key may have been in progress.
                        if status != 200 && !is_old {
                            refused.push(status);
                        }
                    }
                    refused
                })
            })
            .collect();
        drop(provider);
        let provider = Provider::start(port);
        let new = provider.id_token();
        let started = Instant::now();
        wait::until("the interval is over", SECOND * 5, || {
            started.elapsed() > SECOND
        });
        *current.lock().unwrap() = new;
        let rotated = Instant::now();
        wait::until("the load goes on", SECOND * 5, || {
            rotated.elapsed() > SECOND * 2
        });
        is_over.store(true, Ordering::Relaxed);
        let refused = load.into_iter().flat_map(|t| t.join().unwrap());
        refused.collect::<Vec<_>>()
    });
    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!(fetches(&envoy).1, 2, "one more for all workers");
}

/// What SECURITY.md says about revocation.
#[test]
fn an_empty_key_set_revokes_when_the_keys_are_stale_and_another_key_at_the_next_refresh() {
    let port = ports::free().unwrap();
    let provider = Provider::start(port);
    let token = provider.id_token();
    let read = |path: &str| {
        let answer = Client::http1()
            .get(format!("{}{path}", provider.url))
            .send();
        answer.text()
    };
    let document = read("/.well-known/openid-configuration");
    let uri = serde_json::from_str::<serde_json::Value>(&document).unwrap();
    let uri = uri["jwks_uri"].as_str().unwrap();
    let own = read(uri.strip_prefix(&provider.url).unwrap());
    let keys = Arc::new(Mutex::new(own.clone()));
    let given = Arc::clone(&keys);
    let front = Upstream::with(move |request| match request.path.as_str() {
        "/.well-known/openid-configuration" => Reply::json(document.clone()),
        _ => Reply::json(given.lock().unwrap().clone()),
    })
    .unwrap();
    let options = r#", "refresh": "1s", "stale_for": "6s""#;
    let issuer = format!("http://127.0.0.1:{port}");
    let envoy = envoy_of(port, front.port(), &issuer, options);
    assert_eq!(statuses(&envoy, &token), [200]);

    keys.lock().unwrap().clear();
    keys.lock().unwrap().push_str(r#"{"keys": []}"#);
    let emptied = Instant::now();
    wait::until("the empty set is refused", SECOND * 5, || {
        stat(&envoy, "fetch.failed.no_usable_key") > 0
    });
    if emptied.elapsed() < SECOND * 4 {
        assert_eq!(get(&envoy, &token).status, 200, "the old keys serve on");
    }
    wait::until("the keys are stale", SECOND * 15, || {
        get(&envoy, &token).status == 503
    });
    assert!(emptied.elapsed() > SECOND * 4);

    keys.lock().unwrap().clone_from(&own);
    wait::until("the keys are back", SECOND * 10, || {
        get(&envoy, &token).status == 200
    });
    *keys.lock().unwrap() = token::JWKS.to_owned();
    // Each worker switches to the new set within a tenth of `refresh` of the others.
    wait::until("another key is there, in every worker", SECOND * 5, || {
        statuses(&envoy, &token) == [401]
    });
}
