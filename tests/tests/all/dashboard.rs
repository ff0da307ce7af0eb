//! The dashboard and the alerts: every query finds what its panel shows in a real Envoy, and every
//! alert fires there.

use std::{collections::BTreeSet, fs, sync::LazyLock, time::Duration};

use e2e::{
    Client, Envoy, Protocol, Reply, Upstream, paths,
    prometheus::{Page, Query, Series},
    token::{JWKS, Token},
    trap, wait, yaml,
};
use serde_json::{Value, json};

/// The labels of the sample, for an Envoy with other filters.
fn stats_config() -> String {
    let sample = fs::read_to_string(paths::sample("all-filters").unwrap()).unwrap();
    let sample = yaml::parse(&sample).unwrap();
    json!({"stats_config": sample.get("stats_config")}).to_string()
}

/// The metrics that both tests use.
static EVERYTHING: LazyLock<Page> = LazyLock::new(everything);

/// Everything that the filters can count, from three Envoys: one that refuses, one in report mode,
/// and one whose module traps.
fn everything() -> Page {
    let provider = format!(r#"{{"issuer": "https://issuer.example", "keys": {{"jwks": {JWKS}}}}}"#);
    let configs = |mode: &str| {
        [
            (
                "cors",
                format!(
                    r#"{{"mode": "{mode}", "policies": [
                {{"match": {{"paths": [{{"prefix": "/forward"}}]}}, "allow_origins": [], "preflight": {{"unmatched": "forward"}}}},
                {{"match": {{"paths": [{{"prefix": "/a"}}]}}, "allow_origins": ["*"]}},
                {{"match": {{"hosts": ["api.example.com"]}}, "allow_origins": ["*"]}},
                {{"allow_origins": ["https://app.example.com"], "unmatched_origin": "refuse"}}]}}"#
                ),
            ),
            (
                "header-rewrite",
                format!(
                    r#"{{"mode": "{mode}", "rules": [
                {{"request": [{{"set": {{"name": "x-a", "value": "${{request.header.x-no}}"}}}}, {{"set": {{"name": "x-b", "value": "b"}}}}],
                  "response": [{{"set": {{"name": "x-c", "value": "c"}}}}, {{"replace": {{"name": "x-long", "regex": "<[^>]*>|<", "with": ""}}}}]}},
                {{"match": {{"paths": [{{"prefix": "/b"}}]}}, "request": [{{"remove": {{"name": "x-d"}}}}]}}]}}"#
                ),
            ),
            (
                "rate-limit",
                format!(
                    r#"{{"mode": "{mode}", "max_keys": 1, "limits": [{{"name": "per-client",
                    "match": {{"paths": [{{"prefix": "/limited"}}]}}, "requests": 1, "per": "1h"}},
                    {{"name": "per-key", "match": {{"paths": [{{"prefix": "/keyed"}}]}}, "key": [{{"header": "x-key"}}], "requests": 9, "per": "1h"}},
                    {{"name": "fleet", "match": {{"paths": [{{"prefix": "/fleet"}}]}}, "scope": "service", "requests": 9, "per": "1h"}}],
                    "service": {{"cluster": "idp", "domain": "edge", "on_error": "allow"}}}}"#
                ),
            ),
            (
                "jwt-auth",
                format!(
                    r#"{{"mode": "{mode}", "providers": {{"corp": {provider},
                    "good": {{"issuer": "https://good.example", "keys": {{"remote": {{"cluster": "idp", "uri": "http://idp.example/keys"}}}}}},
                    "bad": {{"issuer": "https://bad.example", "keys": {{"remote": {{"cluster": "idp", "uri": "http://idp.example/none"}}}}}}}},
                "rules": [{{"match": {{"paths": [{{"prefix": "/account"}}]}}, "require": {{"provider": {{"name": "corp"}}}}}},
                {{"match": {{"paths": [{{"prefix": "/remote"}}]}}, "require": {{"any": [{{"provider": {{"name": "good"}}}}, {{"provider": {{"name": "bad"}}}}]}}}}, {{"require": "nothing"}}]}}"#
                ),
            ),
        ]
    };
    let idp = Upstream::with(|request| match request.path.as_str() {
        "/keys" => Reply::json(JWKS),
        _ => Reply::new(404),
    })
    .unwrap();
    let mut all = Page::default();
    for mode in ["enforce", "report"] {
        let configs = configs(mode);
        let filters = configs
            .each_ref()
            .map(|(name, config)| (*name, config.as_str()));
        let envoy = Envoy::with_filters(&filters)
            .bootstrap(stats_config())
            .cluster_at("idp", idp.port(), Protocol::Http1)
            .start();
        let get = |path: &str| envoy.get(path);
        let bearer = format!("Bearer {}", Token::new("ES256").sign());
        for _ in 0..2 {
            get("/account").header("authorization", &bearer).send();
        }
        for issuer in ["https://good.example", "https://bad.example"] {
            let token = Token::new("ES256").claim("iss", json!(issuer)).sign();
            get("/remote")
                .header("authorization", format!("Bearer {token}"))
                .send();
        }
        for _ in 0..3 {
            get("/limited").send();
        }
        for key in ["a", "b", "c"] {
            get("/keyed").header("x-key", key).send();
        }
        get("/fleet").send();
        get("/account").send();
        get("/")
            .header("x-echo-set", format!("x-long: {}", "<".repeat(2_000)))
            .send();
        get("/account")
            .header("origin", "https://evil.example")
            .send();
        // The first path is ambiguous: cors gives no permission and lets the request pass, and
        // header-rewrite refuses it. cors itself refuses the malformed host.
        get("/x/..;/a")
            .header("origin", "https://app.example.com")
            .send();
        get("/x/..;/b").send();
        get("/").host("api.example.com:x").send();
        for (path, origin) in [
            ("/account", "https://app.example.com"),
            ("/account", "https://evil.example"),
            ("/forward", "https://evil.example"),
        ] {
            Client::http1()
                .options(envoy.url(path))
                .header("origin", origin)
                .header("access-control-request-method", "GET")
                .send();
        }
        all.add(Page::of(&envoy).unwrap());
    }
    all.add(trapped());
    all
}

