//! Tokens that were verified before.

use super::*;

#[test]
fn a_cached_token_expires_and_goes_with_its_key() {
    let f = fixture("", CORP, "");
    let token = token("{}");
    assert_eq!(f.reason(&token), None);
    assert!(!f.authenticator.was_hit());
    assert_eq!(f.reason(&token), None);
    assert!(f.authenticator.was_hit());
    let later = f.decide_at(NOW + 3660, &f.keys(), &token);
    assert_eq!(later.unwrap_err().reason, Reason::Expired);
    let without_key = KeyState::Here {
        set: Rc::new(KeySet::default()),
        may_change: false,
    };
    let gone = f.decide_at(NOW, &without_key, &token);
    assert_eq!(gone.unwrap_err().reason, Reason::UnknownKey);
    let nowhere = KeyState::NotHere { may_change: false };
    let gone = f.decide_at(NOW, &nowhere, &token);
    assert_eq!(gone.unwrap_err().reason, Reason::KeysUnavailable);
}

#[test]
fn a_cached_token_is_still_checked_for_what_the_rule_requires() {
    let f = fixture("", CORP, "");
    let token = token(r#"{"scope": "read"}"#);
    assert_eq!(f.reason(&token), None);
    let stricter = fixture(
        "",
        r#"{"provider": {"name": "corp", "scopes": {"any": ["write"]}}}"#,
        "",
    );
    let f = Fixture {
        requirement: stricter.requirement,
        ..f
    };
    assert_eq!(f.reason(&token), Some(Reason::Scope));
    assert!(f.authenticator.was_hit());
}

#[test]
fn long_tokens_and_a_cache_of_none_are_verified_each_time() {
    for rest in [
        r#", "cache": {"max_tokens": 0}"#,
        r#", "cache": {"max_token_bytes": 100}"#,
    ] {
        let f = fixture("", CORP, rest);
        let token = token("{}");
        for _ in 0..2 {
            assert_eq!(f.reason(&token), None);
            assert!(!f.authenticator.was_hit(), "{rest}");
        }
    }
}

#[test]
fn a_key_that_was_narrowed_to_another_algorithm_verifies_no_cached_token() {
    let f = fixture("", CORP, "");
    let bound = |algorithm: &str| {
        let mut key = crate::testing::jwk("test-rs256");
        key["alg"] = algorithm.into();
        let set = KeySet::from_jwks(&(&serde_json::json!({ "keys": [key] })).into());
        KeyState::Here {
            set: Rc::new(set.unwrap().0),
            may_change: false,
        }
    };
    let claims = format!("{{\"exp\":{}}}", NOW + 100);
    let token = sign("RS256", r#"{"alg":"RS256","kid":"test-rs256"}"#, &claims);
    for (algorithm, expected, hit) in [
        ("RS256", None, false),
        ("RS256", None, true),
        ("RS512", Some(Reason::UnknownKey), false),
        ("RS256", None, true),
    ] {
        let verdict = f.decide_at(NOW, &bound(algorithm), &token);
        assert_eq!(verdict.err().map(|r| r.reason), expected, "{algorithm}");
        assert_eq!(f.authenticator.was_hit(), hit, "{algorithm}");
    }
}

#[test]
fn a_cached_token_passes_as_a_fresh_one_would_whatever_became_of_its_key() {
    let changed = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut key = crate::testing::jwk("test-rs256");
        change(&mut key);
        let other = crate::testing::jwk("test-es256");
        let set = serde_json::json!({ "keys": [other, key] });
        KeyState::Here {
            set: Rc::new(KeySet::from_jwks(&(&set).into()).unwrap().0),
            may_change: false,
        }
    };
    let without = |member: &'static str| {
        move |key: &mut serde_json::Value| drop(key.as_object_mut().unwrap().remove(member))
    };
    let claims = format!("{{\"exp\":{}}}", NOW + 100);
    for header in [
        r#"{"alg":"RS256","kid":"test-rs256"}"#,
        r#"{"alg":"RS256"}"#,
    ] {
        let token = sign("RS256", header, &claims);
        for (what, keys) in [
            ("the same", changed(&|_| {})),
            ("another kid", changed(&|key| key["kid"] = "new".into())),
            ("no kid", changed(&without("kid"))),
            ("any algorithm", changed(&without("alg"))),
            ("RS512", changed(&|key| key["alg"] = "RS512".into())),
            ("enc", changed(&|key| key["use"] = "enc".into())),
            (
                "sign",
                changed(&|key| key["key_ops"] = serde_json::json!(["sign"])),
            ),
        ] {
            let (seen, fresh) = (fixture("", CORP, ""), fixture("", CORP, ""));
            assert_eq!(seen.reason(&token), None);
            let reason = |f: &Fixture| {
                let verdict = f.decide_at(NOW, &keys, &token);
                verdict.err().map(|refusal| refusal.reason)
            };
            assert_eq!(reason(&seen), reason(&fresh), "{what} {header}");
        }
    }
}
