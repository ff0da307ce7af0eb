//! What is measured: requests, and the chains that they go through in turn.

use std::rc::Rc;

use anyhow::Result;
use e2e::token::{self, Token};
use serde_json::{Map as Policies, Value, json};

use crate::chain::{self, Call, Floor, Map};

/// How often a filter stands in its chain: a filter's cost drowns in noise, that of ten does not.
pub(crate) const COPIES: usize = 10;

/// Values of the key in the jobs of rate-limit.
const TENANTS: usize = 1000;
/// Fresh tokens of an algorithm: more than a cache of four holds.
const TOKENS: usize = 50;

/// Requests, and the chains that they go through.
pub(crate) struct Job {
    /// Its name in the targets.
    pub(crate) id: &'static str,
    /// Its name in the report.
    pub(crate) title: &'static str,
    /// The requests, in turn.
    pub(crate) requests: Requests,
    /// How often the filters stand in their chains.
    pub(crate) copies: usize,
    /// How many requests are a sample, of a hundred.
    pub(crate) share: usize,
    /// Whether requests go to an upstream: Envoy's own CORS filter is idle where Envoy answers
    /// itself.
    pub(crate) upstream: bool,
    /// The chains, beside the one without a filter.
    pub(crate) chains: Vec<Chain>,
}

impl Job {
    /// The status of answers, where no filter answers itself.
    pub(crate) fn status(&self) -> u16 {
        if self.upstream { 200 } else { 204 }
    }

    fn with_upstream(self) -> Self {
        Self {
            upstream: true,
            ..self
        }
    }
}

type Requests = Rc<Vec<Vec<u8>>>;

/// A chain.
pub(crate) struct Chain {
    /// Whose filters: `native`, `Lua`, `floor`, `ours`, or what tells two of ours apart.
    pub(crate) who: &'static str,
    /// The filters.
    pub(crate) filters: Vec<Value>,
    /// What the route says to filters.
    pub(crate) policies: Policies<String, Value>,
    /// Other requests than the job's.
    pub(crate) requests: Option<Requests>,
    /// How many requests are sent before it is measured.
    pub(crate) warm_up: usize,
    /// What the head of an answer holds where the filters do their work.
    pub(crate) proof: &'static [&'static str],
    /// Whether a request without its token is refused with 401.
    pub(crate) needs_token: bool,
    /// The status of each answer, where it is not the route's.
    pub(crate) status: Option<u16>,
}

impl Chain {
    fn of(who: &'static str, filters: Vec<Value>, proof: &'static [&'static str]) -> Self {
        Self {
            who,
            filters,
            policies: Policies::new(),
            requests: None,
            warm_up: 300,
            proof,
            needs_token: false,
            status: None,
        }
    }

    fn copies(
        who: &'static str,
        filter: impl Fn(usize) -> Value,
        proof: &'static [&'static str],
    ) -> Self {
        Self::of(who, (0..COPIES).map(filter).collect(), proof)
    }

    fn ours(
        name: &str,
        config: impl Fn(usize) -> Value,
        proof: &'static [&'static str],
    ) -> Result<Self> {
        Self::named("ours", name, config, proof)
    }

    fn named(
        who: &'static str,
        name: &str,
        config: impl Fn(usize) -> Value,
        proof: &'static [&'static str],
    ) -> Result<Self> {
        let filters: Result<_> = (0..COPIES)
            .map(|copy| chain::ours(name, copy, &config(copy)))
            .collect();
        Ok(Self::of(who, filters?, proof))
    }

    fn floor(floor: &Floor, proof: &'static [&'static str]) -> Self {
        Self::copies("floor", |copy| floor.filter(copy), proof)
    }

    fn with_token(mut self) -> Self {
        self.needs_token = true;
        self
    }

    fn with_cors_policies(mut self) -> Self {
        self.policies = (0..COPIES).map(chain::cors_policy).collect();
        self
    }

    /// Only the first of the copies.
    fn once(mut self) -> Self {
        self.filters.truncate(1);
        self
    }
}

/// A request with the ten headers of the ledger's, and these.
fn request(path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    with_method("GET", path, more)
}

