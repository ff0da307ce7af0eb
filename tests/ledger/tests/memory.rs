//! The memory of a module is bounded, whatever clients send: texts that make an expression remember
//! as much as it can do not grow it for ever.
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a failed assumption is a failed test; the sizes are small"
)]

use ledger::{Exchange, Instance, module};
use serde_json::{Value, json};

/// Expressions in each configuration.
const EXPRESSIONS: usize = 16;

/// What clients' texts may add for each expression, in bytes: a DFA forwards and one backwards.
const PER_EXPRESSION: usize = 2 * 32 * 1024;

/// What a request of this size needs besides, in bytes; it is free again when the request ends.
const PER_REQUEST: usize = 128 * 1024;

/// Expressions with thousands of states, which texts of two letters make a DFA build.
fn expression(n: usize) -> String {
    let letter = if n.is_multiple_of(2) { 'a' } else { 'b' };
    format!("[ab]*{letter}[ab]{{{}}}", 9 + n / 2)
}

fn configuration(filter: &str) -> Value {
    let expressions = (0..EXPRESSIONS).map(expression);
    match filter {
        "rate-limit" => {
            let limit = |(n, regex): (usize, String)| {
                json!({"name": format!("l{n}"), "requests": 1_000_000, "per": "1h",
                    "match": {"headers": [{"name": "x-tenant", "regex": regex}]}})
            };
            json!({"limits": expressions.enumerate().map(limit).collect::<Vec<_>>()})
        }
        _ => {
            let replace =
                |regex| json!({"replace": {"name": "x-tenant", "regex": regex, "with": "${0}"}});
            json!({"rules": [{"request": expressions.map(replace).collect::<Vec<_>>()}]})
        }
    }
}

/// Returns letters that look random, other ones for each seed.
fn letters(mut seed: u64, length: usize) -> String {
    let mut letter = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        if seed.is_multiple_of(2) { 'a' } else { 'b' }
    };
    (0..length).map(|_| letter()).collect()
}

fn send(instance: &mut Instance, seed: u64) {
    let headers = [
        (":scheme", "https"),
        (":method", "GET"),
        (":path", "/"),
        (":authority", "api.example.com"),
        ("x-tenant", &letters(seed, 2_000)),
    ];
    let owned = |(name, value): (&str, &str)| (name.into(), value.into());
    let exchange = Exchange {
        request: headers.map(owned).to_vec(),
        ..Exchange::default()
    };
    instance.exchange(&exchange).unwrap();
}

#[test]
fn texts_that_fill_every_dfa_do_not_grow_the_memory_for_ever() {
    for filter in ["rate-limit", "header-rewrite"] {
        let configuration = configuration(filter).to_string();
        let mut instance = Instance::start(&module(filter).unwrap(), &configuration).unwrap();
        let loaded = instance.memory();
        for seed in 1..=4 {
            send(&mut instance, seed);
        }
        let full = instance.memory();
        for seed in 5..=16 {
            send(&mut instance, seed);
        }
        println!("{filter}: {loaded}, {full}, {}", instance.memory());
        assert_eq!(instance.memory(), full, "{filter}: it grows");
        let added = full - loaded;
        let most = EXPRESSIONS * PER_EXPRESSION + PER_REQUEST;
        assert!(added <= most, "{filter}: {added} bytes more than at load");
    }
}
