//! What holds for all filters: the chain of them, hostile bytes, the promises of every sample, and what operators see.

mod closed;
mod dashboard;
mod explanations;
mod filter_readings;
mod host_calls;
mod hostile;
mod observability;
mod readings;
mod routes;

use e2e::{Envoy, cases};

#[test]
fn the_sample_does_what_its_comments_say() {
    let envoy = Envoy::from_sample("all-filters")
        .concurrency(2)
        .start()
        .unwrap();
    cases::all_filters::check(&envoy);
}
