//! Replies to refused requests.

use crate::fields::Fields;
use crate::reason::Reason;
use filter_kit::reply::{Body, GrpcStatus, LocalReply, ReplyTemplate};
use filter_kit::request::Request;
use filter_kit::template::Values;
use filter_kit::values::HeaderName;

/// The variable of reply templates that contains the limit's name.
pub(crate) const LIMIT_NAME: &str = "limit.name";

/// The variable of reply templates that contains the seconds to wait.
pub(crate) const RETRY_AFTER: &str = "limit.retry_after";

/// All variables of reply templates.
pub(crate) const VARIABLES: &[&str] = &[LIMIT_NAME, RETRY_AFTER];

/// What the rate limit service adds to a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Extra {
    /// Headers.
    pub headers: Vec<(HeaderName, Vec<u8>)>,
    /// The body, if not empty.
    pub body: Vec<u8>,
}

/// Creates the reply to a request that is refused by the limit with this name. `fields` are those
/// of the limits that counted it.
#[must_use]
pub(crate) fn reply(
    reason: &Reason,
    name: &str,
    fields: &Fields<'_>,
    extra: Extra,
    template: &ReplyTemplate,
    request: &Request,
) -> LocalReply {
    let details = reason.details();
    let mut reply = match reason {
        Reason::AmbiguousPath => return LocalReply::ambiguous_path(),
        Reason::MalformedHost => return LocalReply::malformed_host(),
        Reason::MissingKey => LocalReply::new(
            400,
            GrpcStatus::InvalidArgument,
            format!("{details}{{{name}}}"),
            "The request lacks what its limit counts by.",
        ),
        Reason::RepeatedKey => LocalReply::new(
            400,
            GrpcStatus::InvalidArgument,
            format!("{details}{{{name}}}"),
            "The request repeats what its limit counts by, with too many values.",
        ),
        Reason::ServiceUnavailable => LocalReply::new(
            503,
            GrpcStatus::Unavailable,
            details,
            "The request could not be counted. Try again.",
        ),
        Reason::UsedUp { .. }
        | Reason::Contended
        | Reason::TooCostly
        | Reason::NoneAllowed
        | Reason::TooManyAtOnce
        | Reason::Crowded => LocalReply::new(
            429,
            GrpcStatus::ResourceExhausted,
            format!("{details}{{{name}}}"),
            sentence(reason),
        ),
    };
    if !extra.body.is_empty() {
        reply.body = Body::Raw(extra.body);
    }
    for (name, value) in fields.iter() {
        let is_given = extra
            .headers
            .iter()
            .any(|(other, _)| other.as_str() == name);
        if let Ok(field) = HeaderName::new(name)
            && !is_given
        {
            reply.headers.push((field, value.to_vec()));
        }
    }
    reply.headers.extend(extra.headers);
    let wait = reason.retry_after().map(|seconds| seconds.to_string());
    if let (Some(wait), Ok(name)) = (&wait, HeaderName::new("retry-after")) {
        reply.headers.retain(|(other, _)| *other != name);
        reply.headers.push((name, wait.clone().into_bytes()));
    }
    if reply.status == 429 {
        // As Envoy's own filters do. Without it, another Envoy in front of this one would retry a
        // refused request
        // (https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-ratelimited).
        let ratelimited = HeaderName::from_static("x-envoy-ratelimited");
        reply.headers.retain(|(other, _)| *other != ratelimited);
        reply.headers.push((ratelimited, b"true".to_vec()));
        let (name, wait) = (
            (LIMIT_NAME, name.as_bytes()),
            wait.as_ref().map(|wait| (RETRY_AFTER, wait.as_bytes())),
        );
        let variables: Vec<_> = [Some(name), wait].into_iter().flatten().collect();
        let values = Values {
            request: Some(request),
            extra: &variables,
            ..Values::default()
        };
        template.apply(&mut reply, &values);
    }
    reply
}

