use super::*;
use crate::config::Config;
use crate::signature;
use crate::testing::{NOW, jwks, sign, token};
use filter_kit::config::{Env, load};
use filter_kit::testing::request;

struct Fixture {
    authenticator: Authenticator,
    requirement: Requirement,
}

/// A provider `corp` with these keys of its configuration beside its keys, and this requirement.
fn fixture(provider: &str, require: &str, rest: &str) -> Fixture {
    let json = format!(
        r#"{{"providers": {{"corp": {{"keys": {{"jwks": {}}}{provider}}}}}, "rules": [{{"require": {require}}}]{rest}}}"#,
        jwks()
    );
    let config: Config = load(json.as_bytes(), &Env::new()).unwrap();
    let head = request("GET", "/").build();
    let requirements = config.rules.requirements(&head).unwrap();
    let requirement = requirements.iter().next().unwrap().clone();
    Fixture {
        authenticator: Authenticator::new(
            config.providers,
            config.cache,
            config.verification_time,
            config.denied,
            [7; 16],
        ),
        requirement,
    }
}

const CORP: &str = r#"{"provider": {"name": "corp"}}"#;

impl Fixture {
    fn keys(&self) -> KeyState {
        let crate::provider::Keys::Fixed(set) = &self.authenticator.providers()[0].keys else {
            panic!("these keys are not fixed")
        };
        KeyState::Here {
            set: Rc::clone(set),
            may_change: false,
        }
    }

    fn decide_at(&self, now: u64, keys: &KeyState, token: &str) -> Result<Vec<Accepted>, Refusal> {
        let head = request("GET", "/")
            .header("authorization", format!("Bearer {token}"))
            .build();
        let now = Duration::from_secs(now);
        let moment = Moment {
            now,
            clock: &|| now,
            keys: &|_| keys.clone(),
            patient: true,
        };
        self.authenticator
            .decide(&(&self.requirement).into(), &head, &moment)
    }

    fn reason(&self, token: &str) -> Option<Reason> {
        let verdict = self.decide_at(NOW, &self.keys(), token);
        verdict.err().map(|refusal| refusal.reason)
    }
}

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

#[test]
fn a_token_may_be_as_long_as_its_provider_allows() {
    let token = token("{}");
    for (max, expected) in [
        (token.len(), None),
        (token.len() - 1, Some(Reason::TooLarge)),
    ] {
        let f = fixture(&format!(r#", "max_token_bytes": {max}"#), CORP, "");
        assert_eq!(f.reason(&token), expected, "{max}");
    }
}

#[test]
fn a_public_key_is_never_a_secret() {
    let f = fixture("", CORP, "");
    // Signed with the public key's text as the secret: the classic confusion.
    let header = r#"{"alg":"HS256","kid":"test-rs256"}"#;
    let exp = NOW + 10;
    let token = sign("HS256", header, &format!("{{\"exp\":{exp}}}"));
    assert_eq!(f.reason(&token), Some(Reason::UnknownKey));
    // A token signed with RS256 that says PS256, and the other way.
    for (with, says) in [("RS256", "PS256"), ("PS256", "RS256"), ("RS256", "RS512")] {
        let token = sign(
            with,
            &format!("{{\"alg\":\"{says}\"}}"),
            &format!("{{\"exp\":{exp}}}"),
        );
        assert!(f.reason(&token).is_some(), "{with} as {says}");
    }
}

#[test]
fn scopes_claims_and_audiences_of_the_requirement_are_checked() {
    let require = r#"{"provider": {"name": "corp", "audiences": ["admin"], "scopes": {"all": ["read", "write"]},
        "claims": [{"claim": "groups", "any_of": ["ops", "sre"]}, {"claim": ["org", "id"], "exact": "42"}, {"claim": "banned", "present": false}]}}"#;
    let f = fixture(r#", "audiences": ["api"]"#, require, "");
    let good = r#""aud":"admin","scope":"write read","groups":["dev","ops"],"org":{"id":42}"#;
    for (claims, reason) in [
        (good.to_owned(), None),
        (good.replace("admin", "api"), Some(Reason::Audience)),
        (good.replace("write read", "read"), Some(Reason::Scope)),
        (good.replace("ops", "Ops"), Some(Reason::Claim)),
        (good.replace("42", "\"42\""), None),
        (good.replace("42", "43"), Some(Reason::Claim)),
        (format!("{good},\"banned\":false"), Some(Reason::Claim)),
    ] {
        assert_eq!(
            f.reason(&token(&format!("{{{claims}}}"))),
            reason,
            "{claims}"
        );
    }
    let refusal = f
        .decide_at(NOW, &f.keys(), &token(r#"{"aud":"admin"}"#))
        .unwrap_err();
    assert_eq!(refusal.scopes, ["read", "write"]);
}

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
    // No host here: everything is verified inside the module. The first verification finds that
    // out.
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

fn set_of(f: &Fixture) -> Rc<KeySet> {
    let KeyState::Here { set, .. } = f.keys() else {
        panic!("these keys are fixed")
    };
    set
}

#[test]
fn two_different_tokens_must_both_be_good_and_the_first_is_handed_on() {
    let sources = r#", "token_sources": [{"header": {"name": "authorization", "prefix": "Bearer "}}, {"cookie": {"name": "s"}}]"#;
    let f = fixture(sources, CORP, "");
    let (first, second) = (token(r#"{"sub":"a"}"#), token(r#"{"sub":"b"}"#));
    for (cookie, outcome) in [
        (&second, Ok(Some("a"))),
        (&first, Ok(Some("a"))),
        (&"bad".to_owned(), Err(Reason::Malformed)),
    ] {
        let head = request("GET", "/")
            .header("authorization", format!("Bearer {first}"))
            .header("cookie", format!("s={cookie}"))
            .build();
        let keys = f.keys();
        let now = Duration::from_secs(NOW);
        let moment = Moment {
            now,
            clock: &|| now,
            keys: &|_| keys.clone(),
            patient: true,
        };
        let verdict = f
            .authenticator
            .decide(&(&f.requirement).into(), &head, &moment);
        let subject = verdict
            .as_ref()
            .map(|accepted| accepted[0].token.claims.text("sub"))
            .map_err(|refusal| refusal.reason);
        assert_eq!(subject, outcome);
    }
}
