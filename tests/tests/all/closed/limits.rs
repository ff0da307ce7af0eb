//! The samples of rate-limit: no client gets a second bucket, or avoids being counted.

use super::{
    attempt::{Attempt, Quota, Request, flood, get, request},
    play::{Closed, Promise},
    start,
    tricks::overrides,
};

/// What the limits of the samples allow.
pub(crate) const LOG_IN: Quota = quota(5, 5);
pub(crate) const STANDARD: Quota = quota(20, 100);
const EXPORTS: Quota = quota(2, 10);
const ADDRESS: Quota = quota(60, 300);
const PER_CLIENT: Quota = quota(100, 100);

pub(crate) const fn quota(burst: u64, per_minute: u64) -> Quota {
    Quota { burst, per_minute }
}

/// Spellings of `/login` that some server serves as `/login`, and paths that pass through exempt
/// ones.
const LOGIN: &[&str] = &[
    "/login",
    "/login/",
    "/login?n=1",
    "/Login",
    "/LOGIN/x",
    "//login",
    "/./login",
    "/x/../login",
    "/%6cogin",
    "/%2e/login",
    "/login%2f",
    "/login;a=b",
    "/x/..;/login",
    "/healthz/../login",
    "/healthz/%2e%2e/login",
    "/healthz/..%2flogin",
    "/healthz%2f..%2flogin",
    "/healthz;/../login",
    "/healthz/%252e%252e/login",
];

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "OPTIONS", "PROPFIND", "PURGE"];

/// Returns the item at this number, starting over at the end of the list.
fn cycle<'a>(list: &[&'a str], number: usize) -> &'a str {
    list[number % list.len()]
}

/// Attempts to log in more often than the quota allows.
pub(crate) fn log_in(quota: Quota) -> Vec<Attempt> {
    let post = || request("POST", "/login");
    let forwarded = |number: usize| format!("198.51.100.{number}");
    vec![
        flood("the same again", quota, 12, |_| post()),
        flood("other spellings of the path", quota, 40, |n| {
            get(cycle(LOGIN, n))
        }),
        flood("other methods", quota, 12, |n| {
            request(cycle(METHODS, n), "/login")
        }),
        flood("methods that only HTTP/2 carries", quota, 12, |n| {
            request(cycle(&["post", "Post", "get"], n), "/login").http2()
        }),
        flood("the whole URI as the target", quota, 12, |n| {
            get(format!("http://h{n}.example/login")).http1()
        }),
        flood("other addresses, by its own word", quota, 12, |n| {
            let name = cycle(
                &[
                    "x-forwarded-for",
                    "x-real-ip",
                    "x-envoy-external-address",
                    "x-envoy-internal",
                    "true-client-ip",
                ],
                n,
            );
            post()
                .with(name, forwarded(n))
                .with("forwarded", format!("for={}", forwarded(n)))
        }),
        flood("other hosts", quota, 12, |n| {
            let hosts = [
                "a.example",
                "a.example:80",
                "a.example.",
                "A.EXAMPLE",
                "[::1]",
            ];
            post().host(cycle(&hosts, n))
        }),
    ]
}

pub(crate) fn samples() -> Vec<Closed> {
    vec![
        rate_limit(),
        answers(),
        Closed {
            sample: "rate-limit-fleet",
            start: start::without_service,
            promises: vec![Promise {
                says: "five a minute for each address, without the service too",
                attempts: log_in(LOG_IN),
            }],
        },
        per_client("istio/rate-limit.yaml", start::at_istio_gateway),
        per_client("envoy-gateway/rate-limit.yaml", start::at_envoy_gateway),
    ]
}

fn per_client(sample: &'static str, start: start::Start) -> Closed {
    Closed {
        sample,
        start,
        promises: vec![Promise {
            says: "a hundred for each address",
            attempts: vec![flood("by a path that is exempt", PER_CLIENT, 200, |n| {
                get(cycle(&LOGIN[13..], n)).with("x-forwarded-for", format!("198.51.100.{n}"))
            })],
        }],
    }
}

