//! What the upstream gets from a token: claims as headers that no client can forge, and not the
//! token.

mod tokens;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::token::{self, Token, forged};
use e2e::{Client, EchoedRequest, Envoy};
use serde_json::{Value, json};

fn jwks() -> Value {
    serde_json::from_str(token::JWKS).unwrap()
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Two providers that promise headers, and a rule for every way in which a request may pass.
fn promising() -> Envoy {
    let provider = |issuer: &str, header: &str| {
        json!({
            "issuer": issuer,
            "keys": {"jwks": jwks()},
            "claims_to_headers": [{"claim": "sub", "header": header}, {"claim": "role", "header": "x-role"}],
            "payload_header": format!("{header}-payload"),
            "provider_header": "x-provider",
        })
    };
    let corp = json!({"provider": {"name": "corp"}});
    let rule = |path: &str, require: Value| json!({"match": {"paths": [{"prefix": path}]}, "require": require});
    let config = json!({
        "bypass_cors_preflight": true,
        "providers": {"corp": provider(token::ISSUER, "x-corp"), "partner": provider("https://partner.example", "x-partner")},
        "rules": [
            rule("/open", json!("nothing")),
            rule("/optional", json!({"optional": corp})),
            rule("/ignored", json!({"ignore_failure": corp})),
            rule("/needed", corp.clone()),
        ],
    });
    Envoy::with_filter("jwt-auth", config.to_string()).start()
}

/// Every header that a provider promises, as a client would forge it, once and twice, and as
/// servers may read it: "in every spelling that a server may read as the
/// same name (`_` for `-`)".
const FORGED: [(&str, &str); 15] = [
    ("x-corp", "root"),
    ("X-Corp", "root again"),
    ("x-corp-payload", "e30"),
    ("x-partner", "root"),
    ("x-partner-payload", "e30"),
    ("x-role", "root"),
    ("x-provider", "corp"),
    ("x-provider", "partner"),
    ("x_corp", "root"),
    ("X_Corp", "root again"),
    ("x_corp-payload", "e30"),
    ("x-corp_payload", "e30"),
    ("x_partner_payload", "e30"),
    ("x.role", "root"),
    ("x_provider", "corp"),
];

fn promised(echo: &EchoedRequest) -> Vec<String> {
    let promised = |name: &str| {
        FORGED
            .iter()
            .any(|(forged, _)| forged.eq_ignore_ascii_case(name))
    };
    let mut seen: Vec<_> = echo
        .headers
        .iter()
        .filter(|(name, _)| promised(name))
        .map(|(name, value)| format!("{}={value}", name.to_ascii_lowercase()))
        .collect();
    seen.sort_unstable();
    seen
}

#[test]
fn promised_headers_are_never_those_of_the_client_whatever_lets_the_request_pass() {
    let envoy = promising();
    let token = Token::new("ES256");
    let expired = Token::new("ES256").claim("exp", json!(1)).bearer();
    let payload = encoded(serde_json::to_vec(&token.claims).unwrap());
    let real = vec![
        format!("x-corp-payload={payload}"),
        "x-corp=alice".to_owned(),
        "x-provider=corp".to_owned(),
    ];
    for (what, method, path, authorization, expected) in [
        ("nothing is required", "GET", "/open", None, vec![]),
        (
            "nothing is required, good token",
            "GET",
            "/open",
            Some(token.bearer()),
            vec![],
        ),
        ("optional, none", "GET", "/optional", None, vec![]),
        (
            "optional, good",
            "GET",
            "/optional",
            Some(token.bearer()),
            real.clone(),
        ),
        ("ignored, none", "GET", "/ignored", None, vec![]),
        ("ignored, bad", "GET", "/ignored", Some(expired), vec![]),
        (
            "ignored, good",
            "GET",
            "/ignored",
            Some(token.bearer()),
            real.clone(),
        ),
        (
            "required",
            "GET",
            "/needed",
            Some(token.bearer()),
            real.clone(),
        ),
        ("no rule", "GET", "/other", Some(token.bearer()), real),
        ("preflight", "OPTIONS", "/needed", None, vec![]),
    ] {
        for client in [Client::http1(), Client::http2()] {
            let mut request = client.request(method, envoy.url(path)).headers(FORGED);
            if method == "OPTIONS" {
                request = request
                    .header("origin", "https://a.example")
                    .header("access-control-request-method", "PUT");
            }
            if let Some(authorization) = &authorization {
                request = request.header("authorization", authorization);
            }
            assert_eq!(promised(&request.send().echo()), expected, "{what}");
        }
    }
}

#[test]
fn a_claim_of_each_type_is_the_header_that_the_readme_says() {
    let cases = [
        ("text", json!("plain"), Some("plain".to_owned())),
        ("empty", json!(""), Some(String::new())),
        ("comma_text", json!("a,b"), Some("a,b".to_owned())),
        ("integer", json!(42), Some("42".to_owned())),
        ("negative", json!(-7), Some("-7".to_owned())),
        ("fraction", json!(1.5), Some("1.5".to_owned())),
        ("yes", json!(true), Some("true".to_owned())),
        ("no", json!(false), Some("false".to_owned())),
        ("list", json!(["a", 1, true]), Some("a,1,true".to_owned())),
        ("comma", json!(["a,b", "c"]), None),
        (
            "mixed",
            json!(["a", {"b": 1}]),
            Some(encoded(r#"["a",{"b":1}]"#)),
        ),
        (
            "object",
            json!({"b": 1, "a": [null]}),
            Some(encoded(r#"{"a":[null],"b":1}"#)),
        ),
        ("crlf", json!("a\r\nx-evil: 1"), None),
        ("nul", json!("a\u{0}b"), None),
        ("list_with_crlf", json!(["a", "b\n"]), None),
        ("just_fits", json!("x".repeat(8192)), Some("x".repeat(8192))),
        ("too_long", json!("x".repeat(8193)), None),
    ];
    let null_and_absent = ["null", "absent"];
    let header = |claim: &str| format!("x-claim-{}", claim.replace('_', "-"));
    let mapped: Vec<Value> = cases
        .iter()
        .map(|(claim, ..)| *claim)
        .chain(null_and_absent)
        .map(|claim| json!({"claim": claim, "header": header(claim)}))
        .chain([
            json!({"claim": ["deep", "a.b", "c"], "header": "x-claim-deep"}),
            json!({"claim": ["deep", "a", "b"], "header": "x-claim-not-deep"}),
        ])
        .collect();
    let config = json!({"providers": {"corp": {
        "keys": {"jwks": jwks()}, "claims_to_headers": mapped, "payload_header": "x-payload", "provider_header": "x-provider",
    }}});
    let envoy = Envoy::with_filter("jwt-auth", config.to_string()).start();
    // One token per claim, because all together would not fit into 16 KiB.
    for (claim, value, expected) in cases {
        let token = Token::new("ES256").claim(claim, value);
        let request = envoy.get("/");
        let echo = request
            .header("authorization", token.bearer())
            .send()
            .echo();
        assert_eq!(echo.header(&header(claim)), expected.as_deref(), "{claim}");
        assert_eq!(echo.header("x-evil"), None, "{claim}");
        let payload = encoded(serde_json::to_vec(&token.claims).unwrap());
        assert_eq!(echo.header("x-payload"), Some(payload.as_str()), "{claim}");
        assert_eq!(echo.header("x-provider"), Some("corp"), "{claim}");
    }
    let mut token = Token::new("ES256").claim("deep", json!({"a.b": {"c": "found"}}));
    token.claims.insert("null".to_owned(), Value::Null);
    let request = envoy.get("/");
    let echo = request
        .header("authorization", token.bearer())
        .send()
        .echo();
    assert_eq!(echo.header("x-claim-deep"), Some("found"));
    for absent in ["x-claim-not-deep", "x-claim-null", "x-claim-absent"] {
        assert_eq!(echo.header(absent), None);
    }
}

#[test]
fn trailers_do_not_bring_what_the_headers_may_not() {
    let config = json!({"providers": {"corp": {"keys": {"jwks": jwks()}, "claims_to_headers": [{"claim": "sub", "header": "x-jwt-sub"}]}}});
    let envoy = Envoy::with_filter("jwt-auth", config.to_string())
        .hcm("http_protocol_options: {enable_trailers: true}")
        .upstream_protocol(e2e::Protocol::Http2)
        .start();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: a\r\nauthorization: {}\r\ntransfer-encoding: chunked\r\ntrailer: x-jwt-sub\r\n\r\n\
         4\r\nbody\r\n0\r\nx-jwt-sub: root\r\nx_jwt_sub: root\r\nauthorization: Bearer FORGED\r\nx-checksum: 1\r\n\r\n",
        Token::new("ES256").bearer()
    );
    let answer = e2e::raw::send(envoy.address(), request).response();
    assert_eq!(answer.status, 200);
    let seen = envoy.upstream().requests().pop().unwrap();
    assert_eq!(seen.header("x-jwt-sub"), Some("alice"));
    assert_eq!(seen.body, "body");
    let trailers = seen.trailers.unwrap();
    let names: Vec<_> = trailers.iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(names, ["x-checksum"]);
}

// `json` gives JSON text in ASCII. `base64url` encodes the bytes of a text, or the JSON of any
// other value.
#[test]
fn a_claim_is_encoded_as_asked_and_a_number_keeps_its_digits() {
    let encodings = ["plain", "json", "base64url"];
    let claims = ["text", "big", "list", "nested"];
    let headers = claims.iter().flat_map(|claim| {
        encodings.map(|encoding| {
            json!({"claim": claim, "header": format!("x-{claim}-{encoding}"), "encoding": encoding})
        })
    });
    let config = json!({"providers": {"corp": {
        "keys": {"jwks": jwks()}, "claims_to_headers": headers.collect::<Vec<_>>(),
    }}, "rules": [{"require": {"provider": {"name": "corp", "claims": [{"claim": "big", "exact": "12345678901234567890123"}]}}}]});
    let envoy = Envoy::with_filter("jwt-auth", config.to_string()).start();
    // serde_json would round the number.
    let token = Token::new("ES256");
    let claims = serde_json::to_string(&token.claims).unwrap();
    let claims = claims.replacen(
        '{',
        r#"{"text":"é, \"a\"","big":12345678901234567890123,"list":["a,b",-12345678901234567890123],"nested":{"n":[1.50]},"#,
        1,
    );
    let header = serde_json::to_string(&token.header).unwrap();
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let algorithm = "ES256".parse().unwrap();
    let signature = token::sign(
        algorithm,
        &token::key(algorithm).unwrap(),
        message.as_bytes(),
    );
    let request = envoy.get("/");
    let answer = request
        .header(
            "authorization",
            format!("Bearer {message}.{}", encoded(signature.unwrap())),
        )
        .send();
    let echo = answer.echo();
    for (name, expected) in [
        // The echo shows bytes as Latin-1.
        ("text-plain", Some("Ã©, \"a\"".to_owned())),
        ("text-json", Some(r#""\u00e9, \"a\"""#.to_owned())),
        ("text-base64url", Some(encoded("é, \"a\""))),
        ("big-plain", Some("12345678901234567890123".to_owned())),
        ("big-json", Some("12345678901234567890123".to_owned())),
        ("big-base64url", Some(encoded("12345678901234567890123"))),
        ("list-plain", None),
        (
            "list-json",
            Some(r#"["a,b",-12345678901234567890123]"#.to_owned()),
        ),
        (
            "list-base64url",
            Some(encoded(r#"["a,b",-12345678901234567890123]"#)),
        ),
        ("nested-plain", Some(encoded(r#"{"n":[1.50]}"#))),
        ("nested-json", Some(r#"{"n":[1.50]}"#.to_owned())),
        ("nested-base64url", Some(encoded(r#"{"n":[1.50]}"#))),
    ] {
        let got = echo.header(&format!("x-{name}"));
        assert_eq!(got, expected.as_deref(), "{name}");
    }
}
