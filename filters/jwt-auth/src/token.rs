//! A token in compact form (RFC 7515, section 7.1), taken apart. Nothing here says that it is
//! genuine.

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::claims::Claims;
use crate::json::{self, Json, block_bytes};
use crate::reason::Reason;
use filter_kit::headers::is_same;
use std::cell::RefCell;
use std::rc::Rc;

/// The longest `kid`, in bytes.
const MAX_KID_BYTES: usize = 256;

/// A token, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Token<'t> {
    /// What the header says.
    pub header: Rc<Header>,
    /// What the token says, unverified.
    pub claims: Claims,
    /// Its second part as sent: base64url of the claims.
    pub payload: &'t [u8],
    /// What is signed: the first two parts.
    pub message: &'t [u8],
    /// The signature: its third part, decoded.
    pub signature: Vec<u8>,
}

/// The JOSE header, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The signature algorithm.
    pub algorithm: Algorithm,
    /// Which key has signed.
    pub kid: Option<String>,
    /// What kind of token it is, in lower case and without `application/` (RFC 7515, section
    /// 4.1.9).
    pub typ: Option<String>,
}

/// Headers of tokens that verified: tokens of one issuer and key have the same, letter for letter,
/// so most headers are not read again.
#[derive(Debug, Default)]
pub struct KnownHeaders(RefCell<Vec<Known>>);

/// The first part of a token, and what it says.
type Known = (Box<[u8]>, Rc<Header>);

/// How many headers are known at most.
const MAX_KNOWN_HEADERS: usize = 4;

impl KnownHeaders {
    /// The header with which a token begins, up to its dot, and what follows that.
    fn of<'t>(&self, token: &'t [u8]) -> Option<(Rc<Header>, &'t [u8])> {
        let known = self.0.borrow();
        known.iter().find_map(|(encoded, header)| {
            let (start, rest) = token.split_at_checked(encoded.len())?;
            let rest = rest.strip_prefix(b".")?;
            is_same(encoded, start).then(|| (Rc::clone(header), rest))
        })
    }

    /// Keeps the header of a token that verified; the one that is known longest makes room for it.
    pub fn keep(&self, token: &Token<'_>) {
        let mut known = self.0.borrow_mut();
        if known
            .iter()
            .any(|(_, header)| Rc::ptr_eq(header, &token.header))
        {
            return;
        }
        if let Some((encoded, _)) = split_at_dot(token.message) {
            if known.len() >= MAX_KNOWN_HEADERS {
                known.remove(0);
            }
            known.push((encoded.into(), Rc::clone(&token.header)));
        }
    }
}

impl<'t> Token<'t> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// [`Reason::Malformed`], [`Reason::Padded`], [`Reason::Unsupported`] or [`Reason::Algorithm`].
    pub fn parse(token: &'t [u8], known: &KnownHeaders) -> Result<Self, Reason> {
        // What has other parts than three is no token, whatever is wrong beside.
        Self::parse_parts(token, known).map_err(|reason| match has_three_parts(token) {
            true => reason,
            false => Reason::Malformed,
        })
    }

    fn parse_parts(token: &'t [u8], known: &KnownHeaders) -> Result<Self, Reason> {
        let (header, rest) = match known.of(token) {
            Some(known) => known,
            None => {
                let (header, rest) = split_at_dot(token).ok_or(Reason::Malformed)?;
                (Rc::new(Header::parse(header)?), rest)
            }
        };
        let (payload, encoded_signature) = split_at_dot(rest).ok_or(Reason::Malformed)?;
        // After the header: the reason for `none` is its algorithm, and it has no signature. No
        // further dot is left: it is no character of base64url.
        let signature = decode(encoded_signature)?;
        let claims = Claims::read(&decode(payload)?)?;
        if signature.is_empty() {
            return Err(Reason::Malformed);
        }
        let dot_and_signature = encoded_signature.len().saturating_add(1);
        let message = token.len().saturating_sub(dot_and_signature);
        Ok(Self {
            header,
            claims,
            payload,
            message: token.get(..message).unwrap_or_default(),
            signature,
        })
    }
}

/// What stands before the first dot, and after it.
fn split_at_dot(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|b| *b == b'.')?;
    let (before, rest) = text.split_at_checked(at)?;
    Some((before, rest.get(1..)?))
}

