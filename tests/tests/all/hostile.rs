//! Bytes that no client should send, to every filter: each gets an answer, the VM stays alive, and
//! the next request is served.

pub(crate) mod generated;

use e2e::{
    Client, Envoy, Protocol, paths,
    raw::{self, Answer, Connection},
};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Returns a configuration in which a filter reads and writes as much as possible.
fn hostile(filter: &str) -> String {
    let file = format!("filters/{filter}/tests/hostile.json");
    std::fs::read_to_string(paths::workspace().join(&file)).expect(&file)
}

fn each_filter(check: impl Fn(&Envoy)) {
    for filter in paths::all_filters().unwrap() {
        let envoy = Envoy::with_filter(&filter, hostile(&filter))
            .hcm("{upgrade_configs: [{upgrade_type: websocket}, {upgrade_type: CONNECT}], http_protocol_options: {accept_http_10: true}}")
            .start();
        check(&envoy);
        let next = envoy.get("/next").send();
        assert!(
            next.status < 500,
            "{filter}: the next request got {}",
            next.status
        );
    }
}

#[test]
fn bytes_0x80_to_0xff_in_any_header() {
    each_filter(|envoy| {
        let every_byte: Vec<u8> = (0x80..=0xff).collect();
        for name in [
            "x-bytes",
            "user-agent",
            "accept",
            "origin",
            "authorization",
            "cookie",
            "content-type",
            "x-forwarded-for",
            "access-control-request-method",
            "access-control-request-headers",
            "x-cost",
            "x-request-id",
            "referer",
        ] {
            for client in [Client::http1(), Client::http2()] {
                let answer = client.get(envoy.url("/x")).header(name, &every_byte).send();
                assert!(answer.status < 500, "{name}: {}", answer.status);
            }
        }
    });
}

#[test]
fn requests_that_envoy_refuses_or_that_have_no_path() {
    each_filter(|envoy| {
        for (request, answered) in [
            (
                &b"GET / HTTP/1.1\r\nhost: a\r\nx-nul: a\0b\r\n\r\n"[..],
                &[400][..],
            ),
            (b"GET /\0 HTTP/1.1\r\nhost: a\r\n\r\n", &[400]),
            (b"\0\0\0\0\r\n\r\n", &[400]),
            (b"GET / HTTP/1.0\r\n\r\n", &[200, 400, 401, 426, 429]),
            (b"GET / HTTP/1.1\r\n\r\n", &[400]),
            (
                b"OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n",
                &[200, 401, 404, 429],
            ),
            (
                b"CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n",
                &[200, 401, 403, 404, 429],
            ),
            (
                b"GET http://a/b HTTP/1.1\r\nhost: a\r\n\r\n",
                &[200, 401, 429],
            ),
            (
                b"GET /%ff%00%zz HTTP/1.1\r\nhost: a\r\n\r\n",
                &[200, 400, 401, 429],
            ),
            (
                b"GET /a?%=&=&&%00 HTTP/1.1\r\nhost: a\r\n\r\n",
                &[200, 401, 429],
            ),
            (
                b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
                &[200, 400, 401, 429],
            ),
            (
                b"GET / HTTP/1.1\r\nhost: \xe9\r\n\r\n",
                &[200, 400, 401, 429],
            ),
        ] {
            let mut connection = Connection::open(envoy.address());
            match connection.send(request).answer_to_head() {
                Answer::Response(response) => {
                    assert!(
                        answered.contains(&response.status),
                        "{request:?}: {}",
                        response.status
                    );
                }
                Answer::Closed => panic!("{request:?}: closed without an answer"),
            }
        }
    });
}

#[test]
fn a_hundred_headers_and_one_of_nearly_60_kib() {
    each_filter(|envoy| {
        // Envoy's limits are 100 headers and 60 KiB in total. Envoy's proxy headers and ours are
        // added on the way to the upstream.
        let mut many = String::from("GET / HTTP/1.1\r\nhost: a\r\n");
        for i in 0..94 {
            many.push_str(&format!("x-h{i}: {i}\r\n"));
        }
        many.push_str("\r\n");
        let status = raw::send(envoy.address(), many.as_bytes())
            .status()
            .unwrap();
        assert!(status < 500, "{status}");
        let too_many = many.replace(
            "\r\n\r\n",
            &format!("\r\n{}\r\n", "x-more: 1\r\n".repeat(20)),
        );
        assert_eq!(
            raw::send(envoy.address(), too_many.as_bytes()).status(),
            Some(431)
        );
        for name in [
            "x-bytes",
            "cookie",
            "origin",
            "authorization",
            "accept",
            "x-cost",
        ] {
            let big = format!(
                "GET / HTTP/1.1\r\nhost: a\r\n{name}: {}\r\n\r\n",
                "a".repeat(59_000)
            );
            let status = raw::send(envoy.address(), big.as_bytes()).status().unwrap();
            assert!(status < 500, "{name}: {status}");
        }
        let too_big = format!(
            "GET / HTTP/1.1\r\nhost: a\r\nx-bytes: {}\r\n\r\n",
            "a".repeat(70_000)
        );
        assert_eq!(
            raw::send(envoy.address(), too_big.as_bytes()).status(),
            Some(431)
        );
    });
}

