mod refused;

use super::*;
use crate::address::Prefixes;
use crate::allowance::Allowance;
use crate::cost::{Cost, HeaderCost};
use crate::key::KeyPart;
use crate::limit::{Charge, LimitMode, MissingKey, Scope as CountedBy};
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
    let Allowance::Quota(quota) = &limit.allowance else {
        panic!("a quota");
    };
    assert_eq!((quota.requests(), quota.burst()), (100, 100));
    assert_eq!(quota.per(), Duration::from_secs(60));
    let prefixes = Prefixes { ipv4: 32, ipv6: 64 };
    assert_eq!(limit.key, [KeyPart::ClientIp(prefixes)]);
    assert_eq!(limit.cost, Cost::Fixed(1));
    assert_eq!(limit.missing_key, MissingKey::Shared);
    assert_eq!(limit.scope, CountedBy::Process);
    assert_eq!(limit.mode, LimitMode::Enforce);
    assert_eq!(limit.charge, Charge::OnRequest);
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
    assert_eq!(all.mode, LimitMode::Enforce);
    let cost = Cost::Header(HeaderCost {
        name: HeaderName::new("x-cost").unwrap(),
        default: 2,
        min: 0,
    });
    assert_eq!(all.cost, cost);
    assert_eq!(fleet.mode, LimitMode::Report);
    assert_eq!(fleet.allowance, Allowance::OfService);
    assert_eq!(config.exempt.len(), 1);
}

#[test]
fn what_is_counted_and_when_can_be_written() {
    let config = load(
        r#"{"limits": [
            {"name": "failed", "key": [{"client_ip": {}}], "requests": 5, "per": "1m", "charge": {"on": "response", "status": [401, "500-599"]}},
            {"name": "answers", "requests": 5, "per": "1m", "charge": {"on": "response"}},
            {"name": "tokens", "requests": 1000, "per": "1m", "cost": {"response_header": "x-tokens"}},
            {"name": "quota", "requests": {"header": "x-quota", "default": 10, "max": 100}, "per": "1m", "burst": 5},
            {"name": "none", "requests": 0, "per": "1m"},
            {"name": "parallel", "concurrent": 10, "mode": "annotate", "response": {"body": "${limit.name}"},
             "key": [{"header": {"name": "Authorization", "regex": "Bearer (.+)"}}, {"query": {"name": "q"}}, {"cookie": {"name": "c", "regex": "a"}},
                     {"path": {"regex": "/([^/]*).*"}}, {"property": "connection.requested_server_name"}]}]}"#,
    )
    .unwrap();
    let [failed, answers, tokens, quota, none, parallel] = config.limits.as_slice() else {
        panic!("six limits")
    };
    assert_eq!(
        failed.charge,
        Charge::OnResponse(vec![401..=401, 500..=599])
    );
    assert_eq!(answers.charge, Charge::OnResponse(vec![]));
    assert_eq!(tokens.charge, Charge::OnResponse(vec![]));
    let header = |name, default, min| HeaderCost {
        name: HeaderName::new(name).unwrap(),
        default,
        min,
    };
    // The default of `min` is 1 for `header`, and 0 for `response_header`.
    assert_eq!(tokens.cost, Cost::ResponseHeader(header("x-tokens", 0, 0)));
    let Allowance::OfHeader(given) = &quota.allowance else {
        panic!("of a header")
    };
    assert_eq!((given.default, given.max), (10, 100));
    assert_eq!(none.allowance, Allowance::Nothing(Duration::from_secs(60)));
    assert!(matches!(parallel.allowance, Allowance::Concurrent(most) if most.get() == 10));
    assert_eq!(
        (parallel.mode, parallel.key.len()),
        (LimitMode::Annotate, 5)
    );
    assert!(parallel.response.is_some() && none.response.is_none());
}

#[test]
fn a_cost_without_a_number_is_the_least_unless_the_configuration_says_more() {
    for (cost, default, min) in [
        (r#"{"header": "x-cost"}"#, 1, 1),
        (r#"{"header": "x-cost", "min": 3}"#, 3, 3),
        (r#"{"header": "x-cost", "min": 0}"#, 1, 0),
        (r#"{"header": "x-cost", "min": 3, "default": 5}"#, 5, 3),
        (r#"{"response_header": "x-cost"}"#, 0, 0),
        (r#"{"response_header": "x-cost", "min": 2}"#, 2, 2),
    ] {
        let json = format!(
            r#"{{"limits": [{{"name": "a", "requests": 10, "per": "1m", "cost": {cost}}}]}}"#
        );
        let limit = load(&json).unwrap().limits.remove(0);
        let (Cost::Header(read) | Cost::ResponseHeader(read)) = limit.cost else {
            panic!("{cost}")
        };
        assert_eq!((read.default, read.min), (default, min), "{cost}");
    }
}