fn with_method(method: &str, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut text = format!(
        "{method} {path} HTTP/1.1\r\nhost: api.example.com\r\nuser-agent: curl/8.5.0\r\naccept: */*\r\nx-forwarded-proto: https\r\n"
    );
    for (name, value) in more {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

const PATH: &str = "/api/v1/items?page=2";
const ORIGIN: (&str, &str) = ("origin", "https://app.example.com");

/// One request, with a header for each copy to remove.
fn with_internals(more: &[(&str, &str)]) -> Requests {
    let names: Vec<String> = (0..COPIES)
        .map(|copy| format!("x-internal-{copy}"))
        .collect();
    let mut headers: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    headers.extend(more);
    Rc::new(vec![request(PATH, &headers)])
}

fn tenants(count: usize) -> Requests {
    let tenant = |n: usize| request(PATH, &[("x-tenant", &format!("tenant-{n}"))]);
    Rc::new((0..count).map(tenant).collect())
}

/// A token of some 600 bytes, as identity providers give them.
fn bearer(algorithm: &str, number: usize) -> String {
    Token::new(algorithm)
        .claim("jti", json!(format!("{number:08}")))
        .claim("scope", json!("read write"))
        .claim("realm_access", json!({"roles": ["user", "editor"]}))
        .bearer()
}

fn with_tokens(algorithm: &str, path: &str, count: usize) -> Requests {
    let with = |n: usize| request(path, &[("authorization", &bearer(algorithm, n))]);
    Rc::new((0..count).map(with).collect())
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn set(map: Map, name: &str, value: &str) -> Call {
    Call::Set(map, text(name), text(value))
}

/// The floors, by what they do.
pub(crate) struct Floors {
    idle: Floor,
    headers: Floor,
    cors: Floor,
    no_origin: Floor,
    preflight: Floor,
    limit: Floor,
    limit_with_fields: Floor,
    cached: Floor,
    rs256: Floor,
    es256: Floor,
}

impl Floors {
    /// All floors; the calls for signatures are those of real tokens.
    pub(crate) fn new() -> Result<Self> {
        let floor = |name: &str, request: Vec<Call>, response: Vec<Call>| Floor {
            name: text(name),
            request,
            response,
        };
        let token = |argument: Option<Vec<u8>>| {
            let verify = argument.map(Call::Verify);
            let before = [Call::All(Map::Request), Call::Time]
                .into_iter()
                .chain(verify);
            before
                .chain([set(Map::Request, "x-jwt-sub", "alice")])
                .collect::<Vec<_>>()
        };
        let limit = vec![
            Call::All(Map::Request),
            Call::Time,
            Call::Shared(text("kit1/bench-floor/")),
        ];
        let add =
            |name: &str| Call::Add(Map::Response, text(name), text("\"tenant\";r=999999;t=1"));
        Ok(Self {
            idle: floor("idle", vec![], vec![]),
            headers: floor(
                "headers",
                vec![
                    // A name to remove has other spellings that servers read as the same one, so
                    // the names are looked at.
                    Call::All(Map::Request),
                    set(Map::Request, "x-env", "prod"),
                    Call::RemoveNumbered(text("x-internal-")),
                ],
                vec![set(Map::Response, "x-frame-options", "DENY")],
            ),
            cors: floor(
                "cors",
                vec![Call::Get(Map::Request, text("origin"))],
                vec![
                    // What the upstream says about CORS is replaced, and `vary` is extended.
                    Call::All(Map::Response),
                    set(Map::Response, "access-control-allow-origin", ORIGIN.1),
                    set(Map::Response, "access-control-allow-credentials", "true"),
                    set(Map::Response, "access-control-expose-headers", "x-request-id"),
                    set(Map::Response, "vary", "origin"),
                ],
            ),
            no_origin: floor(
                "no-origin",
                vec![Call::Get(Map::Request, text("origin"))],
                vec![Call::Get(Map::Response, text("vary")), set(Map::Response, "vary", "origin")],
            ),
            preflight: floor(
                "preflight",
                vec![
                    Call::All(Map::Request),
                    Call::Reply(
                        [
                            ("access-control-allow-origin", ORIGIN.1),
                            ("access-control-allow-credentials", "true"),
                            ("access-control-allow-methods", "GET, POST, PUT, DELETE"),
                            ("access-control-allow-headers", "content-type, authorization"),
                            ("access-control-max-age", "600"),
                            ("vary", "origin, access-control-request-method, access-control-request-headers"),
                        ]
                        .map(|(name, value)| (text(name), text(value)))
                        .to_vec(),
                    ),
                ],
                vec![],
            ),
            limit_with_fields: floor(
                "limit-with-fields",
                limit.clone(),
                vec![
                    Call::Get(Map::Response, text("ratelimit")),
                    add("ratelimit"),
                    add("ratelimit-policy"),
                    set(Map::Response, "x-ratelimit-limit", "1000000"),
                    set(Map::Response, "x-ratelimit-remaining", "999999"),
                    set(Map::Response, "x-ratelimit-reset", "1"),
                ],
            ),
            limit: floor("limit", limit, vec![]),
            cached: floor("cached", token(None), vec![]),
            rs256: floor("rs256", token(Some(signature("RS256", "test-rs256")?)), vec![]),
            es256: floor("es256", token(Some(signature("ES256", "test-es256")?)), vec![]),
        })
    }

    /// As a list, to be compiled.
    pub(crate) fn all(&self) -> Vec<Floor> {
        let all = [
            &self.idle,
            &self.headers,
            &self.cors,
            &self.no_origin,
            &self.preflight,
            &self.limit,
            &self.limit_with_fields,
            &self.cached,
            &self.rs256,
            &self.es256,
        ];
        all.into_iter().cloned().collect()
    }
}

/// What a filter asks `verify_signature` about a token of this algorithm.
fn signature(algorithm: &str, kid: &str) -> Result<Vec<u8>> {
    crate::signature::argument(&bearer(algorithm, 0), kid)
}

/// All jobs. `keys` is how many keys many are.
pub(crate) fn all(floors: &Floors, keys: usize) -> Result<Vec<Job>> {
    let mut jobs = vec![headers(floors)?];
    jobs.extend(cors(floors)?);
    jobs.extend(limits(floors)?);
    jobs.extend(tokens(floors)?);
    jobs.push(chain_of_four(floors)?);
    jobs.extend(growth(keys)?);
    jobs.extend(idle(floors)?);
    jobs.extend(many_headers(floors)?);
    Ok(jobs)
}

fn job(id: &'static str, title: &'static str, requests: Requests, chains: Vec<Chain>) -> Job {
    Job {
        id,
        title,
        requests,
        copies: COPIES,
        share: 100,
        upstream: false,
        chains,
    }
}

fn headers(floors: &Floors) -> Result<Job> {
    let proof = &["x-frame-options: deny", "x-proof: env=prod"];
    let chains = vec![
        Chain::copies("native", chain::header_mutation, proof),
        Chain::copies("Lua", |copy| chain::lua(copy, chain::HEADERS), proof),
        Chain::floor(&floors.headers, proof),
        Chain::ours("header-rewrite", chain::rewrite, proof)?,
    ];
    Ok(job(
        "header-rewrite",
        "header-rewrite: set and remove a request header, set a response header",
        with_internals(&[]),
        chains,
    ))
}

fn cors(floors: &Floors) -> Result<Vec<Job>> {
    let all = |floor: &Floor, proof: &'static [&'static str]| -> Result<Vec<Chain>> {
        Ok(vec![
            Chain::copies("native", chain::cors, proof).with_cors_policies(),
            Chain::copies("Lua", |copy| chain::lua(copy, chain::CORS), proof),
            Chain::floor(floor, proof),
            Chain::ours("cors", |_| chain::cors_rules(), proof)?,
        ])
    };
    let preflight = with_method(
        "OPTIONS",
        PATH,
        &[
            ORIGIN,
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "content-type"),
        ],
    );
    let allowed = &["access-control-allow-origin: https://app.example.com"];
    let mut preflights: Vec<Chain> = all(&floors.preflight, allowed)?
        .into_iter()
        .map(Chain::once)
        .collect();
    for chain in &mut preflights {
        chain.status = Some(if chain.who == "native" { 200 } else { 204 });
    }
    Ok(vec![
        job(
            "cors",
            "cors: simple request of an allowed origin",
            Rc::new(vec![request(PATH, &[ORIGIN])]),
            all(&floors.cors, allowed)?,
        )
        .with_upstream(),
        job(
            "cors-no-origin",
            "cors: a request without an origin",
            Rc::new(vec![request(PATH, &[])]),
            all(&floors.no_origin, &[])?,
        )
        .with_upstream(),
        Job {
            copies: 1,
            ..job(
                "cors-preflight",
                "cors: a preflight, the whole request",
                Rc::new(vec![preflight]),
                preflights,
            )
        },
    ])
}

fn limits(floors: &Floors) -> Result<Vec<Job>> {
    let with_fields = vec![
        Chain::copies(
            "native",
            |copy| chain::local_ratelimit(copy, true),
            &["x-ratelimit-remaining: "],
        ),
        Chain::floor(&floors.limit_with_fields, &["ratelimit: "]),
        Chain::ours(
            "rate-limit",
            |copy| chain::limit(copy, "both"),
            &["ratelimit: ", "x-ratelimit-remaining: "],
        )?,
    ];
    let without = vec![
        Chain::copies("native", |copy| chain::local_ratelimit(copy, false), &[]),
        Chain::copies("Lua", |copy| chain::lua(copy, chain::RATE_LIMIT), &[]),
        Chain::floor(&floors.limit, &[]),
        Chain::ours("rate-limit", |copy| chain::limit(copy, "none"), &[])?,
    ];
    let warm = |mut chain: Chain| {
        chain.warm_up = TENANTS;
        chain
    };
    Ok(vec![
        job(
            "rate-limit-both",
            "rate-limit: a header as key, 1,000 values, `headers: both`",
            tenants(TENANTS),
            with_fields.into_iter().map(warm).collect(),
        ),
        job(
            "rate-limit-none",
            "rate-limit: a header as key, 1,000 values, `headers: none`",
            tenants(TENANTS),
            without.into_iter().map(warm).collect(),
        ),
    ])
}

fn tokens(floors: &Floors) -> Result<Vec<Job>> {
    let proof = &["x-proof: env= sub=alice"];
    let native = |who, cached| {
        Chain::copies(who, move |copy| chain::jwt_authn(copy, cached), proof).with_token()
    };
    let fresh = |id, title, algorithm: &str, floor: Option<&Floor>| -> Result<Job> {
        // HMAC tokens have a provider of their own, by path.
        let (path, proof): (_, &'static [&'static str]) = if algorithm == "HS256" {
            ("/secret/items", &[])
        } else {
            (PATH, proof)
        };
        let mut chains = vec![Chain {
            proof,
            ..native("native", false)
        }];
        chains.extend(floor.map(|floor| Chain::floor(floor, proof)));
        chains.push(Chain::ours("jwt-auth", |copy| chain::jwt(copy, 4), proof)?.with_token());
        Ok(Job {
            share: 25,
            ..job(id, title, with_tokens(algorithm, path, TOKENS), chains)
        })
    };
    Ok(vec![
        job(
            "jwt-cached",
            "jwt-auth: an RS256 token from the cache",
            with_tokens("RS256", PATH, 1),
            vec![
                native("native", false),
                native("native, with its cache", true),
                Chain::floor(&floors.cached, proof),
                Chain::ours("jwt-auth", |copy| chain::jwt(copy, 1000), proof)?.with_token(),
            ],
        ),
        fresh(
            "jwt-rs256",
            "jwt-auth: fresh RS256 tokens",
            "RS256",
            Some(&floors.rs256),
        )?,
        fresh(
            "jwt-es256",
            "jwt-auth: fresh ES256 tokens",
            "ES256",
            Some(&floors.es256),
        )?,
        fresh("jwt-hs256", "jwt-auth: fresh HS256 tokens", "HS256", None)?,
    ])
}

