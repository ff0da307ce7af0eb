//! What is counted.

use crate::reason::Reason;
use crate::remote::document::Failure;
use filter_kit::host::CallFailure;

filter_kit::counters! {
    /// What the filter counts.
    pub enum Event in "jwt_auth" {
        /// Requests that passed with a valid token.
        AllowedToken => "allowed.token_total",
        /// Requests that passed without a token, because their rule allows it.
        AllowedWithout => "allowed.without_token_total",
        /// Requests of rules that require nothing.
        AllowedNothing => "allowed.nothing_required_total",
        /// CORS preflights that passed.
        AllowedPreflight => "allowed.preflight_total",
        /// Tokens found in the cache.
        CacheHit => "cache.hit_total",
        /// Decisions for which no token was found in the cache.
        CacheMiss => "cache.miss_total",
        /// Requests that waited for remote keys.
        Waited => "waiting.begun_total",
        /// Requests refused with 503 because too many requests already waited for remote keys.
        WaitingFull => "waiting.full_total",
        /// Fetches of remote keys that began. One fetch serves all workers.
        FetchBegun => "fetch.begun_total",
        /// Fetches of remote keys that returned usable keys, new or the same.
        FetchSucceeded => "fetch.succeeded_total",
        /// Fetches of remote keys that failed: Envoy did not send the request, because the cluster
        /// does not exist or has no endpoint.
        FetchNotSent => "fetch.failed.not_sent_total",
        /// Fetches of remote keys that failed: the connection was reset, or `timeout` passed,
        /// before the answer was complete.
        FetchNoAnswer => "fetch.failed.no_answer_total",
        /// Fetches of remote keys that failed: the answer was not 200. Envoy itself answers 503
        /// if it cannot connect, and 504 after `timeout`.
        FetchStatus => "fetch.failed.status_total",
        /// Fetches of remote keys that failed: the answer was longer than 256 KiB.
        FetchTooLarge => "fetch.failed.too_large_total",
        /// Fetches of remote keys that failed: the answer was not JSON.
        FetchMalformed => "fetch.failed.malformed_total",
        /// Fetches of remote keys that failed: the answer contained no usable key.
        FetchNoUsableKey => "fetch.failed.no_usable_key_total",
        /// Fetches of remote keys that failed: the discovery document had another issuer, or no
        /// usable `jwks_uri`.
        FetchDiscovery => "fetch.failed.discovery_total",
        /// Requests refused with 400: the path can be read in too many ways.
        DeniedAmbiguousPath => "denied.ambiguous_path_total" | "reported.ambiguous_path_total",
        /// Requests refused with 400: the host is malformed.
        DeniedMalformedHost => "denied.malformed_host_total" | "reported.malformed_host_total",
        /// Requests refused: no token.
        DeniedMissing => "denied.missing_total" | "reported.missing_total",
        /// Requests refused: two tokens in one place.
        DeniedRepeated => "denied.repeated_total" | "reported.repeated_total",
        /// Requests refused: the token was malformed.
        DeniedMalformed => "denied.malformed_total" | "reported.malformed_total",
        /// Requests refused: the parts of the token were padded.
        DeniedPadded => "denied.padded_total" | "reported.padded_total",
        /// Requests refused: the token was longer than `max_token_bytes`.
        DeniedTooLarge => "denied.too_large_total" | "reported.too_large_total",
        /// Requests refused: the token needed an extension that is not supported.
        DeniedUnsupported => "denied.unsupported_total" | "reported.unsupported_total",
        /// Requests refused: the algorithm was unknown or not allowed.
        DeniedAlgorithm => "denied.algorithm_total" | "reported.algorithm_total",
        /// Requests refused: the `typ` was not allowed.
        DeniedType => "denied.type_total" | "reported.type_total",
        /// Requests refused: the token had another issuer.
        DeniedIssuer => "denied.issuer_total" | "reported.issuer_total",
        /// Requests refused: the token had expired.
        DeniedExpired => "denied.expired_total" | "reported.expired_total",
        /// Requests refused: the token was not yet valid.
        DeniedNotYetValid => "denied.not_yet_valid_total" | "reported.not_yet_valid_total",
        /// Requests refused: the token had no `exp`.
        DeniedNoExpiration => "denied.no_expiration_total" | "reported.no_expiration_total",
        /// Requests refused: the lifetime of the token was too long.
        DeniedLifetime => "denied.lifetime_total" | "reported.lifetime_total",
        /// Requests refused: no key of the provider had the `kid` and the algorithm of the token.
        DeniedUnknownKey => "denied.unknown_key_total" | "reported.unknown_key_total",
        /// Requests refused: the signature was wrong.
        DeniedSignature => "denied.signature_total" | "reported.signature_total",
        /// Requests refused: the token was on the deny list.
        DeniedDenied => "denied.denied_total" | "reported.denied_total",
        /// Requests refused: the token was for another audience.
        DeniedAudience => "denied.audience_total" | "reported.audience_total",
        /// Requests refused: a scope was missing.
        DeniedScope => "denied.scope_total" | "reported.scope_total",
        /// Requests refused: a claim did not match.
        DeniedClaim => "denied.claim_total" | "reported.claim_total",
        /// Requests refused: the provider's keys were not available.
        DeniedKeysUnavailable => "denied.keys_unavailable_total" | "reported.keys_unavailable_total",
        /// Requests refused: the time for slow verifications was used up.
        DeniedOverloaded => "denied.overloaded_total" | "reported.overloaded_total",
    }
}

