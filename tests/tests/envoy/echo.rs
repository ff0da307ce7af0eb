//! The echo of `docker-compose.yml` in a real Envoy gives the same responses as the harness's own,
//! so that cases run with either.

use e2e::{Client, EchoedRequest, Envoy, Headers, Response, Upstream, raw};

/// Removes what only one of the two has: Envoy adds how a request arrived, the harness repeats the
/// host.
fn comparable(mut echo: EchoedRequest) -> EchoedRequest {
    echo.headers
        .0
        .retain(|(name, _)| name != "host" && name != "x-forwarded-proto");
    echo.headers.0.sort();
    echo
}

fn ask(client: &Client, url: &str, steer: &[(&str, &str)]) -> Response {
    client
        .post(url)
        .host("shop.example.com")
        .header("x-a", "1")
        .header("x-a", b"\xe9 \"\\ 2")
        .header("x-b", "")
        .header("x-forwarded-for", "192.168.0.1")
        .header("x-request-id", "1")
        .headers(steer.iter().copied())
        .body("{\"a\":\n\"b\\\"}")
        .send()
}

#[test]
fn both_echoes_tell_the_same() {
    let (envoy, upstream) = (
        Envoy::from_sample("echo").start(),
        Upstream::echo().unwrap(),
    );
    for client in [Client::http1(), Client::http2()] {
        let [ours, harness] = [envoy.url("/"), upstream.url("/")].map(|url| {
            let url = format!("{url}a//../%2e?b=c&d=%20");
            comparable(ask(&client, &url, &[]).echo())
        });
        assert_eq!(ours, harness);
        assert_eq!(ours.path, "/a//../%2e?b=c&d=%20");
    }
}

#[test]
fn both_echoes_are_steered_alike() {
    let (envoy, upstream) = (
        Envoy::from_sample("echo").start(),
        Upstream::echo().unwrap(),
    );
    let steers: &[&[(&str, &str)]] = &[
        &[("x-echo-status", "503")],
        &[("x-echo-status", "none")],
        &[("x-echo-body", "text")],
        &[
            ("x-echo-set", "x-c: 1"),
            ("x-echo-set", "X-C:2 : 3 "),
            ("x-echo-set", "vary: accept"),
        ],
        // Invalid names.
        &[("x-echo-set", ":status: 404"), ("x-echo-set", "a b: 1")],
    ];
    let told = |answer: &Response, names: &[&str]| -> Headers {
        let mut fields: Vec<_> = answer.headers.iter().collect();
        fields.retain(|(name, _)| names.contains(name));
        // The order of fields with different names is not significant (RFC 9110, section 5.3).
        fields.sort_by_key(|(name, _)| *name);
        Headers(
            fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    };
    for steer in steers {
        let [ours, harness] =
            [envoy.url("/"), upstream.url("/")].map(|url| ask(&Client::http1(), &url, steer));
        assert_eq!(ours.status, harness.status, "{steer:?}");
        let names = ["content-type", "x-c", "vary"];
        assert_eq!(told(&ours, &names).0, told(&harness, &names).0, "{steer:?}");
        if steer.iter().any(|(name, _)| *name == "x-echo-body") {
            assert_eq!(ours.text(), harness.text());
        }
    }
}

#[test]
fn bytes_that_no_one_should_send_end_in_an_answer() {
    let envoy = Envoy::from_sample("echo").start();
    for field in [
        "x-echo-set: \u{80}\u{ff}: 1",
        "x-echo-set:",
        "x-echo-set: :",
        "x-echo-set: content-length: 3",
        "x-echo-status: 1e2",
        "x-echo-status: 0x1f4",
        "x-echo-status: 299.5",
        "x-echo-status: nan",
    ] {
        let request = format!("GET / HTTP/1.1\r\nhost: a\r\n{field}\r\n\r\n");
        let status = raw::send(envoy.address(), request).status();
        assert!(matches!(status, Some(200 | 500)), "{field}: {status:?}");
    }
}
