//! The harness's clients and upstream, on both sides of a real Envoy. Needs no module.

use std::{collections::BTreeMap, time::Duration};

use e2e::{
    Client, Envoy, Protocol, Reply, Upstream, load, ports,
    raw::{self, Answer},
};

#[test]
fn the_echo_tells_what_came_through_envoy_byte_by_byte() {
    let envoy = Envoy::with_no_filter().start();
    let answer = envoy
        .request("PUT", "/x//y;z?q=%20")
        .host("api.example.com")
        .header("x-a", "1")
        .header("x-a", [0xe9, b'2'])
        .header("x-echo-set", b"x-b: \xff".as_slice())
        .header("x-echo-set", "x-b: 2")
        .header("x-echo-status", "418")
        .body("body")
        .send();
    let echo = answer.echo();
    assert_eq!(
        (
            echo.method.as_str(),
            echo.path.as_str(),
            echo.authority.as_str(),
            echo.body.as_str()
        ),
        ("PUT", "/x//y;z?q=%20", "api.example.com", "body")
    );
    assert_eq!(echo.headers_all("x-a"), ["1", "\u{e9}2"]);
    assert_eq!((answer.status, answer.version.as_str()), (418, "HTTP/1.1"));
    assert_eq!(
        answer.headers.bytes("x-b"),
        [b"\xff".to_vec(), b"2".to_vec()]
    );
    assert_eq!(envoy.upstream().last_request(), Some(echo));
}

#[test]
fn http2_reaches_envoy_and_the_upstream() {
    let envoy = Envoy::with_no_filter()
        .upstream_protocol(Protocol::Http2)
        .start();
    let client = Client::http2();
    for _ in 0..3 {
        let answer = client
            .get(envoy.url("/"))
            .host("h2.example")
            .header("x-a", [0x80])
            .header("x-echo-trailer", "x-t: 1")
            .send();
        let echo = answer.echo();
        assert_eq!(
            (answer.version.as_str(), echo.version.as_str()),
            ("HTTP/2.0", "HTTP/2.0")
        );
        assert_eq!(
            (echo.authority.as_str(), echo.header("x-a")),
            ("h2.example", Some("\u{80}"))
        );
        assert_eq!(answer.trailers.unwrap().get("x-t"), Some("1"));
    }
    assert_eq!(envoy.stat("http.ingress.downstream_cx_http2_total"), 1);
}

