//! What the tests of header-rewrite share.

pub(crate) use e2e::{Client, Envoy, raw};
pub(crate) use std::time::Duration;

pub(crate) fn with(config: &str) -> Envoy {
    Envoy::with_filter("header-rewrite", config).start()
}

pub(crate) fn stat(envoy: &Envoy, name: &str) -> u64 {
    envoy.stat(&format!("wasmcustom.header_rewrite.{name}"))
}

/// Checks by HTTP/1.1 and HTTP/2, of Envoy with one worker and with four.
pub(crate) fn everywhere(config: &str, check: impl Fn(&Envoy, &Client)) {
    for workers in [1, 4] {
        let envoy = Envoy::with_filter("header-rewrite", config)
            .concurrency(workers)
            .start();
        for client in [Client::http1(), Client::http2()] {
            check(&envoy, &client);
        }
    }
}
