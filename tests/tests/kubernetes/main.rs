//! The samples for Istio and Envoy Gateway: the API server would accept each of them, and what it
//! configures works in Envoy.

use std::path::PathBuf;

use e2e::{
    Client, ConfigForm, Envoy, Response, cases,
    kubernetes::{self, Configured, EnvoyExtensionPolicy, EnvoyFilter, WasmPlugin},
    load, paths,
    token::Token,
};
use serde_json::json;

/// Asserts what a filter has to do, however it is configured.
type Behaviour = fn(&Envoy);

const BEHAVIOURS: &[(&str, Behaviour)] = &[
    ("chain", chain),
    ("cors", cors),
    ("header-rewrite", header_rewrite),
    ("jwt-auth", jwt_auth),
    ("rate-limit", rate_limit),
];

fn file(name: &str) -> PathBuf {
    paths::workspace().join("envoy-configs").join(name)
}

fn preflight(envoy: &Envoy, origin: &str) -> Response {
    Client::http1()
        .options(envoy.url("/api/items"))
        .header("origin", origin)
        .header("access-control-request-method", "PUT")
        .send()
}

fn cors(envoy: &Envoy) {
    for (origin, status) in [
        ("https://app.example.com", 204),
        ("https://shop.example.org", 204),
        ("https://evil.example", 403),
    ] {
        let answer = preflight(envoy, origin);
        assert_eq!(answer.status, status, "{origin}");
        let allowed = (status == 204).then_some(origin);
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
    }
    let public = envoy
        .get("/public/prices")
        .header("origin", "https://anybody.example")
        .send();
    assert_eq!(public.header("access-control-allow-origin"), Some("*"));
}

fn header_rewrite(envoy: &Envoy) {
    let answer = envoy
        .get("/")
        .header("x-internal-user", "root")
        .header("x-env", "forged")
        .header("x-echo-set", "x-powered-by: tests")
        .send();
    let echo = answer.echo();
    assert_eq!(echo.headers_all("x-env"), ["prod-of the host"]);
    assert_eq!(echo.header("x-internal-user"), None);
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    assert_eq!(answer.header("x-powered-by"), None);
}

fn chain(envoy: &Envoy) {
    cases::all_filters::check(envoy);
}

fn jwt_auth(envoy: &Envoy) {
    let get = |path: &str, token: Option<&Token>| {
        let request = envoy.get(path);
        match token {
            Some(token) => request.header("authorization", format!("Bearer {}", token.sign())),
            None => request,
        }
        .send()
    };
    let token = Token::new("ES256");
    assert_eq!(get("/api/items", None).status, 401);
    assert_eq!(get("/healthz", None).status, 200);
    let answer = get("/api/items", Some(&token));
    assert_eq!(answer.echo().header("x-jwt-sub"), Some("alice"));
    assert_eq!(get("/admin", Some(&token)).status, 403);
    let admin = token.claim("scope", json!("admin"));
    assert_eq!(get("/admin", Some(&admin)).status, 200);
}

fn rate_limit(envoy: &Envoy) {
    let result = load(envoy.url("/"), 120, 4);
    // 100 at once, and perhaps one or two that were refilled meanwhile.
    assert!(
        (100..105).contains(&result.count(200)),
        "{:?}",
        result.statuses
    );
    let refused = 120_u64.checked_sub(result.count(200));
    assert_eq!(Some(result.count(429)), refused);
    let client = Client::http1().source("127.0.0.2");
    assert_eq!(
        client.get(envoy.url("/")).send().status,
        200,
        "another client"
    );
    assert_eq!(envoy.get("/healthz").send().status, 200);
}

