//! The chain of all filters in a real Envoy.
#![allow(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use e2e::{Envoy, cases};

#[test]
fn the_sample_does_what_its_comments_say() {
    let envoy = Envoy::from_sample("all-filters")
        .concurrency(2)
        .start()
        .unwrap();
    cases::all_filters::check(&envoy);
}
