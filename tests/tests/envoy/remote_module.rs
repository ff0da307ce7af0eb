//! A module loaded by URL at start: the sample, servers that are down, wrong checksums.

use std::{fs, time::Duration};

use e2e::{Client, Envoy, Upstream, envoy::with_ports, paths, ports, wasm};

fn checksum() -> String {
    wasm::sha256_of("header-rewrite").unwrap()
}

/// Returns the sample with this checksum in place of the placeholder.
fn sample(checksum: &str) -> String {
    let text = fs::read_to_string(paths::sample("dynamic/remote-module").unwrap()).unwrap();
    assert_eq!(text.matches(wasm::CHECKSUM_PLACEHOLDER).count(), 1);
    text.replace(wasm::CHECKSUM_PLACEHOLDER, checksum)
}

/// Like [`sample`], with so few and fast retries that a test sees the last of them fail.
fn impatient(checksum: &str) -> String {
    let retries = "num_retries: 60";
    let text = sample(checksum);
    assert!(text.contains(retries));
    text.replace(retries, "num_retries: 1")
}

fn get(envoy: &Envoy) -> e2e::Response {
    Client::http1().new_connections().get(envoy.url("/")).send()
}

#[test]
fn the_sample_fetches_its_module_and_serves_with_it() {
    let modules = Upstream::files(paths::filters()).unwrap();
    let envoy = Envoy::from_bootstrap(sample(&checksum()))
        .cluster_port("modules", modules.port())
        .concurrency(2)
        .start();
    let answer = get(&envoy);
    assert_eq!(
        (answer.status, answer.header("x-frame-options")),
        (200, Some("DENY"))
    );
    assert_eq!(modules.count(), 1);
    assert_eq!(envoy.stat("wasm.remote_load_fetch_successes"), 1);
}

#[test]
fn a_module_of_another_checksum_is_refused_and_nothing_passes_unfiltered() {
    let modules = Upstream::files(paths::filters()).unwrap();
    for text in [
        impatient(&"1".repeat(64)),
        // The sample as written, before a user has filled it in.
        impatient(wasm::CHECKSUM_PLACEHOLDER),
    ] {
        let envoy = Envoy::from_bootstrap(text)
            .cluster_port("modules", modules.port())
            .start();
        for _ in 0..10 {
            let answer = get(&envoy);
            assert_eq!(
                (answer.status, answer.header("x-frame-options")),
                (503, None)
            );
        }
        assert_eq!(envoy.upstream().count(), 0);
        assert_eq!(envoy.stat("wasm.remote_load_fetch_failures"), 1);
    }
    assert_eq!(modules.count(), 4, "two tries each");
}

#[test]
fn a_server_that_comes_up_late_is_asked_again_and_nobody_is_served_meanwhile() {
    let mut modules = Upstream::files(paths::filters()).unwrap();
    modules.stop();
    let [listener, admin, upstream] = [(); 3].map(|()| ports::free().unwrap());
    let (port, checksum) = (modules.port(), checksum());
    let starting = std::thread::spawn(move || {
        let ports = [(10000, listener), (9901, admin), (8080, upstream)];
        Envoy::from_bootstrap(with_ports(&sample(&checksum), ports))
            .keep_ports()
            .cluster_port("modules", port)
            .start()
    });
    let unserved = |times: u32| {
        for _ in 0..times {
            let answer = Client::http1()
                .new_connections()
                .get(format!("http://127.0.0.1:{listener}/"))
                .try_send();
            assert!(answer.is_err(), "{answer:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    unserved(15);
    assert!(!starting.is_finished());
    modules.start().unwrap();
    let envoy = starting.join().unwrap();
    let answer = get(&envoy);
    assert_eq!(
        (answer.status, answer.header("x-frame-options")),
        (200, Some("DENY"))
    );
}

#[test]
fn an_exhausted_fetch_answers_503_until_the_configuration_is_sent_again() {
    let mut modules = Upstream::files(paths::filters()).unwrap();
    modules.stop();
    let envoy = Envoy::from_bootstrap(impatient(&checksum()))
        .cluster_port("modules", modules.port())
        .start();
    assert_eq!(get(&envoy).status, 503);
    modules.start().unwrap();
    assert_eq!(get(&envoy).status, 503);
    assert_eq!(envoy.upstream().count(), 0);
}
