//! Which reason is reported for a token.

use super::*;

#[test]
fn a_token_is_refused_for_the_first_reason() {
    let provider = r#", "issuer": "https://good", "audiences": ["api"], "types": ["JWT", "application/at+jwt"], "algorithms": ["ES256"],
        "max_lifetime": "2h", "clock_skew": "10s""#;
    let f = fixture(provider, CORP, r#", "deny_list": {"jti": ["revoked"]}"#);
    let header = r#"{"alg":"ES256","kid":"test-es256","typ":"at+jwt"}"#;
    let good = r#""iss":"https://good","aud":["x","api"]"#;
    let claims = |claims: &str| sign("ES256", header, &format!("{{{claims}}}"));
    let exp = NOW + 100;
    let with = |more: &str| claims(&format!("{good},\"exp\":{exp}{more}"));
    for (what, token, reason) in [
        ("good", with(""), None),
        (
            "iss absent",
            claims(&format!(r#""aud":"api","exp":{exp}"#)),
            Some(Reason::Issuer),
        ),
        (
            "iss wrong",
            claims(&format!(r#""iss":"https://good/","aud":"api","exp":{exp}"#)),
            Some(Reason::Issuer),
        ),
        (
            "iss a list",
            claims(&format!(
                r#""iss":["evil","https://good"],"aud":"api","exp":{exp}"#
            )),
            Some(Reason::Malformed),
        ),
        (
            "iss a number",
            claims(&format!(r#""iss":7,"aud":"api","exp":{exp}"#)),
            Some(Reason::Malformed),
        ),
        (
            "aud absent",
            claims(&format!(r#""iss":"https://good","exp":{exp}"#)),
            Some(Reason::Audience),
        ),
        (
            "aud wrong",
            claims(&format!(r#""iss":"https://good","aud":"apis","exp":{exp}"#)),
            Some(Reason::Audience),
        ),
        (
            "aud empty",
            claims(&format!(r#""iss":"https://good","aud":[],"exp":{exp}"#)),
            Some(Reason::Audience),
        ),
        (
            "aud an object",
            claims(&format!(r#""iss":"https://good","aud":{{}},"exp":{exp}"#)),
            Some(Reason::Malformed),
        ),
        (
            "aud mixed",
            claims(&format!(
                r#""iss":"https://good","aud":[1,"api"],"exp":{exp}"#
            )),
            Some(Reason::Malformed),
        ),
        ("exp absent", claims(good), Some(Reason::NoExpiration)),
        (
            "exp 0",
            claims(&format!(r#"{good},"exp":0"#)),
            Some(Reason::Expired),
        ),
        (
            "exp within the skew",
            claims(&format!(r#"{good},"exp":{}"#, NOW - 9)),
            None,
        ),
        (
            "exp at the end of the skew",
            claims(&format!(r#"{good},"exp":{}"#, NOW - 10)),
            Some(Reason::Expired),
        ),
        (
            "exp a text",
            claims(&format!(r#"{good},"exp":"{exp}""#)),
            Some(Reason::Malformed),
        ),
        (
            "nbf in the future",
            with(&format!(r#","nbf":{}"#, NOW + 11)),
            Some(Reason::NotYetValid),
        ),
        (
            "nbf within the skew",
            with(&format!(r#","nbf":{}"#, NOW + 10)),
            None,
        ),
        (
            "too long from iat",
            with(&format!(r#","iat":{}"#, exp - 7201)),
            Some(Reason::Lifetime),
        ),
        (
            "long, but from iat",
            with(&format!(r#","iat":{}"#, exp - 7200)),
            None,
        ),
        (
            "too long from iat, with a fraction",
            with(&format!(r#","iat":{}.5"#, exp - 7202)),
            Some(Reason::Lifetime),
        ),
        (
            "long from now, iat in ten years",
            claims(&format!(
                r#"{good},"exp":{},"iat":{}"#,
                NOW + 7201,
                NOW + 315_360_000
            )),
            Some(Reason::Lifetime),
        ),
        (
            "iat in the far future, and exp too",
            claims(&format!(r#"{good},"exp":{},"iat":1e300"#, NOW + 7201)),
            Some(Reason::Lifetime),
        ),
        (
            "iat in ten years, but not long from now",
            with(&format!(r#","iat":{}"#, NOW + 315_360_000)),
            None,
        ),
        (
            "iat negative",
            with(r#","iat":-1"#),
            Some(Reason::Malformed),
        ),
        ("iat a text", with(r#","iat":"1""#), Some(Reason::Malformed)),
        (
            "exp for ever",
            claims(&format!(r#"{good},"exp":1e300"#)),
            Some(Reason::Lifetime),
        ),
        (
            "too long from now",
            claims(&format!(r#"{good},"exp":{}"#, NOW + 7201)),
            Some(Reason::Lifetime),
        ),
        (
            "jti revoked",
            with(r#","jti":"revoked""#),
            Some(Reason::Denied),
        ),
        ("jti another", with(r#","jti":"Revoked""#), None),
        (
            "a claim twice",
            with(r#","sub":"a","sub":"b""#),
            Some(Reason::Malformed),
        ),
        (
            "typ absent",
            sign("ES256", r#"{"alg":"ES256"}"#, "{}"),
            Some(Reason::Type),
        ),
        (
            "typ another",
            sign("ES256", r#"{"alg":"ES256","typ":"logout+jwt"}"#, "{}"),
            Some(Reason::Type),
        ),
        (
            "crit",
            sign(
                "ES256",
                r#"{"alg":"ES256","typ":"JWT","crit":["exp"]}"#,
                "{}",
            ),
            Some(Reason::Unsupported),
        ),
        (
            "alg not allowed",
            sign("RS256", r#"{"alg":"RS256","typ":"JWT"}"#, "{}"),
            Some(Reason::Algorithm),
        ),
        (
            "alg none",
            "eyJhbGciOiJub25lIn0.e30.".to_owned(),
            Some(Reason::Algorithm),
        ),
        (
            "kid unknown",
            sign(
                "ES256",
                r#"{"alg":"ES256","typ":"JWT","kid":"x"}"#,
                &format!("{{{good},\"exp\":{exp}}}"),
            ),
            Some(Reason::UnknownKey),
        ),
        ("no token at all", String::new(), Some(Reason::Missing)),
        ("nonsense", "nonsense".to_owned(), Some(Reason::Malformed)),
    ] {
        assert_eq!(f.reason(&token), reason, "{what}");
    }
    let (good, other) = (with(""), with(",\"sub\":\"b\""));
    let (message, _) = good.rsplit_once('.').unwrap();
    let (_, signature) = other.rsplit_once('.').unwrap();
    let forged = format!("{message}.{signature}");
    assert_eq!(f.reason(&forged), Some(Reason::Signature));
}
