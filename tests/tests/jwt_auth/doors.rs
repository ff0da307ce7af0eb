//! Potential bypasses: what no verified token says has no effect, and never reaches the upstream.

mod claims;
mod keys;

use e2e::token::{self, Token, forged};
use e2e::{Client, Envoy, raw};
use serde_json::{Value, json};

fn jwks() -> Value {
    serde_json::from_str(token::JWKS).unwrap()
}

fn corp() -> Token {
    Token::new("ES256")
}

fn of(provider: &str) -> Value {
    json!({"provider": {"name": provider}})
}

fn bearer() -> Value {
    json!({"header": {"name": "authorization", "prefix": "Bearer "}})
}

/// Providers with their sources, and rules by path.
fn envoy(providers: &[(&str, Value)], rules: &[(&str, Value)], rest: Value) -> Envoy {
    let mut config = json!({"providers": {}});
    for (name, sources) in providers {
        config["providers"][*name] = json!({"keys": {"jwks": jwks()}, "token_sources": sources, "provider_header": "x-provider"});
    }
    config["rules"] = rules
        .iter()
        .map(|(path, require)| json!({"match": {"paths": [{"prefix": path}]}, "require": require}))
        .collect();
    e2e::yaml::merge(&mut config, rest);
    Envoy::with_filter("jwt-auth", config.to_string()).start()
}

/// A separate source for each provider; the second one has a source of each kind.
fn two(rules: &[(&str, Value)]) -> Envoy {
    let others = json!([
        {"header": {"name": "x-token"}}, {"query": {"name": "jwt"}}, {"cookie": {"name": "session"}},
        {"websocket_protocol": {"prefix": "bearer."}},
    ]);
    envoy(&[("a", json!([bearer()])), ("b", others)], rules, json!({}))
}

#[test]
fn a_bad_token_is_refused_however_deep_its_provider_is_named_under_optional() {
    let both = || json!([of("a"), of("b")]);
    let envoy = two(&[
        ("/all", json!({"optional": {"all": both()}})),
        (
            "/each",
            json!({"all": [{"optional": of("a")}, {"optional": of("b")}]}),
        ),
        (
            "/deep",
            json!({"all": [{"any": [{"optional": {"all": [{"any": both()}, of("b")]}}]}]}),
        ),
    ]);
    let (good, bad) = (corp().sign(), forged(&corp().sign()));
    for (a, b, all, each, deep) in [
        (None, None, 200, 200, 200),
        (None, Some(&bad), 401, 401, 401),
        (Some(&bad), None, 401, 401, 401),
        (Some(&bad), Some(&bad), 401, 401, 401),
        (Some(&good), Some(&bad), 401, 401, 401),
        (Some(&bad), Some(&good), 401, 401, 200),
        (Some(&good), None, 401, 200, 401),
        (Some(&good), Some(&good), 200, 200, 200),
    ] {
        for (path, expected) in [("/all", all), ("/each", each), ("/deep", deep)] {
            let mut request = Client::http1().get(envoy.url(path));
            if let Some(a) = a {
                request = request.header("authorization", format!("Bearer {a}"));
            }
            if let Some(b) = b {
                request = request.header("x-token", b);
            }
            let status = request.send().status;
            assert_eq!(status, expected, "{path} {} {}", a.is_some(), b.is_some());
        }
    }
    envoy.assert_vm_alive();
}

#[test]
fn what_no_provider_verified_is_taken_out_of_every_place() {
    let envoy = two(&[
        ("/any", json!({"any": [of("a"), of("b")]})),
        ("/optional", json!({"optional": of("a")})),
        ("/ignored", json!({"ignore_failure": of("b")})),
        ("/open", json!("nothing")),
    ]);
    let good = corp().bearer();
    let bad = forged(&corp().sign());
    for (path, authorization, kept) in [
        ("/any", Some(&good), false),
        ("/optional", Some(&good), false),
        ("/optional", None, false),
        ("/ignored", None, false),
        ("/open", None, true),
    ] {
        let mut request = Client::http1()
            .get(envoy.url(&format!("{path}?x=1&jwt={bad}")))
            .header("x-token", &bad)
            .header("cookie", format!("a=1; session={bad}"))
            .header("sec-websocket-protocol", format!("chat, bearer.{bad}"));
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let echo = request.send().echo();
        assert_eq!(echo.header("authorization"), None, "{path}");
        let all = format!("{} {:?}", echo.path, echo.headers);
        assert_eq!(all.contains(&bad), kept, "{path}: {all}");
        assert!(
            all.contains("x=1") && all.contains("a=1") && all.contains("chat"),
            "{all}"
        );
    }
    envoy.assert_vm_alive();
}

