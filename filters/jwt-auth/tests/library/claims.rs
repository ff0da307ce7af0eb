//! Missing and repeated claims, claims of the wrong type, and times.

use crate::common::testing::sign;
use crate::common::{now, refused};
use jsonwebtoken::{Algorithm, Validation, decode};
use jwt_auth::reason::Reason;
use serde_json::Value;

use super::{GOOD, es256, library, provider, strict, token};

#[test]
fn issuer_and_audience_that_are_absent_or_no_strings_pass_the_library() {
    for (claims, reason) in [
        (r#","aud":"api""#, Reason::Issuer),
        (r#","aud":"api","iss":7"#, Reason::Malformed),
        (r#","aud":"api","iss":{}"#, Reason::Malformed),
        (r#","aud":"api","iss":null"#, Reason::Malformed),
        (r#","iss":"https://issuer.example""#, Reason::Audience),
        (
            r#","iss":"https://issuer.example","aud":{}"#,
            Reason::Malformed,
        ),
        (
            r#","iss":"https://issuer.example","aud":1"#,
            Reason::Malformed,
        ),
        (
            r#","iss":"https://issuer.example","aud":null"#,
            Reason::Malformed,
        ),
        (
            r#","iss":"https://issuer.example","aud":[1,"evil"]"#,
            Reason::Malformed,
        ),
    ] {
        let token = token("", claims);
        assert_eq!(library(&es256(), &strict(), &token), None, "{claims}");
        assert_eq!(refused(&provider(), &token), Some(reason), "{claims}");
    }
}

#[test]
fn a_list_of_issuers_passes_the_library_where_one_is_right() {
    let token = token(
        "",
        r#","aud":"api","iss":["https://evil.example","https://issuer.example"]"#,
    );
    assert_eq!(library(&es256(), &strict(), &token), None);
    assert_eq!(refused(&provider(), &token), Some(Reason::Malformed));
}

#[test]
fn a_token_from_the_future_passes_the_library_unless_asked_and_ours_always_asks() {
    let start = now() + 300;
    let token = token("", &format!("{GOOD},\"nbf\":{start}"));
    let default = Validation {
        validate_nbf: false,
        ..strict()
    };
    assert!(!Validation::new(Algorithm::ES256).validate_nbf);
    assert_eq!(library(&es256(), &default, &token), None);
    assert_eq!(refused(&provider(), &token), Some(Reason::NotYetValid));
}

#[test]
fn a_claim_that_stands_twice_passes_the_library_and_the_last_one_wins() {
    let token = token("", &format!(r#"{GOOD},"role":"guest","role":"root""#));
    let data = decode::<Value>(&token, &es256(), &strict()).unwrap();
    assert_eq!(data.claims["role"], "root");
    assert_eq!(refused(&provider(), &token), Some(Reason::Malformed));
}

#[test]
fn times_with_fractions_or_beyond_all_bounds_are_read_alike_and_no_number_is_an_error() {
    for (exp, reason) in [
        (format!("{}.5", now() + 600), None),
        ("1e300".to_owned(), None),
        ("-1".to_owned(), Some(Reason::Malformed)),
        (format!("\"{}\"", now() + 600), Some(Reason::Malformed)),
        ("0".to_owned(), Some(Reason::Expired)),
    ] {
        let claims = format!("{{\"exp\":{exp}{GOOD}}}");
        let token = sign("ES256", r#"{"alg":"ES256"}"#, &claims);
        assert_eq!(refused(&provider(), &token), reason, "{exp}");
    }
}
