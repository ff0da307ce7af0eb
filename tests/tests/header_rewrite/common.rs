//! What the tests of header-rewrite share.

pub(crate) use e2e::{Client, Envoy, everywhere, raw};
pub(crate) use std::time::Duration;

pub(crate) fn with(config: &str) -> Envoy {
    Envoy::with_filter("header-rewrite", config).start()
}

pub(crate) fn stat(envoy: &Envoy, name: &str) -> u64 {
    envoy.stat(&format!("wasmcustom.header_rewrite.{name}"))
}
