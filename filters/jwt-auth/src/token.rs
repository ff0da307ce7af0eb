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
    let at = memchr::memchr(b'.', text)?;
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
mod tests;
