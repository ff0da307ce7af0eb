//! The messages of `envoy.service.ratelimit.v3.RateLimitService`, with the fields that are used
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/ratelimit/v3/rls.proto>).

use prost::Message;

/// `envoy.service.ratelimit.v3.RateLimitRequest`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct RateLimitRequest {
    /// The domain of the descriptors.
    #[prost(string, tag = "1")]
    pub domain: String,
    /// One for each bucket in question.
    #[prost(message, repeated, tag = "2")]
    pub descriptors: Vec<Descriptor>,
    /// The cost, for services that ignore the cost of descriptors.
    #[prost(uint32, tag = "3")]
    pub hits_addend: u32,
}

/// `envoy.extensions.common.ratelimit.v3.RateLimitDescriptor`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Descriptor {
    /// The key.
    #[prost(message, repeated, tag = "1")]
    pub entries: Vec<DescriptorEntry>,
    /// The cost.
    #[prost(message, optional, tag = "3")]
    pub hits_addend: Option<u64>,
}

/// `envoy.extensions.common.ratelimit.v3.RateLimitDescriptor.Entry`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct DescriptorEntry {
    /// The name.
    #[prost(string, tag = "1")]
    pub key: String,
    /// The value.
    #[prost(string, tag = "2")]
    pub value: String,
}

/// `envoy.service.ratelimit.v3.RateLimitResponse`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct RateLimitResponse {
    /// 1: the request passes; 2: it does not.
    #[prost(int32, tag = "1")]
    pub overall_code: i32,
    /// One for each descriptor.
    #[prost(message, repeated, tag = "2")]
    pub statuses: Vec<DescriptorStatus>,
    /// Headers for the response.
    #[prost(message, repeated, tag = "3")]
    pub response_headers_to_add: Vec<HeaderValue>,
    /// Headers for the request.
    #[prost(message, repeated, tag = "4")]
    pub request_headers_to_add: Vec<HeaderValue>,
    /// The body of a refusal.
    #[prost(bytes = "vec", tag = "5")]
    pub raw_body: Vec<u8>,
}

/// `envoy.service.ratelimit.v3.RateLimitResponse.DescriptorStatus`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct DescriptorStatus {
    /// 1: the request passes; 2: it does not.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// The limit.
    #[prost(message, optional, tag = "2")]
    pub current_limit: Option<RateLimit>,
    /// What is left.
    #[prost(uint32, tag = "3")]
    pub limit_remaining: u32,
    /// The time until the limit is reset.
    #[prost(message, optional, tag = "4")]
    pub duration_until_reset: Option<Period>,
}

/// `envoy.service.ratelimit.v3.RateLimitResponse.RateLimit`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct RateLimit {
    /// The number of requests.
    #[prost(uint32, tag = "1")]
    pub requests_per_unit: u32,
    /// The unit of time; see [`unit_seconds`].
    #[prost(int32, tag = "2")]
    pub unit: i32,
}

/// `google.protobuf.Duration`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Period {
    /// Whole seconds.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// Additional nanoseconds.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// `envoy.config.core.v3.HeaderValue`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct HeaderValue {
    /// The name.
    #[prost(string, tag = "1")]
    pub key: String,
    /// The value.
    #[prost(string, tag = "2")]
    pub value: String,
    /// The value, if it is not text.
    #[prost(bytes = "vec", tag = "3")]
    pub raw_value: Vec<u8>,
}

/// The code of an answer that lets a request pass.
pub(crate) const OK: i32 = 1;

/// The code of an answer that does not let a request pass.
pub(crate) const OVER_LIMIT: i32 = 2;

/// Returns the length of a `RateLimit.Unit` in seconds. Returns `None` for unknown units, and for
/// months and years, whose length varies.
#[must_use]
pub(crate) fn unit_seconds(unit: i32) -> Option<u64> {
    match unit {
        1 => Some(1),
        2 => Some(60),
        3 => Some(3600),
        4 => Some(24 * 3600),
        7 => Some(7 * 24 * 3600),
        _ => None,
    }
}
