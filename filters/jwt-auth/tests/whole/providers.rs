//! Several providers, and what one of them accepts by default.

use filter_kit::testing::{Run, request};
use jwt_auth::JwtAuth;
use serde_json::json;

use super::testing::{SECRET, jwks, sign, token};
use super::{configuration, details, good, host, inline, to_admin, values};

#[test]
fn a_token_of_one_provider_is_none_of_another() {
    let provider = |keys, header: &str| json!({"keys": keys, "token_sources": [{"header": {"name": header, "prefix": "Bearer "}}]});
    let secret = json!({"secret": {"value": SECRET, "algorithm": "HS256"}});
    let of = |name: &str| json!({"provider": {"name": name}});
    let rule =
        |path: &str, require| json!({"match": {"paths": [{"exact": path}]}, "require": require});
    let configuration = json!({
        "providers": {"a": provider(json!({"jwks": jwks()}), "x-a"), "b": provider(secret, "x-b")},
        "rules": [
            rule("/all", json!({"all": [of("a"), of("b")]})),
            rule("/both-ways", json!({"all": [of("b"), of("a"), of("b")]})),
            rule("/any", json!({"any": [of("a"), of("b")]})),
        ],
    });
    let host = host();
    let mut run = Run::<JwtAuth>::start(&host, &configuration.to_string()).unwrap();
    let a = good();
    let claims = r#"{"exp":1800000000}"#;
    let b = format!("Bearer {}", sign("HS256", r#"{"alg":"HS256"}"#, claims));
    for (path, x_a, x_b, passes) in [
        ("/all", &*a, &*b, true),
        ("/all", &a, "", false),
        ("/all", "", &b, false),
        ("/all", &b, &a, false),
        ("/both-ways", &a, &b, true),
        ("/both-ways", &a, "", false),
        ("/both-ways", "", &b, false),
        ("/any", &a, "", true),
        ("/any", "", &b, true),
        ("/any", &b, &a, false),
    ] {
        let request = request("GET", path).header("x-a", x_a).header("x-b", x_b);
        let (_, answer) = run.request(&request.pairs());
        assert_eq!(
            details(&answer) == "continued",
            passes,
            "{path} {x_a} {x_b}"
        );
    }
}

#[test]
fn what_both_tokens_say_reaches_the_upstream_and_a_refusal_names_its_rule() {
    let provider = |keys, header: &str| {
        json!({"keys": keys, "token_sources": [{"header": {"name": header, "prefix": "Bearer "}}],
            "claims_to_headers": [{"claim": "sub", "header": format!("{header}-sub")}, {"claim": "org", "header": format!("{header}-org")}],
            "payload_header": format!("{header}-all"), "provider_header": format!("{header}-of")})
    };
    let secret = json!({"secret": {"value": SECRET, "algorithm": "HS256"}});
    let of = |name: &str| json!({"provider": {"name": name}});
    let configuration = json!({
        "providers": {"a": provider(json!({"jwks": jwks()}), "x-a"), "b": provider(secret, "x-b")},
        "rules": [{"match": {"paths": [{"exact": "/open"}]}, "require": "nothing"}, {"require": {"all": [of("a"), of("b")]}}],
    });
    let host = host();
    let mut run = Run::<JwtAuth>::start(&host, &configuration.to_string()).unwrap();
    let a = token(r#"{"sub":"alice","org":"one"}"#);
    let claims = r#"{"exp":1800000000,"sub":"robot","org":"two"}"#;
    let b = sign("HS256", r#"{"alg":"HS256"}"#, claims);
    let send = |run: &mut Run<JwtAuth>, tokens: [&str; 2]| {
        let [a, b] = tokens.map(|token| format!("Bearer {token}"));
        let request = request("GET", "/").header("x-a", a).header("x-b", b);
        run.request(&request.pairs()).1
    };
    let answer = send(&mut run, [&a, &b]);
    let payload = |token: &str| token.split('.').nth(1).unwrap().to_owned();
    for (name, expected) in [
        ("x-a-sub", "alice"),
        ("x-a-org", "one"),
        ("x-a-all", &payload(&a)),
        ("x-a-of", "a"),
        ("x-b-sub", "robot"),
        ("x-b-org", "two"),
        ("x-b-all", &payload(&b)),
        ("x-b-of", "b"),
    ] {
        assert_eq!(values(&answer, name), [expected], "{name}");
    }
    let answer = send(&mut run, [&a, "x"]);
    assert_eq!(details(&answer), "jwt_malformed");
    assert_eq!(host.filter_state("jwt_auth.rule").as_deref(), Some("1"));
}

#[test]
fn a_token_without_an_expiration_is_refused_unless_that_is_allowed() {
    let header = r#"{"alg":"ES256","kid":"test-es256"}"#;
    let endless = format!("Bearer {}", sign("ES256", header, "{}"));
    let allowed = json!({"keys": inline(), "require_expiration": false});
    let allowed = json!({"providers": {"corp": allowed}}).to_string();
    for (configuration, expected) in [
        (configuration(&inline(), ""), "jwt_no_expiration"),
        (allowed, "continued"),
    ] {
        let host = host();
        let mut run = Run::<JwtAuth>::start(&host, &configuration).unwrap();
        let (_, answer) = run.request(&to_admin(&endless));
        assert_eq!(details(&answer), expected);
    }
}

#[test]
fn a_token_is_kept_only_if_it_fits_with_its_claims() {
    let lists = vec!["[0]"; 200].join(",");
    let large = format!("Bearer {}", token(&format!(r#"{{"a":[{lists}]}}"#)));
    let host = host();
    for (max_bytes, hits) in [(8_192, 0), (65_536, 1)] {
        let cache = format!(r#", "cache": {{"max_bytes": {max_bytes}}}"#);
        let mut run = Run::<JwtAuth>::start(&host, &configuration(&inline(), &cache)).unwrap();
        for _ in 0..2 {
            let (_, answer) = run.request(&to_admin(&large));
            assert_eq!(details(&answer), "continued");
        }
        let counted = host.counter("jwt_auth.cache.hit_total");
        assert_eq!(counted, Some(hits), "{max_bytes}");
    }
}
