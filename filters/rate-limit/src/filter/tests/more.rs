//! Quotas from a header, limits that allow nothing, annotations, and replies specific to a limit.

use super::*;

#[test]
fn a_header_gives_the_quota_and_one_bucket_serves_whatever_it_says() {
    let host = ScriptedHost::install();
    let mut run = start(
        &host,
        r#"{"limits": [{"name": "plan", "key": [{"header": "x-user"}], "requests": {"header": "x-quota", "default": 2, "max": 4}, "per": "1m"}]}"#,
    );
    let mut passes = |user: &str, quotas: &[&str]| {
        let mut passed = 0;
        for quota in quotas {
            let request = request("GET", "/").header("x-user", user);
            let request = request.header("x-quota", *quota);
            passed += u32::from(status(&mut run, request) == 200);
        }
        passed
    };
    assert_eq!(passes("a", &["3"; 9]), 3);
    assert_eq!(passes("b", &["none"; 9]), 2);
    assert_eq!(passes("c", &["1000000"; 9]), 4);
    assert_eq!(passes("d", &["0"; 9]), 0);
    // Each takes its share of the one bucket: half of it, then a quarter, and a quarter.
    assert_eq!(passes("e", &["2", "4", "4", "4", "2"]), 3);
    let (mut exchange, _) = send(&mut run, request("GET", "/").header("x-user", "f"));
    let response = exchange.response(&[(":status", "200")]);
    assert_eq!(values(&response, "ratelimit-policy"), ["\"plan\";q=2;w=60"]);
    assert_eq!(values(&response, "x-ratelimit-limit"), ["2"]);
    let refused = request("GET", "/")
        .header("x-user", "d")
        .header("x-quota", "0");
    let refused = reply(send(&mut run, refused).1);
    assert_eq!(
        values(&refused.headers, "ratelimit-policy"),
        ["\"plan\";q=0;w=60"]
    );
    assert!(
        values(&refused.headers, "retry-after").is_empty(),
        "waiting does not help"
    );
}

#[test]
fn a_limit_of_no_requests_refuses_all() {
    let host = ScriptedHost::install();
    let mut run = start(
        &host,
        r#"{"limits": [{"name": "closed", "match": {"paths": [{"prefix": "/closed"}]}, "requests": 0, "per": "1m"}]}"#,
    );
    assert_eq!(status(&mut run, request("GET", "/")), 200);
    let refused = reply(send(&mut run, request("GET", "/closed")).1);
    assert_eq!(
        (refused.status, refused.body.as_slice()),
        (429, &b"No requests are allowed.\n"[..])
    );
    assert_eq!(
        values(&refused.headers, "ratelimit"),
        ["\"closed\";r=0;t=0"]
    );
    assert_eq!(values(&refused.headers, "x-ratelimit-limit"), ["0"]);
    assert!(values(&refused.headers, "retry-after").is_empty());
}

// With `annotate`, a request passes, and `x-ratelimit-exceeded` names the limits that it exceeds.
// The filter removes this header from every request of a client, in every spelling, also on exempt
// paths.
#[test]
fn the_upstream_is_told_what_a_request_exceeds_and_never_by_the_client() {
    let host = ScriptedHost::install();
    let mut run = start(
        &host,
        r#"{"limits": [
            {"name": "a", "match": {"paths": [{"prefix": "/a"}]}, "requests": 1, "per": "1h", "mode": "annotate"},
            {"name": "b", "match": {"paths": [{"prefix": "/a"}]}, "requests": 2, "per": "1h", "mode": "annotate"},
            {"name": "c", "match": {"paths": [{"prefix": "/a"}]}, "concurrent": 9, "mode": "annotate"}],
            "exempt": [{"paths": [{"exact": "/healthz"}]}]}"#,
    );
    let mut exceeded = |path: &str| {
        let forged = request("GET", path)
            .header("x-ratelimit-exceeded", "forged")
            .header("x_ratelimit_exceeded", "forged")
            .header("x-ratelimit_exceeded", "forged");
        let (mut exchange, answer) = send(&mut run, forged);
        let Answer::Continued(headers) = answer else {
            panic!("{answer:?}")
        };
        let response = exchange.response(&[(":status", "200")]);
        assert!(
            values(&response, "ratelimit").is_empty(),
            "clients are advertised nothing"
        );
        let of_name = |(name, _): &&(Vec<u8>, Vec<u8>)| name.ends_with(b"exceeded");
        let fields = headers.iter().filter(of_name);
        fields
            .map(|(name, value)| {
                format!(
                    "{}: {}",
                    String::from_utf8_lossy(name),
                    String::from_utf8_lossy(value)
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(exceeded("/a"), Vec::<String>::new());
    assert_eq!(exceeded("/a"), ["x-ratelimit-exceeded: a"]);
    assert_eq!(exceeded("/a"), ["x-ratelimit-exceeded: a, b"]);
    assert_eq!(exceeded("/healthz"), Vec::<String>::new());
    assert_eq!(exceeded("/"), Vec::<String>::new());
    for (name, count) in [
        ("annotated.a", Some(2)),
        ("annotated.b", Some(1)),
        ("annotated.c", Some(0)),
        ("refused.a", Some(0)),
        ("reported.a", Some(0)),
    ] {
        let counter = host.counter(&format!("rate_limit.{name}_total"));
        assert_eq!(counter, count, "{name}");
    }
}

#[test]
fn a_limit_may_have_a_reply_of_its_own() {
    let host = ScriptedHost::install();
    let mut run = start(
        &host,
        r#"{"limits": [
            {"name": "own", "match": {"paths": [{"prefix": "/own"}]}, "requests": 0, "per": "1m",
             "response": {"status": 503, "body": "${limit.name} ${request.host}", "headers": [{"name": "x-own", "value": "1"}]}},
            {"name": "other", "requests": 0, "per": "1m"}],
            "response": {"body": "all: ${limit.name}", "headers": [{"name": "x-all", "value": "1"}]}}"#,
    );
    let own = reply(send(&mut run, request("GET", "/own")).1);
    assert_eq!(
        (own.status, own.body.as_slice()),
        (503, &b"own example.com"[..])
    );
    assert_eq!(values(&own.headers, "x-own"), ["1"]);
    assert!(values(&own.headers, "x-all").is_empty());
    assert_eq!(values(&own.headers, "x-envoy-ratelimited"), ["true"]);
    let other = reply(send(&mut run, request("GET", "/")).1);
    assert_eq!(
        (other.status, other.body.as_slice()),
        (429, &b"all: other"[..])
    );
    // Its template depends on the host.
    let malformed = reply(send(&mut run, request("GET", "/").authority("x@y")).1);
    assert_eq!(malformed.details, "malformed_host");
}

#[test]
fn an_attribute_of_envoy_is_a_key() {
    let host = ScriptedHost::install();
    let mut run = start(
        &host,
        r#"{"limits": [{"name": "sni", "key": [{"property": "connection.requested_server_name"}], "requests": 1, "per": "1h"}]}"#,
    );
    let mut with = |name: &[u8]| {
        host.set_property("connection\0requested_server_name", name);
        status(&mut run, request("GET", "/"))
    };
    assert_eq!(
        [with(b"a"), with(b"a"), with(b"b"), with(b"")],
        [200, 429, 200, 200]
    );
    assert_eq!(with(b""), 429, "all that lack it share a bucket");
}
