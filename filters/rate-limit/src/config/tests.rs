use super::*;
use crate::address::Prefixes;
use crate::cost::Cost;
use crate::key::KeyPart;
use crate::limit::{MissingKey, Scope as CountedBy};
use filter_kit::config;
use filter_kit::values::HeaderName;
use std::time::Duration;

fn load(json: &str) -> Result<Config, String> {
    config::load(json.as_bytes(), &Env::new()).map_err(|e| e.to_string())
}

#[test]
fn an_empty_configuration_limits_nothing() {
    for json in ["", "{}", r#"{"limits": []}"#] {
        let config = load(json).unwrap();
        assert!(config.limits.is_empty(), "{json}");
        assert_eq!(config.max_keys, 100_000);
        assert_eq!(config.fields, FieldStyle::Both);
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let config = load(
        r#"{"limits": [{"name": "a", "requests": 100, "per": "1m", "key": [{"client_ip": {}}]}],
            "service": {"cluster": "rls", "domain": "edge", "on_error": "process"}}"#,
    )
    .unwrap();
    let limit = &config.limits[0];
    let quota = limit.quota.unwrap();
    assert_eq!((quota.requests(), quota.burst()), (100, 100));
    assert_eq!(quota.per(), Duration::from_secs(60));
    let prefixes = Prefixes { ipv4: 32, ipv6: 64 };
    assert_eq!(limit.key, [KeyPart::ClientIp(prefixes)]);
    assert_eq!(limit.cost, Cost::Fixed(1));
    // DESIGN 6: "missing_key: shared (default, v2)".
    assert_eq!(limit.missing_key, MissingKey::Shared);
    assert_eq!(limit.scope, CountedBy::Process);
    assert_eq!(limit.mode, Mode::Enforce);
    let service = config.service.unwrap();
    assert_eq!(service.timeout, Duration::from_millis(20));
    assert_eq!(service.on_error, OnError::Process);
}

#[test]
fn everything_can_be_written() {
    let config = load(
        r#"{"mode": "report", "limits": [
            {"name": "all", "match": {"paths": [{"prefix": "/api"}]},
             "key": [{"client_ip": {"ipv4_prefix": 24, "ipv6_prefix": 48}}, {"header": "X-User"}, {"query": "q"}, {"cookie": "c"},
                     {"path": {}}, {"method": {}}, {"host": {}}, {"value": "v"}],
             "requests": 10, "per": "1s", "burst": 30, "cost": {"header": "x-cost", "default": 2, "min": 0},
             "missing_key": "refuse", "mode": "enforce"},
            {"name": "fleet", "scope": "service", "cost": 0, "missing_key": "skip"}],
            "exempt": [{"methods": ["OPTIONS"]}], "max_keys": 1, "headers": "draft",
            "response": {"status": 420, "body": "${limit.name}", "headers": [{"name": "x-wait", "value": "${limit.retry_after}"}]},
            "service": {"cluster": "rls", "domain": "edge", "timeout": "1s", "on_error": "refuse"}}"#,
    )
    .unwrap();
    let [all, fleet] = config.limits.as_slice() else {
        panic!("two limits")
    };
    assert_eq!(all.key.len(), 8);
    assert_eq!(all.mode, Mode::Enforce);
    let cost = Cost::Header {
        name: HeaderName::new("x-cost").unwrap(),
        default: 2,
        min: 0,
    };
    assert_eq!(all.cost, cost);
    assert_eq!((fleet.mode, fleet.quota), (Mode::Report, None));
    assert_eq!(config.exempt.len(), 1);
}

/// What is put in a limit that is right otherwise.
fn limit_error(member: &str) -> String {
    let json = format!(
        r#"{{"limits": [{{"name": "a", "requests": 1, "per": "1s"}}, {{{member}}}], "service": {{"cluster": "c", "domain": "d", "on_error": "allow"}}}}"#
    );
    load(&json).expect_err(member)
}

