//! Continuous configuration changes: memory stays constant, and no request fails.

use e2e::envoy::Listener;
use e2e::{Envoy, Load, Upstream, token::SECRET, token::Token, wait};
use std::time::Duration;

const UPDATES: u64 = 500;

/// How much the process may grow from the hundredth update to the last. A leaked configuration
/// takes about 20 KiB in two workers; four hundred of them would be 16 MiB.
const MAX_GROWTH: u64 = 8 << 20;

/// All four filters; each configuration contains `number`.
fn listener(number: u64) -> Listener {
    let filters = [
        (
            "cors",
            format!("policies: [{{allow_origins: [\"https://app{number}.example\"]}}]"),
        ),
        (
            "rate-limit",
            format!(
                "limits: [{{name: all, key: [{{client_ip: {{}}}}], requests: {}, per: 1s}}]",
                1_000_000 + number
            ),
        ),
        (
            "jwt-auth",
            format!(
                "providers: {{corp: {{audiences: [api{number}, api], keys: {{secret: {{value: \"{SECRET}\", algorithm: HS256}}}}}}}}"
            ),
        ),
        (
            "header-rewrite",
            format!("rules: [{{response: [{{set: {{name: x-number, value: \"{number}\"}}}}]}}]"),
        ),
    ];
    filters
        .iter()
        .try_fold(Listener::default(), |listener, (name, config)| {
            listener.filter(name, config)
        })
        .unwrap()
        .before_upstream()
}

#[test]
fn five_hundred_updates_under_load_fail_no_request_and_leave_nothing_behind() {
    let upstream = Upstream::echo().unwrap();
    let envoy = Envoy::with_listener(&listener(0))
        .args(&["--drain-time-s", "1"])
        .upstream(&upstream)
        .concurrency(2)
        .start();
    let load = Load::new(envoy.url("/"))
        .header("authorization", Token::new("HS256").bearer())
        .total(u64::MAX)
        .connections(4)
        .per_second(200.0)
        .start();
    let mut before = 0;
    for number in 1..=UPDATES {
        envoy.dynamic().replace(&listener(number)).unwrap();
        wait::until("the update is taken", Duration::from_secs(20), || {
            envoy.stat("listener_manager.lds.update_success") > number
        });
        if number == 100 {
            before = envoy.rss_bytes().unwrap();
        }
    }
    // The last replaced listeners have been drained.
    wait::until("old listeners are gone", Duration::from_secs(20), || {
        envoy.stat("listener_manager.total_listeners_draining") == 0
    });
    let grown = envoy.rss_bytes().unwrap().saturating_sub(before);
    let result = load.finish();
    eprintln!(
        "{UPDATES} updates: {} KiB more after the last than after the hundredth; {:?}",
        grown / 1024,
        result.statuses
    );
    assert_eq!(
        result.count(200),
        result.answered(),
        "{:?}",
        result.statuses
    );
    assert_eq!(envoy.stat("listener_manager.lds.update_rejected"), 0);
    assert!(grown < MAX_GROWTH, "{} KiB", grown / 1024);
}