fn rate_limit() -> Closed {
    let items = |key: &str| get("/api/items").with("x-api-key", key);
    let export = |target: &str, key: &str| get(target).with("x-api-key", key);
    Closed {
        sample: "rate-limit",
        start: start::bootstrap,
        promises: vec![
            Promise {
                says: "five tries to log in at once, for each address",
                attempts: log_in(LOG_IN),
            },
            Promise {
                says: "what is limited is what the upstream does",
                attempts: overrides("/login"),
            },
            Promise {
                says: "the plan of a key is the sample's to say",
                attempts: vec![
                    flood("x-plan: gold", STANDARD, 30, |_| {
                        items("a").with("x-plan", "gold")
                    }),
                    flood("x-plan: foo", STANDARD, 30, |_| {
                        items("b").with("X-Plan", "foo")
                    }),
                    flood("x-plan without a value, and repeated", STANDARD, 30, |_| {
                        items("c").with("x-plan", "").with("x-plan", "gold")
                    }),
                    flood("another case of the path", STANDARD, 30, |n| {
                        export(cycle(&["/API/items", "/Api", "//api/x"], n), "d")
                    }),
                    items("e").with("x_plan", "gold").refused(),
                    items("e")
                        .with("x-plan", "gold")
                        .with("x-cost", "0")
                        .reaches(&[("x-plan", None), ("x-cost", None)]),
                ],
            },
            Promise {
                says: "an export costs ten requests, and every other one",
                attempts: vec![
                    flood("x-cost: 0", STANDARD, 30, |_| {
                        items("f").with("x-cost", "0")
                    }),
                    flood("x-cost: -1, and repeated", STANDARD, 30, |_| {
                        items("g").with("x-cost", "-1").with("x-cost", "0")
                    }),
                    flood("exports for nothing", EXPORTS, 6, |n| {
                        let paths = ["/api/export", "/API/Export/", "//api//export/x"];
                        export(cycle(&paths, n), "h").with("x-cost", "0")
                    }),
                ],
            },
            Promise {
                says: "who shows no key shares one bucket with all who show none",
                attempts: vec![flood("no key, or an empty one", STANDARD, 30, |n| {
                    let request = get("/api/items").with("x-plan", "none");
                    if n % 2 == 0 {
                        request
                    } else {
                        request.with("x-api-key", "")
                    }
                })],
            },
            Promise {
                says: "made-up keys do not help an address",
                attempts: vec![
                    flood("a new key each time", ADDRESS, 80, |n| {
                        items(&format!("new{n}")).with("x-forwarded-for", format!("198.51.100.{n}"))
                    }),
                    flood("a new key beside another", ADDRESS, 80, made_up_pair),
                ],
            },
        ],
    }
}

fn answers() -> Closed {
    let wrong = |target: &str| request("POST", target).with("x-echo-status", "401");
    let chat = |target: &str| get(target).with("x-echo-set", "x-tokens-used: 5000");
    Closed {
        sample: "rate-limit-answers",
        start: start::bootstrap,
        promises: vec![
            Promise {
                says: "five wrong passwords a minute, for each address",
                attempts: vec![
                    flood("the same again", LOG_IN, 12, |_| wrong("/login")),
                    flood("other spellings of the path", LOG_IN, 40, |n| {
                        wrong(cycle(&LOGIN[..13], n))
                    }),
                    flood("403 in place of 401", LOG_IN, 12, |_| {
                        request("POST", "/login").with("x-echo-status", "403")
                    }),
                    flood("other addresses, by its own word", LOG_IN, 12, |n| {
                        wrong("/login").with("x-forwarded-for", format!("198.51.100.{n}"))
                    }),
                ],
            },
            Promise {
                says: "ten thousand tokens an hour, for each address",
                attempts: vec![
                    flood("the same again", quota(2, 0), 6, |_| {
                        chat("/v1/chat/completions")
                    }),
                    flood("other spellings of the path", quota(2, 0), 6, |n| {
                        chat(cycle(&["/V1/chat", "/v1//chat/x", "/v1/%63hat"], n))
                    }),
                    flood("a cost of its own", quota(2, 0), 6, |_| {
                        chat("/v1/chat").with("x-tokens-used", "0")
                    }),
                ],
            },
            Promise {
                says: "what is limited is what the upstream does",
                attempts: overrides("/login"),
            },
        ],
    }
}

fn made_up_pair(number: usize) -> Request {
    get("/api/items")
        .with("x-api-key", "k")
        .with("x-api-key", format!("beside{number}"))
}