/// A module that traps, is reloaded, and traps again.
fn trapped() -> Page {
    let file = tempfile::Builder::new().suffix(".wasm").tempfile().unwrap();
    fs::write(file.path(), trap::module()).unwrap();
    let envoy = Envoy::with_filter(file.path().to_str().unwrap(), "{}")
        .bootstrap(stats_config())
        .start()
        .unchecked();
    let reloads = || {
        Page::of(&envoy)
            .unwrap()
            .samples()
            .iter()
            .filter(|s| s.name == "envoy_wasm_vm_reload_success")
            .map(|s| s.value)
            .sum::<f64>()
    };
    wait::until("a reload", Duration::from_secs(10), || {
        assert_eq!(envoy.get("/").send().status, 503);
        reloads() > 0.0
    });
    Page::of(&envoy).unwrap()
}

/// What cannot be caused in a test: a module that loads once and not the second time, and a worker
/// that verifies for a fifth of a second.
const QUIET: &[&str] = &["envoy_wasm_vm_reload_failure", "overloaded"];

#[test]
fn every_query_of_the_dashboard_finds_what_it_shows() {
    let file = paths::workspace().join("envoy-configs/grafana/dashboard.json");
    let dashboard: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let page = &*EVERYTHING;
    let panels = dashboard["panels"].as_array().unwrap();
    assert!(panels.len() >= 9, "{}", panels.len());
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        for target in panel["targets"].as_array().unwrap() {
            let query = target["expr"].as_str().unwrap();
            let series = Query::parse(query).and_then(|query| query.run(page));
            let series = series.unwrap_or_else(|error| panic!("{title}: {error:#}"));
            let sum: f64 = series.iter().map(|(_, value)| value).sum();
            let is_quiet = QUIET.iter().any(|metric| query.contains(metric));
            assert!(
                is_quiet || sum > 0.0,
                "{title}: {query} shows nothing: {series:?}"
            );
            let legend = target["legendFormat"].as_str().unwrap();
            for label in legend
                .split("{{")
                .skip(1)
                .filter_map(|part| part.split("}}").next())
            {
                let has = |series: &Series| series.0.contains_key(label);
                assert!(series.iter().all(has), "{title}: {query} has no {label}");
            }
        }
    }
}

