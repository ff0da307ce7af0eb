//! Limits that count responses.

use super::*;

const LOGIN: &str = r#"{"limits": [{"name": "failed-login", "match": {"paths": [{"prefix": "/login"}]}, "key": [{"client_ip": {}}],
    "requests": 5, "per": "1m", "charge": {"on": "response", "status": [401, 403]}}]}"#;

/// Returns the status of an attempt, and what its response says is left.
fn attempt(run: &mut Run<RateLimit>, path: &str, status: &str) -> (u16, Option<String>) {
    let (mut exchange, answer) = send(run, request("POST", path));
    match answer {
        Answer::Continued(_) => {
            let response = exchange.response(&[(":status", status)]);
            let left = values(&response, "x-ratelimit-remaining");
            (200, left.first().map(|left| (*left).to_owned()))
        }
        Answer::Replied(reply) => (reply.status, None),
        Answer::Waits => panic!("waits"),
    }
}

// Five failed logins in a minute lock a client's sixth attempt.
#[test]
fn failed_logins_lock_and_successful_ones_and_faults_of_the_server_never_do() {
    let host = ScriptedHost::install();
    let mut run = start(&host, LOGIN);
    host.set_property("source\0address", b"10.0.0.7:4711");
    for status in ["200", "302", "503", "404"].iter().cycle().take(1000) {
        let (passed, left) = attempt(&mut run, "/login", status);
        assert_eq!((passed, left.as_deref()), (200, Some("5")), "{status}");
    }
    for (status, left) in [
        ("401", "4"),
        ("403", "3"),
        ("401", "2"),
        ("401", "1"),
        ("401", "0"),
    ] {
        let (passed, advertised) = attempt(&mut run, "/login", status);
        assert_eq!(
            (passed, advertised.as_deref()),
            (200, Some(left)),
            "after the answer"
        );
    }
    let (_, answer) = send(&mut run, request("POST", "/login"));
    let locked = reply(answer);
    assert_eq!(
        (locked.status, locked.details.as_str()),
        (429, "rate_limited{failed-login}")
    );
    assert_eq!(values(&locked.headers, "retry-after"), ["12"]);
    assert_eq!(attempt(&mut run, "/other", "401").0, 200);
    host.set_property("source\0address", b"10.0.0.8:4711");
    assert_eq!(attempt(&mut run, "/login", "401").0, 200, "another client");
    host.set_property("source\0address", b"10.0.0.7:4711");
    host.set_now(host.now() + std::time::Duration::from_secs(12));
    assert_eq!(attempt(&mut run, "/login", "401").0, 200);
    assert_eq!(attempt(&mut run, "/login", "401").0, 429);
    assert_eq!(
        host.counter("rate_limit.refused.failed-login_total"),
        Some(2)
    );
}

#[test]
fn the_reply_of_a_later_filter_is_an_answer_and_our_own_refusal_is_none() {
    let host = ScriptedHost::install();
    let mut run = start(
        &host,
        r#"{"limits": [{"name": "answers", "requests": 2, "per": "1h", "charge": {"on": "response"}},
            {"name": "few", "match": {"paths": [{"prefix": "/few"}]}, "requests": 1, "per": "1h"}]}"#,
    );
    assert_eq!(attempt(&mut run, "/few", "401").0, 200);
    for _ in 0..9 {
        let (mut exchange, answer) = send(&mut run, request("GET", "/few"));
        let refusal = reply(answer);
        assert_eq!(refusal.details, "rate_limited{few}");
        exchange.response(&refusal.headers);
    }
    assert_eq!(attempt(&mut run, "/", "200").0, 200);
    assert_eq!(attempt(&mut run, "/", "200").0, 429);
}

#[test]
fn an_answer_says_what_it_cost_and_what_is_beyond_the_quota_is_owed() {
    let host = ScriptedHost::install();
    let mut run = start(
        &host,
        r#"{"limits": [{"name": "tokens", "key": [{"header": "x-user"}], "requests": 1000, "per": "1m",
            "cost": {"response_header": "x-tokens"}}]}"#,
    );
    let mut ask = |user: &str, tokens: &str| {
        let (mut exchange, answer) = send(&mut run, request("POST", "/").header("x-user", user));
        match answer {
            Answer::Continued(_) => {
                let response = exchange.response(&[(":status", "200"), ("x-tokens", tokens)]);
                values(&response, "ratelimit").join(", ")
            }
            other => values(&reply(other).headers, "retry-after").join(", "),
        }
    };
    assert_eq!(ask("a", "900"), "\"tokens\";r=100;t=54");
    assert_eq!(
        ask("a", "none"),
        "\"tokens\";r=100;t=54",
        "no number costs nothing"
    );
    assert_eq!(ask("a", "600"), "\"tokens\";r=0;t=90", "500 are owed");
    assert_eq!(ask("a", "1"), "31", "seconds until one is left again");
    assert_eq!(
        ask("b", "999999999999"),
        "\"tokens\";r=0;t=120",
        "at most a burst is owed"
    );
    assert_eq!(ask("b", "1"), "61");
    assert_eq!(ask("c", "1000"), "\"tokens\";r=0;t=60");
}

#[test]
fn in_report_mode_answers_are_charged_and_nothing_is_refused() {
    let host = ScriptedHost::install();
    let mut run = start(&host, &LOGIN.replacen('{', r#"{"mode": "report", "#, 1));
    host.set_property("source\0address", b"10.0.0.7:4711");
    for _ in 0..7 {
        assert_eq!(attempt(&mut run, "/login", "401"), (200, None));
    }
    for (name, count) in [("passed", 5), ("reported", 2), ("refused", 0)] {
        let name = format!("rate_limit.{name}.failed-login_total");
        assert_eq!(host.counter(&name), Some(count), "{name}");
    }
}

#[test]
fn each_value_of_a_repeated_key_is_charged() {
    let host = ScriptedHost::install();
    let mut run = start(
        &host,
        r#"{"limits": [{"name": "user", "key": [{"header": "x-user"}], "requests": 1, "per": "1h", "charge": {"on": "response", "status": [401]}}]}"#,
    );
    let both = request("POST", "/")
        .header("x-user", "a")
        .header("x-user", "b");
    let (mut exchange, _) = send(&mut run, both);
    exchange.response(&[(":status", "401")]);
    for user in ["a", "b"] {
        assert_eq!(
            status(&mut run, request("POST", "/").header("x-user", user)),
            429
        );
    }
    assert_eq!(
        status(&mut run, request("POST", "/").header("x-user", "c")),
        200
    );
}
