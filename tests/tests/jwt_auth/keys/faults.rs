//! Key servers that fail: down, slow, hostile, missing.

use super::*;
use std::io::{Read, Write};
use std::net::TcpListener;

#[test]
fn a_server_that_is_down_at_the_start_is_503_and_service_begins_within_two_seconds_of_its_return() {
    let mut idp = KeyServer::new(keys(&["test-es256"]));
    idp.upstream.stop();
    let envoy = filter(idp.upstream.port(), "").concurrency(4).start();
    wait::until("a fetch fails", SOON, || {
        stat(&envoy, "fetch.failed.status") > 0
    });
    let start = Instant::now();
    for answer in together(40, |_| get(&envoy, &old())) {
        assert_eq!(answer.status, 503);
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.header("www-authenticate"), None);
    }
    passed(start, SECOND * 3);
    let failed = stat(&envoy, "fetch.failed.status");
    let most = 6 + 2 * start.elapsed().as_secs();
    assert!(
        (3..=most).contains(&failed),
        "pauses between the fetches: {failed}"
    );
    idp.upstream.start().unwrap();
    let back = Instant::now();
    wait::until("service", SECOND * 2, || get(&envoy, &old()).status == 200);
    assert!(back.elapsed() < SECOND * 2);
    let answers = together(40, |_| get(&envoy, &old()));
    assert_eq!((statuses(&answers), idp.fetches()), (vec![200], 1));
}

#[test]
fn old_keys_serve_while_the_server_is_down_until_they_are_too_old() {
    let mut idp = KeyServer::new(keys(&["test-es256"]));
    let options = r#", "refresh": "1s", "stale_for": "8s""#;
    let envoy = filter(idp.upstream.port(), options).concurrency(4).start();
    until_fetched(&envoy);
    wait::until("the keys are kept fresh", SOON, || idp.fetches() >= 3);
    idp.upstream.stop();
    let down = Instant::now();
    while down.elapsed() < SECOND * 2 {
        assert_eq!(statuses(&together(8, |_| get(&envoy, &old()))), [200]);
    }
    assert!(stat(&envoy, "fetch.failed.status") > 0);
    wait::until("the keys are too old", SOON * 2, || {
        get(&envoy, &old()).status == 503
    });
    assert!(down.elapsed() > SECOND * 6);
    let answers = together(20, |_| get(&envoy, &old()));
    assert_eq!(
        statuses(&answers),
        [503],
        "cached tokens too, on all workers"
    );
    assert_eq!(answers[0].header("retry-after"), Some("1"));
    idp.upstream.start().unwrap();
    wait::until("service", SECOND * 2, || get(&envoy, &old()).status == 200);
    assert_eq!(statuses(&together(20, |_| get(&envoy, &old()))), [200]);
}