/// Returns what the upstream got in `authorization`, or the status.
fn authorization(envoy: &Envoy, lines: &[&[u8]]) -> Result<Option<String>, u16> {
    let mut request = b"GET /optional HTTP/1.1\r\nhost: a\r\n".to_vec();
    for line in lines {
        request.extend([b"authorization: ", *line, b"\r\n"].concat());
    }
    request.extend(b"\r\n");
    let answer = raw::send(envoy.address(), request).response();
    match answer.status {
        200 => Ok(answer.echo().header("authorization").map(str::to_owned)),
        refused => Err(refused),
    }
}

// Envoy joins the lines of `authorization` by commas.
#[test]
fn a_token_that_is_joined_or_set_apart_in_another_way_does_not_pass_as_none() {
    let envoy = envoy(
        &[("a", json!([bearer()]))],
        &[("/optional", json!({"optional": of("a")}))],
        json!({}),
    );
    let good = corp().bearer();
    let good = good.as_bytes();
    for (lines, expected) in [
        (&[&b"Basic x"[..], b"Bearer FORGED"][..], Err(400)),
        (&[b"Bearer FORGED", b"Basic x"], Err(401)),
        (&[b"Basic x", good], Err(400)),
        (&[good, b"Basic x"], Err(401)),
        (&[good, good], Err(400)),
        (&[b"Basic x, Basic y,\tbearer\tFORGED"], Err(400)),
        (&[b",Bearer FORGED"], Err(400)),
        (&[b", ,BEARER  FORGED,"], Err(400)),
        (&[b"Digest a=\"b, Bearer FORGED\""], Err(400)),
        (&[b"Bearer\tFORGED"], Err(401)),
        (&[b"bearer \t FORGED"], Err(401)),
        (&[b"Bearer Bearer FORGED"], Err(401)),
        // White space for a server that reads headers as Latin-1 or as UTF-8.
        (&[b"Bearer\xa0FORGED"], Err(401)),
        (&[b"Bearer\xc2\xa0FORGED"], Err(401)),
        (&[b"\xa0Bearer FORGED"], Err(401)),
        (&[b"Basic x", b"Bearer\xa0FORGED"], Err(400)),
        (&[b"Basic YTpi"], Ok(Some("Basic YTpi"))),
        (
            &[b"Digest a=\"b, c\", d=e"],
            Ok(Some("Digest a=\"b, c\", d=e")),
        ),
        (&[b"BearerX FORGED"], Ok(Some("BearerX FORGED"))),
        (&[good], Ok(None)),
        (&[], Ok(None)),
    ] {
        let told: Vec<_> = lines
            .iter()
            .map(|line| line.escape_ascii().to_string())
            .collect();
        let got = authorization(&envoy, lines);
        assert_eq!(
            got,
            expected.map(|left| left.map(str::to_owned)),
            "{told:?}"
        );
    }
    envoy.assert_vm_alive();
}

// Some servers treat a semicolon as `&`.
#[test]
fn a_parameter_behind_a_semicolon_does_not_pass_as_none() {
    let envoy = two(&[
        ("/optional", json!({"optional": of("b")})),
        ("/ignored", json!({"ignore_failure": of("b")})),
    ]);
    for (target, expected) in [
        ("/optional?x=1;jwt=FORGED", Err(400)),
        ("/optional?x=1&y;%6Awt=FORGED", Err(400)),
        (
            "/optional?x=1;y=jwt;jwts=2",
            Ok("/optional?x=1;y=jwt;jwts=2"),
        ),
        ("/ignored?x=1;jwt=FORGED;z", Ok("/ignored?x=1;z")),
    ] {
        let answer = Client::http1().get(envoy.url(target)).send();
        let got = match answer.status {
            200 => Ok(answer.echo().path),
            refused => Err(refused),
        };
        assert_eq!(got, expected.map(str::to_owned), "{target}");
    }
    envoy.assert_vm_alive();
}

#[test]
fn a_preflight_brings_no_other_method_and_no_token() {
    let envoy = envoy(
        &[("a", json!([bearer()]))],
        &[("/", of("a"))],
        json!({"bypass_cors_preflight": true}),
    );
    for (name, value, expected) in [
        ("x-none", "DELETE", 200),
        ("x-http-method-override", "DELETE", 401),
        ("X-HTTP-Method", "DELETE", 401),
        ("x-method-override", "DELETE", 401),
        ("x_http_method_override", "DELETE", 401),
        ("content-length", "0", 200),
        ("content-length", "2", 401),
        ("authorization", "Bearer FORGED", 200),
    ] {
        let body = if value == "2" { "{}" } else { "" };
        let request = format!(
            "OPTIONS / HTTP/1.1\r\nhost: a\r\norigin: https://a.example\r\naccess-control-request-method: PUT\r\n{name}: {value}\r\n\r\n{body}"
        );
        let answer = raw::send(envoy.address(), request).response();
        assert_eq!(answer.status, expected, "{name}: {value}");
        if expected == 200 {
            assert_eq!(answer.echo().header("authorization"), None, "{name}");
        }
    }
    envoy.assert_vm_alive();
}
