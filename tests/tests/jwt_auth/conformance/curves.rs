//! Nearly valid signatures on curves: pairs of numbers, and what else a forger might try.

use super::*;

/// Pairs of numbers that are not a signature, and the one other that is.
pub(super) fn ecdsa(envoy: &Envoy, algorithm: &str) {
    let order = hex(match algorithm {
        "ES256" => "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        "ES384" => {
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"
        }
        _ => {
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
        }
    });
    let (message, good) = parts(algorithm);
    let size = good.len() / 2;
    let (r, s) = (
        BigUint::from_bytes_be(&good[..size]),
        BigUint::from_bytes_be(&good[size..]),
    );
    let zero = BigUint::from(0_u8);
    let one = BigUint::from(1_u8);
    let pair = |r: &BigUint, s: &BigUint| [sized(r, size), sized(s, size)].concat();
    let integer = |number: &BigUint| {
        let digits = number.to_bytes_be();
        let sign = if digits[0] & 0x80 == 0 {
            vec![]
        } else {
            vec![0]
        };
        let value = [sign, digits].concat();
        [&[2, u8::try_from(value.len()).unwrap()], &value[..]].concat()
    };
    let der = {
        let body = [integer(&r), integer(&s)].concat();
        let length = u8::try_from(body.len()).unwrap();
        let head = if length < 0x80 {
            vec![0x30, length]
        } else {
            vec![0x30, 0x81, length]
        };
        [head, body].concat()
    };
    let mut padded = der.clone();
    padded.resize(good.len().max(der.len()), 0);
    for (what, signature, verdict) in [
        ("r and s as they are", pair(&r, &s), Passes),
        // Anyone with a valid signature can compute this one too. Both are valid (RFC 7515 requires
        // no canonical form), so `jti` distinguishes tokens.
        ("n - s", pair(&r, &(&order - &s)), Passes),
        ("n - r", pair(&(&order - &r), &s), Forged),
        ("r = 0", pair(&zero, &s), Forged),
        ("s = 0", pair(&r, &zero), Forged),
        ("r = s = 1", pair(&one, &one), Forged),
        ("r = n", pair(&order, &s), Forged),
        ("s = n", pair(&r, &order), Forged),
        ("r = n, s = n", pair(&order, &order), Forged),
        ("r = 0, s = n", pair(&zero, &order), Forged),
        ("s = n + 1", pair(&r, &(&order + &one)), Forged),
        ("r = n - 1", pair(&(&order - &one), &s), Forged),
        ("s and r", pair(&s, &r), Forged),
        (
            "a zero before each",
            [sized(&r, size + 1), sized(&s, size + 1)].concat(),
            Forged,
        ),
        ("r alone", sized(&r, size), Forged),
        ("DER", der, Forged),
        ("DER, made as long as it should be", padded, Forged),
    ] {
        check(envoy, algorithm, what, &message, &signature, verdict);
    }
}

/// `S` plus the order of the group is the same `S` (RFC 8032, section 5.1.7 requires it to be
/// refused).
pub(super) fn ed25519(envoy: &Envoy) {
    let order = hex("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");
    let (message, good) = parts("EdDSA");
    let mut s = good[32..].to_vec();
    s.reverse();
    let mut sum = sized(&(BigUint::from_bytes_be(&s) + &order), 32);
    sum.reverse();
    let identity = [&[1_u8][..], &[0; 31]].concat();
    for (what, signature) in [
        ("S + L", [&good[..32], &sum].concat()),
        ("R the identity", [&identity[..], &good[32..]].concat()),
        ("S = 0", [&good[..32], &[0; 32]].concat()),
        ("R the identity, S = 0", [&identity[..], &[0; 32]].concat()),
        ("S and R", [&good[32..], &good[..32]].concat()),
    ] {
        check(envoy, "EdDSA", what, &message, &signature, Forged);
    }
}

fn hex(text: &str) -> BigUint {
    BigUint::parse_bytes(text.as_bytes(), 16).unwrap()
}
