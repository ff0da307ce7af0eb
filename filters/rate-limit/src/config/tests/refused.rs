//! What is refused at load, each with its one line.

use super::*;

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
            "limits[1].name: duplicate limit name \"a\"",
        ),
        (
            r#""name": "ambiguous_path", "requests": 1, "per": "1s""#,
            "limits[1].name: \"ambiguous_path\" is reserved for a counter of the filter",
        ),
        (
            r#""name": "malformed_host", "requests": 1, "per": "1s""#,
            "limits[1].name: \"malformed_host\" is reserved for a counter of the filter",
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
            r#""name": "b", "requests": 1, "per": "1s", "burst": 0"#,
            "limits[1].burst: 0 lets no request through; the minimum is 1, and requests: 0 refuses all",
        ),
        (
            r#""name": "b", "requests": 1, "per": "0s""#,
            "limits[1].per: 0s is below the minimum of 1ms",
        ),
        (
            r#""name": "b", "requests": 1, "per": "366d""#,
            "limits[1].per: \"366d\" is not a duration",
        ),
        (
            r#""name": "b", "requests": 4000000, "per": "1ms""#,
            "limits[1]: 4000000 requests per 1ms exceed one per nanosecond; the maximum is 1000000",
        ),
        (
            r#""name": "b", "requests": 1, "per": "365d", "burst": 1000000"#,
            "limits[1]: a burst of 1000000 takes more than 73 years to fill up",
        ),
        (
            r#""name": "b", "requests": -1, "per": "1s""#,
            "limits[1].requests: got -1, expected a number from 0 to 4294967295, or {\"header\": NAME, \"default\": NUMBER, \"max\": NUMBER}",
        ),
        (
            r#""name": "b", "requests": 1.5, "per": "1s""#,
            "limits[1].requests: got 1.5, expected a number from 0 to 4294967295",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "key": []"#,
            "limits[1].key: must not be empty",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "key": [{"ip": {}}]"#,
            "limits[1].key[0]: \"ip\" is not accepted; one of: client_ip, header, query, cookie, path, method, host, property, value",
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
            "limits[1].cost: 3 exceeds the burst of 2, so that no request would pass",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "cost": {"header": "x-cost", "default": 2}"#,
            "limits[1].cost.default: 2 exceeds the burst of 1",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "cost": {"header": "x-cost", "default": 0}"#,
            "limits[1].cost.default: 0 is less than \"min\", 1",
        ),
        (
            r#""name": "b", "scope": "service", "cost": {"header": "x-cost", "default": 1, "min": 3}"#,
            "limits[1].cost.default: 1 is less than \"min\", 3",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "cost": -1"#,
            "limits[1].cost: got -1, expected a number from 0 to 4294967295",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "cost": {"headr": "x"}"#,
            "limits[1].cost.headr: unknown key; did you mean \"header\"? one of: header, response_header, default, min",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "missing_key": "pass""#,
            "limits[1].missing_key: \"pass\" is not accepted; one of: skip, shared, refuse",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "windw": 1"#,
            "limits[1].windw: unknown key; one of: name, match, key, requests, per, burst, cost, charge, concurrent, missing_key, scope, mode, response",
        ),
        (
            r#""name": "b", "scope": "service", "burst": 3"#,
            "limits[1]: missing key \"requests\"",
        ),
        (
            r#""name": "b", "requests": 0, "per": "1s", "burst": 1"#,
            "limits[1].burst: is not valid with requests: 0",
        ),
        (
            r#""name": "b", "requests": {"header": "x-quota", "default": 5}, "per": "1s""#,
            "limits[1].requests: missing key \"max\"",
        ),
        (
            r#""name": "b", "requests": {"header": "x-quota", "default": 5, "max": 4}, "per": "1s""#,
            "limits[1].requests.default: 5 exceeds the maximum of 4",
        ),
        (
            r#""name": "b", "requests": {"header": "x-quota", "default": 0, "max": 0}, "per": "1s""#,
            "limits[1].requests.max: 0 is below the minimum of 1",
        ),
        (
            r#""name": "b", "requests": {"header": "x-quota", "default": 1, "max": 4000000}, "per": "1ms""#,
            "limits[1].requests.max: 4000000 requests per 1ms exceed one per nanosecond",
        ),
        (
            r#""name": "b", "requests": {"header": "x-quota", "default": 1, "max": 2}, "per": "365d", "burst": 1000000"#,
            "limits[1].requests.max: a burst of 1000000 takes more than 73 years to fill up",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "cost": {"header": "a", "response_header": "b"}"#,
            "limits[1].cost: write exactly one of: header, response_header",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "cost": {"default": 1}"#,
            "limits[1].cost: write exactly one of: header, response_header",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "cost": {"response_header": "b"}, "charge": {"on": "request"}"#,
            "limits[1].charge.on: request is not valid with cost.response_header",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "charge": {"on": "request", "status": [401]}"#,
            "limits[1].charge.status: is only valid with on: response",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "charge": {"on": "response", "status": []}"#,
            "limits[1].charge.status: must not be empty",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "charge": {"on": "response", "status": ["4xx"]}"#,
            "limits[1].charge.status[0]: \"4xx\" is not a status or a range of statuses from 100 to 599",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "charge": {"on": "answer"}"#,
            "limits[1].charge.on: \"answer\" is not accepted; one of: request, response",
        ),
        (
            r#""name": "b", "concurrent": 0"#,
            "limits[1].concurrent: 0 lets no request through; the minimum is 1, and requests: 0 refuses all",
        ),
        (
            r#""name": "b", "concurrent": 1, "requests": 1, "per": "1s""#,
            "limits[1].requests: is not valid with \"concurrent\"",
        ),
        (
            r#""name": "b", "concurrent": 1, "per": "1s""#,
            "limits[1].per: is not valid with \"concurrent\"",
        ),
        (
            r#""name": "b", "concurrent": 1, "cost": 1"#,
            "limits[1].cost: is not valid with \"concurrent\"",
        ),
        (
            r#""name": "b", "concurrent": 1, "charge": {"on": "response"}"#,
            "limits[1].charge: is not valid with \"concurrent\"",
        ),
        (
            r#""name": "b", "concurrent": 1, "scope": "service""#,
            "limits[1].concurrent: is only valid with scope: process",
        ),
        (
            r#""name": "b", "requests": 0, "per": "1s", "scope": "service""#,
            "limits[1].requests: 0 is only valid with scope: process",
        ),
        (
            r#""name": "b", "requests": {"header": "a", "default": 1, "max": 2}, "per": "1s", "scope": "service""#,
            "limits[1].requests: is only valid with scope: process",
        ),
        (
            r#""name": "b", "charge": {"on": "response"}, "scope": "service""#,
            "limits[1].charge: is only valid with scope: process",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "mode": "shadow""#,
            "limits[1].mode: \"shadow\" is not accepted; one of: enforce, report, annotate",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "key": [{"header": {"name": "a b"}}]"#,
            "limits[1].key[0].header.name: \"a b\" is not a header name",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "key": [{"header": {"name": "a", "regex": "("}}]"#,
            "limits[1].key[0].header.regex: \"(\" is not a regular expression: unclosed group",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "key": [{"header": {"nam": "a"}}]"#,
            "limits[1].key[0].header.nam: unknown key; did you mean \"name\"? one of: name, regex",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "key": [{"query": 1}]"#,
            "limits[1].key[0].query: got 1, expected a name, or {\"name\": NAME, \"regex\": REGEX}",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "key": [{"property": "connection..id"}]"#,
            "limits[1].key[0].property: \"connection..id\" is not an attribute",
        ),
        (
            r#""name": "b", "requests": 1, "per": "1s", "response": {"body": "${limit.nme}"}"#,
            "limits[1].response.body: ${limit.nme} is not a variable",
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
            "limits[0].scope: service is only valid with the key \"service\" beside \"limits\"",
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