/// Whether a token has three parts, of which the first two hold something.
#[cold]
fn has_three_parts(token: &[u8]) -> bool {
    let parts: Vec<&[u8]> = token.splitn(4, |b| *b == b'.').collect();
    matches!(parts[..], [header, payload, _] if !header.is_empty() && !payload.is_empty())
}

impl Header {
    /// The bytes of memory that it takes, with the counters of its `Rc`.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts = [&self.kid, &self.typ].into_iter().flatten();
        let texts = texts.map(|text| block_bytes(text.capacity()));
        block_bytes(size_of::<(Self, [usize; 2])>()).saturating_add(texts.sum())
    }

    fn parse(encoded: &[u8]) -> Result<Self, Reason> {
        let header = json::object(&decode(encoded)?).ok_or(Reason::Malformed)?;
        let text = |member: &str| match header.get(member) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(Reason::Malformed),
        };
        let algorithm = text("alg")?.ok_or(Reason::Malformed)?;
        let algorithm = Algorithm::named(algorithm).ok_or(Reason::Algorithm)?;
        // Extensions that must be understood (RFC 7515, section 4.1.11; RFC 7797), compression and
        // encryption.
        if ["crit", "b64", "zip", "enc"]
            .iter()
            .any(|member| header.get(member).is_some())
        {
            return Err(Reason::Unsupported);
        }
        let kid = text("kid")?;
        if kid.is_some_and(|kid| kid.len() > MAX_KID_BYTES) {
            return Err(Reason::Malformed);
        }
        Ok(Self {
            algorithm,
            kid: kid.map(str::to_owned),
            typ: text("typ")?.map(media_type),
        })
    }
}

/// One of the three parts.
fn decode(part: &[u8]) -> Result<Vec<u8>, Reason> {
    base64url::decode(part).ok_or(match part.ends_with(b"=") {
        true => Reason::Padded,
        false => Reason::Malformed,
    })
}

