//! The whole chain on a scripted host: requests in, edits and replies out, compared with separate
//! filters in the same order.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed assumption is a failed test"
)]

use chain::Chain;
use filter_kit::testing::{Answer, Exchange, Run, ScriptedHost, request};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use std::time::Duration;
use test_tokens::Token;

const NOW: u64 = 1_700_000_000;
const SECRET: &str = "a secret that only this test knows, of 32 bytes and more";

fn cors() -> Value {
    json!({"cors": {"policies": [{"allow_origins": ["https://app.example.com"]}]}})
}

fn jwt(more: Value) -> Value {
    let mut provider = json!({
        "keys": {"secret": {"value": SECRET, "algorithm": "HS256"}},
        "claims_to_headers": [{"claim": "sub", "header": "x-jwt-sub"}],
    });
    merge(&mut provider, more);
    json!({"jwt-auth": {"providers": {"corp": provider}}})
}

fn merge(value: &mut Value, more: Value) {
    let Value::Object(more) = more else { return };
    value.as_object_mut().unwrap().extend(more);
}

fn limit(key: Value, requests: u32) -> Value {
    json!({"rate-limit": {"limits": [{"name": "all", "key": [key], "requests": requests, "per": "1h"}]}})
}

fn set(name: &str, value: &str) -> Value {
    json!({"header-rewrite": {"rules": [{"request": [{"set": {"name": name, "value": value}}]}]}})
}

fn start(items: &[Value]) -> (ScriptedHost, Run<Chain>) {
    let host = ScriptedHost::install();
    host.set_now(Duration::from_secs(NOW));
    host.set_property("source\0address", b"10.0.0.1:4711");
    let run = Run::start(&host, &json!({ "chain": items }).to_string()).unwrap();
    (host, run)
}

fn token(sub: &str) -> String {
    let claims = json!({"sub": sub, "exp": NOW + 600});
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let token = encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
    format!("Bearer {token}")
}

fn send(run: &mut Run<Chain>, headers: &[(&str, &str)]) -> (Exchange<Chain>, Answer) {
    let request = headers
        .iter()
        .fold(request("GET", "/"), |request, (name, value)| {
            request.header(name, *value)
        });
    run.request(&request.pairs())
}

fn values(headers: &[(Vec<u8>, Vec<u8>)], name: &str) -> Vec<String> {
    let named = headers.iter().filter(|(n, _)| n == name.as_bytes());
    let text = |(_, value): &(Vec<u8>, Vec<u8>)| String::from_utf8(value.clone()).unwrap();
    named.map(text).collect()
}

fn upstream(answer: &Answer, name: &str) -> Vec<String> {
    match answer {
        Answer::Continued(headers) => values(headers, name),
        other => panic!("{other:?}"),
    }
}

fn status(answer: &Answer) -> u16 {
    match answer {
        Answer::Replied(reply) => reply.status,
        Answer::Continued(_) => 200,
        Answer::Waits => 0,
    }
}

#[test]
fn an_item_sees_what_the_items_before_it_have_edited() {
    let (_, mut run) = start(&[
        jwt(json!({})),
        limit(json!({"header": "x-jwt-sub"}), 1),
        set("x-user", "user-${request.header.x-jwt-sub}"),
    ]);
    for (sub, forged, expected) in [
        ("alice", "bob", 200),
        ("bob", "carol", 200),
        ("alice", "dave", 429),
    ] {
        let token = token(sub);
        let (_, answer) = send(
            &mut run,
            &[("authorization", &token), ("x-jwt-sub", forged)],
        );
        assert_eq!(status(&answer), expected, "{sub}");
        if expected == 200 {
            assert_eq!(upstream(&answer, "x-jwt-sub"), [sub]);
            assert_eq!(upstream(&answer, "x-user"), [format!("user-{sub}")]);
            assert!(upstream(&answer, "authorization").is_empty());
        }
    }
}

