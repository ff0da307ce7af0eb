//! The samples of header-rewrite, and the chain of all filters.

use super::{
    attempt::{Attempt, Request, get, request},
    limits::{log_in, quota},
    origins,
    play::{Closed, Promise},
    start::{self, Start},
    tokens::user,
    tricks::{forgeries, overrides, spellings},
};

/// Headers from which a server may read client and host.
const FORWARDED: &[&str] = &[
    "forwarded",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-server",
    "x-real-ip",
    "true-client-ip",
];

/// What the rules of `header-rewrite.yaml` remove or set, in every spelling.
fn rewritten() -> Vec<Attempt> {
    let mut attempts = forgeries("/", &["x-internal-user", "x-internal-"]);
    for name in FORWARDED {
        attempts.push(get("/").with(name, "198.51.100.1").reaches(&[(name, None)]));
    }
    attempts.extend([
        get("/")
            .with("x-env", "forged")
            .with("X-Env", "twice")
            .reaches(&[("x-env", Some("prod-shop.example.com"))]),
        get("/").with("x_env", "forged").refused(),
        get("/")
            .with("x-forwarded-proto", "https")
            .reaches(&[("x-forwarded-proto", Some("http"))]),
        get("/")
            .with("cookie", "a=1;tracking =me; tracking=me;xtracking=1")
            .reaches(&[("cookie", Some("a=1;tracking=off; tracking=off;xtracking=1"))]),
        get("/api/v1/items?debug&a=1&debug=2&%64ebug=3&d%65bug").reaches_at("/v1/svc/items?a=1"),
    ]);
    attempts
}

/// Another spelling of a host, and what the upstream gets.
fn other_host(env: &'static str) -> Attempt {
    get("/")
        .host("SHOP.example.com.:8443")
        .reaches(&[("x-env", Some(env))])
}

/// The headers of the preset, on every kind of response.
fn hardened() -> Vec<Attempt> {
    let hardened = &[
        ("x-frame-options", Some("DENY")),
        ("x-content-type-options", Some("nosniff")),
    ];
    vec![
        get("/").carries(hardened),
        get("/")
            .with("x-echo-set", "x-frame-options: ALLOWALL")
            .carries(hardened),
        get("/").with("x-echo-status", "500").carries(hardened),
        request("TRACE", "/").carries(hardened),
        request("PURGE", "/").carries(hardened),
    ]
}

pub(crate) fn samples() -> Vec<Closed> {
    let harden = || Promise {
        says: "every answer of the chain is hardened",
        attempts: hardened(),
    };
    let inside = |start, sample| Closed {
        sample,
        start,
        promises: vec![
            harden(),
            Promise {
                says: "no one outside says what only the inside may say",
                attempts: forgeries("/", &["x-internal-user"]),
            },
        ],
    };
    vec![
        Closed {
            sample: "header-rewrite",
            start: start::bootstrap,
            promises: vec![
                harden(),
                Promise {
                    says: "what the inside relies on is removed or set, whoever writes it",
                    attempts: rewritten()
                        .into_iter()
                        .chain([other_host("prod-SHOP.example.com")])
                        .collect(),
                },
            ],
        },
        Closed {
            sample: "dynamic/remote-module",
            start: start::with_module_server,
            promises: vec![harden()],
        },
        inside(start::at_istio_gateway, "istio/header-rewrite.yaml"),
        inside(start::at_envoy_gateway, "envoy-gateway/header-rewrite.yaml"),
        all_filters("all-filters", start::bootstrap),
        all_filters("chain", start::bootstrap),
        all_filters("istio/chain.yaml", start::at_istio_gateway),
        all_filters("envoy-gateway/chain.yaml", start::at_envoy_gateway),
    ]
}

fn all_filters(sample: &'static str, start: Start) -> Closed {
    let without_token = |name| {
        let spellings = spellings(name).into_iter();
        spellings.map(Request::refused)
    };
    Closed {
        sample,
        start,
        promises: vec![
            Promise {
                says: "three tries to log in at once, for each address",
                attempts: log_in(quota(3, 6)),
            },
            Promise {
                says: "/admin and /account need a token, whatever is rewritten later",
                attempts: without_token("admin")
                    .chain(without_token("account"))
                    .chain(
                        [
                            "/../../admin",
                            "/..;/..;/admin",
                            "/..%2f..%2faccount",
                            "/%252e%252e/%252e%252e/admin",
                        ]
                        .map(|rest| get(format!("/api/v1{rest}")).refused()),
                    )
                    .chain([
                        request("OPTIONS", "/account").answered(401),
                        get("/admin").with("authorization", user()).answered(403),
                        get("/ADMIN").with("authorization", user()).answered(403),
                    ])
                    .chain(overrides("/admin"))
                    .collect(),
            },
            Promise {
                says: "what the inside relies on is removed or set, whoever writes it",
                attempts: rewritten()
                    .into_iter()
                    // In Kubernetes, where the host has not been changed before, its normalized
                    // name is used.
                    .chain([other_host(if sample.ends_with(".yaml") {
                        "prod-shop.example.com"
                    } else {
                        "prod-SHOP.example.com"
                    })])
                    .chain(forgeries("/shop", &["x-jwt-sub"]))
                    .collect(),
            },
            Promise {
                says: "a page of another origin reads nothing but what is public",
                attempts: origins::attempts(),
            },
        ],
    }
}