#[test]
fn a_wrong_limit_is_refused_with_its_place_and_the_rule() {
    for (member, error) in [
        (
            r#""requests": 1, "per": "1s""#,
            "limits[1]: missing key \"name\"",
        ),
        (
            r#""name": "a b", "requests": 1, "per": "1s""#,
            "limits[1].name: \"a b\" is not a name of a limit; 1 to 64 letters, digits, - and _ are accepted",
        ),
        (
            r#""name": "a", "requests": 1, "per": "1s""#,
            "limits[1].name: \"a\" is the name of another limit",
        ),
        (
            r#""name": "ambiguous_path", "requests": 1, "per": "1s""#,
            "limits[1].name: \"ambiguous_path\" is the name of a counter of the filter's own",
        ),
        (
            r#""name": "malformed_host", "requests": 1, "per": "1s""#,
            "limits[1].name: \"malformed_host\" is the name of a counter of the filter's own",
        ),
        (
            r#""name": "b", "per": "1s""#,
            "limits[1]: missing key \"requests\"",
        ),
        (
            r#""name": "b", "requests": 1"#,
            "limits[1]: missing key \"per\"",
        ),
        (
            r#""name": "b", "requests": 0, "per": "1s""#,
            "limits[1].requests: 0 would let nothing pass; 1 and more are accepted",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "burst": 0"#,
            "limits[1].burst: 0 would let nothing pass; 1 and more are accepted",
        ),
        (
            r#""name": "b", "requests": 1, "per": "0s""#,
            "limits[1].per: a window of no time; 1ms and more are accepted",
        ),
        (
            r#""name": "b", "requests": 1, "per": "366d""#,
            "limits[1].per: \"366d\" is not a duration",
        ),
        (
            r#""name": "b", "requests": 4000000, "per": "1ms""#,
            "limits[1]: 4000000 requests per 1ms are more than one per nanosecond; at most 1000000 are accepted",
        ),
        (
            r#""name": "b", "requests": 1, "per": "365d", "burst": 1000000"#,
            "limits[1]: a burst of 1000000 takes more than 73 years to fill up",
        ),
        (
            r#""name": "b", "requests": -1, "per": "1s""#,
            "limits[1].requests: got -1, expected a whole number up to 4294967295",
        ),
        (
            r#""name": "b", "requests": 1.5, "per": "1s""#,
            "limits[1].requests: got 1.5, expected a whole number up to 4294967295",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "key": []"#,
            "limits[1].key: must not be empty",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "key": [{"ip": {}}]"#,
            "limits[1].key[0]: \"ip\" is not accepted; one of: client_ip, header, query, cookie, path, method, host, value",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "key": [{"client_ip": {"ipv4_prefix": 33}}]"#,
            "limits[1].key[0].client_ip.ipv4_prefix: 33 exceeds the maximum of 32",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "key": [{"value": ""}]"#,
            "limits[1].key[0].value: must not be empty",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "key": [{"header": ":path"}]"#,
            "limits[1].key[0].header: \":path\" is not a header name",
        ),
        (
            r#""name": "b", "requests": 5, "per": "1s", "burst": 2, "cost": 3"#,
            "limits[1].cost: 3 is more than the burst of 2: no request would ever pass; lower it, or raise \"burst\"",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "cost": {"header": "x-cost", "default": 2}"#,
            "limits[1].cost.default: 2 is more than the burst of 1",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "cost": {"header": "x-cost", "default": 0}"#,
            "limits[1].cost.default: 0 is less than the least cost of 1; raise it, or lower \"min\"",
        ),
        (
            r#""name": "b", "scope": "service", "cost": {"header": "x-cost", "min": 3}"#,
            "limits[1].cost.default: 1 is less than the least cost of 3; raise it, or lower \"min\"",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "cost": -1"#,
            "limits[1].cost: got -1, expected a number from 0 to 4294967295",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "cost": {"headr": "x"}"#,
            "limits[1].cost.headr: unknown key; did you mean \"header\"? one of: header, default, min",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "missing_key": "pass""#,
            "limits[1].missing_key: \"pass\" is not accepted; one of: skip, shared, refuse",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "windw": 1"#,
            "limits[1].windw: unknown key; one of: name, match, key, requests, per, burst, cost, missing_key, scope, mode",
        ),
        (
            r#""name": "b", "scope": "service", "burst": 3"#,
            "limits[1]: missing key \"requests\"",
        ),
    ] {
        let got = limit_error(member);
        assert!(
            got.starts_with(&format!("rate-limit: {error}")),
            "{got}\n{error}"
        );
    }
}

#[test]
fn what_stands_beside_the_limits_is_checked_too() {
    let one = r#""limits": [{"name": "a", "scope": "service"}]"#;
    for (json, error) in [
        (
            format!("{{{one}}}"),
            "limits[0].scope: the scope service needs the key \"service\" beside \"limits\"",
        ),
        (
            format!(
                r#"{{{one}, "service": {{"cluster": "c", "domain": "d", "on_error": "process"}}}}"#
            ),
            "limits[0]: missing key \"requests\"",
        ),
        (
            r#"{"service": {"cluster": "c", "domain": "d"}}"#.to_owned(),
            "service: missing key \"on_error\", what to do with a request without an answer; one of: allow, refuse, process",
        ),
        (
            r#"{"service": {"cluster": "c", "domain": "d", "on_error": "open"}}"#.to_owned(),
            "service.on_error: \"open\" is not accepted; one of: allow, refuse, process",
        ),
        (
            r#"{"service": {"cluster": "", "domain": "d"}}"#.to_owned(),
            "service.cluster: must not be empty",
        ),
        (
            r#"{"service": {"cluster": "c", "domain": "d", "timeout": "0ms"}}"#.to_owned(),
            "service.timeout: 0ms is below the minimum of 1ms",
        ),
        (
            r#"{"max_keys": 0}"#.to_owned(),
            "max_keys: 0 is below the minimum of 1",
        ),
        (
            r#"{"exempt": [{"paths": [{"prefix": "api"}]}]}"#.to_owned(),
            "exempt[0].paths[0].prefix: \"api\" does not begin with /",
        ),
        (
            r#"{"response": {"body": "${limit.nme}"}}"#.to_owned(),
            "response.body: ${limit.nme} is not a variable",
        ),
        (
            r#"{"headers": "all"}"#.to_owned(),
            "headers: \"all\" is not accepted; one of: draft, legacy, both, none",
        ),
        (
            r#"{"limit": []}"#.to_owned(),
            "limit: unknown key; did you mean \"limits\"? one of: mode, limits, exempt, max_keys, response, headers, service",
        ),
    ] {
        let got = load(&json).expect_err(&json);
        assert!(
            got.starts_with(&format!("rate-limit: {error}")),
            "{got}\n{error}"
        );
    }
}
