//! Nearly valid RSA signatures.

use super::*;
use rsa::RsaPrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::traits::{PrivateKeyParts as _, PublicKeyParts as _};

fn rsa_key() -> RsaPrivateKey {
    let pem = include_str!("../../../keys/rs256.pem");
    let body: String = pem.lines().filter(|l| !l.starts_with("-----")).collect();
    RsaPrivateKey::from_pkcs1_der(&STANDARD.decode(body).unwrap()).unwrap()
}

/// `DigestInfo` of SHA-256 (RFC 8017, section 9.2), correct and incorrect.
const SHA256: &[u8] = &[
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

const WITHOUT_NULL: &[u8] = &[
    0x30, 0x2f, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x04,
    0x20,
];

const SAYS_SHA512: &[u8] = &[
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05,
    0x00, 0x04, 0x20,
];

const SAYS_SHA1: &[u8] = &[
    0x30, 0x2d, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x20,
];

const LONG_LENGTH: &[u8] = &[
    0x30, 0x81, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
    0x05, 0x00, 0x04, 0x20,
];

/// Blocks that are signed with the correct key, but are not a valid signature.
pub(super) fn rsa_pkcs1(envoy: &Envoy) {
    use sha2::Digest as _;
    let key = rsa_key();
    let n = key.n();
    let (message, good) = parts("RS256");
    let digest = sha2::Sha256::digest(message.as_bytes());
    let digest = digest.as_slice();
    let sign = |block: &[u8]| {
        assert_eq!(block.len(), 256);
        sized(&BigUint::from_bytes_be(block).modpow(key.d(), n), 256)
    };
    // 00 kind FF…FF 00 rest, followed by zeros.
    let block = |kind: u8, ones: usize, rest: &[u8]| {
        let mut block = [&[0, kind][..], &vec![0xff; ones], &[0], rest].concat();
        block.resize(256, 0);
        sign(&block)
    };
    let full = |rest: &[u8]| block(1, 256 - 3 - rest.len(), rest);
    let info = |prefix: &[u8]| [prefix, digest].concat();
    let spoiled = {
        let mut block = [&[0, 1][..], &[0xff; 202], &[0], SHA256, digest].concat();
        block[100] = 0xfe;
        sign(&block)
    };
    let no_end = sign(&[&[0, 1][..], &[0xff; 203], SHA256, digest].concat());
    let first_byte = sign(&[&[1, 1][..], &[0xff; 202], &[0], SHA256, digest].concat());
    let zero = BigUint::from(0_u8);
    let one = BigUint::from(1_u8);
    assert_eq!(full(&info(SHA256)), good, "blocks are made right");
    for (what, signature, verdict) in [
        ("made by hand", full(&info(SHA256)), Passes),
        ("block type 2", block(2, 202, &info(SHA256)), Forged),
        ("block type 0", block(0, 202, &info(SHA256)), Forged),
        ("a first byte that is not 0", first_byte, Forged),
        (
            "eight bytes of padding, then junk",
            block(1, 8, &info(SHA256)),
            Forged,
        ),
        ("no padding", block(1, 0, &info(SHA256)), Forged),
        ("junk in the padding", spoiled, Forged),
        ("no end of the padding", no_end, Forged),
        ("without NULL", full(&info(WITHOUT_NULL)), Forged),
        ("says SHA-512", full(&info(SAYS_SHA512)), Forged),
        ("says SHA-1", full(&info(SAYS_SHA1)), Forged),
        ("a length in two bytes", full(&info(LONG_LENGTH)), Forged),
        ("the digest alone", full(digest), Forged),
        (
            "junk behind the digest",
            full(&[&info(SHA256)[..], &[0]].concat()),
            Forged,
        ),
        (
            "the digest of another message",
            full(&[SHA256, sha2::Sha256::digest(b"e30.e30").as_slice()].concat()),
            Forged,
        ),
        ("0", sized(&zero, 256), Forged),
        ("1", sized(&one, 256), Forged),
        ("n - 1", sized(&(n - &one), 256), Forged),
        ("n", sized(n, 256), Forged),
        (
            "n - signature",
            sized(&(n - BigUint::from_bytes_be(&good)), 256),
            Forged,
        ),
    ] {
        check(envoy, "RS256", what, &message, &signature, verdict);
    }
    // The signature plus n is the same number modulo n. Not every one fits into the same number of
    // bytes.
    let (message, sum) = (0..100)
        .find_map(|i| {
            let (message, good) = split(
                &Token::new("RS256")
                    .claim("jti", json!(i.to_string()))
                    .sign(),
            );
            let sum = BigUint::from_bytes_be(&good) + n;
            (sum.bits() <= 2048).then_some((message, sum))
        })
        .unwrap();
    check(
        envoy,
        "RS256",
        "signature + n",
        &message,
        &sized(&sum, 256),
        Forged,
    );
}

/// A signature of one RSA algorithm, labeled as another.
pub(super) fn rsa_crosswise(envoy: &Envoy) {
    let names = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
    for says in names {
        let (message, _) = parts(says);
        for with in names {
            let signature = token::sign(
                with.parse().unwrap(),
                &token::key(with.parse().unwrap()).unwrap(),
                message.as_bytes(),
            )
            .unwrap();
            let verdict = if says == with { Passes } else { Forged };
            check(
                envoy,
                says,
                &format!("made by {with}"),
                &message,
                &signature,
                verdict,
            );
        }
    }
}