#[test]
fn a_head_is_read_once_and_the_difference_written_once() {
    let (host, mut run) = start(&[
        jwt(json!({})),
        set("x-a", "1"),
        set("x-a", "2"),
        set("x-b", "${request.header.x-a}"),
    ]);
    let token = token("alice");
    let (_, answer) = send(&mut run, &[("authorization", &token), ("x-a", "0")]);
    assert_eq!(upstream(&answer, "x-b"), ["2"]);
    let calls = host.hostcalls();
    let count = |name: &str| calls.get(name).copied().unwrap_or(0);
    assert_eq!(count("get_header_map_pairs"), 1, "{calls:?}");
    let edits = count("replace_header_map_value") + count("remove_header_map_value");
    assert_eq!(edits, 4, "x-jwt-sub, x-a, x-b, authorization: {calls:?}");
}

#[test]
fn a_reply_passes_the_response_side_of_the_items_before_it() {
    let origin = ("origin", "https://app.example.com");
    for (items, has_cors) in [
        ([cors(), jwt(json!({}))], true),
        ([jwt(json!({})), cors()], false),
    ] {
        let (_, mut run) = start(&items);
        let (mut exchange, answer) = send(&mut run, &[origin]);
        let Answer::Replied(reply) = answer else {
            panic!("{answer:?}")
        };
        assert_eq!(reply.status, 401);
        let response = exchange.response(&[(":status", "401")]);
        let allowed = values(&response, "access-control-allow-origin");
        assert_eq!(!allowed.is_empty(), has_cors, "{items:?}");
    }
}

#[test]
fn responses_pass_the_items_in_reverse() {
    let response = |value: &str| {
        json!({"header-rewrite": {"rules": [{"response": [
            {"add": {"name": "x-order", "value": value}},
            {"replace": {"name": "x-seen", "regex": "^", "with": value}}]}]}})
    };
    let (_, mut run) = start(&[response("1"), response("2"), response("3")]);
    let (mut exchange, _) = send(&mut run, &[]);
    let response = exchange.response(&[(":status", "200"), ("x-seen", "")]);
    assert_eq!(values(&response, "x-order"), ["3", "2", "1"]);
    assert_eq!(values(&response, "x-seen"), ["123"]);
}

#[test]
fn a_response_may_come_without_its_request() {
    let (_, mut run) = start(&[cors(), set("x-a", "b")]);
    let (mut exchange, _) = send(&mut run, &[("origin", "https://app.example.com")]);
    let response = exchange.response(&[(":status", "200")]);
    assert!(!values(&response, "access-control-allow-origin").is_empty());
}

#[test]
fn a_request_that_waits_for_keys_keeps_its_edits_and_holds_the_items_behind() {
    let remote = json!({"keys": {"remote": {"cluster": "idp", "uri": "https://idp.example/jwks"}}});
    let (host, mut run) = start(&[
        set("x-before", "1"),
        jwt(remote),
        limit(json!({"client_ip": {}}), 1),
        set("x-behind", "2"),
    ]);
    let token = Token::new("ES256").bearer();
    let (mut exchange, answer) = send(&mut run, &[("authorization", &token)]);
    assert_eq!(answer, Answer::Waits);
    assert!(!exchange.body(), "the body waits too");
    assert_eq!(host.counter("rate_limit.passed.all_total"), Some(0));
    run.tick();
    let call = host.take_calls().pop().unwrap();
    assert_eq!(call.upstream, "idp");
    run.answer_http(call.token, None);
    host.set_now(Duration::from_secs(NOW + 60));
    run.tick();
    assert_eq!(
        status(&exchange.now()),
        503,
        "no keys: refused, never let through"
    );
    assert_eq!(host.counter("jwt_auth.waiting.begun_total"), Some(1));
    assert_eq!(host.counter("rate_limit.passed.all_total"), Some(0));
}

