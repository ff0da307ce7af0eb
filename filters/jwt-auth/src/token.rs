//! Parses a token in compact serialization (RFC 7515, section 7.1). This does not verify it.

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::claims::Claims;
use crate::json::{self, Json, block_bytes};
use crate::reason::Reason;
use filter_kit::headers::is_same;
use std::cell::RefCell;
use std::rc::Rc;

/// Maximum length of a `kid`, in bytes, of a token and of a key.
pub(crate) const MAX_KID_BYTES: usize = 256;

/// A parsed token.
#[derive(Debug, Clone, PartialEq)]
pub struct Token<'t> {
    /// The header.
    pub header: Rc<Header>,
    /// The claims, unverified.
    pub claims: Claims,
    /// The second part as sent: the base64url encoding of the claims.
    pub payload: &'t [u8],
    /// The signed message: the first two parts.
    pub message: &'t [u8],
    /// The signature: the third part, decoded.
    pub signature: Vec<u8>,
}

/// The relevant parts of the JOSE header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The signature algorithm.
    pub algorithm: Algorithm,
    /// The key with which it was signed.
    pub kid: Option<String>,
    /// The type of the token, in lower case and without `application/` (RFC 7515, section 4.1.9).
    pub typ: Option<String>,
}

/// Headers of verified tokens. Tokens of one issuer and key have identical headers, so most headers
/// are not parsed again.
#[derive(Debug, Default)]
pub struct KnownHeaders(RefCell<Vec<Known>>);

/// The first part of a token, and its parsed header.
type Known = (Box<[u8]>, Rc<Header>);

/// Maximum number of known headers.
const MAX_KNOWN_HEADERS: usize = 4;

impl KnownHeaders {
    /// Returns the known header with which a token begins, up to the dot, and what follows the dot.
    fn of<'t>(&self, token: &'t [u8]) -> Option<(Rc<Header>, &'t [u8])> {
        let known = self.0.borrow();
        known.iter().find_map(|(encoded, header)| {
            let (start, rest) = token.split_at_checked(encoded.len())?;
            let rest = rest.strip_prefix(b".")?;
            is_same(encoded, start).then(|| (Rc::clone(header), rest))
        })
    }

    /// Stores the header of a verified token. Evicts the oldest one if necessary.
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
    /// Parses a token.
    ///
    /// # Errors
    /// [`Reason::Malformed`], [`Reason::Padded`], [`Reason::Unsupported`] or [`Reason::Algorithm`].
    pub fn parse(token: &'t [u8], known: &KnownHeaders) -> Result<Self, Reason> {
        // Anything without exactly three parts is malformed, whatever else is wrong with it.
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
        // Checked after the header: a token with `none` is refused for its algorithm, although it
        // has no signature either. The signature contains no further dot, because a dot is not a
        // base64url character.
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

/// Splits the text at the first dot.
fn split_at_dot(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(b'.', text)?;
    let (before, rest) = text.split_at_checked(at)?;
    Some((before, rest.get(1..)?))
}

/// Whether a token has three parts, of which the first two are not empty.
#[cold]
fn has_three_parts(token: &[u8]) -> bool {
    let parts: Vec<&[u8]> = token.splitn(4, |b| *b == b'.').collect();
    matches!(parts[..], [header, payload, _] if !header.is_empty() && !payload.is_empty())
}

impl Header {
    /// Returns its memory in bytes, including the counters of its `Rc`.
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

/// Decodes one of the three parts.
fn decode(part: &[u8]) -> Result<Vec<u8>, Reason> {
    base64url::decode(part).ok_or(match part.ends_with(b"=") {
        true => Reason::Padded,
        false => Reason::Malformed,
    })
}

/// Normalizes a `typ` for comparison: lower case, without `application/` (RFC 7515, section 4.1.9).
#[must_use]
pub(crate) fn media_type(typ: &str) -> String {
    let typ = typ.to_ascii_lowercase();
    match typ.strip_prefix("application/") {
        Some(rest) if !rest.contains('/') => rest.to_owned(),
        _ => typ,
    }
}

#[cfg(test)]
mod tests;
