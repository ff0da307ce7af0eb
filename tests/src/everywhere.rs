//! Runs one check with each protocol and different numbers of workers.

use crate::{Client, Envoy};

/// Checks a filter over HTTP/1.1 and HTTP/2, in an Envoy with one worker and in one with four.
///
/// # Panics
/// If an Envoy does not start, or if the check panics.
pub fn everywhere(filter: &str, config: &str, check: impl Fn(&Envoy, &Client)) {
    for workers in [1, 4] {
        let envoy = Envoy::with_filter(filter, config)
            .concurrency(workers)
            .start();
        for client in [Client::http1(), Client::http2()] {
            check(&envoy, &client);
        }
    }
}
