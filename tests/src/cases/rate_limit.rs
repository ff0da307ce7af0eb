//! The promises of `rate-limit.yaml`.

use crate::{Client, Response, Target};

fn get(target: &dyn Target, path: &str, headers: &[(&str, &str)]) -> Response {
    Client::http1()
        .get(target.url(path))
        .headers(headers.iter().copied())
        .send()
}

/// Checks a limit per client, two tiers by API key, exports with a higher cost, one limit in report
/// mode, and the exemptions.
///
/// # Panics
/// If the sample does not do what its comments say.
pub fn check(target: &dyn Target) {
    for n in (0..5).rev() {
        let answer = get(target, "/login", &[]);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-ratelimit-limit"), Some("5"));
        let remaining = n.to_string();
        assert_eq!(answer.header("x-ratelimit-remaining"), Some(&*remaining));
        assert_eq!(
            answer.header("ratelimit-policy"),
            Some("\"login\";q=5;w=60")
        );
    }
    let refused = get(target, "/login", &[]);
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("x-limit"), Some("login"));
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((11..=12).contains(&wait), "{wait}");
    let sentence = format!("Too many requests. Try again in {wait} seconds.\n");
    assert_eq!(refused.text(), sentence);

    let key = |key: &'static str| [("x-api-key", key)];
    assert_eq!(get(target, "/api/items", &key("k1")).status, 200);
    let export = |key| get(target, "/api/export", &[("x-api-key", key)]);
    assert_eq!(export("k1").status, 200);
    assert_eq!(export("k1").status, 429, "of a burst of 20, 9 are left");
    assert_eq!(export("k2").status, 200, "another key");
    let answer = get(target, "/api/items", &key("gold-1"));
    assert_eq!(answer.header("x-ratelimit-limit"), Some("1000"));
    assert_eq!(answer.echo().header("x-plan"), Some("gold"));
    let without_key = get(target, "/api/items", &[]);
    assert_eq!(
        without_key.header("ratelimit-policy"),
        Some("\"standard\";q=100;w=60, \"address\";q=300;w=60")
    );

    for _ in 0..600 {
        let answer = get(target, "/healthz", &[]);
        assert_eq!((answer.status, answer.header("ratelimit")), (200, None));
    }
    assert_eq!(target.stat("wasmcustom.rate_limit.exempt_total"), 600);
    assert_eq!(target.stat("wasmcustom.rate_limit.refused.login_total"), 1);
    assert_eq!(target.stat("wasmcustom.rate_limit.passed.login_total"), 5);
    assert_eq!(
        target.stat("wasmcustom.rate_limit.reported.everything_total"),
        0
    );
    target.assert_vm_alive();
}
