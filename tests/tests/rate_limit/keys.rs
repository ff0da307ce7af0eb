//! Keys, and the hosts and paths that limits depend on.

use super::*;

#[test]
fn clients_are_told_apart_by_the_address_that_envoy_trusts() {
    let envoy = Envoy::with_filter(
        "rate-limit",
        "limits: [{name: client, requests: 1, per: 1h, key: [{client_ip: {ipv6_prefix: 64}}]}]",
    )
    .hcm("{use_remote_address: true, xff_num_trusted_hops: 1}")
    .start();
    let from = |forwarded: &str| get(&envoy, "/", &[("x-forwarded-for", forwarded)]).status;
    assert_eq!(from("198.51.100.1"), 200);
    assert_eq!(from("198.51.100.1"), 429);
    assert_eq!(
        from("203.0.113.9, 198.51.100.1"),
        429,
        "a forged address before it"
    );
    assert_eq!(from("198.51.100.2"), 200);
    assert_eq!(from("2001:db8::1"), 200);
    assert_eq!(from("2001:db8::2"), 429, "the same /64");
    assert_eq!(from("2001:db8:0:1::1"), 200);
}

#[test]
fn keys_of_all_kinds_tell_requests_apart() {
    let limit = |part: &str| format!("limits: [{{name: a, requests: 1, per: 1h, key: [{part}]}}]");
    let client = Client::http1();
    for (part, one, other) in [
        (
            "{header: x-user}",
            ("/", "x-user", "a"),
            ("/", "x-user", "b"),
        ),
        ("{query: u}", ("/?u=a", "x-n", "1"), ("/?u=b", "x-n", "1")),
        (
            "{cookie: s}",
            ("/", "cookie", "s=a"),
            ("/", "cookie", "t=1; s=b"),
        ),
        ("{path: {}}", ("/a", "x-n", "1"), ("/b", "x-n", "1")),
        (
            "{host: {}}",
            ("/", "host", "a.example"),
            ("/", "host", "b.example"),
        ),
        (
            "{value: all}, {header: x-user}",
            ("/", "x-user", "a"),
            ("/", "x-user", "b"),
        ),
    ] {
        let envoy = filter(&limit(part));
        let status = |(path, name, value): (&str, &str, &str)| {
            client
                .get(envoy.url(path))
                .header(name, value)
                .send()
                .status
        };
        let statuses = [one, one, other, other].map(status);
        assert_eq!(statuses, [200, 429, 200, 429], "{part}");
    }
    let envoy = filter(&limit("{path: {}}"));
    assert_eq!(get(&envoy, "/a/b", &[]).status, 200);
    for spelling in [
        "/a//b",
        "/a/./b",
        "/%61/b",
        "/x/../a/b",
        "/a/b;v=1",
        "/a/b?q",
    ] {
        assert_eq!(get(&envoy, spelling, &[]).status, 429, "{spelling}");
    }
    let envoy = filter(&limit("{header: x-user}"));
    // If a repeated key part has several values, the bucket of each distinct combination is
    // charged, in order, up to the first that refuses. So a client cannot evade a limit by adding
    // a value, or share a bucket with other clients. More than four combinations are refused with
    // 400.
    let with = |users: &[&str]| {
        let fields: Vec<_> = users.iter().map(|user| ("x-user", *user)).collect();
        get(&envoy, "/", &fields)
    };
    for (users, status) in [
        (&["a", "b"][..], 200),
        (&["c", "d"], 200),
        (&["a"], 429),
        (&["d"], 429),
        (&["e", "e"], 200),
        (&["e", "f"], 429),
        (&["f"], 200),
        (&["g", "a", "h"], 429),
        (&["g"], 429),
        (&["h"], 200),
        (&["1", "2", "3", "4"], 200),
        (&["5", "6", "7", "8", "9"], 400),
        (&["5"], 200),
    ] {
        assert_eq!(with(users).status, status, "{users:?}");
    }
    let envoy = filter(&limit("{method: {}}"));
    let status = |method| client.request(method, envoy.url("/")).send().status;
    assert_eq!(["GET", "GET", "PUT"].map(status), [200, 429, 200]);
}

