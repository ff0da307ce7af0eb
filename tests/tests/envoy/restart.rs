//! An Envoy that is killed, and an Envoy that is replaced with another without a gap: no request
//! passes unfiltered.

use std::time::Duration;

use e2e::{
    Builder, Client, Envoy, Load, Upstream, envoy, load::RunningLoad, paths, ports, token::Token,
    wait,
};

/// The sample on ports that stay the same for all Envoys.
struct Sample {
    text: String,
    url: String,
    upstream: Upstream,
}

impl Sample {
    fn new() -> Self {
        let [listener, admin] = [(); 2].map(|()| ports::free().unwrap());
        let text = std::fs::read_to_string(paths::sample("jwt-auth").unwrap()).unwrap();
        Self {
            text: envoy::with_ports(&text, [(10000, listener), (9901, admin)]),
            url: format!("http://127.0.0.1:{listener}/api/items"),
            upstream: Upstream::echo().unwrap(),
        }
    }

    fn envoy(&self) -> Builder<envoy::File> {
        Envoy::from_bootstrap(&*self.text)
            .keep_ports()
            .upstream(&self.upstream)
            .concurrency(2)
    }

    /// With and without a token, over new connections, which are what a restart affects.
    fn traffic(&self) -> [RunningLoad; 2] {
        let load = || {
            Load::new(&self.url)
                .client(Client::http1().new_connections())
                .total(u64::MAX)
                .per_second(100.0)
        };
        let bearer = format!("Bearer {}", Token::new("ES256").sign());
        [
            load().header("authorization", bearer).start(),
            load().start(),
        ]
    }
}

#[test]
fn a_killed_envoy_serves_no_request_unfiltered_while_it_comes_back() {
    let sample = Sample::new();
    let first = sample.envoy().start();
    let [with_token, without] = sample.traffic();
    wait::until("some traffic", Duration::from_secs(5), || {
        sample.upstream.count() > 20
    });
    first.kill();
    let _second = sample.envoy().start();
    let served = sample.upstream.count();
    wait::until("more traffic", Duration::from_secs(5), || {
        sample.upstream.count() > served + 20
    });
    let (with_token, without) = (with_token.finish(), without.finish());
    // While nothing listened, clients got no response at all.
    assert!(with_token.failed() > 0 && without.failed() > 0);
    assert_eq!(
        with_token.count(200),
        with_token.answered(),
        "{with_token:?}"
    );
    assert_eq!(
        without.count(401),
        without.answered(),
        "{:?}",
        without.statuses
    );
}

#[test]
fn a_hot_restart_fails_no_request_and_lets_none_pass_unfiltered() {
    let sample = Sample::new();
    let base_id = std::process::id() % 30_000;
    let restart = ["--drain-time-s", "1", "--parent-shutdown-time-s", "2"];
    let first = sample
        .envoy()
        .hot_restart(base_id, 0)
        .args(&restart)
        .start();
    let [with_token, without] = sample.traffic();
    wait::until("some traffic", Duration::from_secs(5), || {
        sample.upstream.count() > 20
    });
    let _second = sample
        .envoy()
        .hot_restart(base_id, 1)
        .args(&restart)
        .start();
    first.wait_for_log("exiting", Duration::from_secs(20));
    let served = sample.upstream.count();
    wait::until("the second serves alone", Duration::from_secs(5), || {
        sample.upstream.count() > served + 20
    });
    for (load, status) in [(with_token, 200), (without, 401)] {
        let result = load.finish();
        result.assert_all(status);
    }
}
