//! Requests that wait for the keys of a server.

use filter_kit::testing::{Answer, Run, request};
use jwt_auth::JwtAuth;
use serde_json::json;
use std::time::Duration;

use super::testing::{NOW, jwk, jwks, sign};
use super::{configuration, details, good, host, to_admin, values};

#[test]
fn a_request_waits_for_its_keys_with_its_body() {
    let host = host();
    let remote = json!({"remote": {"cluster": "idp", "uri": "https://idp.example/jwks.json"}});
    let mut run = Run::<JwtAuth>::start(&host, &configuration(&remote, "")).unwrap();
    let (mut exchange, answer) = run.request(&to_admin(&good()));
    assert_eq!(answer, Answer::Waits);
    assert!(!exchange.body(), "the body waits too");
    run.tick();
    let call = host.take_calls().pop().unwrap();
    assert_eq!(
        (call.upstream.as_str(), call.path.as_str()),
        ("idp", "/jwks.json")
    );
    run.answer_http(call.token, Some((200, jwks().to_string().as_bytes())));
    assert_eq!(values(&exchange.now(), "x-jwt-sub"), ["alice"]);
    assert!(exchange.body());
    let forged = good().replace("Bearer ey", "Bearer ez");
    let (_, answer) = run.request(&to_admin(&forged));
    assert_eq!(details(&answer), "jwt_malformed");
}

#[test]
fn without_keys_a_request_is_refused_when_its_time_is_up() {
    let host = host();
    let remote = json!({"remote": {"cluster": "idp", "uri": "https://idp.example/jwks.json", "timeout": "2s"}});
    let mut run = Run::<JwtAuth>::start(&host, &configuration(&remote, "")).unwrap();
    let (exchange, answer) = run.request(&to_admin(&good()));
    assert_eq!(answer, Answer::Waits);
    host.set_now(Duration::from_secs(NOW + 3));
    run.tick();
    assert_eq!(details(&exchange.now()), "jwt_keys_unavailable");
}

#[test]
fn only_so_many_requests_wait_and_the_next_one_is_refused() {
    let host = host();
    for (round, most) in (1..).zip([0, 1, 3]) {
        let remote = json!({"remote": {"cluster": "idp", "uri": "https://idp.example/jwks.json"}});
        let more = format!(r#", "max_waiting_requests": {most}"#);
        let mut run = Run::<JwtAuth>::start(&host, &configuration(&remote, &more)).unwrap();
        let mut waiting = Vec::new();
        for _ in 0..most {
            let (exchange, answer) = run.request(&to_admin(&good()));
            assert_eq!(answer, Answer::Waits);
            waiting.push(exchange);
        }
        let (_, answer) = run.request(&to_admin(&good()));
        assert_eq!(details(&answer), "jwt_keys_unavailable", "{most}");
        assert_eq!(host.counter("jwt_auth.waiting.full_total"), Some(round));
    }
}

#[test]
fn the_keys_of_one_server_are_not_those_of_another() {
    let host = host();
    let provider = |name: &str| json!({"keys": {"remote": {"cluster": name, "uri": format!("https://{name}.example/")}}});
    let rule = |name: &str| json!({"match": {"paths": [{"exact": format!("/{name}")}]}, "require": {"provider": {"name": name}}});
    let configuration = json!({
        "providers": {"a": provider("a"), "b": provider("b")},
        "rules": [rule("a"), rule("b")],
    });
    let mut run = Run::<JwtAuth>::start(&host, &configuration.to_string()).unwrap();
    let kids = [("a", "ES256", "test-es256"), ("b", "RS256", "test-rs256")];
    let bearer = |algorithm: &str, kid: &str| {
        let header = format!(r#"{{"alg":"{algorithm}","kid":"{kid}"}}"#);
        format!(
            "Bearer {}",
            sign(algorithm, &header, r#"{"exp":1800000000}"#)
        )
    };
    let ask = |run: &mut Run<JwtAuth>, path: &str, bearer: &str| {
        let request = request("GET", path).header("authorization", bearer);
        run.request(&request.pairs())
    };
    let [es256, rs256] = kids.map(|(_, algorithm, kid)| bearer(algorithm, kid));
    let waiting = [("/a", &es256), ("/b", &rs256)].map(|(path, token)| {
        let (exchange, answer) = ask(&mut run, path, token);
        assert_eq!(answer, Answer::Waits, "{path}");
        exchange
    });
    run.tick();
    let calls = host.take_calls();
    assert_eq!(calls.len(), 2);
    for call in calls {
        let of_server = kids.iter().find(|(name, ..)| *name == call.upstream);
        let set = json!({"keys": [jwk(of_server.unwrap().2)]}).to_string();
        run.answer_http(call.token, Some((200, set.as_bytes())));
    }
    for exchange in &waiting {
        assert_eq!(details(&exchange.now()), "continued");
    }
    // Another worker takes them from shared data.
    let other = Run::<JwtAuth>::start(&host, &configuration.to_string()).unwrap();
    for mut worker in [run, other] {
        worker.tick();
        for (path, token, passes) in [
            ("/a", &es256, true),
            ("/b", &rs256, true),
            ("/a", &rs256, false),
            ("/b", &es256, false),
        ] {
            let (_, answer) = ask(&mut worker, path, token);
            assert_eq!(details(&answer) == "continued", passes, "{path}");
        }
    }
}
