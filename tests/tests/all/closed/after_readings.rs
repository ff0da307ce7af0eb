//! Bypasses of the samples that Envoy's settings leave open, so the filters themselves must prevent
//! them.

use super::{
    attempt::{Attempt, flood, get},
    limits::{LOG_IN, STANDARD},
    play::{Closed, Promise},
    start,
    tokens::{partner, user},
};

/// Spellings of `/NAME/users` that Envoy's settings do not convert to plain form.
fn spellings(name: &str) -> [String; 4] {
    let (first, rest) = name.split_at(1);
    let code = format!("{:02x}", first.as_bytes()[0]);
    [
        format!("/;x/{name}/;%252f../users"),
        format!("/%{code}{rest}%252f%252e%252e"),
        format!("/%25{code}{rest}%252fusers"),
        format!("/;x//{name};y/users"),
    ]
}

/// Invalid hosts that Envoy routes anyway.
fn malformed_hosts() -> Vec<Attempt> {
    let mut attempts: Vec<_> = ["shop.example.com:x", "shop..example.com"]
        .map(|host| get("/").host(host).http1().answered(400))
        .into();
    attempts.extend([
        get("/").host("shop.example.com:x").http2().answered(400),
        get("/").host("root@shop.example.com").http1().answered(400),
        // Envoy joins the two: shop.example.com,admin.example.com.
        get("/")
            .with("host", "admin.example.com")
            .http1()
            .answered(400),
    ]);
    attempts
}

pub(crate) const AFTER_READINGS: &[fn() -> Closed] = &[
    || Closed {
        sample: "jwt-auth",
        start: start::bootstrap,
        promises: vec![
            Promise {
                says: "the requirements of all readings hold",
                attempts: spellings("admin")
                    .map(|path| get(path).with("authorization", user()).answered(403))
                    .into(),
            },
            Promise {
                says: "what was not verified never reaches the upstream",
                attempts: vec![
                    get("/api")
                        .with("authorization", partner().bearer())
                        .with("cookie", "session=forged")
                        .reaches(&[("cookie", None)]),
                    get("/shop")
                        .with("authorization", "Basic YTpi, Bearer x")
                        .refused(),
                    // Envoy joins the two.
                    get("/shop")
                        .with("authorization", "Basic YTpi")
                        .with("authorization", "Bearer x")
                        .refused(),
                ],
            },
        ],
    },
    || Closed {
        sample: "dynamic/bootstrap",
        start: start::dynamic,
        promises: vec![Promise {
            says: "the requirements of all readings hold",
            attempts: spellings("account")
                .map(|path| get(path).answered(401))
                .into(),
        }],
    },
    || all_filters("all-filters"),
    || all_filters("chain"),
    || Closed {
        sample: "header-rewrite",
        start: start::bootstrap,
        promises: vec![Promise {
            says: "a host is a host",
            attempts: malformed_hosts(),
        }],
    },
    || Closed {
        sample: "rate-limit",
        start: start::bootstrap,
        promises: vec![
            Promise {
                says: "a limit counts if any reading falls under it, and serves what is left",
                attempts: vec![
                    flood("spellings of /login", LOG_IN, 12, |n| {
                        get(spellings("login")[n % 4].as_str())
                    }),
                    get("/login;jsessionid=A").reaches(&[]),
                    get("/api;jsessionid=A/items").reaches(&[]),
                ],
            },
            Promise {
                says: "a key beside another one is charged too",
                attempts: vec![flood(
                    "a key, then the key with made-up ones",
                    STANDARD,
                    40,
                    |n| {
                        let request = get("/api/items").with("x-api-key", "known");
                        if n < 20 {
                            request
                        } else {
                            request.with("x-api-key", format!("beside{n}"))
                        }
                    },
                )],
            },
        ],
    },
    || Closed {
        sample: "cors",
        start: start::bootstrap,
        promises: vec![Promise {
            says: "an odd path without an origin is served",
            attempts: vec![get("/public;jsessionid=1").reaches(&[])],
        }],
    },
    || {
        underscores(
            "jwt-auth",
            "/public",
            &["x_jwt_sub", "x-jwt_sub", "X_JWT_ROLES"],
        )
    },
    || {
        underscores(
            "header-rewrite",
            "/",
            &["x_internal_user", "x-internal_user", "x_forwarded_host"],
        )
    },
    || underscores("rate-limit", "/api/items", &["x_plan", "x_cost"]),
    || underscores("all-filters", "/", &["x_jwt_sub", "x_internal_user"]),
    || underscores("chain", "/", &["x_jwt_sub", "x_internal_user"]),
];

fn all_filters(sample: &'static str) -> Closed {
    Closed {
        sample,
        start: start::bootstrap,
        promises: vec![
            Promise {
                says: "the requirements of all readings hold",
                attempts: spellings("account")
                    .map(|path| get(path).answered(401))
                    .into(),
            },
            Promise {
                says: "a rewrite that cannot be carried out is refused",
                attempts: vec![get("/api/v1/%252e%252e/admin").answered(400)],
            },
            Promise {
                says: "a host is a host",
                attempts: malformed_hosts(),
            },
        ],
    }
}

/// If Envoy lets underscores pass, the filter removes these headers.
fn underscores(sample: &'static str, path: &'static str, names: &[&'static str]) -> Closed {
    Closed {
        sample,
        start: start::with_underscores,
        promises: vec![Promise {
            says: "what is removed or set goes in every spelling",
            attempts: names
                .iter()
                .map(|&name| get(path).with(name, "root").reaches(&[(name, None)]))
                .collect(),
        }],
    }
}
