//! What remains after millions of requests. `SOAK_REQUESTS` replaces the million.

use e2e::{Envoy, Load, Reply, Upstream, token::Token};

const MIB: u64 = 1 << 20;

/// How much memory a slot of a limit's table may take, according to the README of rate-limit, in
/// bytes.
const SLOT_BYTES: u64 = 40;

/// How much memory Envoy itself may need while it serves: buffers, connections, the allocator's
/// reserve.
const ENVOYS_OWN: u64 = 24 * MIB;

fn requests() -> u64 {
    let wanted = std::env::var("SOAK_REQUESTS").ok();
    wanted.map_or(1_000_000, |wanted| {
        wanted.parse().expect("SOAK_REQUESTS is a number")
    })
}

/// Returns how many files and sockets Envoy has open.
fn open_files(envoy: &Envoy) -> usize {
    let folder = format!("/proc/{}/fd", envoy.pid());
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_million_successful_logins_lock_no_one_and_the_sixth_failed_one_is_locked() {
    let upstream = Upstream::with(|request| match request.headers.get("x-password") {
        Some("right") => Reply::new(200),
        _ => Reply::new(401),
    });
    let upstream = upstream.unwrap();
    let config = "limits: [{name: failed-login, key: [{client_ip: {}}], requests: 5, per: 1m, \
                  charge: {on: response, status: [401, 403]}}]";
    let envoy = Envoy::with_filter("rate-limit", config)
        .upstream(&upstream)
        .concurrency(2)
        .start();
    let total = requests();
    let load = Load::new(envoy.url("/login")).total(total).connections(32);
    let result = load.header("x-password", "right").run();
    eprintln!("{total} logins in {:?}", result.elapsed);
    assert_eq!(
        result.count(200),
        total,
        "{:?} {:?}",
        result.statuses,
        result.errors
    );
    let fail = || {
        let request = envoy.get("/login");
        request.header("x-password", "wrong").send().status
    };
    assert_eq!([(); 6].map(|()| fail()), [401, 401, 401, 401, 401, 429]);
}

#[test]
fn a_million_keys_take_no_more_than_the_table_and_free_nobody_who_is_limited() {
    let slots = 100_000;
    let envoy = Envoy::with_filter(
        "rate-limit",
        format!("{{max_keys: {slots}, limits: [{{name: user, key: [{{header: x-user}}], requests: 3, per: 1h}}]}}"),
    )
    .concurrency(2)
    .start();
    let busy = || {
        let request = envoy.get("/");
        request.header("x-user", "busy").send().status
    };
    assert_eq!([(); 4].map(|()| busy()), [200, 200, 200, 429]);
    // The same load on few keys first, so that memory needed for the load itself is allocated
    // before.
    let warm_up = Load::new(envoy.url("/")).total(20_000).connections(32);
    let warmed_up = 10;
    warm_up.keys("x-user", warmed_up).run();
    let before = envoy.rss_bytes().unwrap();
    let keys = 1_000_000;
    let load = Load::new(envoy.url("/")).total(keys).connections(32);
    let running = load.keys("x-user", keys).start();
    let mut probes = 0;
    while envoy.stat("wasmcustom.rate_limit.passed.user_total") < keys {
        assert_eq!(busy(), 429, "after {probes} probes");
        probes += 1;
        std::thread::sleep(std::time::Duration::from_secs(2));
        assert!(probes < 1500, "the load does not come to its end");
    }
    let result = running.join();
    // The keys of the warm-up are used up; all others are new.
    assert_eq!(
        result.count(200),
        keys - warmed_up,
        "{:?} {:?}",
        result.statuses,
        result.errors
    );
    assert_eq!(busy(), 429);
    let grown = envoy.rss_bytes().unwrap().saturating_sub(before);
    eprintln!(
        "{keys} keys in {:?}: {} KiB more, {} probes, {} evicted",
        result.elapsed,
        grown / 1024,
        probes,
        envoy.stat("wasmcustom.rate_limit.evicted_total")
    );
    assert!(grown < slots * SLOT_BYTES + ENVOYS_OWN, "{grown} bytes");
}

#[test]
fn a_million_requests_through_all_filters_leave_memory_and_open_files_as_they_were() {
    // All from one address: with the sample's limits nearly all would be refused by the second
    // filter.
    let warm_up = 100_000;
    let burst = format!("burst: {}\n", warm_up + requests());
    let envoy = Envoy::from_sample("all-filters")
        .path("burst: 1000\n", &burst)
        .path("burst: 100\n", &burst)
        .concurrency(2)
        .start();
    let token = Token::new("ES256").bearer();
    let load = |total| {
        Load::new(envoy.url("/api/v1/items?debug=1"))
            .total(total)
            .connections(32)
            .header("origin", "https://app.example.com")
            .header("authorization", &token)
            .header("cookie", "tracking=me; theme=dark")
            .run()
    };
    assert_eq!(load(warm_up).failed(), 0);
    let (before, files) = (envoy.rss_bytes().unwrap(), open_files(&envoy));
    let tenth = requests() / 10;
    for number in 1..=10 {
        let result = load(tenth);
        assert_eq!(
            result.count(200),
            tenth,
            "{:?} {:?}",
            result.statuses,
            result.errors
        );
        let grown = envoy.rss_bytes().unwrap().saturating_sub(before);
        eprintln!(
            "{} requests: {} KiB more, {} files open, {:?}",
            number * tenth,
            grown / 1024,
            open_files(&envoy),
            result.statuses
        );
        assert!(
            grown < 8 * MIB,
            "{grown} bytes after {} requests",
            number * tenth
        );
    }
    // By then, the connections of a load that has ended are closed, except for a few to the
    // upstream.
    assert!(
        open_files(&envoy) <= files + 8,
        "{} and {files}",
        open_files(&envoy)
    );
}