#[test]
fn report_mode_is_each_items_own() {
    let report = |mut item: Value| {
        let inner = item.as_object_mut().unwrap().values_mut().next().unwrap();
        merge(inner, json!({"mode": "report"}));
        item
    };
    let (host, mut run) = start(&[
        set("x-first", "1"),
        report(jwt(json!({}))),
        report(set("x-reported", "2")),
        set("x-last", "3"),
    ]);
    let (mut exchange, answer) = send(&mut run, &[]);
    assert_eq!(upstream(&answer, "x-first"), ["1"]);
    assert!(upstream(&answer, "x-reported").is_empty());
    assert_eq!(upstream(&answer, "x-last"), ["3"]);
    assert_eq!(host.counter("jwt_auth.reported.missing_total"), Some(1));
    exchange.response(&[(":status", "200")]);

    let host = ScriptedHost::install();
    let all = json!({"mode": "report", "chain": [jwt(json!({})), limit(json!({"client_ip": {}}), 1), set("x-a", "b")]});
    let mut run = Run::<Chain>::start(&host, &all.to_string()).unwrap();
    for _ in 0..3 {
        let (_, answer) = send(&mut run, &[]);
        assert_eq!(status(&answer), 200);
        assert!(upstream(&answer, "x-a").is_empty());
    }
}

#[test]
fn the_same_filter_twice_counts_apart() {
    let limits = || limit(json!({"client_ip": {}}), 2);
    let (_, mut run) = start(&[limits(), limits()]);
    let statuses: Vec<u16> = (0..3).map(|_| status(&send(&mut run, &[]).1)).collect();
    assert_eq!(statuses, [200, 200, 429]);
}

#[test]
fn requests_that_wait_go_on_with_the_items_behind_when_the_keys_arrive() {
    let remote = json!({"keys": {"remote": {"cluster": "idp", "uri": "https://idp.example/jwks"}}});
    let (host, mut run) = start(&[set("x-before", "1"), jwt(remote), set("x-behind", "2")]);
    let token = Token::new("ES256").bearer();
    let waiting = [(); 3].map(|()| {
        let (exchange, answer) = send(&mut run, &[("authorization", &token)]);
        assert_eq!(answer, Answer::Waits);
        exchange
    });
    assert!(host.tick().is_some());
    run.tick();
    let call = host.take_calls().pop().unwrap();
    let keys = include_bytes!("../../../tests/keys/jwks.json");
    run.answer_http(call.token, Some((200, keys)));
    assert!(host.tick().unwrap() > Duration::from_millis(10));
    for exchange in &waiting {
        assert_eq!(status(&exchange.now()), 200);
    }
    let (_, answer) = send(&mut run, &[("authorization", &token)]);
    assert_eq!(upstream(&answer, "x-before"), ["1"]);
    assert_eq!(upstream(&answer, "x-behind"), ["2"]);
}

#[test]
fn trailers_pass_every_item() {
    let (_, mut run) = start(&[cors(), jwt(json!({})), set("x-a", "b")]);
    let request = request("GET", "/").header("authorization", token("alice"));
    let (mut exchange, _) = run.head(&request.pairs(), true);
    let left = exchange.trailers(&[("x-jwt-sub", "root"), ("grpc-status", "0")]);
    assert_eq!(left, [(b"grpc-status".to_vec(), b"0".to_vec())]);
}

#[test]
fn an_item_sees_what_the_items_behind_it_wrote_to_the_response() {
    let copy = "${response.header.access-control-allow-origin} ${response.header.vary}";
    let copies = json!({"header-rewrite": {"rules": [{"response": [{"set": {"name": "x-copy", "value": copy}}]}]}});
    let (_, mut run) = start(&[copies, cors()]);
    let (mut exchange, _) = send(&mut run, &[("origin", "https://app.example.com")]);
    let response = exchange.response(&[(":status", "200")]);
    assert_eq!(
        values(&response, "x-copy"),
        ["https://app.example.com Origin"]
    );
}