/// A `typ` in the form in which two are compared: without case, and `application/` left out (RFC
/// 7515, section 4.1.9).
#[must_use]
pub(crate) fn media_type(typ: &str) -> String {
    let typ = typ.to_ascii_lowercase();
    match typ.strip_prefix("application/") {
        Some(rest) if !rest.contains('/') => rest.to_owned(),
        _ => typ,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(header: &str, claims: &str, signature: &str) -> String {
        let encode = base64url::encode;
        format!("{}.{}.{signature}", encode(header), encode(claims))
    }

    #[test]
    fn a_token_is_taken_apart_or_refused_with_the_reason() {
        let ok = r#"{"alg":"RS256","kid":"k","typ":"JWT"}"#;
        for (token, reason) in [
            (token(ok, "{}", "AA"), None),
            (token(ok, "{}", ""), Some(Reason::Malformed)),
            (token(ok, "{}", "A"), Some(Reason::Malformed)),
            (token(ok, "{}", "AA=="), Some(Reason::Padded)),
            ("e30=.e30=.AA==".into(), Some(Reason::Padded)),
            ("*=.e30.AA".into(), Some(Reason::Padded)),
            (token(ok, "{}", "AA.AA"), Some(Reason::Malformed)),
            (token(ok, "[]", "AA"), Some(Reason::Malformed)),
            (token(ok, "{", "AA"), Some(Reason::Malformed)),
            (
                token(ok, r#"{"sub":"a","sub":"b"}"#, "AA"),
                Some(Reason::Malformed),
            ),
            (
                token(r#"{"typ":"JWT"}"#, "{}", "AA"),
                Some(Reason::Malformed),
            ),
            (token(r#"{"alg":7}"#, "{}", "AA"), Some(Reason::Malformed)),
            (
                token(r#"{"alg":"RS256","alg":"HS256"}"#, "{}", "AA"),
                Some(Reason::Malformed),
            ),
            (
                token(r#"{"alg":"RS256","kid":7}"#, "{}", "AA"),
                Some(Reason::Malformed),
            ),
            (
                token(r#"{"alg":"RS256","typ":null}"#, "{}", "AA"),
                Some(Reason::Malformed),
            ),
            (
                token(r#"{"alg":"none"}"#, "{}", ""),
                Some(Reason::Algorithm),
            ),
            (
                token(r#"{"alg":"nOnE"}"#, "{}", ""),
                Some(Reason::Algorithm),
            ),
            (
                token(r#"{"alg":"ES256K"}"#, "{}", "AA"),
                Some(Reason::Algorithm),
            ),
            (
                token(r#"{"alg":"RS256","crit":["b64"],"b64":false}"#, "{}", "AA"),
                Some(Reason::Unsupported),
            ),
            (
                token(r#"{"alg":"RS256","crit":[]}"#, "{}", "AA"),
                Some(Reason::Unsupported),
            ),
            (
                token(r#"{"alg":"RS256","b64":false}"#, "{}", "AA"),
                Some(Reason::Unsupported),
            ),
            (
                token(r#"{"alg":"RS256","zip":"DEF"}"#, "{}", "AA"),
                Some(Reason::Unsupported),
            ),
            (
                token(r#"{"alg":"RS256","enc":"A128GCM"}"#, "{}", "AA"),
                Some(Reason::Unsupported),
            ),
            (
                token(
                    &format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(257)),
                    "{}",
                    "AA",
                ),
                Some(Reason::Malformed),
            ),
            ("a.b.c.d.e".into(), Some(Reason::Malformed)),
            (
                format!("{}.e", token(r#"{"alg":"none"}"#, "{}", "")),
                Some(Reason::Malformed),
            ),
            (token(ok, "{}", ".AA"), Some(Reason::Malformed)),
            (token(ok, "", "AA"), Some(Reason::Malformed)),
            ("..".into(), Some(Reason::Malformed)),
            ("".into(), Some(Reason::Malformed)),
            ("a".repeat(100_000), Some(Reason::Malformed)),
        ] {
            assert_eq!(
                Token::parse(token.as_bytes(), &KnownHeaders::default()).err(),
                reason,
                "{token}"
            );
        }
        let text = token(ok, r#"{"sub":"a"}"#, "AA");
        let parsed = Token::parse(text.as_bytes(), &KnownHeaders::default()).unwrap();
        assert_eq!(parsed.header.kid.as_deref(), Some("k"));
        assert_eq!(parsed.header.typ.as_deref(), Some("jwt"));
        assert_eq!([parsed.message, b".AA"].concat(), text.as_bytes());
        let payload = base64url::encode(r#"{"sub":"a"}"#);
        assert_eq!(parsed.payload, payload.as_bytes());
    }

    #[test]
    fn the_header_of_a_verified_token_is_known_and_others_are_read() {
        let known = KnownHeaders::default();
        let read = |header: &str| {
            let text = token(header, "{}", "AA");
            let token = Token::parse(text.as_bytes(), &known)?;
            known.keep(&token);
            Ok::<_, Reason>(token.header)
        };
        let header = |kid: usize| format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#);
        let first = read(&header(0)).unwrap();
        assert!(Rc::ptr_eq(&first, &read(&header(0)).unwrap()));
        for kid in 1..=MAX_KNOWN_HEADERS {
            assert_eq!(read(&header(kid)).unwrap().kid, Some(kid.to_string()));
        }
        let again = read(&header(0)).unwrap();
        assert!(!Rc::ptr_eq(&first, &again) && first == again);
        assert_eq!(known.0.borrow().len(), MAX_KNOWN_HEADERS);
        assert_eq!(read(r#"{"alg":"none"}"#), Err(Reason::Algorithm));
    }

    #[test]
    fn types_are_media_types_without_application() {
        for (typ, compared) in [
            ("JWT", "jwt"),
            ("at+jwt", "at+jwt"),
            ("application/AT+JWT", "at+jwt"),
            ("application/x/y", "application/x/y"),
            ("text/plain", "text/plain"),
        ] {
            assert_eq!(media_type(typ), compared);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_without_panic(bytes: Vec<u8>) {
            let _ = Token::parse(&bytes, &KnownHeaders::default());
        }

        #[test]
        fn any_json_is_parsed_without_panic(header in "[{}\\[\\]:,\"a-z0-9]{0,60}", claims in "[{}\\[\\]:,\"a-z0-9.e-]{0,60}") {
            let _ = Token::parse(token(&header, &claims, "AA").as_bytes(), &KnownHeaders::default());
        }
    }
}
