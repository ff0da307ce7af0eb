//! What a client that is refused is told (RFC 6750, section 3).

use crate::reason::{Kind, Reason};
use crate::requirement::Refusal;
use filter_kit::reply::{GrpcStatus, LocalReply, ReplyTemplate};
use filter_kit::request::Request;
use filter_kit::template::Values;
use filter_kit::values::HeaderName;

/// The variable of reply templates that names the reason, as `jwt_expired`.
pub const REASON_VARIABLE: &str = "jwt.reason";

/// The longest realm, in bytes.
const MAX_REALM_BYTES: usize = 256;

/// How replies look.
#[derive(Debug, Clone)]
pub struct Replies {
    /// The realm; `None`: the host of the request.
    pub realm: Option<String>,
    /// What the configuration says of 401 and 400.
    pub unauthorized: ReplyTemplate,
    /// What the configuration says of 403.
    pub forbidden: ReplyTemplate,
    /// What the configuration says of 503.
    pub unavailable: ReplyTemplate,
    /// The header `www-authenticate`.
    pub challenge: HeaderName,
    /// The header `retry-after`.
    pub retry: HeaderName,
}

impl Replies {
    /// Whether a template looks at the host.
    #[must_use]
    pub fn looks_at_host(&self) -> bool {
        [&self.unauthorized, &self.forbidden, &self.unavailable]
            .iter()
            .any(|template| template.looks_at_host())
    }

    /// The reply to a request that is refused.
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
        reply = match reason.kind() {
            Kind::Unavailable => reply.header(self.retry.clone(), "1"),
            _ => reply.header(self.challenge.clone(), self.challenge(refusal, request)),
        };
        let values = Values {
            request: Some(request),
            extra: &[(REASON_VARIABLE, reason.details().as_bytes())],
            ..Values::default()
        };
        template.apply(&mut reply, &values);
        reply
    }

    fn challenge(&self, refusal: &Refusal, request: &Request) -> String {
        let realm = match &self.realm {
            Some(realm) => realm.clone(),
            None => quotable(request.host().unwrap_or_default()),
        };
        let error = match refusal.reason.kind() {
            Kind::Challenge | Kind::Unavailable | Kind::BadHead => None,
            Kind::BadRequest => Some("invalid_request"),
            Kind::InvalidToken => Some("invalid_token"),
            Kind::Forbidden => Some("insufficient_scope"),
        };
        let mut challenge = format!("Bearer realm=\"{realm}\"");
        if let Some(error) = error {
            let description = refusal.reason.message();
            challenge.push_str(&format!(
                ", error=\"{error}\", error_description=\"{description}\""
            ));
        }
        if refusal.reason == Reason::Scope {
            let scopes = refusal.scopes.join(" ");
            challenge.push_str(&format!(", scope=\"{scopes}\""));
        }
        challenge
    }
}

/// What a client sent, as it may stand in a quoted string.
fn quotable(bytes: &[u8]) -> String {
    bytes
        .iter()
        .take(MAX_REALM_BYTES)
        .filter(|b| is_quotable(**b))
        .map(|b| char::from(*b))
        .collect()
}

/// Whether a byte may stand in a quoted string as it is (RFC 9110, section 5.6.4).
#[must_use]
pub fn is_quotable(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\'
}
