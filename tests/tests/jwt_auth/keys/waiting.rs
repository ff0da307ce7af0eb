//! Requests that wait: cancelled, too many, with a body, or in report mode.

use super::*;
use e2e::{raw, token::forged};

#[test]
fn clients_that_go_away_while_they_wait_do_no_harm() {
    let idp = KeyServer::new(keys(&["test-es256"]).delay(SECOND * 4));
    let envoy = filter(idp.upstream.port(), r#", "timeout": "20s""#)
        .concurrency(2)
        .start();
    let request = format!(
        "GET / HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\r\n",
        old()
    );
    let mut connections: Vec<_> = (0..60)
        .map(|_| {
            let mut connection = raw::Connection::open(envoy.address());
            connection.send(&request);
            connection
        })
        .collect();
    wait::until("all wait", SOON, || stat(&envoy, "waiting.begun") == 60);
    let mut left = Vec::new();
    for (n, connection) in connections.drain(..).enumerate() {
        if n % 3 == 0 {
            left.push(connection);
        }
    }
    wait::until("Envoy notices", SOON, || {
        envoy.stat("http.ingress.downstream_rq_active") == 20
    });
    for mut connection in left {
        let raw::Answer::Response(answer) = connection.answer() else {
            panic!("closed")
        };
        assert_eq!(answer.status, 200);
    }
    assert_eq!(stat(&envoy, "allowed.token"), 20);
    assert_eq!(idp.fetches(), 1);
    assert_eq!(get(&envoy, &old()).status, 200);
}

#[test]
fn a_storm_of_requests_that_wait_and_give_up_leaves_every_other_one_served() {
    let idp = KeyServer::new(keys(&["test-es256"]).delay(SECOND * 4));
    let envoy = filter(idp.upstream.port(), r#", "timeout": "20s""#)
        .concurrency(4)
        .start();
    let (one, token) = (Client::http2(), old());
    let answers: Vec<_> = thread::scope(|scope| {
        let (one, token, envoy) = (&one, &token, &envoy);
        let threads: Vec<_> = (0..400)
            .map(|n| {
                scope.spawn(move || {
                    let client = match n % 4 {
                        // Streams of one connection, and separate connections; every second one is
                        // cancelled.
                        0 | 1 => one.clone(),
                        _ => Client::http1().new_connections(),
                    };
                    let patience = if n % 2 == 0 { SECOND * 9 } else { SECOND };
                    let answer = client
                        .timeout(patience)
                        .get(envoy.url("/"))
                        .header("authorization", format!("Bearer {token}"))
                        .try_send();
                    answer.ok().map(|answer| (n, answer.status))
                })
            })
            .collect();
        threads
            .into_iter()
            .filter_map(|t| t.join().unwrap())
            .collect()
    });
    let served: Vec<_> = answers.iter().filter(|(n, _)| n % 2 == 0).collect();
    assert_eq!(served.len(), 200);
    assert!(
        answers.iter().all(|(_, status)| *status == 200),
        "{answers:?}"
    );
    assert!(stat(&envoy, "waiting.begun") > 300);
    assert_eq!(idp.fetches(), 1);
}

// While a request waits, its body and trailers get `Pause` too, so that
// `allow_on_headers_stop_iteration` cannot let it through.
#[test]
fn a_request_with_a_body_waits_as_a_whole_whatever_stop_iteration_means() {
    for allowed in [true, false] {
        let idp = KeyServer::new(keys(&["test-es256"]).delay(SECOND * 5));
        let envoy = filter(idp.upstream.port(), r#", "timeout": "20s""#)
            .plugin(format!("allow_on_headers_stop_iteration: {allowed}"))
            .start();
        let bad = forged(&old());
        let post = |client: Client, token: &str| {
            let request = client.post(envoy.url("/")).body("b".repeat(50_000));
            let token = format!("Bearer {token}");
            request.header("authorization", token).send().status
        };
        let chunked = || {
            let mut connection = raw::Connection::open(envoy.address());
            let head = format!(
                "POST / HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {bad}\r\ntransfer-encoding: chunked\r\n\r\n"
            );
            connection.send(head);
            // Body and trailers arrive while the request waits.
            wait::until("it waits", SOON, || stat(&envoy, "waiting.begun") > 0);
            connection.send("4\r\nbody\r\n");
            connection.send("4\r\nmore\r\n0\r\nx-trailer: 1\r\n\r\n");
            connection.answer().response().status
        };
        let begun = Instant::now();
        thread::scope(|scope| {
            let (post, bad) = (&post, &bad);
            let both = || [Client::http1(), Client::http2()];
            let forged = both().map(|client| scope.spawn(move || post(client, bad)));
            let good = both().map(|client| scope.spawn(move || post(client, &old())));
            let chunked = scope.spawn(chunked);
            assert_eq!(forged.map(|t| t.join().unwrap()), [401, 401], "{allowed}");
            assert_eq!(good.map(|t| t.join().unwrap()), [200, 200], "{allowed}");
            assert_eq!(chunked.join().unwrap(), 401, "{allowed}");
        });
        assert!(begun.elapsed() > SECOND, "they waited");
        assert_eq!((idp.fetches(), stat(&envoy, "waiting.begun")), (1, 5));
        assert_eq!(stat(&envoy, "denied.signature"), 3);
        let served = envoy.upstream().requests();
        assert_eq!(served.len(), 2, "no forged one reached the upstream");
        assert!(served.iter().all(|request| request.body.len() == 50_000));
    }
}

#[test]
fn only_so_many_requests_wait_and_report_mode_never_does() {
    let idp = KeyServer::new(keys(&["test-es256"]).delay(SECOND * 2));
    let config = |more: &str| {
        format!(
            r#"{{{more}, "providers": {{"corp": {{"keys": {{"remote": {{"cluster": "idp", "uri": "https://idp.example/jwks", "refetch_on_unknown_key": "1s"}}}}}}}}}}"#
        )
    };
    let start = |more: &str| {
        Envoy::with_filter("jwt-auth", config(more))
            .cluster_at("idp", idp.upstream.port(), Protocol::Http1)
            .start()
    };
    let envoy = start(r#""max_waiting_requests": 3"#);
    let mut got: Vec<_> = together(10, |_| get(&envoy, &old()))
        .iter()
        .map(|a| a.status)
        .collect();
    got.sort_unstable();
    assert_eq!(got, [200, 200, 200, 503, 503, 503, 503, 503, 503, 503]);
    assert_eq!(
        (stat(&envoy, "waiting.begun"), stat(&envoy, "waiting.full")),
        (3, 7)
    );

    let envoy = start(r#""mode": "report""#);
    let begun = Instant::now();
    let answer = get(&envoy, &old());
    assert!(answer.echo().header("authorization").is_some());
    assert!(begun.elapsed() < SECOND);
    assert_eq!(stat(&envoy, "reported.keys_unavailable"), 1);
    until_fetched(&envoy);
    let fetched = Instant::now();
    assert_eq!(get(&envoy, &old()).status, 200);
    assert_eq!(stat(&envoy, "allowed.token"), 1);
    // An unknown key is fetched anyway, for later requests.
    idp.answers(keys(&["test-rs256"]));
    passed(fetched, SECOND);
    assert_eq!(get(&envoy, &new()).status, 200);
    assert_eq!(stat(&envoy, "reported.unknown_key"), 1);
    wait::until("the new key is there", SOON, || {
        stat(&envoy, "fetch.succeeded") == 2
    });
    assert_eq!(get(&envoy, &new()).status, 200);
    assert_eq!(stat(&envoy, "allowed.token"), 2);
}
