//! The header of a token: extensions, type and algorithm.

use crate::common::refused;
use jsonwebtoken::Algorithm;
use jsonwebtoken::errors::ErrorKind;
use jwt_auth::base64url;
use jwt_auth::reason::Reason;
use serde_json::json;

use super::{GOOD, es256, library, provider, strict, token};

#[test]
fn extensions_that_must_be_understood_pass_the_library() {
    for header in [
        r#","crit":["exp"]"#,
        r#","crit":["b64"],"b64":false"#,
        r#","b64":false"#,
        r#","zip":"DEF""#,
    ] {
        let token = token(header, GOOD);
        assert_eq!(library(&es256(), &strict(), &token), None, "{header}");
        assert_eq!(
            refused(&provider(), &token),
            Some(Reason::Unsupported),
            "{header}"
        );
    }
}

#[test]
fn a_token_of_another_type_passes_the_library() {
    let token = token(r#","typ":"logout+jwt""#, GOOD);
    assert_eq!(library(&es256(), &strict(), &token), None);
    let mut provider = provider();
    provider["types"] = json!(["JWT", "at+jwt"]);
    assert_eq!(refused(&provider, &token), Some(Reason::Type));
}

#[test]
fn algorithms_of_several_families_make_the_library_refuse_every_token() {
    let token = token("", GOOD);
    let mut validation = strict();
    validation.algorithms = vec![Algorithm::ES256, Algorithm::RS256];
    assert_eq!(
        library(&es256(), &validation, &token),
        Some(ErrorKind::InvalidAlgorithm)
    );
    let mut provider = provider();
    provider["algorithms"] = json!(["RS256", "ES256"]);
    assert_eq!(refused(&provider, &token), None);
}

#[test]
fn algorithms_that_the_library_does_not_know_are_told_as_such() {
    for (name, reason) in [
        ("none", Reason::Algorithm),
        ("ES256K", Reason::Algorithm),
        ("Ed25519", Reason::UnknownKey), // EdDSA by another name; the set holds no such key
        ("ES512", Reason::UnknownKey),   // the set holds no key on P-521
    ] {
        let header = base64url::encode(format!(r#"{{"alg":"{name}"}}"#));
        let (_, rest) = token("", GOOD)
            .split_once('.')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        let token = format!("{header}.{rest}");
        let library = library(&es256(), &strict(), &token);
        assert!(
            matches!(library, Some(ErrorKind::Json(_))),
            "{name}: {library:?}"
        );
        assert_eq!(refused(&provider(), &token), Some(reason), "{name}");
    }
}
