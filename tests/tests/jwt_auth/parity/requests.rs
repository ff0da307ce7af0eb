//! Valid tokens in requests of all kinds.

use super::ask::{
    Ask, Case, INVALID, ask, at, claim, differ, es, fixed, good, of_text, partner, same,
    same_since_1_40, sub,
};
use e2e::token::{Token, forged};
use serde_json::{Value, json};

const PREFIX: &str = "the prefix of a token";
const QUERY: &str = "default places";
const REPEATED: &str = "one place, two values";
const ALL: &str = "`all` with one token";
const IGNORED: &str = "a bad token that is ignored";
const COOKIE: &str = "a token in a cookie";
const LISTS: &str = "lists as headers";
const OBJECTS: &str = "objects as headers";
const FRACTIONS: &str = "numbers with a fraction";
const DIGITS: &str = "integers beyond 64 bits";
const SOCKET: &str = "a token among WebSocket protocols";
const PREFLIGHT: &str = "`bypass_cors_preflight`";
const UNSOUND: &str = "claims that are no header values";
const KEYS: &str = "keys";
const FORGED: &str = "forged claim headers where no token is needed";
const NO_RULE: &str = "no rule matches";
const SPELLING: &str = "spellings of a path";
const SEGMENTS: &str = "`prefix`";

/// Sources of tokens.
pub(crate) fn places() -> Vec<Case> {
    vec![
        differ(
            "a WebSocket protocol",
            ask("/socket").header(
                "sec-websocket-protocol",
                format!("chat, bearer.{}, v2", es(good())),
            ),
            INVALID,
            "200 sec-websocket-protocol=chat, v2",
            &[SOCKET],
        ),
        differ(
            "scheme in lower case",
            ask("/basic").header("authorization", format!("bearer {}", es(good()))),
            "401 -",
            "200",
            &[PREFIX],
        ),
        same(
            "two spaces",
            ask("/basic").header("authorization", format!("Bearer  {}", es(good()))),
            "200",
        ),
        differ(
            "prefix within",
            ask("/basic").header("authorization", format!("x Bearer {}", es(good()))),
            "200",
            "401 -",
            &[PREFIX],
        ),
        same(
            "another scheme",
            ask("/basic").header("authorization", "Basic YTpi"),
            "401 -",
        ),
        differ(
            "default query",
            ask(&format!("/basic?access_token={}", es(good()))),
            "200",
            "401 -",
            &[QUERY],
        ),
        // Two values in one place are refused with 400 `jwt_repeated`, whether or not Envoy joins
        // them.
        differ(
            "header twice, the same",
            at("/basic", fixed()).bearer(&es(fixed())),
            INVALID,
            "400 invalid_request",
            &[REPEATED],
        ),
        differ(
            "header twice, two good",
            at("/basic", sub("a")).bearer(&es(sub("b"))),
            INVALID,
            "400 invalid_request",
            &[REPEATED],
        ),
        same(
            "header",
            ask("/places").header("x-token", format!("Token {}", es(good()))),
            "200",
        ),
        same(
            "query",
            ask(&format!("/places?a=1&jwt={}&b=2", es(good()))),
            "200 ?a=1&b=2",
        ),
        same(
            "query, name encoded",
            ask(&format!("/places?%6Awt={}", es(good()))),
            "200",
        ),
        differ(
            "query twice, second forged",
            ask(&format!(
                "/places?jwt={}&jwt={}",
                es(good()),
                forged(&es(good()))
            )),
            "200",
            "400 invalid_request",
            &[REPEATED],
        ),
        differ(
            "cookie",
            ask("/places").header("cookie", format!("a=1; session={}; b=2", es(good()))),
            "200 cookie=a=1; session=TOKEN; b=2",
            "200 cookie=a=1; b=2",
            &[COOKIE],
        ),
        differ(
            "cookie twice, second forged",
            ask("/places").header(
                "cookie",
                format!("session={}; session={}", es(good()), forged(&es(good()))),
            ),
            "200 cookie=session=TOKEN; session=TOKEN",
            "400 invalid_request",
            &[REPEATED, COOKIE],
        ),
        same("undeclared place", at("/places", good()), "401 -"),
        same(
            "good in one place, forged in another",
            ask(&format!("/places?jwt={}", forged(&es(good()))))
                .header("x-token", format!("Token {}", es(good()))),
            INVALID,
        ),
        same(
            "two good ones",
            ask(&format!("/places?jwt={}", es(sub("a"))))
                .header("x-token", format!("Token {}", es(sub("b")))),
            "200",
        ),
        same(
            "kept",
            ask(&format!("/kept?jwt={}", es(fixed()))).bearer(&es(fixed())),
            "200 ?jwt=TOKEN authorization=Bearer TOKEN",
        ),
    ]
}

