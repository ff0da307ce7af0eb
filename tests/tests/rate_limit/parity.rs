//! The same requests to Envoy's own local rate limit filter and to ours, in one Envoy. The README
//! of rate-limit lists the differences.

use e2e::{Client, Envoy, Load, Response};
use std::time::Duration;

/// Native limits for one host, ours for the other, with the same settings: three requests per hour
/// for each `x-user`.
fn both() -> Envoy {
    let native = r#"
name: envoy.filters.http.local_ratelimit
typed_config:
  "@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
  stat_prefix: native
"#;
    let host = r#"
name: native
domains: [native.example.com]
typed_per_filter_config:
  envoy.filters.http.local_ratelimit:
    "@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
    stat_prefix: native
    filter_enabled: {default_value: {numerator: 100}}
    filter_enforced: {default_value: {numerator: 100}}
    enable_x_ratelimit_headers: DRAFT_VERSION_03
    always_consume_default_token_bucket: false
    token_bucket: {max_tokens: 1000000, tokens_per_fill: 1000000, fill_interval: 3600s}
    rate_limits:
      - actions: [{request_headers: {header_name: x-user, descriptor_key: user}}]
    descriptors:
      - entries: [{key: user}]
        token_bucket: {max_tokens: 3, tokens_per_fill: 3, fill_interval: 3600s}
routes: [{match: {prefix: /}, route: {cluster: upstream}}]
"#;
    let ours = "limits: [{name: user, match: {hosts: [ours.example.com]}, key: [{header: x-user}], requests: 3, per: 1h}]";
    Envoy::with_filter("rate-limit", ours)
        .native(native)
        .virtual_host(host)
        .access_log("%REQ(:AUTHORITY)% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS%")
        .concurrency(2)
        .start()
}

const HOSTS: [&str; 2] = ["native.example.com", "ours.example.com"];

fn get(envoy: &Envoy, host: &str, user: &str) -> Response {
    let request = envoy.get("/").host(host);
    request.header("x-user", user).send()
}

#[test]
fn both_let_the_quota_of_each_key_pass_over_all_workers() {
    let envoy = both();
    for host in HOSTS {
        let load = Load::new(envoy.url("/")).header("x-user", host);
        let load = load.header("host", host).total(200).connections(16);
        let result = load.run();
        assert_eq!((result.count(200), result.count(429)), (3, 197), "{host}");
    }
}

#[test]
fn both_say_what_is_left_and_only_ours_when_to_come_back() {
    let envoy = both();
    for host in HOSTS {
        let answers = [(); 4].map(|()| get(&envoy, host, "a"));
        let left = |answer: &Response| {
            let fields = ["x-ratelimit-limit", "x-ratelimit-remaining"];
            fields.map(|name| answer.header(name).map(str::to_owned))
        };
        let expected = |remaining: &str| [Some("3".to_owned()), Some(remaining.to_owned())];
        assert_eq!(
            answers.each_ref().map(left),
            [expected("2"), expected("1"), expected("0"), expected("0")],
            "{host}"
        );
        let [.., refused] = answers;
        assert_eq!(refused.status, 429);
        let is_ours = host == "ours.example.com";
        assert_eq!(refused.header("retry-after").is_some(), is_ours);
        assert_eq!(refused.header("ratelimit").is_some(), is_ours);
    }
}

#[test]
fn a_refusal_says_which_limit_it_was_only_in_ours() {
    let envoy = both();
    let native = (
        "local_rate_limited".to_owned(),
        "local_rate_limited".to_owned(),
    );
    let ours = (
        "Too many requests. Try again in 1200 seconds.\n".to_owned(),
        "rate_limited{user}".to_owned(),
    );
    for (host, expected) in HOSTS.into_iter().zip([native, ours]) {
        for _ in 0..3 {
            assert_eq!(get(&envoy, host, "b").status, 200, "{host}");
        }
        let refused = get(&envoy, host, "b");
        let details = format!("{host} 429 ");
        let line = envoy.wait_for_access_log(&details, Duration::from_secs(5));
        let details = line.strip_prefix(&details).unwrap().to_owned();
        assert_eq!((refused.text(), details), expected, "{host}");
        // gRPC clients decide by the status whether to retry, in both cases.
        let call = Client::http2().post(envoy.url("/")).host(host);
        let call = call.header("content-type", "application/grpc");
        let call = call.header("x-user", "b").send();
        assert_eq!(call.status, 200, "{host}");
        let expected = if host == HOSTS[0] { "14" } else { "8" };
        assert_eq!(call.header("grpc-status"), Some(expected), "{host}");
    }
}

/// Native counts a request without the key for no descriptor, ours in a separate bucket.
#[test]
fn a_request_without_the_key_is_limited_only_in_ours() {
    let envoy = both();
    for (host, fourth) in HOSTS.into_iter().zip([200, 429]) {
        let without = || envoy.get("/").host(host).send().status;
        assert_eq!(
            [(); 4].map(|()| without()),
            [200, 200, 200, fourth],
            "{host}"
        );
    }
}

#[test]
fn a_key_that_native_forgets_begins_anew_and_ours_is_still_limited() {
    let envoy = both();
    for (host, after_the_others) in HOSTS.into_iter().zip([200, 429]) {
        let statuses = [(); 4].map(|()| get(&envoy, host, "busy").status);
        assert_eq!(statuses, [200, 200, 200, 429], "{host}");
        // Native keeps 20 keys of a wildcard descriptor by default.
        for other in 0..30 {
            assert_eq!(get(&envoy, host, &format!("other-{other}")).status, 200);
        }
        assert_eq!(get(&envoy, host, "busy").status, after_the_others, "{host}");
    }
}
