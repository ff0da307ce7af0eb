use super::*;
use proptest::prelude::*;

fn token(header: &str, claims: &str, signature: &str) -> String {
    let encode = base64url::encode;
    format!("{}.{}.{signature}", encode(header), encode(claims))
}

#[test]
fn a_token_is_taken_apart_or_refused_with_the_reason() {
    let ok = r#"{"alg":"RS256","kid":"k","typ":"JWT"}"#;
    for (token, reason) in [
        (token(ok, "{}", "AA"), None),
        (token(ok, "{}", ""), Some(Reason::Malformed)),
        (token(ok, "{}", "A"), Some(Reason::Malformed)),
        (token(ok, "{}", "AA=="), Some(Reason::Padded)),
        ("e30=.e30=.AA==".into(), Some(Reason::Padded)),
        ("*=.e30.AA".into(), Some(Reason::Padded)),
        (token(ok, "{}", "AA.AA"), Some(Reason::Malformed)),
        (token(ok, "[]", "AA"), Some(Reason::Malformed)),
        (token(ok, "{", "AA"), Some(Reason::Malformed)),
        (
            token(ok, r#"{"sub":"a","sub":"b"}"#, "AA"),
            Some(Reason::Malformed),
        ),
        (
            token(r#"{"typ":"JWT"}"#, "{}", "AA"),
            Some(Reason::Malformed),
        ),
        (token(r#"{"alg":7}"#, "{}", "AA"), Some(Reason::Malformed)),
        (
            token(r#"{"alg":"RS256","alg":"HS256"}"#, "{}", "AA"),
            Some(Reason::Malformed),
        ),
        (
            token(r#"{"alg":"RS256","kid":7}"#, "{}", "AA"),
            Some(Reason::Malformed),
        ),
        (
            token(r#"{"alg":"RS256","typ":null}"#, "{}", "AA"),
            Some(Reason::Malformed),
        ),
        (
            token(r#"{"alg":"none"}"#, "{}", ""),
            Some(Reason::Algorithm),
        ),
        (
            token(r#"{"alg":"nOnE"}"#, "{}", ""),
            Some(Reason::Algorithm),
        ),
        (
            token(r#"{"alg":"ES256K"}"#, "{}", "AA"),
            Some(Reason::Algorithm),
        ),
        (
            token(r#"{"alg":"RS256","crit":["b64"],"b64":false}"#, "{}", "AA"),
            Some(Reason::Unsupported),
        ),
        (
            token(r#"{"alg":"RS256","crit":[]}"#, "{}", "AA"),
            Some(Reason::Unsupported),
        ),
        (
            token(r#"{"alg":"RS256","b64":false}"#, "{}", "AA"),
            Some(Reason::Unsupported),
        ),
        (
            token(r#"{"alg":"RS256","zip":"DEF"}"#, "{}", "AA"),
            Some(Reason::Unsupported),
        ),
        (
            token(r#"{"alg":"RS256","enc":"A128GCM"}"#, "{}", "AA"),
            Some(Reason::Unsupported),
        ),
        (
            token(
                &format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(257)),
                "{}",
                "AA",
            ),
            Some(Reason::Malformed),
        ),
        (
            token(
                &format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(256)),
                "{}",
                "AA",
            ),
            None,
        ),
        ("a.b.c.d.e".into(), Some(Reason::Malformed)),
        (
            format!("{}.e", token(r#"{"alg":"none"}"#, "{}", "")),
            Some(Reason::Malformed),
        ),
        (token(ok, "{}", ".AA"), Some(Reason::Malformed)),
        (token(ok, "", "AA"), Some(Reason::Malformed)),
        ("..".into(), Some(Reason::Malformed)),
        ("".into(), Some(Reason::Malformed)),
        ("a".repeat(100_000), Some(Reason::Malformed)),
    ] {
        assert_eq!(
            Token::parse(token.as_bytes(), &KnownHeaders::default()).err(),
            reason,
            "{token}"
        );
    }
    let text = token(ok, r#"{"sub":"a"}"#, "AA");
    let parsed = Token::parse(text.as_bytes(), &KnownHeaders::default()).unwrap();
    assert_eq!(parsed.header.kid.as_deref(), Some("k"));
    assert_eq!(parsed.header.typ.as_deref(), Some("jwt"));
    assert_eq!([parsed.message, b".AA"].concat(), text.as_bytes());
    let payload = base64url::encode(r#"{"sub":"a"}"#);
    assert_eq!(parsed.payload, payload.as_bytes());
}

#[test]
fn the_header_of_a_verified_token_is_known_and_others_are_read() {
    let known = KnownHeaders::default();
    let read = |header: &str| {
        let text = token(header, "{}", "AA");
        let token = Token::parse(text.as_bytes(), &known)?;
        known.keep(&token);
        Ok::<_, Reason>(token.header)
    };
    let header = |kid: usize| format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#);
    let first = read(&header(0)).unwrap();
    assert!(Rc::ptr_eq(&first, &read(&header(0)).unwrap()));
    for kid in 1..=MAX_KNOWN_HEADERS {
        assert_eq!(read(&header(kid)).unwrap().kid, Some(kid.to_string()));
    }
    let again = read(&header(0)).unwrap();
    assert!(!Rc::ptr_eq(&first, &again) && first == again);
    assert_eq!(known.0.borrow().len(), MAX_KNOWN_HEADERS);
    assert_eq!(read(r#"{"alg":"none"}"#), Err(Reason::Algorithm));
}

#[test]
fn types_are_media_types_without_application() {
    for (typ, compared) in [
        ("JWT", "jwt"),
        ("at+jwt", "at+jwt"),
        ("application/AT+JWT", "at+jwt"),
        ("application/x/y", "application/x/y"),
        ("text/plain", "text/plain"),
    ] {
        assert_eq!(media_type(typ), compared);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_parsed_without_panic(bytes: Vec<u8>) {
        let _ = Token::parse(&bytes, &KnownHeaders::default());
    }

    #[test]
    fn any_json_is_parsed_without_panic(header in "[{}\\[\\]:,\"a-z0-9]{0,60}", claims in "[{}\\[\\]:,\"a-z0-9.e-]{0,60}") {
        let _ = Token::parse(token(&header, &claims, "AA").as_bytes(), &KnownHeaders::default());
    }
}