#[test]
fn an_answer_that_is_no_good_is_counted_and_the_old_keys_stay() {
    let idp = KeyServer::new(keys(&["test-es256"]));
    let options = r#", "refresh": "1s", "timeout": "500ms""#;
    let envoy = filter(idp.upstream.port(), options).concurrency(2).start();
    until_fetched(&envoy);
    let truncated = {
        let mut reply = keys(&["test-es256"]);
        reply.body.truncate(100);
        reply
    };
    let secret = r#"{"keys": [{"kty": "oct", "kid": "test-es256", "alg": "HS256", "k": "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3I"}]}"#;
    for (what, answer, reason) in [
        (
            "HTML",
            Reply::new(200).body("<html><body>Hi</body></html>"),
            "malformed",
        ),
        ("cut off", truncated, "malformed"),
        ("nothing", Reply::new(200), "malformed"),
        ("5 MiB", Reply::json(" ".repeat(5 << 20)), "too_large"),
        (
            "a redirect",
            Reply::new(302).header("location", "https://idp.example/other"),
            "status",
        ),
        ("an error", keys(&["test-rs256"]).status(500), "status"),
        ("no content", Reply::new(204), "status"),
        ("too late", keys(&["test-rs256"]).delay(SECOND), "status"),
        ("cut", Reply::abort(), "status"),
        ("no keys", Reply::json(r#"{"keys": []}"#), "no_usable_key"),
        ("a secret", Reply::json(secret), "no_usable_key"),
        ("a list", Reply::json("[]"), "no_usable_key"),
    ] {
        let name = format!("fetch.failed.{reason}");
        let before = stat(&envoy, &name);
        idp.answers(answer);
        wait::until(what, SOON, || stat(&envoy, &name) > before);
        assert_eq!(
            statuses(&together(8, |_| get(&envoy, &old()))),
            [200],
            "{what}"
        );
    }
    // The refused answers had no effect.
    let mut forged = Token::new("HS256").header("kid", json!("test-es256"));
    forged.claims.remove("aud");
    let key = jsonwebtoken::EncodingKey::from_secret(b"secret secret secret secret secr");
    assert_eq!(
        get(&envoy, &forged.try_sign_with(&key).unwrap()).status,
        401
    );
    idp.answers(keys(&["test-rs256"]));
    wait::until("good keys come through again", SOON, || {
        get(&envoy, &new()).status == 200
    });
    wait::until("and the old ones are gone", SOON, || {
        statuses(&together(8, |_| get(&envoy, &old()))) == [401]
    });
    let log = envoy.log();
    assert!(
        log.contains("keys of corp: the fetch failed: the answer is 302, not 200"),
        "{log}"
    );
    assert!(
        log.contains("keys of corp: the fetch failed: the answer has 5242880 bytes"),
        "{log}"
    );
}

/// Starts a server that never finishes its answer.
fn drip() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n{");
                while stream.write_all(b" ").is_ok() {
                    thread::sleep(Duration::from_millis(20));
                }
            });
        }
    });
    port
}

#[test]
fn a_server_that_drips_is_given_up_and_who_waited_is_answered() {
    let envoy = filter(drip(), r#", "timeout": "1s""#)
        .concurrency(2)
        .start();
    let start = Instant::now();
    let answers = together(20, |_| get(&envoy, &old()));
    assert_eq!(statuses(&answers), [503]);
    assert_eq!(answers[0].header("retry-after"), Some("1"));
    assert!(start.elapsed() < SECOND * 6, "{:?}", start.elapsed());
    wait::until("it is counted", SOON, || {
        stat(&envoy, "fetch.failed.no_answer") > 0
    });
}

#[test]
fn who_waits_for_a_fetch_that_fails_is_answered_when_it_does() {
    let idp = KeyServer::new(Reply::new(500).delay(SECOND));
    let envoy = filter(idp.upstream.port(), r#", "timeout": "30s""#)
        .concurrency(4)
        .start();
    let start = Instant::now();
    let answers = together(40, |n| {
        let client = if n % 2 == 0 {
            Client::http1()
        } else {
            Client::http2()
        };
        client
            .get(envoy.url("/"))
            .header("authorization", format!("Bearer {}", old()))
            .send()
    });
    assert_eq!(statuses(&answers), [503]);
    assert!(
        start.elapsed() < SECOND * 9,
        "not the 30 s of the timeout: {:?}",
        start.elapsed()
    );
    assert!(stat(&envoy, "waiting.begun") > 0);
    let none = envoy.get("/").send();
    assert_eq!(none.status, 401, "no token: nothing to wait for");
}

#[test]
fn a_cluster_that_is_not_there_or_empty_is_503_at_once() {
    let empty = r#"{"name": "idp", "type": "STATIC", "load_assignment": {"cluster_name": "idp", "endpoints": []}}"#;
    let config = |cluster: &str| {
        format!(
            r#"{{"providers": {{"corp": {{"keys": {{"remote": {{"cluster": "{cluster}", "uri": "https://idp.example/jwks"}}}}}}}}}}"#
        )
    };
    for cluster in ["nowhere", "idp"] {
        let envoy = Envoy::with_filter("jwt-auth", config(cluster))
            .cluster(empty)
            .concurrency(2)
            .start();
        let start = Instant::now();
        let answers = together(20, |_| get(&envoy, &old()));
        assert_eq!(statuses(&answers), [503], "{cluster}");
        assert!(
            start.elapsed() < SECOND * 4,
            "{cluster}: {:?}",
            start.elapsed()
        );
        wait::until("failures are counted", SOON, || {
            stat(&envoy, "fetch.failed.not_sent") + stat(&envoy, "fetch.failed.status") > 2
        });
    }
}
