//! A clock that is set forward and back while Envoy runs, by a preloaded library (`clock.c`): Envoy
//! does not start with libfaketime.

use e2e::envoy::{Chain, Protocol};
use e2e::{
    Builder, Client, Envoy, Reply, Upstream,
    token::{self, SECRET, Token},
    wait,
};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// A wall clock with an offset in seconds, read from a file. Envoy's timers are not affected.
struct Clock(TempDir);

impl Clock {
    fn new() -> Self {
        let clock = Self(tempfile::tempdir().unwrap());
        let source = e2e::paths::workspace().join("tests/tests/faults/clock.c");
        let built = Command::new("cc")
            .args([
                "-O2",
                "-Wall",
                "-Werror",
                "-shared",
                "-fPIC",
                "-o",
                &clock.path("clock.so"),
            ])
            .arg(source)
            .status();
        assert!(built.unwrap().success());
        clock.set(0);
        clock
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn set(&self, seconds: i64) {
        // Renamed, so that the file is never half written.
        std::fs::write(self.path("next"), format!("{seconds}\n")).unwrap();
        std::fs::rename(self.path("next"), self.path("offset")).unwrap();
    }

    fn under(&self, envoy: Builder<Chain>) -> Envoy {
        envoy
            .env("LD_PRELOAD", &self.path("clock.so"))
            .env("CLOCK_OFFSET", &self.path("offset"))
            .concurrency(2)
            .start()
    }
}

fn get(envoy: &Envoy, token: &str) -> u16 {
    let request = Client::http1().new_connections().get(envoy.url("/"));
    request.header("authorization", token).send().status
}

const HOUR: i64 = 3600;

#[test]
fn a_token_expires_by_the_clock_that_is_and_passes_again_when_it_is_set_back() {
    let clock = Clock::new();
    let config = format!(
        "providers: {{corp: {{keys: {{secret: {{value: \"{SECRET}\", algorithm: HS256}}}}}}}}"
    );
    let envoy = clock.under(Envoy::with_filter("jwt-auth", config));
    // It is valid for an hour from now, and is cached from the first request on.
    let token = Token::new("HS256")
        .claim("nbf", token::now().into())
        .bearer();
    for (offset, status) in [
        (0, 200),
        (2 * HOUR, 401),
        (0, 200),
        (-24 * HOUR, 401),
        (0, 200),
    ] {
        clock.set(offset);
        wait::until(
            &format!("{status} at {offset} s"),
            Duration::from_secs(5),
            || get(&envoy, &token) == status,
        );
    }
}

#[test]
fn a_limit_fills_up_in_its_own_time_when_the_clock_is_set_back() {
    let clock = Clock::new();
    let envoy = clock.under(Envoy::with_filter(
        "rate-limit",
        "limits: [{name: all, requests: 3, per: 1h}]",
    ));
    let passed = |tries| (0..tries).filter(|_| get(&envoy, "") == 200).count();
    assert_eq!(passed(6), 3);
    clock.set(2 * HOUR);
    wait::until("two hours later it is full", Duration::from_secs(5), || {
        get(&envoy, "") == 200
    });
    assert_eq!(passed(6), 2);
    // As the README says, the bucket is then empty, and fills up in the usual time: one request in
    // twenty minutes.
    clock.set(0);
    assert_eq!(passed(6), 0);
    clock.set(21 * 60);
    wait::until("one more passes", Duration::from_secs(5), || {
        get(&envoy, "") == 200
    });
    assert_eq!(passed(6), 0);
}

#[test]
fn keys_are_fetched_on_when_the_clock_is_set_back() {
    let clock = Clock::new();
    let server = Upstream::with(|_| Reply::json(token::JWKS)).unwrap();
    let envoy = Envoy::with_filter(
        "jwt-auth",
        "providers: {corp: {keys: {remote: {cluster: idp, uri: http://idp.example/, refresh: 1s}}}}",
    );
    let _envoy = clock.under(envoy.cluster_at("idp", server.port(), Protocol::Http1));
    for offset in [0, -24 * HOUR, 24 * HOUR, 0] {
        clock.set(offset);
        let before = server.count();
        wait::until(
            &format!("two fetches at {offset} s"),
            Duration::from_secs(10),
            || server.count() >= before + 2,
        );
    }
}
