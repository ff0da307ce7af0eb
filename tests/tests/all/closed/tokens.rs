//! The samples of jwt-auth, and what depends on the client's identity.

use e2e::token::{self, Token};
use serde_json::json;

use super::{
    attempt::{Attempt, Request, get},
    play::{Closed, Promise},
    start,
    tricks::{bad_tokens, forgeries, overrides, spellings, without_token},
};

pub(crate) fn user() -> String {
    Token::new("ES256").bearer()
}

pub(crate) fn admin() -> Token {
    Token::new("ES256").claim("scope", json!("admin"))
}

pub(crate) fn partner() -> Token {
    Token::new("EdDSA").claim("iss", json!("https://partner.example"))
}

/// No spelling of `/NAME`, changed by `with`, is served.
fn refused(name: &str, with: impl Fn(Request) -> Request) -> Vec<Attempt> {
    let spellings = spellings(name).into_iter();
    spellings.map(|request| with(request).refused()).collect()
}

pub(crate) fn samples() -> Vec<Closed> {
    vec![
        jwt_auth(),
        Closed {
            sample: "jwt-auth-remote",
            start: start::with_key_server,
            promises: vec![
                Promise {
                    says: "everything but /healthz needs a token",
                    attempts: [
                        without_token("/items"),
                        bad_tokens("/items"),
                        [
                            "/healthz/x",
                            "/Healthz",
                            "/healthz/",
                            "/healthzz",
                            "/healthz/../x",
                        ]
                        .map(|path| get(path).answered(401))
                        .into(),
                    ]
                    .concat(),
                },
                Promise {
                    says: "no client says who it is",
                    attempts: forgeries("/healthz", &["x-jwt-sub", "x-jwt-provider"]),
                },
            ],
        },
        Closed {
            sample: "jwt-auth-login",
            start: start::bootstrap,
            promises: vec![
                Promise {
                    says: "everything but /assets needs a session",
                    attempts: [
                        "/shop",
                        "//shop",
                        "/assets/../shop",
                        "/assetsx",
                        "/Assets/a",
                    ]
                    .map(|path| get(path).answered(302))
                    .into(),
                },
                Promise {
                    says: "no client says who it is",
                    attempts: forgeries("/assets/a", &["x-jwt-sub"]),
                },
            ],
        },
        Closed {
            sample: "jwt-auth-providers",
            start: start::bootstrap,
            promises: vec![Promise {
                says: "every path needs a token of its provider",
                attempts: [
                    without_token("/keycloak"),
                    without_token("/spire"),
                    without_token("/"),
                    refused("github", |request| request),
                ]
                .concat(),
            }],
        },
        Closed {
            sample: "dynamic/bootstrap",
            start: start::dynamic,
            promises: vec![
                Promise {
                    says: "/account needs a token",
                    attempts: [
                        without_token("/account"),
                        bad_tokens("/account"),
                        refused("account", |request| request),
                        overrides("/account"),
                    ]
                    .concat(),
                },
                Promise {
                    says: "no one outside says what only the inside may say",
                    attempts: forgeries("/", &["x-internal-user"]),
                },
            ],
        },
        scoped("istio/jwt-auth.yaml", start::at_istio_sidecar),
        scoped("envoy-gateway/jwt-auth.yaml", start::at_envoy_gateway),
        Closed {
            sample: "istio/envoy-filter.yaml",
            start: start::envoy_filter,
            promises: vec![Promise {
                says: "everything needs a token",
                attempts: [without_token("/"), bad_tokens("/")].concat(),
            }],
        },
    ]
}

fn scoped(sample: &'static str, start: start::Start) -> Closed {
    Closed {
        sample,
        start,
        promises: vec![
            Promise {
                says: "/admin needs the scope, everything but /healthz a token",
                attempts: [
                    without_token("/admin"),
                    bad_tokens("/admin"),
                    refused("admin", |request| request.with("authorization", user())),
                    overrides("/admin")
                        .into_iter()
                        .map(|attempt| attempt.with("authorization", user()))
                        .collect(),
                ]
                .concat(),
            },
            Promise {
                says: "no client says who it is",
                attempts: forgeries("/healthz", &["x-jwt-sub"]),
            },
        ],
    }
}

