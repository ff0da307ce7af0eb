//! Limits on requests in progress.

use super::*;
use std::time::Duration;

const PARALLEL: &str =
    r#"{"limits": [{"name": "parallel", "key": [{"header": "x-user"}], "concurrent": 2}]}"#;

fn alice() -> RequestBuilder {
    request("GET", "/").header("x-user", "alice")
}

fn passes(answer: &Answer) -> bool {
    matches!(answer, Answer::Continued(_))
}

#[test]
fn a_request_is_under_way_until_its_stream_ends() {
    let host = ScriptedHost::install();
    let mut run = start(&host, PARALLEL);
    let (mut first, answer) = send(&mut run, alice());
    assert!(passes(&answer));
    let (second, answer) = send(&mut run, alice());
    assert!(passes(&answer));
    let (_, answer) = send(&mut run, alice());
    let refused = reply(answer);
    assert_eq!(
        (refused.status, refused.details.as_str()),
        (429, "rate_limit_concurrent{parallel}")
    );
    assert_eq!(
        refused.body,
        b"Too many requests at the same time. Try again in a second.\n"
    );
    for (name, value) in [
        ("retry-after", "1"),
        (
            "ratelimit-policy",
            "\"parallel\";q=2;qu=\"concurrent-requests\"",
        ),
        ("ratelimit", "\"parallel\";r=0"),
        ("x-ratelimit-limit", "2"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "1"),
    ] {
        assert_eq!(values(&refused.headers, name), [value], "{name}");
    }
    assert_eq!(
        status(&mut run, request("GET", "/").header("x-user", "bob")),
        200
    );
    let response = first.response(&[(":status", "200")]);
    assert_eq!(values(&response, "ratelimit"), ["\"parallel\";r=1"]);
    assert!(values(&response, "x-ratelimit-limit").is_empty());
    assert_eq!(
        status(&mut run, alice()),
        429,
        "its body may still be on its way"
    );
    drop(first);
    let (_third, answer) = send(&mut run, alice());
    assert!(passes(&answer));
    // Reset before any response: Envoy disconnects it from the upstream after this filter has
    // ended.
    let mut other_worker = start(&host, PARALLEL);
    host.set_property("response\0flags", &4_u64.to_le_bytes());
    drop(second);
    run.tick();
    assert_eq!(status(&mut other_worker, alice()), 200);
}

#[test]
fn a_request_that_is_refused_is_not_under_way() {
    let host = ScriptedHost::install();
    let mut run = start(
        &host,
        r#"{"limits": [{"name": "parallel", "concurrent": 1}, {"name": "few", "requests": 1, "per": "1h"}]}"#,
    );
    assert_eq!(status(&mut run, request("GET", "/")), 200);
    let kept: Vec<_> = (0..3)
        .map(|_| send(&mut run, request("GET", "/")))
        .collect();
    for (_, answer) in kept {
        assert_eq!(reply(answer).details, "rate_limited{few}");
    }
}

#[test]
fn workers_and_configurations_count_together_what_is_under_way() {
    let host = ScriptedHost::install();
    let mut workers = [(); 2].map(|()| start(&host, PARALLEL));
    let kept = workers.each_mut().map(|run| send(run, alice()));
    assert!(kept.iter().all(|(_, answer)| passes(answer)));
    // A new configuration of the same limit, and one that allows one more.
    assert_eq!(status(&mut start(&host, PARALLEL), alice()), 429);
    let more = PARALLEL.replace("\"concurrent\": 2", "\"concurrent\": 3");
    assert_eq!(status(&mut start(&host, &more), alice()), 200);
    drop(kept);
    assert_eq!(status(&mut start(&host, PARALLEL), alice()), 200);
}

#[test]
fn what_is_under_way_is_renewed_and_nothing_ticks_without() {
    let host = ScriptedHost::install();
    let mut run = start(&host, PARALLEL);
    assert_eq!(host.tick(), None);
    let kept = [(); 2].map(|()| send(&mut run, alice()));
    assert_eq!(host.tick(), Some(Duration::from_millis(200)));
    for _ in 0..10 {
        host.set_now(host.now() + Duration::from_secs(2));
        run.tick();
        assert_eq!(status(&mut run, alice()), 429, "longer than a lease lasts");
    }
    drop(kept);
    run.tick();
    assert_eq!(host.tick(), None);
    let mut other = start(&host, LOGIN);
    assert_eq!(status(&mut other, request("GET", "/login")), 200);
    assert_eq!(host.tick(), None, "no limit counts what is under way");
}

#[test]
fn in_report_mode_what_would_be_refused_passes_and_takes_no_lease() {
    let host = ScriptedHost::install();
    let report = PARALLEL.replace("\"concurrent\"", "\"mode\": \"report\", \"concurrent\"");
    let mut run = start(&host, &report);
    let kept = [(); 5].map(|()| send(&mut run, alice()));
    assert!(kept.iter().all(|(_, answer)| passes(answer)));
    for (name, count) in [("passed", 2), ("reported", 3), ("refused", 0)] {
        let name = format!("rate_limit.{name}.parallel_total");
        assert_eq!(host.counter(&name), Some(count), "{name}");
    }
}
