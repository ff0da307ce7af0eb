//! Why a request is refused, and what that means in HTTP (RFC 6750, section 3.1).

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A token is required, but missing.
    Missing,
    /// One source contains two tokens.
    Repeated,
    /// It is not a JSON Web Token, or a registered claim has the wrong type.
    Malformed,
    /// Its parts are padded, which the compact serialization does not allow (RFC 7515, section 2).
    Padded,
    /// It is longer than `max_token_bytes`.
    TooLarge,
    /// It needs an extension that is not supported (`crit`, `b64`, `zip`, `enc`).
    Unsupported,
    /// Its algorithm is unknown or not allowed.
    Algorithm,
    /// Its `typ` is not allowed.
    Type,
    /// Its issuer is not the provider's.
    Issuer,
    /// It is expired.
    Expired,
    /// It is not valid yet.
    NotYetValid,
    /// It has no `exp`, and one is required.
    NoExpiration,
    /// Its lifetime exceeds `max_lifetime`.
    Lifetime,
    /// No key of the provider has its `kid` and its algorithm.
    UnknownKey,
    /// The signature is invalid.
    Signature,
    /// It is on the deny list.
    Denied,
    /// It is for another audience.
    Audience,
    /// A scope is missing.
    Scope,
    /// A claim does not match.
    Claim,
    /// The provider's keys are not available.
    KeysUnavailable,
    /// The time budget for slow verifications is used up.
    Overloaded,
    /// The path can be read in too many ways.
    AmbiguousPath,
    /// The host is malformed, and the configuration depends on it.
    MalformedHost,
}