/// Runs the filter as the control plane would pass it.
fn run(filter: &Configured) {
    let behaviour = BEHAVIOURS.iter().find(|(name, _)| *name == filter.name);
    let (name, behaviour) = behaviour.unwrap_or_else(|| panic!("no behaviour of {filter:?}"));
    let mut builder = Envoy::with_filter(name, filter.config.to_string()).form(ConfigForm::Text);
    for (name, value) in &filter.env {
        builder = builder.vm_env(name, value);
    }
    for name in &filter.host_env {
        builder = builder.vm_env(name, "of the host");
    }
    // A route that matches only what chain rewrites.
    let envoy = builder
        .route("{match: {path: /v0/svc/gone}, direct_response: {status: 410}}")
        .start();
    behaviour(&envoy);
}

#[test]
fn the_plugins_for_istio_do_their_work_and_fail_closed() {
    for name in [
        "istio/chain.yaml",
        "istio/cors.yaml",
        "istio/header-rewrite.yaml",
        "istio/jwt-auth.yaml",
        "istio/rate-limit.yaml",
    ] {
        let plugin: WasmPlugin = kubernetes::load(&file(name)).unwrap();
        assert_eq!(
            plugin.fail_strategy,
            Some(kubernetes::FailStrategy::FailReload)
        );
        let filter = plugin.filter();
        assert!(name.ends_with(&format!("/{}.yaml", filter.name)), "{name}");
        run(&filter);
    }
}

#[test]
fn the_policies_for_envoy_gateway_do_their_work_and_fail_closed() {
    for name in [
        "envoy-gateway/chain.yaml",
        "envoy-gateway/cors.yaml",
        "envoy-gateway/header-rewrite.yaml",
        "envoy-gateway/jwt-auth.yaml",
        "envoy-gateway/rate-limit.yaml",
    ] {
        let policy: EnvoyExtensionPolicy = kubernetes::load(&file(name)).unwrap();
        let [wasm] = policy.wasm() else {
            panic!("{name}: one filter each")
        };
        assert!(!wasm.fail_open, "{name}");
        let filter = wasm.filter();
        assert!(name.ends_with(&format!("/{}.yaml", filter.name)), "{name}");
        run(&filter);
    }
}

#[test]
fn in_istio_the_filters_stand_in_the_order_in_which_they_serve_each_other() {
    let of = |name: &str| kubernetes::load::<WasmPlugin>(&file(name)).unwrap();
    let [cors, rate_limit, jwt_auth, header_rewrite] = [
        "istio/cors.yaml",
        "istio/rate-limit.yaml",
        "istio/jwt-auth.yaml",
        "istio/header-rewrite.yaml",
    ]
    .map(of);
    assert!(cors.phase == rate_limit.phase && cors.phase == jwt_auth.phase);
    assert!(cors.priority > rate_limit.priority && rate_limit.priority > jwt_auth.priority);
    assert_eq!(header_rewrite.phase, Some(kubernetes::Phase::Stats));
}

#[test]
fn the_envoy_filter_for_istio_puts_its_filters_before_the_router_in_order() {
    let spec: EnvoyFilter = kubernetes::load(&file("istio/envoy-filter.yaml")).unwrap();
    let modules = format!("{}/", paths::filters().display());
    let chain = spec.filters().into_iter().map(|filter| {
        let config = &filter["typed_config"]["config"];
        assert_eq!(config["failure_policy"], "FAIL_RELOAD");
        assert_eq!(config["vm_config"]["vm_id"], filter["name"]);
        filter.to_string().replace("/etc/envoy/filters/", &modules)
    });
    let envoy = chain
        .fold(Envoy::with_no_filter(), |builder, filter| {
            builder.native(filter)
        })
        .start();
    // cors answers the preflight before jwt-auth requires a token, and a page can read the refusal
    // of jwt-auth.
    let answer = preflight(&envoy, "https://app.example.com");
    assert_eq!(answer.status, 403, "PUT is not among the methods");
    let refused = envoy
        .get("/")
        .header("origin", "https://app.example.com")
        .send();
    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.header("access-control-allow-origin"),
        Some("https://app.example.com")
    );
    let token = format!("Bearer {}", Token::new("ES256").sign());
    let answer = envoy.get("/").header("authorization", token).send();
    assert_eq!(answer.status, 200);
}
