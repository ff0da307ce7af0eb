//! The rate limit service of the harness, as a gRPC client sees it.

use std::time::{Duration, Instant};

use e2e::{
    RateLimitService,
    rate_limit_service::{
        Dialect,
        proto::{
            Code, Entry, HeaderValue, RateLimitDescriptor, RateLimitRequest, RateLimitResponse,
            RateLimitServiceClient, Status, UInt64Value,
            rate_limit_response::{Code as Answer, rate_limit::Unit},
        },
    },
};
use tokio::runtime::Runtime;

/// Three for each client, five for each tier.
const LIMITS: &str = r"
- {namespace: edge, name: per-client, max_value: 3, seconds: 60, conditions: [], variables: ['descriptors[0].remote_address']}
- {namespace: edge, name: per-tier, max_value: 5, seconds: 3600,
   conditions: ['size(descriptors) > 1'], variables: ['descriptors[1].tier']}
";

const OK: i32 = Answer::Ok as i32;
const OVER_LIMIT: i32 = Answer::OverLimit as i32;

/// Creates a call with these descriptors, each with at most one entry.
fn call(domain: &str, entries: &[(&str, &str)]) -> RateLimitRequest {
    let descriptor = |(key, value): &(&str, &str)| RateLimitDescriptor {
        entries: vec![Entry {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
        }],
        ..RateLimitDescriptor::default()
    };
    RateLimitRequest {
        domain: domain.to_owned(),
        descriptors: entries.iter().map(descriptor).collect(),
        hits_addend: 0,
    }
}

/// Makes a call like any gRPC client, over its own connection.
fn ask(service: &RateLimitService, call: RateLimitRequest) -> Result<RateLimitResponse, Status> {
    let url = format!("http://{}", service.address());
    Runtime::new().unwrap().block_on(async {
        let mut client = RateLimitServiceClient::connect(url)
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        Ok(client.should_rate_limit(call).await?.into_inner())
    })
}

fn code(service: &RateLimitService, call: RateLimitRequest) -> i32 {
    ask(service, call).unwrap().overall_code
}

#[test]
fn each_client_has_its_own_budget() {
    let service = RateLimitService::with_limits(LIMITS).unwrap();
    for (client, expected) in [
        ("10.0.0.1", OK),
        ("10.0.0.1", OK),
        ("10.0.0.1", OK),
        ("10.0.0.1", OVER_LIMIT),
        ("10.0.0.2", OK),
        ("10.0.0.1", OVER_LIMIT),
    ] {
        let call = call("edge", &[("remote_address", client)]);
        assert_eq!(code(&service, call), expected, "{client}");
    }
    assert_eq!(service.count(), 6);
    let last = service.last_request().unwrap();
    assert_eq!(last.descriptors[0].entries[0].value, "10.0.0.1");
}

#[test]
fn a_call_that_no_limit_applies_to_is_ok_and_an_empty_domain_unknown() {
    let service = RateLimitService::with_limits(LIMITS).unwrap();
    for (domain, entries, expected) in [
        ("elsewhere", &[("remote_address", "a")][..], Answer::Ok),
        ("edge", &[("another_key", "a")], Answer::Ok),
        ("", &[("remote_address", "a")], Answer::Unknown),
    ] {
        let answer = ask(&service, call(domain, entries)).unwrap();
        let expected = RateLimitResponse {
            overall_code: expected.into(),
            ..RateLimitResponse::default()
        };
        assert_eq!(answer, expected, "{domain} {entries:?}");
    }
}

#[test]
fn a_call_is_charged_with_its_hits_to_all_limits_or_to_none() {
    let service = RateLimitService::with_limits(LIMITS).unwrap();
    let hits = |client: &str, hits_addend: u32| RateLimitRequest {
        hits_addend,
        ..call("edge", &[("remote_address", client), ("tier", "gold")])
    };
    for (client, hits_addend, expected) in [
        ("a", 4, OVER_LIMIT),
        ("a", 3, OK),
        ("a", 1, OVER_LIMIT),
        ("b", 3, OVER_LIMIT),
        ("b", 2, OK),
        ("c", 0, OVER_LIMIT),
    ] {
        let call = hits(client, hits_addend);
        assert_eq!(code(&service, call), expected, "{client} {hits_addend}");
    }
}

#[test]
fn only_the_other_dialect_counts_each_descriptor_by_its_own_hits_and_tells_its_status() {
    for (dialect, left) in [
        (Dialect::Limitador, vec![]),
        (Dialect::Envoyproxy, vec![1, 0]),
    ] {
        let service = RateLimitService::options()
            .limits(LIMITS)
            .headers()
            .dialect(dialect)
            .start()
            .unwrap();
        let mut call = call("edge", &[("remote_address", "a"), ("tier", "gold")]);
        call.hits_addend = 2;
        call.descriptors[1].hits_addend = Some(UInt64Value { value: 5 });
        let answer = ask(&service, call.clone()).unwrap();
        let remaining: Vec<_> = answer
            .statuses
            .iter()
            .map(|status| status.limit_remaining)
            .collect();
        assert_eq!((answer.overall_code, remaining), (OK, left), "{dialect:?}");
        let Some(status) = answer.statuses.first() else {
            continue;
        };
        let field = &answer.response_headers_to_add[1];
        assert_eq!((&*field.key, &*field.value), ("X-RateLimit-Remaining", "0"));
        let limit = status.current_limit.clone().unwrap();
        assert_eq!(
            (&*limit.name, limit.requests_per_unit, limit.unit()),
            ("per-client", 3, Unit::Minute)
        );
        let reset = status.duration_until_reset.unwrap().seconds;
        assert!((55..=60).contains(&reset), "{reset}");
        call.descriptors[1].hits_addend = Some(UInt64Value { value: 0 });
        let answer = ask(&service, call).unwrap();
        let codes: Vec<_> = answer.statuses.iter().map(|status| status.code).collect();
        assert_eq!(
            (answer.overall_code, codes),
            (OVER_LIMIT, vec![OVER_LIMIT, OK])
        );
    }
}

