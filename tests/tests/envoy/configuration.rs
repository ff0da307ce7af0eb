//! Configurations that are rejected: by Envoy at start with one clear line, and at run time while
//! the old one stays active.

use e2e::{ConfigForm, Envoy, wait};
use std::time::Duration;

/// A mistake in the configuration of each filter, and the line that reports it.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "cors",
        r#"{"policies": [{"allow_origin": ["*"]}]}"#,
        "cors: policies[0].allow_origin: unknown key; did you mean \"allow_origins\"? one of: match, allow_origins, ",
    ),
    (
        "cors",
        r#"{"policies": [{"allow_origins": ["*"], "allow_credentials": true}]}"#,
        "cors: policies[0].allow_origins[0]: not valid with allow_credentials: it matches https://evil.example, an origin that anyone can have",
    ),
    (
        "header-rewrite",
        r#"{"rules": [{"requst": []}]}"#,
        "header-rewrite: rules[0].requst: unknown key; did you mean \"request\"? one of: match, request, redirect, respond, response",
    ),
    (
        "header-rewrite",
        r#"{"rules": [{"request": [{"set": {"name": ":path", "value": "/"}}]}]}"#,
        "header-rewrite: rules[0].request[0].set.name: \":path\" is not an ordinary header; use the operations path, query and host",
    ),
    ("jwt-auth", "{}", "jwt-auth: missing key \"providers\""),
    (
        "jwt-auth",
        r#"{"providers": {"corp": {"keys": {"secret": {"value": "too short", "algorithm": "HS256"}}}}}"#,
        "jwt-auth: providers.corp.keys.secret: the secret has 9 bytes; HS256 needs at least 32",
    ),
    (
        "jwt-auth",
        r#"{"providers": {"corp": {"keys": {"remote": {"cluster": "idp", "uri": "idp.example/jwks"}}}}}"#,
        "jwt-auth: providers.corp.keys.remote.uri: the URI is not absolute; write https://host/path",
    ),
    (
        "jwt-auth",
        r#"{"providers": {"corp": {"keys": {"secret": "S3CR3T"}}}}"#,
        "jwt-auth: providers.corp.keys.secret: got a string, expected ",
    ),
    (
        "jwt-auth",
        r#"{"providers": {"corp": {"keys": {"secret": {"S3CR3T": "a"}}}}}"#,
        "jwt-auth: providers.corp.keys.secret: unknown key; one of: value, base64, env, algorithm",
    ),
    (
        "jwt-auth",
        r#"{"providers": {"corp": {"keys": {"secret": {"env": "S3CR3T", "algorithm": "HS256"}}}}}"#,
        "jwt-auth: providers.corp.keys.secret.env: the environment variable is not set",
    ),
    (
        "jwt-auth",
        r#"{"providers": {"corp": {"keys": {"pem": "S3CR3T"}}}}"#,
        "jwt-auth: providers.corp.keys.pem: got a string, expected ",
    ),
    (
        "jwt-auth",
        r#"{"providers": {"corp": {"keys": {"remote": {"cluster": "idp", "uri": "idp.example/?token=S3CR3T"}}}}}"#,
        "jwt-auth: providers.corp.keys.remote.uri: the URI is not absolute",
    ),
    (
        "jwt-auth",
        r#"{"providers": {"corp": {"keys": {"S3CR3T": {"algorithm": "HS256"}}}}}"#,
        "jwt-auth: providers.corp.keys: a value that is not accepted; one of: jwks, pem, secret, remote, discovery",
    ),
    (
        "jwt-auth",
        r#"{"providers": {"corp": {"keys": {"remote": "https://S3CR3T@idp.example/jwks"}}}}"#,
        "jwt-auth: providers.corp.keys.remote: got a string, expected a server",
    ),
    (
        "jwt-auth",
        r#"{"providers": {"corp": {"keys": {"remote": {"cluster": "idp", "uri": "https://idp.example/", "headers": ["authorization: S3CR3T"]}}}}}"#,
        "jwt-auth: providers.corp.keys.remote.headers[0]: got a string, expected ",
    ),
    (
        "jwt-auth",
        r#"{"providers": {"corp": {"keys": {"secret": {"value": "a public test secret of 32 bytes", "algorithm": "HS256"}}}},
            "rules": [{"require": "nothing"}, {"require": "nothing"}, {"require": {"provider": {"name": "cropp"}}}]}"#,
        "jwt-auth: rules[2].require.provider.name: \"cropp\" is not a provider; one of: corp",
    ),
    (
        "rate-limit",
        r#"{"limits": [{"name": "a", "requests": 1, "per": "1s", "brst": 2}]}"#,
        "rate-limit: limits[0].brst: unknown key; did you mean \"burst\"? one of: name, match, key, requests, per, burst, cost, charge, concurrent, missing_key, scope, mode, response",
    ),
    (
        "rate-limit",
        r#"{"limits": [{"name": "a", "requests": 1, "per": "365d", "burst": 4000000000}]}"#,
        "rate-limit: limits[0]: a burst of 4000000000 takes more than 73 years to fill up at 1 requests per 31536000s; the maximum is 73",
    ),
];