/// The kind of response for a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 401 without an error code: the client may not know that a token is required.
    Challenge,
    /// 400 `invalid_request`.
    BadRequest,
    /// 401 `invalid_token`.
    InvalidToken,
    /// 403 `insufficient_scope`.
    Forbidden,
    /// 503.
    Unavailable,
    /// 400 for a problem that does not concern tokens.
    BadHead,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 23] = [
        Self::Missing,
        Self::Repeated,
        Self::Malformed,
        Self::Padded,
        Self::TooLarge,
        Self::Unsupported,
        Self::Algorithm,
        Self::Type,
        Self::Issuer,
        Self::Expired,
        Self::NotYetValid,
        Self::NoExpiration,
        Self::Lifetime,
        Self::UnknownKey,
        Self::Signature,
        Self::Denied,
        Self::Audience,
        Self::Scope,
        Self::Claim,
        Self::KeysUnavailable,
        Self::Overloaded,
        Self::AmbiguousPath,
        Self::MalformedHost,
    ];

    /// Returns the kind of response.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Missing => Kind::Challenge,
            Self::Repeated => Kind::BadRequest,
            Self::Malformed
            | Self::Padded
            | Self::TooLarge
            | Self::Unsupported
            | Self::Algorithm
            | Self::Type
            | Self::Issuer
            | Self::Expired
            | Self::NotYetValid
            | Self::NoExpiration
            | Self::Lifetime
            | Self::UnknownKey
            | Self::Signature
            | Self::Denied => Kind::InvalidToken,
            Self::Audience | Self::Scope | Self::Claim => Kind::Forbidden,
            Self::KeysUnavailable | Self::Overloaded => Kind::Unavailable,
            Self::AmbiguousPath | Self::MalformedHost => Kind::BadHead,
        }
    }

    /// Whether it concerns a token, or a missing one.
    #[must_use]
    pub fn is_of_token(self) -> bool {
        self.kind() != Kind::BadHead
    }

    /// Returns the response-code details.
    #[must_use]
    pub fn details(self) -> &'static str {
        match self {
            Self::Missing => "jwt_missing",
            Self::Repeated => "jwt_repeated",
            Self::Malformed => "jwt_malformed",
            Self::Padded => "jwt_padded",
            Self::TooLarge => "jwt_too_large",
            Self::Unsupported => "jwt_unsupported",
            Self::Algorithm => "jwt_algorithm",
            Self::Type => "jwt_type",
            Self::Issuer => "jwt_issuer",
            Self::Expired => "jwt_expired",
            Self::NotYetValid => "jwt_not_yet_valid",
            Self::NoExpiration => "jwt_no_expiration",
            Self::Lifetime => "jwt_lifetime",
            Self::UnknownKey => "jwt_unknown_key",
            Self::Signature => "jwt_signature",
            Self::Denied => "jwt_denied",
            Self::Audience => "jwt_audience",
            Self::Scope => "jwt_scope",
            Self::Claim => "jwt_claim",
            Self::KeysUnavailable => "jwt_keys_unavailable",
            Self::Overloaded => "jwt_overloaded",
            Self::AmbiguousPath => "ambiguous_path",
            Self::MalformedHost => "malformed_host",
        }
    }

    /// Returns the sentence for the client, used as the body and as `error_description`. It must
    /// not contain quotes or backslashes (RFC 6750, section 3).
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::Missing => "A token is needed.",
            Self::Repeated => "More than one token is given.",
            Self::Malformed => "The token is malformed.",
            Self::Padded => {
                "The token is padded, as those of x-amzn-oidc-data are; send one without padding, as that of x-amzn-oidc-accesstoken."
            }
            Self::TooLarge => "The token is too large.",
            Self::Unsupported => "The token needs an extension that is not supported.",
            Self::Algorithm => "The algorithm of the token is not accepted.",
            Self::Type => "The type of the token is not accepted.",
            Self::Issuer => "The issuer of the token is not accepted.",
            Self::Expired => "The token is expired.",
            Self::NotYetValid => "The token is not yet valid.",
            Self::NoExpiration => "The token does not expire.",
            Self::Lifetime => "The lifetime of the token is too long.",
            Self::UnknownKey => "The key of the token is not known.",
            Self::Signature => "The signature of the token is not valid.",
            Self::Denied => "The token is revoked.",
            Self::Audience => "The token is for another audience.",
            Self::Scope => "The token lacks a scope.",
            Self::Claim => "The token lacks a claim.",
            Self::KeysUnavailable => "The keys to check the token are not available.",
            Self::Overloaded => "Too many tokens are being checked.",
            Self::AmbiguousPath => "The path can be read in too many ways.",
            Self::MalformedHost => "The host is malformed.",
        }
    }

    /// Returns how specific a reason is. If none of several alternatives is met, the response
    /// reports the reason with the highest weight. A token of another issuer is less specific than
    /// an invalid one, and a missing token is the least specific.
    #[must_use]
    pub fn weight(self) -> u8 {
        match self {
            Self::Missing => 0,
            Self::Issuer => 1,
            _ => match self.kind() {
                Kind::BadHead => 5,
                Kind::Unavailable => 4,
                Kind::Forbidden => 3,
                Kind::Challenge | Kind::BadRequest | Kind::InvalidToken => 2,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_can_stand_in_a_challenge_and_details_are_distinct() {
        let mut details: Vec<_> = Reason::ALL.iter().map(|r| r.details()).collect();
        details.sort_unstable();
        details.dedup();
        assert_eq!(details.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            let message = reason.message();
            assert!(
                message
                    .bytes()
                    .all(|b| (0x20..0x7f).contains(&b) && b != b'"' && b != b'\\')
            );
        }
    }

    #[test]
    fn each_reason_has_its_cause_and_mend_in_the_docs() {
        let page = include_str!("../../../docs/why-a-401.md");
        for reason in Reason::ALL {
            let status = match reason.kind() {
                Kind::Challenge | Kind::InvalidToken => 401,
                Kind::Forbidden => 403,
                Kind::Unavailable => 503,
                Kind::BadRequest | Kind::BadHead => 400,
            };
            let row = format!("| `{}` | {status} | ", reason.details());
            assert_eq!(page.matches(&row).count(), 1, "{row}");
        }
        assert_eq!(page.matches("\n| `").count(), Reason::ALL.len());
    }
}
