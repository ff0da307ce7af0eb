//! The samples are closed as shipped: each contains Envoy's settings, and no client can bypass what
//! a sample promises.
//!
//! Each sample has a table: what it promises, the requests of a client that tries to bypass that,
//! and the required result. They are sent to the sample itself, over HTTP/1.1 in raw bytes and over
//! HTTP/2.

mod after_readings;
mod attempt;
mod limits;
mod origins;
mod play;
mod rewriting;
mod settings;
mod start;
mod tokens;
mod tricks;
mod unset;

use std::collections::BTreeSet;

use play::{Closed, play};

/// Part of the first comment of a sample that has no table yet; `cargo xtask new` adds it.
const NOT_PLAYED: &str = "NOT YET CLOSED";

/// Returns all samples with filters.
fn samples() -> Vec<Closed> {
    let tables = [
        limits::samples(),
        tokens::samples(),
        origins::samples(),
        rewriting::samples(),
    ];
    tables.into_iter().flatten().collect()
}

#[test]
fn no_client_gets_more_than_a_limit() {
    play(limits::samples());
}

#[test]
fn no_client_goes_without_the_token_that_a_rule_requires() {
    play(tokens::samples());
}

#[test]
fn no_page_of_another_origin_is_let_in() {
    play(origins::samples());
}

#[test]
fn no_client_writes_what_the_inside_relies_on() {
    play(rewriting::samples());
}

#[test]
fn after_readings() {
    play(after_readings::AFTER_READINGS.iter().map(|closed| closed()));
}

#[test]
fn every_sample_with_filters_has_its_table() {
    let played: BTreeSet<String> = samples()
        .iter()
        .map(|closed| closed.sample.trim_end_matches(".yaml").to_string())
        .collect();
    // Files that belong to one Envoy, and files that are tested with the resources of a control
    // plane.
    let beside = ["dynamic/ecds-jwt-auth", "dynamic/ecds-header-rewrite"];
    for (name, document) in settings::documents() {
        let has_filters = !settings::messages(&document, settings::WASM).is_empty()
            || ["WasmPlugin", "EnvoyExtensionPolicy"]
                .contains(&document["kind"].as_str().unwrap_or_default());
        let name = name.trim_end_matches(".yaml");
        if has_filters && !beside.contains(&name) {
            let text = std::fs::read_to_string(e2e::paths::sample(name).unwrap()).unwrap();
            let expected = !text.contains(NOT_PLAYED);
            assert_eq!(
                played.contains(name),
                expected,
                "{name}: its table in tests/tests/all/closed"
            );
        }
    }
}