#[test]
fn missing_and_strange_keys_and_costs_have_their_answers() {
    // By default, `missing_key` is `shared`, and a cost from a header is at least 1.
    let envoy = filter(
        r#"{limits: [
            {name: strict, match: {paths: [{prefix: /strict}]}, key: [{header: x-user}], requests: 1, per: 1h, missing_key: refuse},
            {name: shared, match: {paths: [{prefix: /shared}]}, key: [{header: x-user}], requests: 1, per: 1h, missing_key: shared},
            {name: default, match: {paths: [{prefix: /default}]}, key: [{header: x-user}], requests: 1, per: 1h},
            {name: skip, match: {paths: [{prefix: /skip}]}, key: [{header: x-user}], requests: 1, per: 1h, missing_key: skip},
            {name: cost, match: {paths: [{prefix: /cost}]}, requests: 10, per: 1h, cost: {header: x-cost, default: 3, min: 0}},
            {name: least, match: {paths: [{prefix: /least}]}, requests: 4, per: 1h, cost: {header: x-cost}}]}"#,
    );
    let status = |path| get(&envoy, path, &[]).status;
    assert_eq!(
        [status("/strict"), status("/shared"), status("/skip")],
        [400, 200, 200]
    );
    assert_eq!(
        [status("/strict"), status("/shared"), status("/skip")],
        [400, 429, 200]
    );
    assert_eq!([status("/default"), status("/default")], [200, 429]);
    assert_eq!(
        get(&envoy, "/default", &[("x-user", "")]).status,
        429,
        "an empty key is a missing one"
    );
    assert_eq!(get(&envoy, "/default", &[("x-user", "a")]).status, 200);
    let details = get(&envoy, "/strict", &[]);
    assert_eq!(
        details.text(),
        "The request lacks what its limit counts by.\n"
    );
    let long = "k".repeat(55_000);
    assert_eq!(get(&envoy, "/skip", &[("x-user", &long)]).status, 200);
    assert_eq!(get(&envoy, "/skip", &[("x-user", &long)]).status, 429);
    let other = format!("{}x", "k".repeat(54_999));
    assert_eq!(get(&envoy, "/skip", &[("x-user", &other)]).status, 200);

    let left = |cost: &str| {
        let answer = get(&envoy, "/cost", &[("x-cost", cost)]);
        let left = answer.header("x-ratelimit-remaining").map(str::to_owned);
        (answer.status, left.unwrap_or_default())
    };
    assert_eq!(left("0"), (200, "10".into()));
    assert_eq!(
        left("1e300"),
        (200, "7".into()),
        "no number: the default, 3"
    );
    assert_eq!(left("-1"), (200, "4".into()));
    // The `x-ratelimit-*` fields are about the limit that refused, also if the cost is beyond its
    // burst. Then there is no `retry-after`, because waiting does not help.
    assert_eq!(left("11"), (429, "4".into()), "more than the burst");
    assert_eq!(left("99999999999999999999"), (429, "4".into()));
    let beyond = get(&envoy, "/cost", &[("x-cost", "11")]);
    assert_eq!(beyond.header("retry-after"), None);
    assert_eq!(beyond.header("x-ratelimit-limit"), Some("10"));
    assert_eq!(left("four"), (200, "1".into()));
    assert_eq!(left("2"), (429, "1".into()));
    assert_eq!(left("1"), (200, "0".into()));
    assert_eq!(
        left("0"),
        (200, "0".into()),
        "a cost of nothing is never refused"
    );
    // A client that sets its cost cannot go below `min`: no request is free.
    let costs = ["0", "-1", "00", "", "1", "0"];
    let statuses = costs.map(|cost| get(&envoy, "/least", &[("x-cost", cost)]).status);
    assert_eq!(statuses, [200, 200, 200, 200, 429, 429]);
}

#[test]
fn a_path_that_may_be_another_is_counted_and_an_empty_configuration_is_inert() {
    let envoy = filter(
        r#"{exempt: [{paths: [{prefix: /healthz}]}],
            limits: [{name: a, match: {paths: [{prefix: /login}]}, requests: 4, per: 1h},
                {name: b, match: {paths: [{prefix: /healthz}, {prefix: /open}]}, requests: 1, per: 1h}]}"#,
    );
    for path in ["/%6cogin", "//login", "/x/../login", "/login;a"] {
        let answer = get(&envoy, path, &[]);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.echo().path, path, "as it was sent");
    }
    assert_eq!(get(&envoy, "/login", &[]).status, 429);
    assert_eq!(get(&envoy, "/x/..;/%6cogin", &[]).status, 429);
    let stat = |name: &str| envoy.stat(&format!("wasmcustom.rate_limit.{name}_total"));
    assert_eq!((stat("passed.a"), stat("refused.a")), (4, 2));

    for path in ["/healthz", "/%68ealthz", "/healthz/a%3Ab"] {
        assert_eq!(get(&envoy, path, &[]).status, 200, "{path}");
    }
    assert_eq!(stat("exempt"), 3);
    // Another reading is not exempt.
    let statuses = ["/healthz/..;/open", "/open"].map(|path| get(&envoy, path, &[]).status);
    assert_eq!((statuses, stat("exempt")), ([200, 429], 3));

    assert_eq!(stat("refused.ambiguous_path"), 0);
    // A path with more than 64 readings is refused with 400.
    let many = "/a%2F%252F%25252F%2525252F%255C/;%3B%253B/..%2e/%252e.//x\\".repeat(4);
    let request = format!("GET {many} HTTP/1.1\r\nhost: a\r\n\r\n");
    let refused = raw::send(envoy.address(), request).response();
    assert_eq!((refused.status, stat("refused.ambiguous_path")), (400, 1));
    for form in [ConfigForm::Struct, ConfigForm::Text] {
        let empty = Envoy::with_filter("rate-limit", "{}").form(form);
        let answer = get(&empty.start(), "//login", &[]);
        assert_eq!((answer.status, answer.header("ratelimit")), (200, None));
    }
}