/// The module chain, in whose VM all four run.
pub(crate) const ONE_MODULE: &str = "ours, one module";

fn chain_of_four(floors: &Floors) -> Result<Job> {
    let proof = &[
        "access-control-allow-origin: ",
        "ratelimit",
        "x-frame-options: deny",
        "x-proof: env=prod sub=alice",
    ];
    let native = |who, cached| {
        let four = |copy| {
            [
                chain::cors(copy),
                chain::local_ratelimit(copy, true),
                chain::jwt_authn(copy, cached),
                chain::header_mutation(copy),
            ]
        };
        Chain::of(who, (0..COPIES).flat_map(four).collect(), proof)
            .with_cors_policies()
            .with_token()
    };
    let floor = |copy| {
        [
            &floors.cors,
            &floors.limit_with_fields,
            &floors.cached,
            &floors.headers,
        ]
        .map(|floor| floor.filter(copy))
    };
    let mut ours = Vec::new();
    for copy in 0..COPIES {
        ours.extend(chain::chain_of_four(copy)?);
    }
    let one_module = (0..COPIES).map(chain::one_module).collect::<Result<_>>()?;
    let token = bearer("RS256", 0);
    let requests = with_internals(&[ORIGIN, ("x-tenant", "acme"), ("authorization", &token)]);
    let chains = vec![
        native("native", false),
        native("native, with its cache", true),
        Chain::of("floor", (0..COPIES).flat_map(floor).collect(), proof),
        Chain::of("ours", ours, proof).with_token(),
        Chain::of(ONE_MODULE, one_module, proof).with_token(),
    ];
    Ok(Job {
        share: 60,
        ..job(
            "chain",
            "the chain of four, with a token from the cache",
            requests,
            chains,
        )
    }
    .with_upstream())
}

