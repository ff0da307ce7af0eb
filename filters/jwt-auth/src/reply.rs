//! Responses to requests that are refused (RFC 6750, section 3).

use crate::reason::{Kind, Reason};
use crate::requirement::Refusal;
use filter_kit::headers::list_elements;
use filter_kit::reply::{GrpcStatus, LocalReply, ReplyTemplate};
use filter_kit::request::Request;
use filter_kit::template::{Template, Values};
use filter_kit::values::HeaderName;

/// The variable of reply templates that contains the reason, such as `jwt_expired`.
pub(crate) const REASON_VARIABLE: &str = "jwt.reason";

/// Maximum length of the realm, in bytes.
const MAX_REALM_BYTES: usize = 256;

/// The form of replies.
#[derive(Debug, Clone)]
pub struct Replies {
    /// The realm; `None` uses the host of the request.
    pub realm: Option<String>,
    /// The configured reply for 401 and 400.
    pub unauthorized: ReplyTemplate,
    /// The configured reply for 403.
    pub forbidden: ReplyTemplate,
    /// The configured reply for 503.
    pub unavailable: ReplyTemplate,
    /// The URI of the protected resource metadata (RFC 9728, section 5.1), for challenges.
    pub resource_metadata: Option<Template>,
    /// The name of the `www-authenticate` header.
    pub challenge: HeaderName,
    /// The name of the `retry-after` header.
    pub retry: HeaderName,
}

impl Replies {
    /// Whether a template depends on the host.
    #[must_use]
    pub fn looks_at_host(&self) -> bool {
        [&self.unauthorized, &self.forbidden, &self.unavailable]
            .iter()
            .any(|template| template.looks_at_host())
            || self
                .resource_metadata
                .as_ref()
                .is_some_and(Template::looks_at_host)
    }

    /// Returns the reply to a refused request.
    #[must_use]
    pub fn reply(&self, refusal: &Refusal, request: &Request) -> LocalReply {
        let reason = refusal.reason;
        let (status, grpc, template) = match reason.kind() {
            Kind::BadHead if reason == Reason::MalformedHost => {
                return LocalReply::malformed_host();
            }
            Kind::BadHead => return LocalReply::ambiguous_path(),
            Kind::Challenge | Kind::InvalidToken => {
                (401, GrpcStatus::Unauthenticated, &self.unauthorized)
            }
            Kind::BadRequest => (400, GrpcStatus::InvalidArgument, &self.unauthorized),
            Kind::Forbidden => (403, GrpcStatus::PermissionDenied, &self.forbidden),
            Kind::Unavailable => (503, GrpcStatus::Unavailable, &self.unavailable),
        };
        let mut reply = LocalReply::new(status, grpc, reason.details(), reason.message());
        let mut own = String::new();
        reply = match reason.kind() {
            Kind::Unavailable => reply.header(self.retry.clone(), "1"),
            _ => {
                own = self.challenge(refusal, request);
                reply.header(self.challenge.clone(), own.as_str())
            }
        };
        let values = Values {
            request: Some(request),
            extra: &[(REASON_VARIABLE, reason.details().as_bytes())],
            ..Values::default()
        };
        template.apply(&mut reply, &values);
        for (name, value) in &mut reply.headers {
            if *name == self.challenge && *value != own.as_bytes() {
                complete(value, &self.parameters(refusal, request));
            }
        }
        reply
    }

    fn challenge(&self, refusal: &Refusal, request: &Request) -> String {
        let realm = match &self.realm {
            Some(realm) => realm.clone(),
            None => quotable(request.host().unwrap_or_default()),
        };
        let mut challenge = format!("Bearer realm=\"{realm}\"");
        for (name, value) in self.parameters(refusal, request) {
            challenge.push_str(&format!(", {name}=\"{value}\""));
        }
        challenge
    }

