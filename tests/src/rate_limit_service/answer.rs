//! Answers calls like known services.

use anyhow::Result;
use envoy_types::pb::{
    envoy::service::ratelimit::v3::rate_limit_response::{
        Code, DescriptorStatus, RateLimit, rate_limit::Unit,
    },
    google::protobuf::Duration,
};
use limitador::CheckResult;

use super::{
    engine::{Descriptor, Engine},
    proto::{HeaderValue, RateLimitDescriptor, RateLimitRequest, RateLimitResponse},
};

/// The service whose answers are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Limitador's server: limits see all descriptors at once, and either all or none are charged;
    /// only the call's `hits_addend` counts; there is no status per descriptor.
    Limitador,
    /// Like envoyproxy/ratelimit: each descriptor is checked and charged separately, with its own
    /// `hits_addend` if it has one, and has its own status. A limit sees one descriptor at a time,
    /// with the others empty.
    Envoyproxy,
}

/// Decides on a call.
///
/// # Errors
/// If a limit cannot be evaluated or Redis does not answer.
pub(super) async fn answer(
    engine: &Engine,
    dialect: Dialect,
    headers: bool,
    request: &RateLimitRequest,
) -> Result<RateLimitResponse> {
    let mut answer = RateLimitResponse::default();
    if request.domain.is_empty() {
        answer.overall_code = Code::Unknown.into();
        return Ok(answer);
    }
    let all: Vec<_> = request.descriptors.iter().map(entries).collect();
    // Envoy omits the field for 1.
    let hits = u64::from(request.hits_addend.max(1));
    let mut checks = Vec::new();
    match dialect {
        Dialect::Limitador => checks.push(engine.check(&request.domain, all, hits).await?),
        Dialect::Envoyproxy => {
            for (index, descriptor) in request.descriptors.iter().enumerate() {
                let mut alone = vec![Descriptor::new(); all.len()];
                alone[index].clone_from(&all[index]);
                let own = descriptor.hits_addend.as_ref().map(|own| own.value);
                let hits = own.unwrap_or(hits);
                let mut check = engine.check(&request.domain, alone, hits).await?;
                answer.statuses.push(status(&mut check));
                checks.push(check);
            }
        }
    }
    answer.overall_code = code(checks.iter().any(|check| check.limited));
    if headers {
        answer.response_headers_to_add = checks
            .iter_mut()
            .filter(|check| !check.counters.is_empty())
            .min_by_key(|check| remaining(check))
            .map(header_fields)
            .unwrap_or_default();
    }
    Ok(answer)
}

fn entries(descriptor: &RateLimitDescriptor) -> Descriptor {
    let entries = descriptor.entries.iter();
    entries
        .map(|entry| (entry.key.clone(), entry.value.clone()))
        .collect()
}

fn code(limited: bool) -> i32 {
    if limited { Code::OverLimit } else { Code::Ok }.into()
}

fn remaining(check: &CheckResult) -> u64 {
    let counters = check.counters.iter();
    let least = counters.filter_map(limitador::counter::Counter::remaining);
    least.min().unwrap_or(u64::MAX)
}

/// Returns the `X-RateLimit-*` fields of the counter that has least left, sorted by name like
/// Limitador's.
fn header_fields(check: &mut CheckResult) -> Vec<HeaderValue> {
    let mut fields: Vec<_> = check
        .response_header()
        .into_iter()
        .map(|(key, value)| HeaderValue {
            key,
            value,
            ..HeaderValue::default()
        })
        .collect();
    fields.sort_by(|one, other| one.key.cmp(&other.key));
    fields
}

/// Returns the state of the counter that has least left.
fn status(check: &mut CheckResult) -> DescriptorStatus {
    let mut status = DescriptorStatus {
        code: code(check.limited),
        ..DescriptorStatus::default()
    };
    let least = check
        .counters
        .iter()
        .min_by_key(|counter| counter.remaining());
    if let Some(counter) = least {
        let narrow = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        status.current_limit = Some(RateLimit {
            name: counter.limit().name().unwrap_or_default().to_owned(),
            requests_per_unit: narrow(counter.max_value()),
            unit: unit(counter.window().as_secs()).into(),
        });
        status.limit_remaining = narrow(counter.remaining().unwrap_or_default());
        status.duration_until_reset = counter.expires_in().map(|left| Duration {
            seconds: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            nanos: i32::try_from(left.subsec_nanos()).unwrap_or_default(),
        });
    }
    status
}

/// The protocol has no other windows.
fn unit(seconds: u64) -> Unit {
    match seconds {
        1 => Unit::Second,
        60 => Unit::Minute,
        3_600 => Unit::Hour,
        86_400 => Unit::Day,
        _ => Unit::Unknown,
    }
}
