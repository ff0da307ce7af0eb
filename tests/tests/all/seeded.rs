//! Random requests, the same for each seed, to an Envoy with all filters: over HTTP/1.1 byte by
//! byte, and over HTTP/2 field by field. Each gets a response or its connection is closed, none
//! causes a server error, and guarded resources are reached only with a valid token.
//!
//! `cargo xtask test hostile` sends half a million; `HOSTILE_SEED` generates others.

mod request;

use self::request::{Made, Maker};
use e2e::raw::Connection;
use e2e::{Envoy, Upstream, raw_http2, upstream::Reply};
use filter_kit::request::is_plain;
use filter_kit::testing::servers::serve;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Number of clients that send at the same time.
const CLIENTS: u64 = 4;

/// Number of requests that an HTTP/2 connection sends at once.
const AT_ONCE: usize = 16;

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().expect(variable))
}

/// Returns an upstream that records what should not have reached it.
fn guarded_upstream() -> (Upstream, Arc<Mutex<Vec<String>>>) {
    let wrong = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&wrong);
    let upstream = Upstream::with(move |request| {
        let sub = request.headers_all("x-jwt-sub");
        let path = request.path_only().to_ascii_lowercase();
        let is_guarded = |place: &str| is_served(path.as_bytes(), place.as_bytes());
        let is_wrong = match sub[..] {
            [] => is_guarded("/account") || is_guarded("/admin"),
            ["alice"] => is_guarded("/admin"),
            ["ops"] => false,
            _ => true,
        };
        if is_wrong {
            notes.lock().unwrap().push(format!("{request:?}"));
        }
        Reply::new(200)
    });
    (upstream.unwrap(), wrong)
}

/// Like [`serve`]. Every server treats a path in plain form the same.
fn is_served(path: &[u8], place: &[u8]) -> bool {
    if !is_plain(path) {
        return serve(path, place);
    }
    let below = path.strip_prefix(place);
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

#[test]
fn no_request_of_chance_breaks_a_filter_or_passes_the_guard() {
    let total = number("HOSTILE_REQUESTS", 3000);
    let seed = number("HOSTILE_SEED", 1);
    let (upstream, wrong) = guarded_upstream();
    // With the sample's limits, nearly all requests would be refused by the second filter.
    let envoy = Envoy::from_sample("all-filters")
        .path("burst: 1000", "burst: 4000000")
        .path("burst: 100", "burst: 4000000")
        .upstream(&upstream)
        .concurrency(2)
        .start();
    let start = Instant::now();
    let mut statuses: BTreeMap<Option<u16>, u64> = BTreeMap::new();
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let maker = Maker::new(seed.wrapping_mul(CLIENTS).wrapping_add(client));
                let envoy = &envoy;
                scope.spawn(move || match client % 2 {
                    0 => over_http1(envoy, maker, total / CLIENTS),
                    _ => over_http2(envoy, maker, total / CLIENTS),
                })
            })
            .collect();
        for client in clients {
            for (status, count) in client.join().unwrap() {
                *statuses.entry(status).or_default() += count;
            }
        }
    });
    let passed = upstream.count();
    eprintln!(
        "seed {seed}: {total} requests in {:?}, {passed} at the upstream, {statuses:?}",
        start.elapsed()
    );
    let wrong = wrong.lock().unwrap();
    assert!(wrong.is_empty(), "seed {seed}: {}", wrong.join("\n"));
    assert!(!envoy.log().contains("panicked"), "{}", envoy.log());
    // Otherwise the test would show little.
    let count = |status| statuses.get(&status).copied().unwrap_or(0);
    assert!(passed > total / 10, "too few pass: {statuses:?}");
    assert!(
        count(Some(401)) > total / 20,
        "too few refused: {statuses:?}"
    );
    assert!(count(None) < total / 3, "too many cut: {statuses:?}");
}

type Statuses = BTreeMap<Option<u16>, u64>;

fn count(statuses: &mut Statuses, status: Option<u16>, made: &Made) {
    assert!(
        status.is_none_or(|status| status < 500),
        "{status:?} for {made:?}"
    );
    *statuses.entry(status).or_default() += 1;
}

fn over_http1(envoy: &Envoy, mut maker: Maker, total: u64) -> Statuses {
    let mut statuses = Statuses::new();
    let mut connection = Connection::open(envoy.address());
    for _ in 0..total {
        let made = maker.next();
        let bytes = made.as_http1();
        connection.send(&bytes);
        let answer = match made.is_head() {
            true => connection.answer_to_head(),
            false => connection.answer(),
        };
        let status = answer.status();
        count(&mut statuses, status, &made);
        let closes = match &answer {
            e2e::raw::Answer::Response(response) => response.header("connection") == Some("close"),
            e2e::raw::Answer::Closed => true,
        };
        // The server closes the connection after a malformed request.
        if closes || status == Some(400) {
            connection = Connection::open(envoy.address());
        }
    }
    statuses
}

fn over_http2(envoy: &Envoy, mut maker: Maker, total: u64) -> Statuses {
    let mut statuses = Statuses::new();
    let mut connection = raw_http2::Connection::open(envoy.address());
    let mut sent = 0;
    while sent < total {
        let batch: Vec<Made> = (0..AT_ONCE).map(|_| maker.next().for_http2()).collect();
        let fields: Vec<_> = batch.iter().map(Made::as_fields).collect();
        let answers = connection.statuses(&fields);
        for (status, made) in answers.into_iter().zip(&batch) {
            count(&mut statuses, status, made);
        }
        sent += AT_ONCE as u64;
        if !connection.is_open() {
            connection = raw_http2::Connection::open(envoy.address());
        }
    }
    statuses
}