#[test]
fn a_websocket_upgrade() {
    each_filter(|envoy| {
        let mut socket = Connection::open(envoy.address());
        socket.send(
            "GET /socket HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        );
        let Answer::Response(answer) = socket.answer_to_head() else {
            panic!("closed without an answer");
        };
        if answer.status == 101 {
            socket.send("ping");
            assert_eq!(socket.exactly(4), b"ping");
        } else {
            assert!([401, 429].contains(&answer.status), "{}", answer.status);
        }
    });
}

#[test]
fn one_header_full_of_small_things() {
    each_filter(|envoy| {
        let mut distinct: String = (0..14_000).map(|n| format!("{n:x},")).collect();
        distinct.truncate(55_000);
        for (name, value) in [
            ("accept", distinct.clone()),
            ("accept", ",".repeat(55_000)),
            ("accept", "\"\\".repeat(27_000)),
            ("user-agent", "A".repeat(55_000)),
            ("access-control-request-headers", distinct.clone()),
            ("cookie", "a=b;".repeat(13_000)),
            ("cookie", distinct.replace(',', "=;")),
            ("authorization", format!("Bearer {}", "e30.".repeat(13_000))),
            ("x-bytes", "%41".repeat(18_000)),
            ("x-forwarded-for", "1.1.1.1,".repeat(6_000)),
        ] {
            let request = format!(
                "OPTIONS /x?a=1 HTTP/1.1\r\nhost: a\r\norigin: https://a.example.org\r\naccess-control-request-method: GET\r\n{name}: {value}\r\n\r\n"
            );
            let status = raw::send(envoy.address(), request).status().unwrap();
            assert!(status < 500, "{name}: {status}");
        }
        for target in [
            "/%41".repeat(13_000),
            "/..".repeat(18_000),
            "/x?".to_owned() + &"a=b&".repeat(13_000),
            "/x?a=".to_owned() + &"%25".repeat(18_000),
            "/x".repeat(27_000),
        ] {
            let request = format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n");
            let status = raw::send(envoy.address(), request).status().unwrap();
            assert!(status < 500, "{}: {status}", &target[..9]);
        }
    });
}

#[test]
fn an_upstream_that_answers_with_what_no_server_should_send() {
    let huge = [
        b"HTTP/1.1 200 OK\r\nvary: ",
        &b"a,\"".repeat(18_000)[..],
        b"\r\ncontent-length: 0\r\n\r\n",
    ]
    .concat();
    let answers: [&[u8]; 8] = [
        b"",
        b"\0\0\xff",
        b"HTTP/1.1 999 \xff\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: \xff\r\nvary: \xff,,\"\r\naccess-control-allow-origin: \xe9\r\nlocation: \xff\r\ncontent-length: 9\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nvary:\r\nvary: \r\nvary: ,\r\nset-cookie:\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nvary: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        &huge,
    ];
    for filter in paths::all_filters().unwrap() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let envoy = Envoy::with_filter(&filter, hostile(&filter))
            .cluster_at(
                "bad",
                listener.local_addr().unwrap().port(),
                Protocol::Http1,
            )
            .route("{match: {prefix: /bad}, route: {cluster: bad}}")
            .start();
        listener.set_nonblocking(true).unwrap();
        for (n, answer) in answers.iter().enumerate() {
            // Some filters let none of these requests through. Then the upstream must not wait
            // forever.
            let answered = AtomicBool::new(false);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    while !answered.load(Ordering::Relaxed) {
                        let Ok((mut stream, _)) = listener.accept() else {
                            std::thread::sleep(Duration::from_millis(1));
                            continue;
                        };
                        stream.set_nonblocking(false).unwrap();
                        let patience = Some(Duration::from_secs(5));
                        stream.set_read_timeout(patience).unwrap();
                        let _ = stream.read(&mut [0; 4096]);
                        let _ = stream.write_all(answer);
                    }
                });
                // A different path for each, because rate-limit counts by path.
                let request = format!(
                    "GET /bad/{n} HTTP/1.1\r\nhost: a\r\norigin: https://a.example.org\r\n\r\n"
                );
                Connection::open(envoy.address())
                    .send(request.as_bytes())
                    .answer_to_head();
                answered.store(true, Ordering::Relaxed);
            });
        }
        assert!(envoy.get("/next").send().status < 500);
    }
}