fn jwt_auth() -> Closed {
    let shop = || get("/shop");
    let cookie = |value: &str| shop().with("cookie", value);
    let good = Token::new("ES256").sign();
    Closed {
        sample: "jwt-auth",
        start: start::bootstrap,
        promises: vec![
            Promise {
                says: "/admin needs a token of corp with the scope admin",
                attempts: [
                    without_token("/admin"),
                    bad_tokens("/admin"),
                    refused("admin", |request| request.with("authorization", user())),
                    vec![
                        get("/admin").with("authorization", user()).answered(403),
                        get("/admin")
                            .with(
                                "authorization",
                                partner().claim("scope", json!("admin")).bearer(),
                            )
                            .answered(401),
                        get("/admin")
                            .with(
                                "authorization",
                                admin().claim("aud", json!("other")).bearer(),
                            )
                            .answered(403),
                        get("/admin")
                            .with("authorization", user())
                            .with("cookie", format!("session={}", admin().sign()))
                            .refused(),
                        get("/admin")
                            .with("authorization", user())
                            .with("authorization", admin().bearer())
                            .refused(),
                        // Signed with another provider's key.
                        get("/admin")
                            .with(
                                "authorization",
                                partner().claim("iss", json!(token::ISSUER)).bearer(),
                            )
                            .answered(401),
                    ],
                ]
                .concat(),
            },
            Promise {
                says: "what is judged is what the upstream does",
                attempts: overrides("/admin")
                    .into_iter()
                    .map(|attempt| attempt.with("authorization", user()))
                    .collect(),
            },
            Promise {
                says: "what no rule matches needs a token",
                attempts: [
                    "/",
                    "/other",
                    "/healthz/x",
                    "/Healthz",
                    "/publicx",
                    "/PUBLIC",
                    "/Shop",
                ]
                .map(|path| get(path).answered(401))
                .into(),
            },
            Promise {
                says: "no client says who it is",
                attempts: [
                    forgeries("/public", NAMES),
                    forgeries("/healthz", NAMES),
                    forgeries("/shop", NAMES),
                    vec![
                        get("/api")
                            .with("authorization", partner().bearer())
                            .with("x-jwt-sub", "root")
                            .with("x-jwt-provider", "corp")
                            .reaches(&[
                                ("x-jwt-sub", None),
                                ("x-jwt-provider", Some("partner")),
                                ("authorization", None),
                            ]),
                        get("/api")
                            .with("authorization", user())
                            .with("x-jwt-sub", "root")
                            .with("connection", "x-jwt-sub")
                            .http1()
                            .reaches(&[("x-jwt-sub", Some("alice"))]),
                    ],
                ]
                .concat(),
            },
            Promise {
                says: "a visitor who shows a token shows a good one",
                attempts: vec![
                    shop().with("authorization", "Bearer x").answered(401),
                    shop().with("authorization", "bearer x").answered(401),
                    shop().with("Authorization", "BEARER   x").answered(401),
                    shop()
                        .with("authorization", partner().bearer())
                        .answered(401),
                    cookie("session=x").answered(401),
                    cookie("a=1; session =x").answered(401),
                    cookie("session=\"x\"").answered(401),
                    cookie(&format!("session={good}; session=x")).answered(400),
                    cookie(&format!("session={good}"))
                        .with("cookie", "session=x")
                        .answered(400),
                    cookie("session=x")
                        .with("authorization", user())
                        .answered(401),
                ],
            },
        ],
    }
}

const NAMES: &[&str] = &[
    "x-jwt-sub",
    "x-jwt-roles",
    "x-jwt-payload",
    "x-jwt-provider",
];
