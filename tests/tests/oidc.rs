//! jwt-auth with an OpenID provider that nobody here wrote: oidc-provider-mock, which `cargo xtask test oidc` installs into `target/oidc/`.
//!
//! Its tokens have no `kid`, though its keys do, and it makes itself a new key whenever it starts: a rotation without overlap.

use base64::Engine as _;
use e2e::{Client, Envoy, Protocol, Response, paths, ports, token, wait};
use std::process::{Child, Command, Stdio};
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

    /// Logs alice in at the client `api` by the authorization code flow (OpenID Connect Core 1.0, section 3.1), and returns her ID token.
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
    let config = format!(
        r#"{{"providers": {{"mock": {{
            "issuer": "http://127.0.0.1:{port}", "audiences": ["api"],
            "claims_to_headers": [{{"claim": "sub", "header": "x-jwt-sub"}}],
            "keys": {{"discovery": {{"cluster": "idp", "uri": "http://127.0.0.1:{port}/.well-known/openid-configuration",
                "refetch_on_unknown_key": "1s"}}}}
        }}}}}}"#
    );
    Envoy::with_filter("jwt-auth", config)
        .cluster_at("idp", port, Protocol::Http1)
        .concurrency(4)
        .start()
        .unwrap()
}

fn get(envoy: &Envoy, token: &str) -> Response {
    Client::http1()
        .new_connections()
        .get(envoy.url("/"))
        .header("authorization", format!("Bearer {token}"))
        .send()
}

/// The answers to as many requests at once, on connections that are spread over the workers.
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
    assert_eq!(statuses(&envoy, &old), [200], "nobody has to be asked");
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
    envoy.assert_vm_alive();
}