fn sentence(reason: &Reason) -> String {
    match (reason, reason.retry_after().unwrap_or(1)) {
        (Reason::TooCostly, _) => {
            "The request costs more than its limit ever lets through.".to_owned()
        }
        (Reason::NoneAllowed, _) => "No requests are allowed.".to_owned(),
        (Reason::TooManyAtOnce, _) => {
            "Too many requests at the same time. Try again in a second.".to_owned()
        }
        (_, 1) => "Too many requests. Try again in a second.".to_owned(),
        (_, seconds) => format!("Too many requests. Try again in {seconds} seconds."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::{FieldStyle, Label, Standing};
    use crate::quota::Left;
    use filter_kit::reply::RawReply;
    use filter_kit::template::Scope;
    use filter_kit::testing::request;
    use std::time::Duration;

    fn answer(reason: Reason, extra: Extra, config: &str) -> LocalReply {
        let raw: RawReply = serde_json::from_str(config).unwrap();
        let scope = Scope {
            extra: VARIABLES,
            ..Scope::default()
        };
        let template = raw.build(scope, &Default::default()).unwrap();
        let standing = Standing::new(
            0,
            Left {
                remaining: 0,
                reset: Duration::ZERO,
            },
        );
        let label = Label::new("x", &crate::allowance::Allowance::OfService);
        let fields = Fields::new(
            FieldStyle::Draft,
            &[standing],
            None,
            |_| Some(&label),
            Vec::new(),
        );
        let request = request("GET", "/").build();
        reply(&reason, "per-client", &fields, extra, &template, &request)
    }

    fn header<'r>(reply: &'r LocalReply, name: &str) -> Option<&'r str> {
        let mut all = reply.headers.iter().filter(|(n, _)| n.as_str() == name);
        let value = all.next().map(|(_, v)| std::str::from_utf8(v).unwrap());
        assert!(all.next().is_none(), "{name} is repeated");
        value
    }

    #[test]
    fn each_reason_has_its_status_details_and_wait() {
        for (reason, status, details, wait) in [
            (
                Reason::UsedUp { retry_after: 12 },
                429,
                "rate_limited{per-client}",
                Some("12"),
            ),
            (Reason::TooCostly, 429, "rate_limited{per-client}", None),
            (Reason::NoneAllowed, 429, "rate_limited{per-client}", None),
            (
                Reason::TooManyAtOnce,
                429,
                "rate_limit_concurrent{per-client}",
                Some("1"),
            ),
            (
                Reason::Crowded,
                429,
                "rate_limit_concurrent{per-client}",
                Some("1"),
            ),
            (
                Reason::Contended,
                429,
                "rate_limited{per-client}",
                Some("1"),
            ),
            (
                Reason::MissingKey,
                400,
                "rate_limit_missing_key{per-client}",
                None,
            ),
            (
                Reason::RepeatedKey,
                400,
                "rate_limit_repeated_key{per-client}",
                None,
            ),
            (
                Reason::ServiceUnavailable,
                503,
                "rate_limit_service_unavailable",
                Some("1"),
            ),
        ] {
            let reply = answer(reason.clone(), Extra::default(), "{}");
            assert_eq!(reply.status, status, "{reason:?}");
            assert_eq!(reply.details, details, "{reason:?}");
            assert_eq!(header(&reply, "retry-after"), wait, "{reason:?}");
            let ratelimited = (status == 429).then_some("true");
            assert_eq!(header(&reply, "x-envoy-ratelimited"), ratelimited);
            let field = header(&reply, "ratelimit");
            assert_eq!(field, Some("\"x\";r=0;t=0"), "{reason:?}");
        }
        for reason in [Reason::AmbiguousPath, Reason::MalformedHost] {
            let details = reason.details();
            let reply = answer(reason, Extra::default(), "{}");
            assert_eq!((reply.status, reply.details.as_str()), (400, details));
            assert!(reply.headers.is_empty(), "no limit refused it");
        }
    }

    #[test]
    fn the_configuration_has_the_last_word_on_429_and_none_on_others() {
        let extra = || Extra {
            headers: vec![(HeaderName::new("x-service").unwrap(), b"1".to_vec())],
            body: b"from the service".to_vec(),
        };
        let used_up = || Reason::UsedUp { retry_after: 3 };
        let plain = answer(used_up(), extra(), "{}");
        assert_eq!(plain.body, Body::Raw(b"from the service".to_vec()));
        assert_eq!(header(&plain, "x-service"), Some("1"));
        let config = r#"{"status": 420, "body": "${limit.name} ${limit.retry_after}",
            "headers": [{"name": "x-why", "value": "${limit.name}"}]}"#;
        let set = answer(used_up(), extra(), config);
        assert_eq!(set.status, 420);
        assert_eq!(set.body, Body::Raw(b"per-client 3".to_vec()));
        assert_eq!(header(&set, "x-why"), Some("per-client"));
        let other = answer(Reason::ServiceUnavailable, Extra::default(), config);
        assert_eq!((other.status, header(&other, "x-why")), (503, None));
    }
}
