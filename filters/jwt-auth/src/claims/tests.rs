use super::*;

fn claims(json: &str) -> Result<Claims, Reason> {
    Claims::read(json.as_bytes())
}

fn path(names: &[&str]) -> ClaimPath {
    ClaimPath(names.iter().map(|n| (*n).to_owned()).collect())
}

#[test]
fn a_registered_claim_of_another_type_is_malformed() {
    for (json, good) in [
        (
            r#"{"iss": "a", "sub": "b", "jti": "c", "aud": "d", "exp": 1, "nbf": 1.5, "iat": 0}"#,
            true,
        ),
        (r#"{"aud": ["a", "b"]}"#, true),
        (r#"{"aud": []}"#, true),
        (r#"{"exp": 1e300}"#, true),
        (r#"{"iss": 7}"#, false),
        (r#"{"iss": {}}"#, false),
        (r#"{"iss": ["evil", "good"]}"#, false),
        (r#"{"iss": null}"#, false),
        (r#"{"sub": 7}"#, false),
        (r#"{"jti": 7}"#, false),
        (r#"{"aud": {}}"#, false),
        (r#"{"aud": 1}"#, false),
        (r#"{"aud": [1, "api"]}"#, false),
        (r#"{"aud": null}"#, false),
        (r#"{"exp": "1"}"#, false),
        (r#"{"exp": -1}"#, false),
        (r#"{"exp": null}"#, false),
        (r#"{"nbf": true}"#, false),
        (r#"{"iat": []}"#, false),
    ] {
        assert_eq!(claims(json).is_ok(), good, "{json}");
    }
    assert_eq!(claims(r#"{"exp": 1.9}"#).unwrap().expires(), Some(1));
    assert_eq!(
        claims(r#"{"exp": 1e300}"#).unwrap().expires(),
        Some(u64::MAX)
    );
}

#[test]
fn scopes_are_words_of_scope_or_scp() {
    let granted = |json: &str| claims(json).unwrap().has_scope("admin", None);
    assert!(granted(r#"{"scope": "read admin"}"#));
    assert!(granted(r#"{"scp": "admin"}"#));
    assert!(granted(r#"{"scp": ["read", "admin"]}"#));
    assert!(!granted(r#"{"scope": "administrator admin:x"}"#));
    assert!(!granted(r#"{"scope": {"admin": true}}"#));
    assert!(!granted("{}"));
    let own = claims(r#"{"scope": "x", "realm": {"roles": ["admin"]}, "permissions": "a admin"}"#)
        .unwrap();
    for (claim, expected) in [
        (&["realm", "roles"][..], true),
        (&["permissions"], true),
        (&["realm"], false),
        (&["roles"], false),
    ] {
        assert_eq!(
            own.has_scope("admin", Some(&path(claim))),
            expected,
            "{claim:?}"
        );
    }
    assert!(!own.has_scope("x", Some(&path(&["permissions"]))));
}

#[test]
fn a_claim_becomes_a_header_or_is_left_out() {
    let claims = claims(
            r#"{"s": "a,b", "n": 42, "big": 12345678901234567890123, "bigs": [-12345678901234567890123, {"x": 1e30}], "f": 1.5, "t": true, "z": null, "list": ["a", 1, false], "comma": ["a,b"], "none": [],
                "mixed": ["a", {"b": 1}], "org": {"id": 7, "a.b": {"c": "deep"}}, "crlf": "a\r\nb", "nul": ["a\u0000"], "utf8": "é"}"#,
        )
        .unwrap();
    for (names, value) in [
        (&["s"][..], Some("a,b".to_owned())),
        (&["n"], Some("42".to_owned())),
        (&["big"], Some("12345678901234567890123".to_owned())),
        (
            &["bigs"],
            Some(base64url::encode(
                r#"[-12345678901234567890123,{"x":1e30}]"#,
            )),
        ),
        (&["f"], Some("1.5".to_owned())),
        (&["t"], Some("true".to_owned())),
        (&["z"], None),
        (&["list"], Some("a,1,false".to_owned())),
        (&["comma"], None),
        (&["none"], Some(String::new())),
        (&["mixed"], Some(base64url::encode(r#"["a",{"b":1}]"#))),
        (&["org", "a.b"], Some(base64url::encode(r#"{"c":"deep"}"#))),
        (&["org", "a.b", "c"], Some("deep".to_owned())),
        (&["org", "a"], None),
        (&["s", "x"], None),
        (&["crlf"], None),
        (&["nul"], None),
        (&["utf8"], Some("é".to_owned())),
        (&[], None),
    ] {
        let got = claims.header_value(&path(names), Encoding::Plain);
        assert_eq!(got, value.map(String::into_bytes), "{names:?}");
    }
    for (length, expected) in [(8192, Some(8192)), (8193, None)] {
        let long = format!(r#"{{"a": "{}"}}"#, "x".repeat(length));
        let claims = self::claims(&long).unwrap();
        let value = claims.header_value(&path(&["a"]), Encoding::Plain);
        assert_eq!(value.map(|value| value.len()), expected);
    }
}

#[test]
fn white_space_at_an_end_gives_no_header_but_a_text() {
    for (claim, value) in [
        ("\"alice\"", Some("alice")),
        ("\"a\"", Some("a")),
        ("\"\"", Some("")),
        ("\"al ice\"", Some("al ice")),
        ("\"al\\u00a0ice\"", Some("al\u{a0}ice")),
        ("\"voil\u{e0}\"", Some("voil\u{e0}")),
        ("\" alice\"", None),
        ("\"alice \"", None),
        ("\"\\talice\"", None),
        ("\" \"", None),
        // Unicode white space, and other characters that servers trim.
        ("\"alice\\u00a0\"", None),
        ("\"\\u00a0alice\"", None),
        ("\"\\u0085alice\"", None),
        ("\"alice\\u2003\"", None),
        ("\"alice\\u2028\"", None),
        ("\"\\u3000alice\"", None),
        ("\"\\ufeffalice\"", None),
        ("\"alice\\u200b\"", None),
        ("\"\\u180ealice\"", None),
        // The elements of a list are trimmed one by one.
        (r#"["a", "b c"]"#, Some("a,b c")),
        (r#"["a", " admin", "b"]"#, None),
        (r#"["a", "admin\t", "b"]"#, None),
        (r#"["admin\u00a0", "b"]"#, None),
        (r#"["a", "\u2003admin"]"#, None),
        (r#"["a", 7, true]"#, Some("a,7,true")),
    ] {
        let claims = claims(&format!("{{\"c\": {claim}}}")).unwrap();
        let header = |encoding| claims.header_value(&path(&["c"]), encoding);
        let value = value.map(|text| text.as_bytes().to_vec());
        assert_eq!(header(Encoding::Plain), value, "{claim}");
        assert!(header(Encoding::Json).is_some(), "{claim}");
        assert!(header(Encoding::Base64url).is_some(), "{claim}");
    }
}

#[test]
fn numbers_keep_their_digits_and_their_form() {
    for (number, header) in [
        ("12345678901234567890123", Some("12345678901234567890123")),
        ("-12345678901234567890123", Some("-12345678901234567890123")),
        ("9007199254740993", Some("9007199254740993")),
        ("18446744073709551615", Some("18446744073709551615")),
        ("18446744073709551616", Some("18446744073709551616")),
        ("-9223372036854775808", Some("-9223372036854775808")),
        ("-9223372036854775809", Some("-9223372036854775809")),
        ("1.0", Some("1.0")),
        ("1.50", Some("1.50")),
        ("1E5", Some("1E5")),
        ("-0", Some("-0")),
        (
            "0.1000000000000000055511151231257827",
            Some("0.1000000000000000055511151231257827"),
        ),
        // Not JSON, or a number that no reader could represent.
        ("01", None),
        ("+1", None),
        (".5", None),
        ("1e400", None),
    ] {
        let claims = claims(&format!("{{\"n\": {number}}}"));
        let value = claims.map(|c| c.header_value(&path(&["n"]), Encoding::Plain));
        let value = value.ok().flatten();
        assert_eq!(value.as_deref(), header.map(str::as_bytes), "{number}");
    }
}

#[test]
fn a_time_is_a_number_that_is_not_negative() {
    for (time, seconds) in [
        ("0", Some(0)),
        ("-0", Some(0)),
        ("-0.0", Some(0)),
        ("1.9", Some(1)),
        ("1e3", Some(1000)),
        ("1700000000.999", Some(1_700_000_000)),
        ("9007199254740993", Some(9_007_199_254_740_993)),
        ("99999999999999999999", Some(u64::MAX)),
        ("1e300", Some(u64::MAX)),
        ("-1", None),
        ("-0.1", None),
        ("-1e300", None),
        ("1e400", None),
        ("\"1\"", None),
        ("[1]", None),
        ("{}", None),
        ("true", None),
        ("null", None),
    ] {
        for name in ["exp", "nbf", "iat"] {
            let claims = claims(&format!("{{\"{name}\": {time}}}")).ok();
            let read = claims.and_then(|c| c.expires().or(c.not_before()).or(c.issued()));
            assert_eq!(read, seconds, "{name}: {time}");
        }
    }
}

#[test]
fn a_claim_is_encoded_as_asked() {
    let claims = claims(
            r#"{"s": " é,\n", "n": 12345678901234567890123, "z": null, "list": ["a,b", "é"], "o": {"a": [1, null]}}"#,
        )
        .unwrap();
    let text = |name: &str, encoding| {
        let value = claims.header_value(&path(&[name]), encoding);
        value.map(|value| String::from_utf8(value).unwrap())
    };
    for (name, json, encoded) in [
        ("s", Some(r#"" \u00e9,\n""#), Some(" é,\n")),
        (
            "n",
            Some("12345678901234567890123"),
            Some("12345678901234567890123"),
        ),
        ("z", None, None),
        ("list", Some(r#"["a,b","\u00e9"]"#), Some(r#"["a,b","é"]"#)),
        ("o", Some(r#"{"a":[1,null]}"#), Some(r#"{"a":[1,null]}"#)),
        ("none", None, None),
    ] {
        assert_eq!(text(name, Encoding::Json).as_deref(), json, "{name}");
        let encoded = encoded.map(base64url::encode);
        assert_eq!(text(name, Encoding::Base64url), encoded, "{name}");
    }
}
