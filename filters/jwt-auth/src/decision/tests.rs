mod cached;
mod first_reason;
mod waiting;

use super::*;
use crate::config::Config;
use crate::keys::KeySet;
use crate::signature;
use crate::testing::{NOW, jwks, sign, token};
use filter_kit::config::{Env, load};
use filter_kit::testing::request;

struct Fixture {
    authenticator: Authenticator,
    requirement: Requirement,
}

/// Creates a provider `corp` with these settings in addition to its keys, and this requirement.
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
    // Signed with the text of the public key as the secret: the classic algorithm confusion.
    let header = r#"{"alg":"HS256","kid":"test-rs256"}"#;
    let exp = NOW + 10;
    let token = sign("HS256", header, &format!("{{\"exp\":{exp}}}"));
    assert_eq!(f.reason(&token), Some(Reason::UnknownKey));
    // Signed with one algorithm, with a header that names another.
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