#[test]
fn envoy_refuses_to_start_with_one_line_that_names_the_mistake() {
    for (filter, config, line) in MISTAKES {
        let log = Envoy::with_filter(filter, *config).refuses().unwrap();
        assert!(
            log.lines().any(|l| l.contains(line)),
            "no {line:?} in {log}"
        );
        assert!(!log.contains("RuntimeError"), "{log}");
        // The module logs no secret. Envoy itself logs the configuration that it rejects.
        let of_module = log.lines().filter(|l| l.contains("wasm log"));
        let told: Vec<_> = of_module.filter(|l| l.contains("S3CR3T")).collect();
        assert!(told.is_empty(), "{told:?}");
    }
}

#[test]
fn odd_configurations_are_refused_in_one_line_and_trap_nothing() {
    let nested = |depth| format!(r#"{{"rules": {}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    for (form, config, line) in [
        (
            ConfigForm::Text,
            nested(60).as_str(),
            "rules[0]: got a list, expected a rule, as {request: ",
        ),
        (
            ConfigForm::Struct,
            nested(40).as_str(),
            "rules[0]: got a list, expected a rule, as {request: ",
        ),
        (
            ConfigForm::Struct,
            r#"{"rules": {"0": {}}}"#,
            "rules: got an object, expected a list",
        ),
        (
            ConfigForm::Struct,
            r#"{"rules": [{"response": [{"when": {"status": ["1e2"]}, "remove": {"name": "a"}}]}]}"#,
            "rules[0].response[0].when.status[0]: ",
        ),
        (
            ConfigForm::Struct,
            r#"{"rules": [{"request": [{"set": {"name": "x-é", "value": "x"}}]}]}"#,
            "rules[0].request[0].set.name: \"x-é\" is not a header name",
        ),
        (
            ConfigForm::Text,
            r#"{"ru\nles\u0000": 1}"#,
            "ru\\nles\\u{0}: unknown key",
        ),
    ] {
        let line = format!("header-rewrite: {line}");
        let log = Envoy::with_filter("header-rewrite", config)
            .form(form)
            .refuses()
            .unwrap();
        let shown: String = config.chars().take(80).collect();
        assert!(
            log.lines().any(|l| l.contains(&line)),
            "{shown}: no {line:?} in {log}"
        );
        assert!(!log.contains("RuntimeError"), "{shown}: {log}");
    }
}

#[test]
fn thousands_of_rules_load_and_serve() {
    let rules: Vec<String> = (0..3000)
        .map(|n| {
            format!(
                r#"{{"match": {{"paths": [{{"exact": "/{n}"}}]}}, "response": [{{"set": {{"name": "x-rule", "value": "{n}"}}}}]}}"#
            )
        })
        .collect();
    let envoy = Envoy::with_filter(
        "header-rewrite",
        format!(r#"{{"rules": [{}]}}"#, rules.join(",")),
    )
    .start();
    let answer = envoy.get("/2999").send();
    assert_eq!(answer.header("x-rule"), Some("2999"));
}

#[test]
fn a_bad_configuration_at_run_time_is_rejected_and_the_old_one_serves() {
    let config = |key: &str, value: &str| {
        format!("{{{key}: [{{response: [{{set: {{name: x-rule, value: {value}}}}}]}}]}}")
    };
    let envoy = Envoy::with_replaceable_filter("header-rewrite", &config("rules", "one"))
        .unwrap()
        .start();
    let configure = |config: &str| {
        let dynamic = envoy.dynamic();
        dynamic.configure("header-rewrite", config).unwrap();
    };
    let rule = || {
        envoy
            .get("/")
            .try_send()
            .ok()
            .and_then(|a| a.header("x-rule").map(str::to_owned))
    };
    wait::until("the first rule serves", Duration::from_secs(10), || {
        rule().as_deref() == Some("one")
    });

    configure(&config("ruls", "bad"));
    let log = envoy.wait_for_log(
        "header-rewrite: ruls: unknown key; did you mean \"rules\"? one of: mode, allow_envoy_headers, rules",
        Duration::from_secs(10),
    );
    assert!(!log.contains("RuntimeError"), "{log}");
    wait::until(
        "Envoy counts the rejection",
        Duration::from_secs(10),
        || {
            envoy
                .stats()
                .get("listener_manager.lds.update_rejected")
                .is_some_and(|n| *n == 1)
        },
    );
    assert_eq!(
        rule().as_deref(),
        Some("one"),
        "the old configuration goes on"
    );

    configure(&config("rules", "two"));
    wait::until(
        "the mended configuration serves",
        Duration::from_secs(10),
        || rule().as_deref() == Some("two"),
    );
}
