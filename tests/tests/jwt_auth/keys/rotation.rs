//! Keys that change at their server.

use super::*;

#[test]
fn the_first_request_with_a_rotated_key_passes_with_one_fetch_at_four_workers() {
    let idp = KeyServer::new(keys(&["test-es256"]));
    let options = r#", "refetch_on_unknown_key": "1s""#;
    let envoy = filter(idp.upstream.port(), options).concurrency(4).start();
    until_fetched(&envoy);
    let fetched = Instant::now();
    assert_eq!(statuses(&together(40, |_| get(&envoy, &old()))), [200]);
    passed(fetched, SECOND);
    idp.answers(keys(&["test-rs256"]).delay(Duration::from_millis(200)));
    assert_eq!(idp.fetches(), 1);
    assert_eq!(statuses(&together(40, |_| get(&envoy, &new()))), [200]);
    assert_eq!(idp.fetches(), 2, "one more for all of them");
    // The old key is gone, and so are its tokens in the caches of all workers.
    let answers = together(40, |_| get(&envoy, &old()));
    assert_eq!(statuses(&answers), [401]);
    assert!(
        answers[0]
            .header("www-authenticate")
            .unwrap()
            .contains("invalid_token")
    );
}

#[test]
fn a_token_without_kid_has_a_rotated_key_fetched_too() {
    let without_kid = |kid: &str| {
        let mut reply = keys(&[kid]);
        let mut set: Value = serde_json::from_slice(&reply.body).unwrap();
        set["keys"][0].as_object_mut().unwrap().remove("kid");
        reply.body = set.to_string().into_bytes();
        reply
    };
    let key = |name: &str| Token::new(name).header("kid", Value::Null).sign();
    let idp = KeyServer::new(without_kid("test-es256"));
    let options = r#", "refetch_on_unknown_key": "1s""#;
    let envoy = filter(idp.upstream.port(), options).start();
    until_fetched(&envoy);
    let fetched = Instant::now();
    assert_eq!(get(&envoy, &key("ES256")).status, 200);
    idp.answers(without_kid("test-rs256"));
    passed(fetched, SECOND);
    assert_eq!(get(&envoy, &key("RS256")).status, 200);
    assert_eq!(idp.fetches(), 2);
}

#[test]
fn a_flood_of_unknown_keys_costs_one_fetch_per_interval() {
    let idp = KeyServer::new(keys(&["test-es256"]));
    let start = |options: &str| {
        let envoy = filter(idp.upstream.port(), options).concurrency(4).start();
        until_fetched(&envoy);
        envoy
    };
    let envoy = start(r#", "refetch_on_unknown_key": "1h""#);
    assert_eq!(statuses(&together(40, |n| get(&envoy, &unknown(n)))), [401]);
    assert_eq!(idp.fetches(), 1);
    assert_eq!(stat(&envoy, "waiting.begun"), 0, "nothing to wait for");
    drop(envoy);
    let envoy = start(r#", "refetch_on_unknown_key": "1s""#);
    let start = Instant::now();
    let mut requests = 0;
    while start.elapsed() < SECOND * 4 {
        let answers = together(16, |n| get(&envoy, &unknown(n)));
        assert_eq!(statuses(&answers), [401]);
        requests += answers.len();
    }
    let most = start.elapsed().as_secs() + 3;
    assert!(
        (4..=most).contains(&idp.fetches()),
        "{} of {requests}",
        idp.fetches()
    );
    assert_eq!(get(&envoy, &old()).status, 200);
}

/// Returns the set of one modified test key.
fn set_of(kid: &str, change: impl Fn(&mut Value)) -> Reply {
    let mut reply = keys(&[kid]);
    let mut set: Value = serde_json::from_slice(&reply.body).unwrap();
    change(&mut set["keys"][0]);
    reply.body = set.to_string().into_bytes();
    reply
}

// An unknown `kid` causes one fetch per `refetch_on_unknown_key`, and only if the provider accepts
// the algorithm of the token and fetched keys can have it. A wrong signature under a known `kid`
// causes none.
#[test]
fn only_a_token_that_other_keys_could_verify_causes_a_fetch_and_only_one() {
    let no_kid = |kid: &str| set_of(kid, |key| drop(key.as_object_mut().unwrap().remove("kid")));
    let idp = KeyServer::new(no_kid("test-es256"));
    let options = r#", "refetch_on_unknown_key": "1s""#;
    let envoy = filter(idp.upstream.port(), options).concurrency(2).start();
    until_fetched(&envoy);
    let fetched = Instant::now();
    assert_eq!(get(&envoy, &old()).status, 200);
    passed(fetched, SECOND);
    let secret = Token::new("HS256").header("kid", json!("new")).sign();
    assert_eq!(get(&envoy, &secret).status, 401);
    assert_eq!(get(&envoy, "nonsense").status, 401);
    assert_eq!(idp.fetches(), 1, "no server has a secret");
    // The tokens have a kid, but the keys do not.
    idp.answers(no_kid("test-rs256"));
    assert_eq!(statuses(&together(20, |_| get(&envoy, &new()))), [200]);
    assert_eq!(idp.fetches(), 2);
    // A request for other keys ends with the fetch that fulfils it.
    let rotated = Instant::now();
    passed(rotated, SECOND * 3);
    assert_eq!(statuses(&together(20, |_| get(&envoy, &new()))), [200]);
    assert_eq!(idp.fetches(), 2);
    // A known kid with an invalid signature or another algorithm is no reason to fetch.
    idp.answers(keys(&["test-rs256"]));
    assert_eq!(get(&envoy, &unknown(1)).status, 401);
    assert_eq!(idp.fetches(), 3);
    let known = Instant::now();
    passed(known, SECOND * 2);
    assert_eq!(get(&envoy, &token::forged(&new())).status, 401);
    let other = Token::new("ES256")
        .header("kid", json!("test-rs256"))
        .sign();
    assert_eq!(get(&envoy, &other).status, 401);
    assert_eq!(idp.fetches(), 3);
}

#[test]
fn a_key_that_is_narrowed_to_another_algorithm_verifies_no_remembered_token() {
    let bound = |algorithm: &str| set_of("test-rs256", |key| key["alg"] = json!(algorithm));
    let idp = KeyServer::new(bound("RS256"));
    let envoy = filter(idp.upstream.port(), r#", "refresh": "1s""#).start();
    until_fetched(&envoy);
    let token = new();
    assert_eq!(get(&envoy, &token).status, 200);
    assert_eq!(get(&envoy, &token).status, 200);
    assert_eq!(stat(&envoy, "cache.hit"), 1);
    idp.answers(bound("RS512"));
    wait::until("the key is narrowed", SOON, || {
        get(&envoy, &token).status == 401
    });
    assert!(stat(&envoy, "denied.unknown_key") > 0);
}