fn growth(keys: usize) -> Result<Vec<Job>> {
    let set_of = |count: usize| {
        let set: Value = serde_json::from_str(token::JWKS).expect("JSON");
        let mut keys: Vec<Value> = set["keys"].as_array().cloned().unwrap_or_default();
        let own = keys
            .iter()
            .position(|key| key["kid"] == "test-rs256")
            .unwrap_or_default();
        let own = keys.swap_remove(own);
        let other = |n| {
            let mut key = own.clone();
            key["kid"] = format!("key-{n}").into();
            key
        };
        let mut keys: Vec<Value> = (1..count).map(other).collect();
        keys.push(own.clone());
        json!({ "keys": keys })
    };
    let mut many_keys = Chain::named("many", "rate-limit", |copy| chain::limit(copy, "none"), &[])?;
    many_keys.requests = Some(tenants(keys));
    many_keys.warm_up = keys;
    let mut one_key = Chain::named(
        "one",
        "rate-limit",
        |copy| chain::limit(copy + COPIES, "none"),
        &[],
    )?;
    one_key.requests = Some(tenants(1));
    let plain = || Rc::new(vec![request(PATH, &[])]);
    Ok(vec![
        job(
            "rules",
            "header-rewrite: 1 rule by path, and the last of 1,000",
            plain(),
            vec![
                Chain::named("one", "header-rewrite", |_| chain::rewrite_rules(1), &[])?,
                Chain::named(
                    "many",
                    "header-rewrite",
                    |_| chain::rewrite_rules(1000),
                    &[],
                )?,
            ],
        ),
        job(
            "origins",
            "cors: 1 origin, and one of 1,000",
            Rc::new(vec![request(PATH, &[ORIGIN])]),
            vec![
                Chain::named("one", "cors", |_| chain::cors_origins(1), &[])?,
                Chain::named("many", "cors", |_| chain::cors_origins(1000), &[])?,
            ],
        ),
        job(
            "keys",
            "rate-limit: 1 key, and 100,000 in turn",
            plain(),
            vec![one_key, many_keys],
        ),
        Job {
            share: 25,
            ..job(
                "jwks",
                "jwt-auth: a fresh RS256 token, with 1 key and with the last of 64",
                with_tokens("RS256", PATH, TOKENS),
                vec![
                    Chain::named(
                        "one",
                        "jwt-auth",
                        |copy| chain::jwt_with_keys(copy, 4, set_of(1)),
                        &[],
                    )?
                    .with_token(),
                    Chain::named(
                        "many",
                        "jwt-auth",
                        |copy| chain::jwt_with_keys(copy, 4, set_of(64)),
                        &[],
                    )?
                    .with_token(),
                ],
            )
        },
    ])
}

