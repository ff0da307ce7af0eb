//! Limits on requests in progress: never more than allowed, under resets, crashes of a VM and new
//! configurations, and all places are free again afterwards.

use super::filter;
use e2e::envoy::Listener;
use e2e::{Client, Envoy, Load, Reply, Upstream, trap, wait};
use serde_json::json;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a crashed VM may keep places.
const LEASE: Duration = Duration::from_secs(10);

/// Returns `passed` and `refused` of requests that take half a second and are sent at the same
/// time.
fn at_once(envoy: &Envoy, client: Client, requests: u64) -> (u64, u64) {
    let load = Load::new(envoy.url("/"))
        .client(client)
        .header("x-echo-delay", "500ms");
    let connections = usize::try_from(requests).unwrap();
    let result = load.total(requests).connections(connections).run();
    (result.count(200), result.count(429))
}

#[test]
fn as_many_as_may_be_are_under_way_over_all_workers_and_the_next_pass_when_they_have_ended() {
    for (workers, client) in [
        (1, Client::http1 as fn() -> Client),
        (4, Client::http1),
        (4, Client::http2),
    ] {
        let envoy = Envoy::with_filter("rate-limit", "limits: [{name: parallel, concurrent: 3}]");
        let envoy = envoy.concurrency(workers).start();
        for _ in 0..3 {
            assert_eq!(at_once(&envoy, client(), 12), (3, 9), "{workers}");
        }
        assert_eq!(envoy.upstream().most_under_way(), 3);
        // One after another, there is never a second one.
        let one = Envoy::with_filter("rate-limit", "limits: [{name: one, concurrent: 1}]");
        let one = one.concurrency(workers).start();
        let result = Load::new(one.url("/")).client(client().new_connections());
        let result = result.total(300).connections(1).run();
        assert_eq!(result.count(200), 300, "{:?}", result.statuses);
    }
}

#[test]
fn a_refusal_says_how_many_may_be_under_way() {
    let envoy = filter("limits: [{name: parallel, key: [{header: x-user}], concurrent: 1}]");
    let slow = thread::scope(|scope| {
        let slow = scope.spawn(|| {
            let request = envoy.get("/");
            request
                .headers([("x-user", "a"), ("x-echo-delay", "1s")])
                .send()
        });
        wait::until("the first is under way", Duration::from_secs(10), || {
            envoy.upstream().count() == 1
        });
        let ask = |user| envoy.get("/").header("x-user", user).send();
        let refused = ask("a");
        assert_eq!((refused.status, ask("b").status), (429, 200));
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert_eq!(
            refused.header("ratelimit-policy"),
            Some("\"parallel\";q=1;qu=\"concurrent-requests\"")
        );
        assert_eq!(refused.header("ratelimit"), Some("\"parallel\";r=0"));
        assert_eq!(refused.header("x-ratelimit-limit"), Some("1"));
        assert_eq!(
            refused.text(),
            "Too many requests at the same time. Try again in a second.\n"
        );
        slow.join().unwrap()
    });
    assert_eq!(slow.header("ratelimit"), Some("\"parallel\";r=0"));
    assert_eq!(slow.header("x-ratelimit-limit"), None);
    let report = filter("{mode: report, limits: [{name: parallel, concurrent: 1}]}");
    assert_eq!(at_once(&report, Client::http1(), 4), (4, 0));
    assert_eq!(
        report.stat("wasmcustom.rate_limit.reported.parallel_total"),
        3
    );
    assert_eq!(
        report.stat("wasmcustom.rate_limit.passed.parallel_total"),
        1
    );
}

/// When a request arrived (seconds), when it was sent to the upstream (microseconds after that; `-`
/// if it was not), how long it took in total (milliseconds, rounded down), and its path.
const SPAN: &str =
    "%START_TIME(%s.%6f)% %COMMON_DURATION(DS_RX_BEG:US_TX_BEG:us)% %DURATION% %PATH(NQ)%";

/// Returns the maximum number of counted requests that were at the upstream at the same time, by
/// Envoy's own clock. The upstream's view is not reliable: it may receive a request before the
/// reset of an earlier one.
fn most_at_once(access_log: &Path) -> usize {
    let text = std::fs::read_to_string(access_log).unwrap();
    let mut changes: Vec<(Duration, isize)> = text
        .lines()
        .filter(|line| !line.ends_with(" /crash"))
        .filter_map(|line| {
            let [came, sent, took, _] = line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let came = Duration::from_secs_f64(came.parse().unwrap());
            let sent = came + Duration::from_micros(sent.parse().ok()?);
            let end = came + Duration::from_millis(took.parse().unwrap());
            (sent < end).then_some([(sent, 1), (end, -1)])
        })
        .flatten()
        .collect();
    assert!(changes.len() > 100, "{text}");
    // At the same moment, requests end before others begin.
    changes.sort_unstable();
    let mut at_once = 0_isize;
    let all = changes.iter().map(|(_, change)| {
        at_once += change;
        at_once
    });
    all.max().unwrap().try_into().unwrap()
}