impl Event {
    /// Returns the event of a failed fetch.
    #[must_use]
    pub fn fetch_failed(failure: &Failure) -> Self {
        match failure {
            Failure::Call(CallFailure::NotSent) => Self::FetchNotSent,
            Failure::Call(CallFailure::NoAnswer) => Self::FetchNoAnswer,
            Failure::Call(CallFailure::TooLarge(_)) => Self::FetchTooLarge,
            Failure::Status(_) => Self::FetchStatus,
            Failure::Malformed => Self::FetchMalformed,
            Failure::NoUsableKey(_) => Self::FetchNoUsableKey,
            Failure::Issuer(_) | Failure::KeysUri(_) => Self::FetchDiscovery,
        }
    }

    /// Returns the event of a refused request.
    #[must_use]
    pub fn denied(reason: Reason) -> Self {
        match reason {
            Reason::Missing => Self::DeniedMissing,
            Reason::Repeated => Self::DeniedRepeated,
            Reason::Malformed => Self::DeniedMalformed,
            Reason::Padded => Self::DeniedPadded,
            Reason::TooLarge => Self::DeniedTooLarge,
            Reason::Unsupported => Self::DeniedUnsupported,
            Reason::Algorithm => Self::DeniedAlgorithm,
            Reason::Type => Self::DeniedType,
            Reason::Issuer => Self::DeniedIssuer,
            Reason::Expired => Self::DeniedExpired,
            Reason::NotYetValid => Self::DeniedNotYetValid,
            Reason::NoExpiration => Self::DeniedNoExpiration,
            Reason::Lifetime => Self::DeniedLifetime,
            Reason::UnknownKey => Self::DeniedUnknownKey,
            Reason::Signature => Self::DeniedSignature,
            Reason::Denied => Self::DeniedDenied,
            Reason::Audience => Self::DeniedAudience,
            Reason::Scope => Self::DeniedScope,
            Reason::Claim => Self::DeniedClaim,
            Reason::KeysUnavailable => Self::DeniedKeysUnavailable,
            Reason::Overloaded => Self::DeniedOverloaded,
            Reason::AmbiguousPath => Self::DeniedAmbiguousPath,
            Reason::MalformedHost => Self::DeniedMalformedHost,
        }
    }
}
