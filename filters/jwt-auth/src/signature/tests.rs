use super::*;
use crate::base64url::decode;
use crate::keys::KeySet;
use crate::testing::{SECRET, jwks, sign};

fn key_for(algorithm: Algorithm) -> Key {
    if algorithm.family() == Family::Hmac {
        return Key::secret(SECRET.as_bytes(), algorithm).unwrap();
    }
    let mut set = jwks();
    for key in set["keys"].as_array_mut().unwrap() {
        key.as_object_mut().unwrap().remove("alg");
    }
    let (set, _) = KeySet::from_jwks(&(&set).into()).unwrap();
    set.candidates(None, algorithm).next().unwrap().clone()
}

#[test]
fn every_algorithm_of_the_library_verifies_its_own_signature_and_no_other() {
    for algorithm in Algorithm::ALL {
        if algorithm.library().is_none() {
            continue;
        }
        let token = sign(algorithm.name(), "{}", "{}");
        let (message, signature) = token.rsplit_once('.').unwrap();
        let signature = &decode(signature).unwrap();
        let key = key_for(algorithm);
        let good = |message: &str, signature: &[u8]| {
            verify(algorithm, &key, message.as_bytes(), signature)
        };
        assert!(good(message, signature), "{algorithm:?}");
        assert!(!good("e30.e31", signature), "{algorithm:?}");
        assert!(!good(message, b""), "{algorithm:?}");
        assert!(!good(message, b"AAA"), "{algorithm:?}");
        for other in Algorithm::ALL {
            let verified = verify(other, &key, message.as_bytes(), signature);
            assert_eq!(verified, other == algorithm, "{algorithm:?} as {other:?}");
        }
    }
}

#[test]
fn without_a_host_es512_is_not_verified_and_everything_is_slow() {
    let quick = |algorithm: &Algorithm| !is_slow(*algorithm);
    let quick: Vec<_> = Algorithm::ALL.into_iter().filter(quick).collect();
    assert_eq!(
        quick,
        [
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::ES256
        ]
    );
    let key = key_for(Algorithm::ES512);
    let signature = [0; 132];
    assert!(!verify(Algorithm::ES512, &key, b"e30.e30", &signature));
    // The filter remembers that the host refused.
    assert!(Algorithm::ALL.into_iter().all(is_slow));
}
