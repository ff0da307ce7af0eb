//! A flood of forged tokens on the only worker, and its effect on valid requests.
//!
//! Each second of forged tokens is compared with one of as many tokens of another issuer, which are
//! refused without verifying their signature: the same bytes, the same responses. So the ratio
//! shows the effect of verification, not that of a thousand requests. Valid requests are forwarded
//! to an upstream.

use crate::median;
use e2e::Envoy;
use e2e::raw::Connection;
use e2e::token::{self, Token, forged};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long each half of a round takes.
const HALF: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;
/// Because of occasional disturbances, an algorithm fails only after this many measurements.
const ATTEMPTS: usize = 3;
const FORGED_PER_SECOND: u32 = 1000;
const CONNECTIONS: u32 = 8;
const LIMIT: f64 = 3.0;

const SECRET_ISSUER: &str = "https://secret.example";

fn envoy() -> Envoy {
    let config = json!({"providers": {
        "corp": {"issuer": token::ISSUER, "keys": {"jwks": token::jwks_for_any_algorithm()}},
        "secret": {"issuer": SECRET_ISSUER, "keys": {"secret": {"value": token::SECRET, "algorithm": "HS256"}}},
    }});
    Envoy::with_filter("jwt-auth", config.to_string())
        .concurrency(1)
        .start()
}

fn request(token: &str) -> String {
    format!("GET / HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\r\n")
}

/// Creates tokens of this algorithm, forged or of an unknown issuer.
fn bad(algorithm: &str, of_stranger: bool) -> Vec<String> {
    let issuer = match (of_stranger, algorithm) {
        (true, _) => "https://unknown.example",
        (false, "HS256") => SECRET_ISSUER,
        (false, _) => token::ISSUER,
    };
    (0..50)
        .map(|i| {
            let token = Token::new(algorithm)
                .claim("iss", json!(issuer))
                .claim("jti", Value::String(i.to_string()));
            request(&forged(&token.sign()))
        })
        .collect()
}

/// Sends at an even rate until stopped. A late request is sent immediately. None may pass.
fn flood(
    server: SocketAddr,
    requests: Arc<Vec<String>>,
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
) {
    let pace = Duration::from_secs(1) * CONNECTIONS / FORGED_PER_SECOND;
    let mut connection = Connection::open(server);
    let mut next = Instant::now();
    for request in requests.iter().cycle() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        thread::sleep(next.saturating_duration_since(Instant::now()));
        next += pace;
        let status = connection.send(request).answer().status();
        assert!(
            matches!(status, Some(401 | 503)),
            "a forged token: {status:?}"
        );
        sent.fetch_add(1, Ordering::Relaxed);
    }
}

/// Returns the latency within which 99 of 100 valid requests are answered during this flood, and
/// the rate of the flood per second.
fn p99_under(envoy: &Envoy, good: &str, requests: &Arc<Vec<String>>) -> (Duration, u64) {
    let (stop, sent) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let flooders: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (requests, stop, sent) =
                (Arc::clone(requests), Arc::clone(&stop), Arc::clone(&sent));
            let server = envoy.address();
            thread::spawn(move || flood(server, requests, stop, sent))
        })
        .collect();
    thread::sleep(HALF / 8); // what may be spent at once is spent
    let mut connection = Connection::open(envoy.address());
    let (begun, before) = (Instant::now(), sent.load(Ordering::Relaxed));
    let mut latencies = Vec::new();
    while begun.elapsed() < HALF {
        let start = Instant::now();
        assert_eq!(connection.send(good).answer().status(), Some(200));
        latencies.push(start.elapsed());
        thread::sleep(Duration::from_millis(1));
    }
    let came = sent.load(Ordering::Relaxed) - before;
    stop.store(true, Ordering::Relaxed);
    for flooder in flooders {
        flooder.join().unwrap();
    }
    latencies.sort_unstable();
    let seconds = HALF.as_secs();
    (latencies[latencies.len() * 99 / 100], came / seconds)
}

#[test]
fn a_flood_of_forged_tokens_of_any_algorithm_does_not_slow_good_requests_by_more_than_three() {
    let envoy = envoy();
    let good = Token::new("ES256").sign();
    let warm = envoy.get("/");
    assert_eq!(
        warm.header("authorization", format!("Bearer {good}"))
            .send()
            .status,
        200
    );
    let good = request(&good);
    for algorithm in [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
        "HS256",
    ] {
        let (forged, strange) = (
            Arc::new(bad(algorithm, false)),
            Arc::new(bad(algorithm, true)),
        );
        let measure = || {
            let rounds = (0..ROUNDS).map(|_| {
                let (quiet, _) = p99_under(&envoy, &good, &strange);
                let (flooded, rate) = p99_under(&envoy, &good, &forged);
                eprintln!(
                    "{algorithm}: p99 {quiet:?}, with {rate} forged tokens per second {flooded:?}"
                );
                flooded.as_secs_f64() / quiet.as_secs_f64()
            });
            median(rounds.collect())
        };
        let ratios: Vec<f64> = (0..ATTEMPTS)
            .map(|_| measure())
            .take_while(|ratio| {
                eprintln!("{algorithm}: {ratio:.2} times");
                *ratio > LIMIT
            })
            .collect();
        assert!(
            ratios.len() < ATTEMPTS,
            "{algorithm}: p99 rose {ratios:.2?} times"
        );
    }
}
