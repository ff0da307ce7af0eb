//! Which buckets refuse, and what a refusal tells the client.

use super::*;

// Istio sets no `vm_id`, so its plugins all have the same one.
#[test]
fn plugins_of_one_vm_id_count_apart() {
    let host = ScriptedHost::install();
    let login = || request("GET", "/login");
    let statuses = |name: &str, root_id: &str| {
        host.set_property("plugin_name", name.as_bytes());
        host.set_property("plugin_root_id", root_id.as_bytes());
        let mut run = start(&host, LOGIN);
        [(); 3].map(|()| status(&mut run, login()))
    };
    assert_eq!(statuses("a", ""), [200, 200, 429]);
    assert_eq!(statuses("b", ""), [200, 200, 429]);
    assert_eq!(statuses("b", "root"), [200, 200, 429]);
    assert_eq!(statuses("", "b"), [200, 200, 429]);
    assert_eq!(statuses("a", ""), [429; 3], "loaded again");
}

// Of `user` (4 a minute) and `spend` (10 an hour), `spend` refuses.
#[test]
fn a_refusal_tells_of_the_limit_that_refused() {
    let host = ScriptedHost::install();
    let mut run = start(
        &host,
        r#"{"limits": [{"name": "user", "requests": 4, "per": "1m"},
            {"name": "spend", "requests": 10, "per": "1h", "cost": {"header": "x-cost"}},
            {"name": "key", "requests": 1, "per": "1h", "key": [{"header": "x-user"}], "missing_key": "refuse", "match": {"paths": [{"prefix": "/key"}]}}]}"#,
    );
    let cost = |cost: &str| request("GET", "/").header("x-cost", cost);
    assert_eq!(status(&mut run, cost("9")), 200);
    for (cost, left, wait, sentence) in [
        (
            "2",
            "1",
            Some("360"),
            "Too many requests. Try again in 360 seconds.\n",
        ),
        (
            "11",
            "1",
            None,
            "The request costs more than its limit ever lets through.\n",
        ),
    ] {
        let request = request("GET", "/").header("x-cost", cost);
        let sent = reply(send(&mut run, request).1);
        assert_eq!(
            (sent.status, sent.details.as_str()),
            (429, "rate_limited{spend}")
        );
        assert_eq!(String::from_utf8_lossy(&sent.body), sentence);
        for (name, value) in [
            ("x-ratelimit-limit", Some("10")),
            ("x-ratelimit-remaining", Some(left)),
            ("x-ratelimit-reset", Some("3240")),
            ("retry-after", wait),
        ] {
            assert_eq!(
                values(&sent.headers, name),
                value.as_slice(),
                "{cost}: {name}"
            );
        }
        let policies = values(&sent.headers, "ratelimit-policy");
        assert_eq!(policies, ["\"user\";q=4;w=60, \"spend\";q=10;w=3600"]);
    }
    let sent = reply(send(&mut run, request("GET", "/key")).1);
    assert_eq!((sent.status, sent.grpc), (400, 3));
    assert_eq!(
        values(&sent.headers, "x-ratelimit-limit"),
        [""; 0],
        "nothing is known of it"
    );
}

#[test]
fn a_request_with_too_many_values_for_a_key_is_refused() {
    let host = ScriptedHost::install();
    let mut run = start(
        &host,
        r#"{"limits": [{"name": "a", "key": [{"query": "q"}], "requests": 1, "per": "1h"}]}"#,
    );
    let sent = reply(send(&mut run, request("GET", "/?q=1&q=2&q=3&q=4&q=5")).1);
    assert_eq!((sent.status, sent.grpc), (400, 3));
    assert_eq!(sent.details, "rate_limit_repeated_key{a}");
    assert_eq!(host.counter("rate_limit.refused.a_total"), Some(1));
    let four = || request("GET", "/?q=1&q=2&q=3&q=4");
    assert_eq!(status(&mut run, four()), 200);
    assert_eq!(status(&mut run, request("GET", "/?q=4")), 429);
    assert_eq!(host.counter("rate_limit.passed.a_total"), Some(1), "once");
}