/// Claims as headers.
pub(crate) fn headers() -> Vec<Case> {
    let claims = good()
        .claim("text", json!("plain"))
        .claim("number", json!(42))
        .claim("fraction", json!(1.5))
        .claim("yes", json!(true))
        .claim("nothing", Value::Null)
        .claim("list", json!(["a", "b"]))
        .claim("object", json!({"k": "v"}))
        .claim("nested", json!({"inner": "deep"}))
        .claim("mixed", json!(["a", {"b": 1}]))
        .claim("iat", Value::Null)
        .claim("exp", json!(4_102_444_800_u64));
    vec![
        differ(
            "claims",
            at("/claims", claims),
            "200 fraction=1.500000 list=WyJhIiwiYiJd mixed=WyJhIix7ImIiOjF9XQ== nested-inner=deep number=42 object=eyJrIjoidiJ9 payload=eyJhdWQiOiJhcGkiLCJleHAiOjQxMDI0NDQ4MDAsImZyYWN0aW9uIjoxLjUsImlzcyI6Imh0dHBzOi8vaXNzdWVyLmV4YW1wbGUiLCJsaXN0IjpbImEiLCJiIl0sIm1peGVkIjpbImEiLHsiYiI6MX1dLCJuZXN0ZWQiOnsiaW5uZXIiOiJkZWVwIn0sIm51bWJlciI6NDIsIm9iamVjdCI6eyJrIjoidiJ9LCJzdWIiOiJhbGljZSIsInRleHQiOiJwbGFpbiIsInllcyI6dHJ1ZX0 text=plain yes=true",
            "200 fraction=1.5 list=a,b mixed=WyJhIix7ImIiOjF9XQ nested-inner=deep number=42 object=eyJrIjoidiJ9 payload=eyJhdWQiOiJhcGkiLCJleHAiOjQxMDI0NDQ4MDAsImZyYWN0aW9uIjoxLjUsImlzcyI6Imh0dHBzOi8vaXNzdWVyLmV4YW1wbGUiLCJsaXN0IjpbImEiLCJiIl0sIm1peGVkIjpbImEiLHsiYiI6MX1dLCJuZXN0ZWQiOnsiaW5uZXIiOiJkZWVwIn0sIm51bWJlciI6NDIsIm9iamVjdCI6eyJrIjoidiJ9LCJzdWIiOiJhbGljZSIsInRleHQiOiJwbGFpbiIsInllcyI6dHJ1ZX0 text=plain yes=true",
            &[LISTS, OBJECTS, FRACTIONS],
        ),
        differ(
            "a large integer",
            ask("/claims").bearer(&of_text(r#""number":12345678901234567890123"#)),
            "200 number=12345678901234567741440.000000 payload=eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiYXBpIiwiZXhwIjo0MTAyNDQ0ODAwLCJudW1iZXIiOjEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzfQ",
            "200 number=12345678901234567890123 payload=eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiYXBpIiwiZXhwIjo0MTAyNDQ0ODAwLCJudW1iZXIiOjEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzfQ",
            &[DIGITS],
        ),
        differ(
            "a list with a comma in an element",
            at("/claims", fixed().claim("comma", json!(["a,b", "c"]))),
            "200 comma=WyJhLGIiLCJjIl0= payload=eyJhdWQiOiJhcGkiLCJjb21tYSI6WyJhLGIiLCJjIl0sImV4cCI6NDEwMjQ0NDgwMCwiaXNzIjoiaHR0cHM6Ly9pc3N1ZXIuZXhhbXBsZSIsInN1YiI6ImFsaWNlIn0",
            "200 payload=eyJhdWQiOiJhcGkiLCJjb21tYSI6WyJhLGIiLCJjIl0sImV4cCI6NDEwMjQ0NDgwMCwiaXNzIjoiaHR0cHM6Ly9pc3N1ZXIuZXhhbXBsZSIsInN1YiI6ImFsaWNlIn0",
            &[LISTS],
        ),
        differ(
            "a claim with a line break",
            at("/claims", fixed().claim("crlf", json!("a\r\nx-evil: 1"))),
            "503 -",
            "200 payload=eyJhdWQiOiJhcGkiLCJjcmxmIjoiYVxyXG54LWV2aWw6IDEiLCJleHAiOjQxMDI0NDQ4MDAsImlzcyI6Imh0dHBzOi8vaXNzdWVyLmV4YW1wbGUiLCJzdWIiOiJhbGljZSJ9",
            &[UNSOUND],
        ),
        same(
            "a text that is not ASCII",
            at("/claims", fixed().claim("text", json!("é"))),
            "200 payload=eyJhdWQiOiJhcGkiLCJleHAiOjQxMDI0NDQ4MDAsImlzcyI6Imh0dHBzOi8vaXNzdWVyLmV4YW1wbGUiLCJzdWIiOiJhbGljZSIsInRleHQiOiLDqSJ9 text=Ã©",
        ),
        same(
            "forged claim headers",
            ask("/claims")
                .bearer(&es(fixed()))
                .header("SIDE-text", "forged"),
            "200 payload=eyJhdWQiOiJhcGkiLCJleHAiOjQxMDI0NDQ4MDAsImlzcyI6Imh0dHBzOi8vaXNzdWVyLmV4YW1wbGUiLCJzdWIiOiJhbGljZSJ9",
        ),
        same_since_1_40(
            "forged claim headers where nothing is required",
            ask("/open").header("SIDE-text", "forged"),
            "200",
            "200 text=forged",
            &[FORGED],
        ),
    ]
}

/// Keys, requirements, paths, preflights.
pub(crate) fn requirements() -> Vec<Case> {
    vec![
        differ(
            "a key for encryption",
            at("/keys", Token::new("RS256").header("kid", json!("enc"))),
            "200",
            INVALID,
            &[KEYS],
        ),
        differ(
            "a secret in the set",
            at("/keys", Token::new("HS256").header("kid", json!("oct"))),
            "200",
            INVALID,
            &[KEYS],
        ),
        same("any, the first", at("/any", good()), "200"),
        same("any, the second", at("/any", partner()), "200"),
        same("any, none", ask("/any"), "401 -"),
        same(
            "any, neither",
            at("/any", claim("iss", json!("x"))),
            INVALID,
        ),
        differ(
            "all, the first alone",
            at("/all", good()),
            "401 -",
            INVALID,
            &[ALL],
        ),
        differ(
            "all, one token for both",
            at("/both", good()),
            "401 -",
            "200",
            &[ALL],
        ),
        same("optional, none", ask("/optional"), "200"),
        same("optional, good", at("/optional", good()), "200"),
        same(
            "optional, forged",
            ask("/optional").bearer(&forged(&es(good()))),
            INVALID,
        ),
        same("ignored, none", ask("/ignored"), "200"),
        same("ignored, good", at("/ignored", good()), "200"),
        // `ignore_failure` lets the request pass without the token that could not be verified.
        differ(
            "ignored, forged",
            ask("/ignored").bearer("eyJ"),
            "200 authorization=Bearer TOKEN",
            "200",
            &[IGNORED],
        ),
        same(
            "nothing required, a forged one",
            ask("/open").bearer("eyJ"),
            "200 authorization=Bearer TOKEN",
        ),
        differ("no rule", ask("/unheard-of"), "200", "401 -", &[NO_RULE]),
        differ(
            "another spelling of the path",
            ask("/%62asic"),
            "200",
            // The requirements of all readings must hold.
            "401 -",
            &[SPELLING],
        ),
        differ(
            "a longer name",
            ask("/opening"),
            "200",
            "401 -",
            &[SEGMENTS],
        ),
        same("preflight", ask("/basic").preflight(), "200"),
        differ(
            "a preflight for something that is no method",
            Ask {
                method: "OPTIONS",
                ..ask("/basic")
            }
            .header("origin", "https://a.example")
            .header("access-control-request-method", "GET, DELETE"),
            "200",
            "401 -",
            &[PREFLIGHT],
        ),
        same(
            "OPTIONS",
            Ask {
                method: "OPTIONS",
                ..ask("/basic")
            },
            "401 -",
        ),
    ]
}