#[test]
fn every_alert_fires_where_its_trouble_is() {
    let file = paths::workspace().join("envoy-configs/prometheus/alerts.yaml");
    let rules = yaml::parse(&fs::read_to_string(file).unwrap()).unwrap();
    let help = fs::read_to_string(paths::workspace().join("docs/operating.md")).unwrap();
    let page = &*EVERYTHING;
    let groups = rules["groups"].as_array().unwrap();
    let rules: Vec<&Value> = groups
        .iter()
        .flat_map(|group| group["rules"].as_array().unwrap())
        .collect();
    assert!(rules.len() >= 10, "{}", rules.len());
    for rule in rules {
        let alert = rule["alert"].as_str().unwrap();
        let query = rule["expr"].as_str().unwrap();
        let query = Query::parse(query).unwrap_or_else(|error| panic!("{alert}: {error:#}"));
        let Query::Compare(of, _, threshold) = &query else {
            panic!("{alert}: no threshold")
        };
        // A ratio of requests is far from 0 and 1. What should never happen has no ratio.
        let is_ratio = matches!(**of, Query::Ratio(..));
        let fires = match is_ratio {
            true if *threshold > 0.0 && *threshold < 1.0 => of.run(page),
            false if *threshold == 0.0 => query.run(page),
            _ => panic!("{alert}: {threshold}"),
        };
        let fires = fires.unwrap_or_else(|error| panic!("{alert}: {error:#}"));
        let expression = rule["expr"].to_string();
        let is_quiet = QUIET.iter().any(|quiet| expression.contains(quiet));
        let is_seen = |(_, value): &Series| *value > 0.0;
        assert!(
            is_quiet || fires.iter().any(is_seen),
            "{alert} does not fire: {fires:?}"
        );
        for text in ["summary", "description"] {
            let text = rule["annotations"][text].as_str().unwrap();
            for label in text
                .split("{{ $labels.")
                .skip(1)
                .filter_map(|part| part.split(" }}").next())
            {
                let has = |series: &Series| series.0.contains_key(label);
                assert!(fires.iter().all(has), "{alert} has no label {label}");
            }
        }
        let severity = rule["labels"]["severity"].as_str().unwrap();
        assert!(
            ["page", "ticket"].contains(&severity),
            "{alert}: {severity}"
        );
        assert!(
            help.contains(&format!("`{alert}`")),
            "docs/operating.md lacks {alert}"
        );
    }
}

#[test]
fn the_dashboard_is_laid_out_without_gaps_and_overlaps() {
    let file = paths::workspace().join("envoy-configs/grafana/dashboard.json");
    let dashboard: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let of = |key: &str| {
        panels
            .iter()
            .map(|panel| panel[key].to_string())
            .collect::<BTreeSet<_>>()
    };
    for key in ["id", "title", "gridPos"] {
        assert_eq!(of(key).len(), panels.len(), "a {key} stands twice");
    }
    for (place, panel) in (0_u64..).zip(panels) {
        let at = json!({"h": 8, "w": 12, "x": place % 2 * 12, "y": place / 2 * 8});
        assert_eq!(panel["gridPos"], at, "{}", panel["title"]);
        assert_eq!(panel["datasource"]["uid"], "${datasource}");
        let references = panel["targets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|target| target["refId"].to_string());
        assert_eq!(
            references.collect::<BTreeSet<_>>().len(),
            panel["targets"].as_array().unwrap().len()
        );
    }
}