fn idle(floors: &Floors) -> Result<Vec<Job>> {
    let empty = |name| Chain::named(name, name, |_| json!({}), &[]);
    let chains = vec![
        Chain::floor(&floors.idle, &[]),
        empty("cors")?,
        empty("header-rewrite")?,
        empty("rate-limit")?,
    ];
    Ok(vec![job(
        "idle",
        "no rule at all: `{}`",
        Rc::new(vec![request(PATH, &[])]),
        chains,
    )])
}

fn many_headers(floors: &Floors) -> Result<Vec<Job>> {
    let names: Vec<String> = (0..50).map(|n| format!("x-header-{n}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "value")).collect();
    let with = |more: &[(&str, &str)]| Rc::new(vec![request(PATH, &[&many[..], more].concat())]);
    let token = bearer("RS256", 0);
    Ok(vec![
        job(
            "header-rewrite-60",
            "header-rewrite: the same, 60 headers",
            with(&[]),
            vec![
                Chain::floor(&floors.headers, &[]),
                Chain::ours("header-rewrite", chain::rewrite, &[])?,
            ],
        ),
        job(
            "rate-limit-60",
            "rate-limit: `headers: none`, 60 headers",
            with(&[("x-tenant", "acme")]),
            vec![
                Chain::floor(&floors.limit, &[]),
                Chain::ours("rate-limit", |copy| chain::limit(copy, "none"), &[])?,
            ],
        ),
        job(
            "jwt-60",
            "jwt-auth: a token from the cache, 60 headers",
            with(&[("authorization", &token)]),
            vec![
                Chain::floor(&floors.cached, &[]),
                Chain::ours("jwt-auth", |copy| chain::jwt(copy, 1000), &[])?,
            ],
        ),
    ])
}