/// A listener with ten requests at once, and a limit whose number distinguishes configurations.
fn listener(module: &str, access_log: &Path, number: u32) -> Listener {
    let config = format!(
        "{{exempt: [{{paths: [{{exact: /crash}}]}}], limits: [{{name: parallel, concurrent: 10}}, \
         {{name: marker, requests: {}, per: 1s}}]}}",
        1_000_000 + number
    );
    let access_log = json!({
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
        "path": access_log,
        "log_format": {"text_format_source": {"inline_string": format!("{SPAN}\n")}},
    });
    let listener = Listener::default().filter(module, &config).unwrap();
    listener
        .before_upstream()
        .hcm(json!({"access_log": [{"name": "file", "typed_config": access_log}]}))
}

/// 48 connections that wait for their responses and 16 that do not, while VMs crash and
/// configurations change. A request with a body crashes the VM: the module is the real one except
/// for that. No limit counts such a request, so that it always crashes the VM.
fn one_run(module: &str) {
    let upstream = Upstream::with(|request| {
        let delay = match request.path.as_str() {
            "/slow" => Duration::from_millis(200),
            _ => Duration::from_millis(20),
        };
        Reply::new(200).delay(delay)
    });
    let upstream = upstream.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let access_log = &folder.path().join("spans.log");
    let envoy = Envoy::with_listener(&listener(module, access_log, 0))
        .upstream(&upstream)
        .concurrency(4)
        .start()
        .unchecked();
    let is_over = AtomicBool::new(false);
    let end = Instant::now() + Duration::from_secs(8);
    thread::scope(|scope| {
        let patient = [
            Client::http1(),
            Client::http1().new_connections(),
            Client::http2(),
        ]
        .map(|client| {
            let load = Load::new(envoy.url("/slow")).client(client);
            load.total(u64::MAX).connections(16).start()
        });
        for at in 0..16_u64 {
            let (envoy, is_over) = (&envoy, &is_over);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let client = if at % 2 == 0 {
                        Client::http1()
                    } else {
                        Client::http2()
                    };
                    let client = client.timeout(Duration::from_millis(10 + 7 * at));
                    let _ = client.get(envoy.url("/slow")).try_send();
                }
            });
        }
        for number in 1_u32.. {
            if Instant::now() > end {
                break;
            }
            thread::sleep(Duration::from_millis(500));
            let crash = Client::http1().post(envoy.url("/crash")).body("crash");
            assert!(crash.try_send().is_ok_and(|answer| answer.status == 503));
            if number % 3 == 0 {
                let next = listener(module, access_log, number);
                envoy.dynamic().replace(&next).unwrap();
            }
        }
        is_over.store(true, Ordering::Relaxed);
        for load in patient {
            let result = load.finish();
            assert!(
                result.count(200) > 0,
                "{:?} {:?}",
                result.statuses,
                result.errors
            );
        }
    });
    wait::until(
        "all places are free again",
        LEASE + Duration::from_secs(5),
        || at_once(&envoy, Client::http1().new_connections(), 10).0 == 10,
    );
    let load = Load::new(envoy.url("/slow"))
        .total(64)
        .connections(64)
        .run();
    assert_eq!(load.count(200) + load.count(429), 64, "{:?}", load.errors);
    let stats = envoy.stats();
    let of = |ending: &str| {
        stats
            .iter()
            .filter(|(name, _)| name.ends_with(ending))
            .map(|(_, count)| count)
            .sum::<u64>()
    };
    assert!(of("vm_reload_success") > 0, "a VM has crashed");
    let seen = upstream.most_under_way();
    // Files are written at the latest when Envoy ends.
    envoy.quit().unwrap();
    let most = most_at_once(access_log);
    assert_eq!(most, 10, "at once; the upstream saw {seen}");
}

#[test]
fn never_more_than_ten_are_under_way_whatever_is_reset_crashes_or_is_reloaded() {
    let runs = std::env::var("RUNS")
        .ok()
        .and_then(|runs| runs.parse().ok());
    let module = std::fs::read(e2e::paths::module("rate-limit").unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rate-limit.wasm");
    std::fs::write(&path, trap::in_export(&module, "proxy_on_request_body")).unwrap();
    for _ in 0..runs.unwrap_or(1) {
        one_run(path.to_str().unwrap());
    }
}
