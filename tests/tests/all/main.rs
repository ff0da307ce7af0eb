//! Properties of all filters: the chain of them, hostile bytes, the promises of every sample, and
//! what operators see.

mod closed;
mod dashboard;
mod explanations;
mod filter_readings;
mod host_calls;
mod hostile;
mod internal_redirects;
mod match_origin;
mod migrating;
mod observability;
mod readings;
mod routes;
mod seeded;

use e2e::{Envoy, cases};

#[test]
fn the_samples_do_what_their_comments_say() {
    for sample in [
        Envoy::from_sample("all-filters"),
        Envoy::from_sample("chain"),
    ] {
        let envoy = sample.concurrency(2).start();
        cases::all_filters::check(&envoy);
    }
}

#[test]
fn the_sample_of_chain_configures_what_that_of_all_filters_does() {
    let [all, chain] = ["all-filters", "chain"]
        .map(|name| std::fs::read_to_string(e2e::paths::sample(name).unwrap()).unwrap());
    let chain = e2e::yaml::parse(&chain).unwrap();
    let configuration = chain
        .pointer("/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config/config/configuration/value/chain");
    assert_eq!(
        configuration,
        Some(&e2e::envoy::as_chain::items(&all).unwrap())
    );
}
