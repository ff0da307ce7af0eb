//! What waits for keys, and what is refused because the time budget is used up.

use super::*;

#[test]
fn a_request_waits_for_keys_only_where_its_token_could_still_be_good() {
    let f = fixture(r#", "issuer": "https://good""#, CORP, "");
    let pending = KeyState::NotHere { may_change: true };
    let waits = |token: &str| f.decide_at(NOW, &pending, token).unwrap_err().may_change;
    assert!(waits(&token(r#"{"iss":"https://good"}"#)));
    assert!(!waits(&token(r#"{"iss":"https://evil"}"#)));
    let secret = sign(
        "HS256",
        r#"{"alg":"HS256"}"#,
        &format!("{{\"iss\":\"https://good\",\"exp\":{}}}", NOW + 9),
    );
    assert!(!waits(&secret), "no server has its key");
    assert!(!waits("nonsense"));
    assert!(!waits(""));
}

#[test]
fn a_set_without_kids_may_have_been_rotated() {
    let f = fixture("", CORP, "");
    let mut key = crate::testing::jwk("test-es256");
    key.as_object_mut().unwrap().remove("kid");
    let set = KeySet::from_jwks(&(&serde_json::json!({ "keys": [key] })).into());
    let set = Rc::new(set.unwrap().0);
    let claims = format!("{{\"exp\":{}}}", NOW + 100);
    for header in [r#"{"alg":"ES256","kid":"new"}"#, r#"{"alg":"ES256"}"#] {
        let mut token = sign("ES256", header, &claims);
        token.truncate(token.len() - 4);
        let keys = KeyState::Here {
            set: Rc::clone(&set),
            may_change: true,
        };
        let refusal = f.decide_at(NOW, &keys, &(token + "AAAA")).unwrap_err();
        assert_eq!(
            (refusal.reason, refusal.may_change),
            (Reason::Signature, true),
            "{header}"
        );
    }
}

#[test]
fn a_token_that_no_key_here_fits_may_be_of_one_that_is_not_here_yet() {
    let f = fixture("", CORP, "");
    let set = KeySet::from_jwks(&(&serde_json::json!({"keys": [jwks()["keys"][0]]})).into());
    let (set, _) = set.unwrap();
    assert!(
        set.candidates(Some("test-rs256"), crate::algorithm::Algorithm::RS256)
            .next()
            .is_some()
    );
    let set = Rc::new(set);
    let forged = |mut token: String| {
        token.truncate(token.len() - 4);
        token + "AAAA"
    };
    let claims = format!("{{\"exp\":{}}}", NOW + 100);
    let signed = |header: &str| sign("RS256", header, &claims);
    for (what, token, reason, waits) in [
        (
            "another kid",
            signed(r#"{"alg":"RS256","kid":"new"}"#),
            Reason::UnknownKey,
            true,
        ),
        (
            "no kid, another key",
            forged(signed(r#"{"alg":"RS256"}"#)),
            Reason::Signature,
            true,
        ),
        (
            "no kid, another algorithm",
            sign("ES256", r#"{"alg":"ES256"}"#, &claims),
            Reason::UnknownKey,
            true,
        ),
        (
            "the same kid",
            forged(signed(r#"{"alg":"RS256","kid":"test-rs256"}"#)),
            Reason::Signature,
            false,
        ),
        (
            "the same kid, another algorithm",
            sign("ES256", r#"{"alg":"ES256","kid":"test-rs256"}"#, &claims),
            Reason::UnknownKey,
            false,
        ),
        (
            "an algorithm that no key of a server can have",
            sign("HS256", r#"{"alg":"HS256","kid":"new"}"#, &claims),
            Reason::UnknownKey,
            false,
        ),
    ] {
        for may_change in [true, false] {
            let set = Rc::clone(&set);
            let refusal = f
                .decide_at(NOW, &KeyState::Here { set, may_change }, &token)
                .unwrap_err();
            assert_eq!(
                (refusal.reason, refusal.may_change),
                (reason, waits && may_change),
                "{what}"
            );
        }
    }
}

#[test]
fn verifications_inside_the_module_stop_when_their_time_is_used_up() {
    let f = fixture("", CORP, r#", "verification_time_per_second": "40ms""#);
    let head = |i: u64| {
        let token = token(&format!("{{\"n\":{i}}}"));
        request("GET", "/")
            .header("authorization", format!("Bearer {token}"))
            .build()
    };
    let clock = Cell::new(Duration::from_secs(NOW));
    let tick = || {
        clock.set(clock.get() + Duration::from_millis(2)); // each reading of the clock: 2 ms later
        clock.get()
    };
    // There is no host here, so everything is verified inside the module. The first verification
    // finds that out.
    let es256 = crate::algorithm::Algorithm::ES256;
    let set = set_of(&f);
    let key = set.candidates(None, es256).next().unwrap();
    assert!(!signature::verify(es256, key, b"", &[0; 64]));
    let keys = f.keys();
    let overloaded = (0..20)
        .filter(|i| {
            let moment = Moment {
                now: clock.get(),
                clock: &tick,
                keys: &|_| keys.clone(),
                patient: false,
            };
            let verdict = f
                .authenticator
                .decide(&(&f.requirement).into(), &head(*i), &moment);
            verdict.is_err_and(|refusal| refusal.reason == Reason::Overloaded)
        })
        .count();
    assert!((10..20).contains(&overloaded), "{overloaded}");
}
