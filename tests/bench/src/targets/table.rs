//! The targets.

use super::source::Source;
use crate::jobs::ONE_MODULE;

/// A figure and its maximum.
pub(super) struct Target {
    pub(super) case: &'static str,
    pub(super) what: &'static str,
    pub(super) limit: f64,
    pub(super) source: Source,
}

const fn target(case: &'static str, what: &'static str, limit: f64, source: Source) -> Target {
    Target {
        case,
        what,
        limit,
        source,
    }
}

pub(super) const FLOOR: &str = "× floor";
pub(super) const LUA: &str = "× Lua";
const NATIVE: &str = "× native";
pub(super) const INSTRUCTIONS: &str = "instructions";
const WITHOUT_SIGNATURE: &str = "instructions without the signature";

pub(super) const TARGETS: &[Target] = &[
    target(
        "header-rewrite",
        FLOOR,
        1.3,
        Source::Ratio("header-rewrite", "floor"),
    ),
    target(
        "header-rewrite",
        LUA,
        0.55,
        Source::Ratio("header-rewrite", "Lua"),
    ),
    target(
        "header-rewrite",
        INSTRUCTIONS,
        5000.0,
        Source::Ledger(
            "header-rewrite",
            "set and remove a request header, set a response header",
        ),
    ),
    target(
        "cors, simple request",
        FLOOR,
        1.3,
        Source::Ratio("cors", "floor"),
    ),
    target(
        "cors, simple request",
        LUA,
        0.55,
        Source::Ratio("cors", "Lua"),
    ),
    target(
        "cors, simple request",
        INSTRUCTIONS,
        6000.0,
        Source::Ledger("cors", "simple request of an allowed origin"),
    ),
    target(
        "cors, no origin",
        FLOOR,
        1.3,
        Source::Ratio("cors-no-origin", "floor"),
    ),
    target(
        "cors, preflight",
        "× Envoy's direct response, whole request",
        1.35,
        Source::Whole("cors-preflight"),
    ),
    target(
        "rate-limit, `headers: both`",
        FLOOR,
        1.3,
        Source::Ratio("rate-limit-both", "floor"),
    ),
    target(
        "rate-limit, `headers: both`",
        INSTRUCTIONS,
        9000.0,
        Source::Ledger("rate-limit", "a header as key, headers: both"),
    ),
    target(
        "rate-limit, `headers: none`",
        LUA,
        0.7,
        Source::Ratio("rate-limit-none", "Lua"),
    ),
    target(
        "rate-limit, `headers: none`",
        INSTRUCTIONS,
        6000.0,
        Source::Ledger("rate-limit", "a header as key, headers: none"),
    ),
    target(
        "jwt-auth, cached RS256",
        FLOOR,
        1.4,
        Source::Ratio("jwt-cached", "floor"),
    ),
    target(
        "jwt-auth, cached RS256",
        "× native without its cache",
        0.12,
        Source::Ratio("jwt-cached", "native"),
    ),
    target(
        "jwt-auth, cached RS256",
        INSTRUCTIONS,
        9000.0,
        Source::Ledger("jwt-auth", "RS256, cached"),
    ),
    target(
        "jwt-auth, fresh RS256",
        NATIVE,
        1.2,
        Source::Ratio("jwt-rs256", "native"),
    ),
    target(
        "jwt-auth, fresh RS256",
        WITHOUT_SIGNATURE,
        30_000.0,
        Source::Ledger("jwt-auth", "RS256, fresh, without the signature"),
    ),
    target(
        "jwt-auth, fresh ES256",
        NATIVE,
        1.15,
        Source::Ratio("jwt-es256", "native"),
    ),
    target(
        "jwt-auth, fresh ES256",
        WITHOUT_SIGNATURE,
        30_000.0,
        Source::Ledger("jwt-auth", "ES256, fresh, without the signature"),
    ),
    target(
        "jwt-auth, fresh HS256",
        NATIVE,
        0.8,
        Source::Ratio("jwt-hs256", "native"),
    ),
    target(
        "chain of four, cached token",
        "× native without its JWT cache",
        0.45,
        Source::Ratio("chain", "native"),
    ),
    target(
        "all four in one module, cached token",
        "× four modules",
        0.6,
        Source::Between("chain", ONE_MODULE, "ours"),
    ),
    target(
        "all four in one module, cached token",
        "× native without its JWT cache",
        0.25,
        Source::Between("chain", ONE_MODULE, "native"),
    ),
    target(
        "all four in one module, cached token",
        "× native with its JWT cache",
        2.0,
        Source::Between("chain", ONE_MODULE, "native, with its cache"),
    ),
    target("1,000 path rules", "× 1 rule", 1.5, Source::Growth("rules")),
    target(
        "1,000 origins",
        "× 1 origin",
        1.5,
        Source::Growth("origins"),
    ),
    target("100,000 keys", "× 1 key", 1.5, Source::Growth("keys")),
    target(
        "a body of 100 MiB through all four",
        "× no filter",
        1.05,
        Source::Bodies,
    ),
    target(
        "jwt-auth, start to ready",
        "s above no filter",
        1.0,
        Source::Start("jwt-auth"),
    ),
    target(
        "all four, start to ready",
        "s above no filter",
        2.2,
        Source::Start("all four"),
    ),
];