// A malformed host is refused with 400 `malformed_host` if a `match`, a key or a template looks at
// hosts.
#[test]
fn a_host_that_is_malformed_is_refused_where_a_limit_looks_at_hosts() {
    for limit in [
        "match: {hosts: [a.example]}",
        "match: {headers: [{name: host, exact: a.example}]}",
        "key: [{host: {}}]",
        "key: [{header: host}]",
    ] {
        let envoy = Envoy::with_filter(
            "rate-limit",
            format!("limits: [{{name: a, {limit}, requests: 1, per: 1h}}]"),
        )
        .access_log("%RESPONSE_CODE% %RESPONSE_CODE_DETAILS%")
        .start();
        let status = |host: &str| get(&envoy, "/", &[("host", host)]).status;
        let malformed = ["a.example:x", "x@a.example", "a.example.."].map(status);
        assert_eq!(malformed, [400; 3], "{limit}");
        assert_eq!(
            envoy.stat("wasmcustom.rate_limit.refused.malformed_host_total"),
            3
        );
        envoy.wait_for_access_log("400 malformed_host", Duration::from_secs(5));
        // Spellings of one host share a bucket.
        let well_formed = ["a.example", "A.Example.", "a.example:80"].map(status);
        assert_eq!(well_formed, [200, 429, 429], "{limit}");
    }
    let envoy = filter("limits: [{name: a, requests: 5, per: 1h}]");
    let answer = get(&envoy, "/", &[("host", "x@a.example")]);
    assert_eq!(answer.status, 200, "no limit looks at the host");
}

// As a header name, `host` means the host without its port, in lower case.
#[test]
fn a_host_as_a_header_is_a_key_that_tells_hosts_apart() {
    let envoy = filter("limits: [{name: a, key: [{header: host}], requests: 1, per: 1h}]");
    for (client, a, b) in [
        (Client::http1(), "a.example", "b.example"),
        (Client::http2(), "c.example", "d.example"),
    ] {
        let status = |host: &str| client.get(envoy.url("/")).host(host).send().status;
        assert_eq!([a, a, b, b].map(status), [200, 429, 200, 429]);
        assert_eq!(status(&format!("{}:8080", a.to_uppercase())), 429);
    }
}

// The work to find a key is bounded too.
#[test]
fn a_key_that_takes_too_much_search_is_refused_and_a_pattern_that_begins_once_is_not() {
    let limit = |regex: &str| {
        filter(&format!(
            "limits: [{{name: a, key: [{{header: {{name: x-key, regex: '{regex}'}}}}], requests: 9, per: 1h}}]"
        ))
    };
    let values: Vec<String> = (0..7)
        .map(|n| format!("{n}{}", "a".repeat(8_000)))
        .collect();
    let fields: Vec<_> = values
        .iter()
        .map(|value| ("x-key", value.as_str()))
        .collect();
    for (regex, status) in [
        (".*[a-z]{1,500}X", 400),
        ("[a-z]{1,500}X", 200),
        ("(a|aa)+X", 200),
    ] {
        let envoy = limit(regex);
        let started = std::time::Instant::now();
        assert_eq!(get(&envoy, "/", &fields).status, status, "{regex}");
        let time = started.elapsed();
        assert!(time < Duration::from_millis(500), "{regex}: {time:?}");
        assert_eq!(get(&envoy, "/", &[("x-key", "abX")]).status, 200, "{regex}");
        envoy.assert_vm_alive();
    }
}
