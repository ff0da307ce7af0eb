//! With a rate limit service.

use super::*;
use crate::service::proto::{
    DescriptorStatus, HeaderValue, OK, OVER_LIMIT, RateLimitRequest, RateLimitResponse,
};
use prost::Message;

fn config(on_error: &str) -> String {
    format!(
        r#"{{"limits": [{{"name": "here", "match": {{"paths": [{{"prefix": "/here"}}]}}, "requests": 1, "per": "1h"}},
            {{"name": "fleet", "scope": "service", "key": [{{"header": "x-user"}}], "requests": 1, "per": "1h"}}],
            "service": {{"cluster": "rls", "domain": "edge", "on_error": "{on_error}"}}}}"#
    )
}

fn header(key: &str, value: &str) -> HeaderValue {
    HeaderValue {
        key: key.into(),
        value: value.into(),
        raw_value: vec![],
    }
}

fn answer(code: i32) -> Vec<u8> {
    RateLimitResponse {
        overall_code: code,
        statuses: vec![DescriptorStatus {
            code,
            ..DescriptorStatus::default()
        }],
        response_headers_to_add: vec![header("x-service", "yes")],
        request_headers_to_add: vec![header("x-tier", "gold")],
        raw_body: b"from the service".to_vec(),
    }
    .encode_to_vec()
}

fn alice() -> RequestBuilder {
    request("POST", "/").header("x-user", "alice")
}

#[test]
fn a_request_waits_with_its_body_for_the_answer_that_lets_it_pass() {
    let host = ScriptedHost::install();
    let mut run = start(&host, &config("refuse"));
    let (mut exchange, waits) = send(&mut run, alice());
    assert_eq!(waits, Answer::Waits);
    assert!(!exchange.body());
    let call = host.take_calls().pop().unwrap();
    assert_eq!(
        call.path,
        "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit"
    );
    assert_eq!(call.timeout, std::time::Duration::from_millis(20));
    let asked = RateLimitRequest::decode(call.message.as_slice()).unwrap();
    assert_eq!(asked.domain, "edge");
    assert_eq!(asked.descriptors[0].entries[0].value, "alice");
    let Answer::Continued(headers) = exchange.answer_grpc(call.token, Some(&answer(OK))) else {
        panic!("it goes on")
    };
    assert!(exchange.body());
    assert_eq!(values(&headers, "x-tier"), ["gold"]);
    let response = exchange.response(&[(":status", "200"), ("x-service", "upstream")]);
    assert_eq!(values(&response, "x-service"), ["upstream", "yes"]);
    assert_eq!(host.counter("rate_limit.service.ok_total"), Some(1));
    assert_eq!(host.counter("rate_limit.passed.fleet_total"), Some(1));
}

#[test]
fn an_answer_that_a_limit_is_used_up_refuses_in_the_words_of_the_service() {
    let host = ScriptedHost::install();
    let mut run = start(&host, &config("allow"));
    let (mut exchange, _) = send(&mut run, alice());
    let call = host.take_calls().pop().unwrap();
    let refused = reply(exchange.answer_grpc(call.token, Some(&answer(OVER_LIMIT))));
    assert!(!exchange.body());
    assert_eq!(refused.status, 429);
    assert_eq!(refused.details, "rate_limited{fleet}");
    assert_eq!(refused.body, b"from the service");
    assert_eq!(values(&refused.headers, "x-service"), ["yes"]);
    assert_eq!(values(&refused.headers, "retry-after"), ["1"]);
    let response = exchange.response(&refused.headers);
    assert_eq!(response, refused.headers, "nothing is added twice");
    assert_eq!(host.counter("rate_limit.service.over_limit_total"), Some(1));
    assert_eq!(host.counter("rate_limit.refused.fleet_total"), Some(1));
}

#[test]
fn without_an_answer_on_error_decides() {
    let host = ScriptedHost::install();
    let mut errors = 0;
    for (on_error, statuses) in [
        ("allow", [200, 200]),
        ("refuse", [503, 503]),
        ("process", [200, 429]),
    ] {
        let mut run = start(&host, &config(on_error));
        for (no_answer, expected) in [None, Some(&b"<html>"[..])].into_iter().zip(statuses) {
            let (mut exchange, _) = send(&mut run, alice());
            let call = host.take_calls().pop().unwrap();
            let status = match exchange.answer_grpc(call.token, no_answer) {
                Answer::Continued(_) => 200,
                other => reply(other).status,
            };
            assert_eq!(status, expected, "{on_error}");
            assert_eq!(exchange.body(), expected == 200, "{on_error}");
            errors += 1;
            let counted = host.counter("rate_limit.service.error_total");
            assert_eq!(counted, Some(errors), "{on_error}");
        }
    }
}

#[test]
fn a_limit_of_this_process_that_refuses_spares_the_call() {
    let host = ScriptedHost::install();
    let mut run = start(&host, &config("allow"));
    let here = || request("GET", "/here").header("x-user", "alice");
    assert_eq!(send(&mut run, here()).1, Answer::Waits);
    assert_eq!(host.take_calls().len(), 1);
    assert_eq!(reply(send(&mut run, here()).1).status, 429);
    assert_eq!(host.take_calls(), []);
}