#[test]
fn a_grpc_call_is_answered_with_its_status_in_the_trailers() {
    let envoy = Envoy::with_no_filter()
        .upstream_protocol(Protocol::Http2)
        .route(r#"{match: {path: /no.Service/No}, direct_response: {status: 403}}"#)
        .start();
    let call = |path| Client::http2().post(envoy.url(path)).send_grpc(b"message");
    let answer = call("/a.Service/Do");
    assert_eq!(answer.status, Some(0));
    assert_eq!(answer.echo().body, "\0\0\0\0\u{7}message");
    let refused = call("/no.Service/No");
    assert_eq!(
        (refused.http.status, refused.status),
        (200, Some(7)),
        "{refused:?}"
    );
}

#[test]
fn connections_are_reused_unless_a_client_says_otherwise() {
    let envoy = Envoy::with_no_filter().start();
    let opened = || envoy.stat("http.ingress.downstream_cx_total");
    for (client, connections) in [(Client::http1(), 1), (Client::http1().new_connections(), 3)] {
        let before = opened();
        for _ in 0..3 {
            assert_eq!(client.get(envoy.url("/")).send().status, 200);
        }
        assert_eq!(opened() - before, connections);
    }
}

#[test]
fn a_client_can_come_from_another_address() {
    let envoy = Envoy::with_no_filter()
        .hcm("use_remote_address: true")
        .start();
    let echo = Client::http1()
        .source("127.0.0.2")
        .get(envoy.url("/"))
        .send()
        .echo();
    assert_eq!(echo.header("x-forwarded-for"), Some("127.0.0.2"));
}

#[test]
fn raw_bytes_get_the_answer_that_envoy_gives_them() {
    let envoy = Envoy::with_no_filter().start();
    let status = |bytes: &[u8]| raw::send(envoy.address(), bytes).status();
    assert_eq!(status(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"), Some(200));
    assert_eq!(
        status(b"GET / HTTP/1.1\r\nhost: a\r\nx y: 1\r\n\r\n"),
        Some(400)
    );
    let mut connection = raw::Connection::open(envoy.address());
    let get = b"GET /1 HTTP/1.1\r\nhost: a\r\nx-a: \xe9\r\n\r\n";
    // Two requests at once, two responses on the one connection.
    connection.send([get.as_slice(), get].concat());
    for _ in 0..2 {
        assert_eq!(
            connection.answer().response().echo().header("x-a"),
            Some("\u{e9}")
        );
    }
    connection.send("HEAD / HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(connection.answer_to_head().status(), Some(200));
    connection.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    assert_eq!(connection.answer().status(), Some(200));
    assert!(connection.is_closed());
    assert_eq!(
        connection.send("GET / HTTP/1.1\r\n\r\n").answer(),
        Answer::Closed
    );
}

#[test]
fn a_websocket_upgrade_makes_a_tunnel_that_echoes() {
    let envoy = Envoy::with_no_filter()
        .hcm("upgrade_configs: [{upgrade_type: websocket}]")
        .start();
    let mut connection = raw::Connection::open(envoy.address());
    connection
        .send("GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    let answer = connection.answer().response();
    assert_eq!(
        (answer.status, answer.header("upgrade")),
        (101, Some("websocket"))
    );
    assert_eq!(
        connection.send(b"\x81\x00bytes").exactly(7),
        b"\x81\x00bytes"
    );
    assert_eq!(envoy.upstream().last_request().unwrap().path, "/ws");
}

#[test]
fn an_upstream_answers_as_it_is_programmed() {
    let upstream = Upstream::with(|request| match request.path_only() {
        "/json" => Reply::json(r#"{"q": 1}"#).header("x-q", request.query()),
        "/slow" => Reply::new(200).delay(Duration::from_secs(20)),
        _ => Reply::abort(),
    })
    .unwrap();
    let envoy = Envoy::with_no_filter()
        .upstream(&upstream)
        .route("{match: {prefix: /slow}, route: {cluster: upstream, timeout: 0.1s}}")
        .start();
    let get = |path| envoy.get(path).send();
    let answer = get("/json?a=b");
    assert_eq!(
        (answer.json()["q"].as_u64(), answer.header("x-q")),
        (Some(1), Some("a=b"))
    );
    assert_eq!(get("/slow").status, 504);
    assert_eq!(get("/abort").status, 503);
    assert_eq!(upstream.count(), 3);
}

#[test]
fn an_upstream_goes_away_and_comes_back_on_its_port() {
    let mut envoy = Envoy::with_no_filter().start();
    let get = |envoy: &Envoy| envoy.get("/").send().status;
    assert_eq!(get(&envoy), 200);
    envoy.upstream_mut().stop();
    assert_eq!(get(&envoy), 503);
    envoy.upstream_mut().start().unwrap();
    assert_eq!(get(&envoy), 200);
    assert_eq!(envoy.upstream().count(), 2);
}

#[test]
fn a_load_is_counted_by_answer() {
    let envoy = Envoy::with_no_filter()
        .route(r#"{match: {prefix: /no}, direct_response: {status: 403}}"#)
        .start();
    let result = load(envoy.url("/"), 200, 8);
    assert_eq!(result.statuses, BTreeMap::from([(200, 200)]));
    assert_eq!((result.failed(), result.latencies.len()), (0, 200));
    assert!(result.percentile(0.5) <= result.percentile(0.99));
    assert_eq!(load(envoy.url("/no"), 50, 1).count(403), 50);
    let nowhere = format!("http://127.0.0.1:{}/", ports::free().unwrap());
    assert_eq!(load(nowhere, 5, 2).failed(), 5);
}