#[test]
fn headers_are_those_of_the_limit_that_has_least_left() {
    let service = RateLimitService::options()
        .limits(LIMITS)
        .headers()
        .start()
        .unwrap();
    let answer = ask(
        &service,
        call("edge", &[("remote_address", "a"), ("tier", "gold")]),
    )
    .unwrap();
    let fields: Vec<_> = answer
        .response_headers_to_add
        .iter()
        .map(|field| (&*field.key, &*field.value))
        .collect();
    let [limit, remaining, (reset, seconds)] = fields[..] else {
        panic!("{fields:?}");
    };
    let all = "3, 3;w=60;name=\"per-client\", 5;w=3600;name=\"per-tier\"";
    assert_eq!(limit, ("X-RateLimit-Limit", all));
    assert_eq!(remaining, ("X-RateLimit-Remaining", "2"));
    let seconds: u32 = seconds.parse().unwrap();
    assert!(reset == "X-RateLimit-Reset" && (55..=60).contains(&seconds));
}

#[test]
fn the_limits_of_the_samples_count_what_they_say() {
    let service = RateLimitService::options().start().unwrap();
    for (entries, max_value) in [
        (&[("remote_address", "10.0.0.1")][..], 5),
        (&[("x-api-key", "k")], 20),
        (&[("generic_key", "login")], 10),
        (&[("other", "-"), ("generic_key", "login")], 10),
    ] {
        let ok = (0..25).filter(|_| code(&service, call("edge", entries)) == OK);
        assert_eq!(ok.count(), max_value, "{entries:?}");
    }
}

#[test]
fn a_window_ends() {
    let service = RateLimitService::with_limits(
        "[{namespace: edge, max_value: 1, seconds: 1, conditions: [], variables: []}]",
    )
    .unwrap();
    let call = || call("edge", &[("any", "thing")]);
    // Within the first second nothing is available again. The harness may be slow, but not the
    // service.
    let start = Instant::now();
    assert_eq!(code(&service, call()), OK);
    let second = code(&service, call());
    assert!(second == OVER_LIMIT || start.elapsed() >= Duration::from_secs(1));
    e2e::wait::until("a new window", Duration::from_secs(10), || {
        code(&service, call()) == OK
    });
}

#[test]
fn an_expression_that_does_not_fit_is_an_error_and_not_the_end() {
    let service = RateLimitService::with_limits(
        r#"[{namespace: edge, max_value: 1, seconds: 60, conditions: ["descriptors[1].a == 'b'"], variables: []}]"#,
    )
    .unwrap();
    let error = ask(&service, call("edge", &[("a", "b")])).unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.message().contains("does not fit"), "{error}");
    let two = call("edge", &[("a", "b"), ("a", "b")]);
    assert_eq!(code(&service, two), OK);
}

#[test]
fn it_misbehaves_as_told() {
    let service = RateLimitService::with_limits(LIMITS).unwrap();
    let call = || call("edge", &[("remote_address", "a")]);
    service.fail_with(Code::ResourceExhausted);
    let error = ask(&service, call()).unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);

    service.behave();
    service.delay(Duration::from_millis(300));
    let start = Instant::now();
    assert_eq!(code(&service, call()), OK);
    assert!(start.elapsed() >= Duration::from_millis(300));

    service.behave();
    service.edit(|answer| {
        answer.overall_code = 99;
        answer.raw_body = vec![b'x'; 1 << 20];
        answer.request_headers_to_add.push(HeaderValue {
            key: "x-tenant".to_owned(),
            value: "t".to_owned(),
            ..HeaderValue::default()
        });
    });
    let answer = ask(&service, call()).unwrap();
    assert_eq!(
        (answer.overall_code, answer.raw_body.len()),
        (99, 1_048_576)
    );
    assert_eq!(answer.request_headers_to_add[0].key, "x-tenant");
    // The failed call was not charged, the other two were.
    service.behave();
    assert_eq!(code(&service, call()), OK);
    assert_eq!(code(&service, call()), OVER_LIMIT);
}

#[test]
fn a_stopped_service_is_unreachable_and_remembers_its_counters() {
    let mut service = RateLimitService::with_limits(LIMITS).unwrap();
    let call = || call("edge", &[("remote_address", "a")]);
    let port = service.port();
    assert_eq!(code(&service, call()), OK);
    service.stop();
    assert!(ask(&service, call()).is_err());
    service.start().unwrap();
    assert_eq!(service.port(), port);
    let codes = [(); 3].map(|()| code(&service, call()));
    assert_eq!((codes, service.count()), ([OK, OK, OVER_LIMIT], 4));
}
