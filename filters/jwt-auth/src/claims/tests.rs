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
    let long = format!(r#"{{"a": "{}"}}"#, "x".repeat(MAX_HEADER_BYTES + 1));
    assert_eq!(
        self::claims(&long)
            .unwrap()
            .header_value(&path(&["a"]), Encoding::Plain),
        None
    );
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