    /// Returns the parameters of the challenge other than the realm, by name.
    fn parameters(&self, refusal: &Refusal, request: &Request) -> Vec<(&'static str, String)> {
        let error = match refusal.reason.kind() {
            Kind::Challenge | Kind::Unavailable | Kind::BadHead => None,
            Kind::BadRequest => Some("invalid_request"),
            Kind::InvalidToken => Some("invalid_token"),
            Kind::Forbidden => Some("insufficient_scope"),
        };
        let mut parameters = Vec::new();
        if let Some(error) = error {
            parameters.push(("error", error.to_owned()));
            parameters.push(("error_description", refusal.reason.message().to_owned()));
        }
        if refusal.reason == Reason::Scope {
            parameters.push(("scope", refusal.scopes.join(" ")));
        }
        parameters.extend(self.metadata(request).map(|uri| ("resource_metadata", uri)));
        parameters
    }
}

impl Replies {
    fn metadata(&self, request: &Request) -> Option<String> {
        let values = Values {
            request: Some(request),
            ..Values::default()
        };
        let uri = self.resource_metadata.as_ref()?.expand(&values).ok()?;
        let is_uri = !uri.is_empty() && uri.iter().all(|b| is_quotable(*b));
        String::from_utf8(uri).ok().filter(|_| is_uri)
    }
}

/// Adds missing parameters to a challenge. The configuration may replace the challenge, but clients
/// rely on these parameters (RFC 6750, section 3). A scheme without such parameters stays
/// unchanged. Of several challenges, the last one whose scheme has them is completed.
fn complete(challenges: &mut Vec<u8>, parameters: &[(&'static str, String)]) {
    let elements: Vec<&[u8]> = list_elements(challenges).collect();
    let (mut end, mut names, mut is_of_token) = (0, Vec::new(), false);
    for (at, element) in elements.iter().enumerate() {
        let (scheme, name) = scheme_and_name(element);
        if let Some(scheme) = scheme {
            is_of_token = [&b"bearer"[..], b"dpop"]
                .iter()
                .any(|known| scheme.eq_ignore_ascii_case(known));
            if is_of_token {
                names.clear();
            }
        }
        if is_of_token {
            end = at.saturating_add(1);
            names.extend(name);
        }
    }
    let has = |name: &str| {
        names
            .iter()
            .any(|written| written.eq_ignore_ascii_case(name.as_bytes()))
    };
    let lacking = parameters.iter().filter(|(name, _)| !has(name));
    let lacking = lacking.map(|(name, value)| format!("{name}=\"{value}\""));
    let lacking = lacking.collect::<Vec<_>>().join(", ");
    let Some((own, others)) = elements.split_at_checked(end) else {
        return;
    };
    if own.is_empty() || lacking.is_empty() {
        return;
    }
    let mut completed = own.join(&b", "[..]);
    completed.extend(if names.is_empty() { &b" "[..] } else { b", " });
    completed.extend(lacking.as_bytes());
    for other in others {
        completed.extend(b", ");
        completed.extend(*other);
    }
    *challenges = completed;
}

/// Returns the scheme of the challenge that begins with this list element, and the name of the
/// parameter in the element (RFC 9110, section 11.6.1).
fn scheme_and_name(element: &[u8]) -> (Option<&[u8]>, Option<&[u8]>) {
    let end = element
        .iter()
        .position(|b| matches!(b, b' ' | b'\t' | b'='));
    let Some((word, rest)) = end.and_then(|end| element.split_at_checked(end)) else {
        return (Some(element), None);
    };
    let rest = rest.trim_ascii_start();
    if rest.starts_with(b"=") {
        return (None, Some(word));
    }
    let name = rest.split(|b| *b == b'=').next().map(<[u8]>::trim_ascii);
    (Some(word), name)
}

/// Converts bytes from a client to text that is allowed in a quoted string.
fn quotable(bytes: &[u8]) -> String {
    bytes
        .iter()
        .take(MAX_REALM_BYTES)
        .filter(|b| is_quotable(**b))
        .map(|b| char::from(*b))
        .collect()
}

/// Whether a byte needs no escaping in a quoted string (RFC 9110, section 5.6.4).
#[must_use]
pub(crate) fn is_quotable(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\'
}
