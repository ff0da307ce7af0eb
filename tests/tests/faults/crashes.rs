//! A VM that crashes under load, with each failure policy.
//!
//! The module is the real jwt-auth, except that it traps if a request has a body.

use e2e::{Client, Envoy, Load, load::LoadResult, paths, token::SECRET, token::Token, trap};
use std::{thread, time::Duration};

/// The results of the requests with a token and of those without one.
struct Seen {
    good: LoadResult,
    without: LoadResult,
    crashes: u64,
    reloads: u64,
}

/// Two seconds of load on two workers, with ten crashes.
fn crash_under_load(policy: &str) -> Seen {
    let module = std::fs::read(paths::module("jwt-auth").unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwt-auth.wasm");
    std::fs::write(&path, trap::in_export(&module, "proxy_on_request_body")).unwrap();
    let config = format!(
        "{{providers: {{corp: {{keys: {{secret: {{value: \"{SECRET}\", algorithm: HS256}}}}, forward_token: true}}}}, \
         rules: [{{match: {{paths: [{{exact: /crash}}]}}, require: nothing}}]}}"
    );
    let envoy = Envoy::with_filter(path.to_str().unwrap(), config)
        .plugin(format!(
            "{{failure_policy: {policy}, reload_config: {{backoff: {{base_interval: 0.05s}}}}}}"
        ))
        .concurrency(2)
        .start()
        .unchecked();
    let load = || {
        let load = Load::new(envoy.url("/")).client(Client::http1().new_connections());
        load.total(u64::MAX).connections(4)
    };
    let good = load().header("authorization", Token::new("HS256").bearer());
    let (good, without) = (good.start(), load().start());
    for _ in 0..10 {
        thread::sleep(Duration::from_millis(200));
        let crash = Client::http1().new_connections().post(envoy.url("/crash"));
        let _ = crash.body("crash").try_send();
    }
    let (good, without) = (good.finish(), without.finish());
    let stats = envoy.stats();
    let sum = |ending: &str| -> u64 {
        let all = stats.iter().filter(|(name, _)| name.ends_with(ending));
        all.map(|(_, count)| count).sum()
    };
    let log = envoy.log();
    Seen {
        good,
        without,
        crashes: log
            .matches("Uncaught RuntimeError")
            .count()
            .try_into()
            .unwrap(),
        reloads: sum("vm_reload_success"),
    }
}

fn share(result: &LoadResult, status: u16) -> f64 {
    result.count(status) as f64 / result.answered() as f64
}

#[test]
fn a_filter_that_is_reloaded_lets_nothing_pass_meanwhile_and_serves_again() {
    let seen = crash_under_load("FAIL_RELOAD");
    assert!(
        seen.crashes >= 5 && seen.reloads >= 5,
        "{} {}",
        seen.crashes,
        seen.reloads
    );
    assert_eq!(seen.without.count(200), 0, "{:?}", seen.without.statuses);
    assert_eq!(
        seen.without.count(401) + seen.without.count(503),
        seen.without.answered(),
        "{:?}",
        seen.without.statuses
    );
    assert_eq!(
        seen.good.count(200) + seen.good.count(503),
        seen.good.answered(),
        "{:?}",
        seen.good.statuses
    );
    assert!(share(&seen.good, 200) > 0.5, "{:?}", seen.good.statuses);
}

#[test]
fn a_filter_that_fails_closed_stays_closed() {
    let seen = crash_under_load("FAIL_CLOSED");
    // Each of the two workers crashes once.
    assert_eq!((seen.crashes, seen.reloads), (2, 0));
    assert_eq!(seen.without.count(200), 0, "{:?}", seen.without.statuses);
    assert!(seen.without.count(503) > 0 && seen.good.count(503) > 0);
}

/// Why `filter-catalog validate` reports it.
#[test]
fn a_filter_that_fails_open_is_a_door() {
    let seen = crash_under_load("FAIL_OPEN");
    assert_eq!(seen.reloads, 0);
    assert!(seen.without.count(200) > 0, "{:?}", seen.without.statuses);
}
