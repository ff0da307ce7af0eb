//! Real servers behind jwt-auth, with each of Envoy's normalizations: no spelling of a path reaches
//! a guarded resource without a token, and no odd but legitimate path is refused. With the feature
//! `nginx`, nginx is among the servers.

/// Needs nginx; `cargo xtask test nginx` checks for it.
#[cfg(feature = "nginx")]
mod nginx;
mod targets;

use e2e::raw::{self, RawResponse};
use e2e::servers::Servers;
use e2e::token::{self, Token};
use e2e::{Envoy, Protocol};
use filter_kit::testing::servers::{PROXIES, SERVERS, disguise};
use serde_json::{Value, json};
use targets::{HOSTILE, LEGITIMATE, LONE_PERCENTS};

/// Envoy's settings that affect a path.
#[derive(Clone, Copy, Debug)]
struct Normalization {
    path: bool,
    slashes: bool,
    escaped_slashes: &'static str,
}

impl Normalization {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for escaped_slashes in [
            "KEEP_UNCHANGED",
            "UNESCAPE_AND_FORWARD",
            "UNESCAPE_AND_REDIRECT",
            "REJECT_REQUEST",
        ] {
            for (path, slashes) in [(false, false), (false, true), (true, false), (true, true)] {
                all.push(Self {
                    path,
                    slashes,
                    escaped_slashes,
                });
            }
        }
        all
    }

    fn hcm(self) -> String {
        json!({
            "normalize_path": self.path,
            "merge_slashes": self.slashes,
            "path_with_escaped_slashes_action": self.escaped_slashes,
        })
        .to_string()
    }
}

/// Everything is open except `/admin` and the host `admin.example.com`. The header `x-server`
/// selects the server.
fn guarded(servers: &Servers, normalization: Normalization) -> Envoy {
    let token = json!({"provider": {"name": "corp"}});
    let config = json!({
        "providers": {"corp": {"keys": {"jwks": serde_json::from_str::<Value>(token::JWKS).unwrap()}}},
        "rules": [
            {"match": {"paths": [{"prefix": "/admin"}]}, "require": token},
            {"match": {"hosts": ["admin.example.com"]}, "require": token},
            {"require": "nothing"},
        ],
    });
    let filter = Envoy::with_filter("jwt-auth", config.to_string()).hcm(normalization.hcm());
    let filter = servers.ports().iter().fold(filter, |filter, (name, port)| {
        let choice = json!({"name": "x-server", "string_match": {"exact": name}});
        let route =
            json!({"match": {"prefix": "/", "headers": [choice]}, "route": {"cluster": name}});
        filter
            .route(route.to_string())
            .cluster_at(name, *port, Protocol::Http1)
    });
    filter.start()
}

/// Sends a request unchanged and follows redirects, as a client would.
fn ask(envoy: &Envoy, server: &str, host: &str, target: &str, more: &str) -> RawResponse {
    let mut target = target.to_owned();
    for _ in 0..4 {
        let request =
            format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nx-server: {server}\r\n{more}\r\n");
        let answer = raw::send(envoy.address(), request).response();
        let location = answer.header("location").filter(|_| answer.status == 307);
        match location {
            None => return answer,
            Some(location) => {
                let absolute = location
                    .split_once("://")
                    .and_then(|(_, rest)| rest.split_once('/'));
                target = absolute.map_or(location.to_owned(), |(_, path)| format!("/{path}"));
            }
        }
    }
    panic!("{target} is redirected again and again");
}

const OPEN_HOST: &str = "open.example.com";

/// Returns generated paths, the same in every run.
fn disguises(count: usize) -> Vec<String> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40).to_le_bytes()[0]
    };
    let paths = (0..count).map(|_| {
        let choices: Vec<_> = (0..1 + random() % 5)
            .map(|_| (random(), random()))
            .collect();
        let place = ["/admin", "/admin/users"][usize::from(random() % 2)];
        String::from_utf8(disguise(place.as_bytes(), &choices)).unwrap()
    });
    paths.collect()
}

/// Sends every spelling to every server with every normalization.
fn no_spelling_opens_a_door(servers: &Servers) {
    let long = "/a;".repeat(58_000 / 3);
    let legitimate: Vec<&str> = LEGITIMATE.iter().copied().chain([long.as_str()]).collect();
    let generated = disguises(24);
    let bearer = format!("authorization: {}\r\n", Token::new("ES256").bearer());
    let mut wrong = Vec::new();
    for normalization in Normalization::all() {
        let envoy = guarded(servers, normalization);
        let mut tell = |server: &str, target: &str, answer: &RawResponse, what: &str| {
            let target: String = target.chars().take(80).collect();
            let body: String = answer.text().chars().take(80).collect();
            wrong.push(format!(
                "{normalization:?} {server} {target}: {what}: {} {body}",
                answer.status
            ));
        };
        for (server, _) in servers.ports() {
            for target in HOSTILE
                .iter()
                .copied()
                .chain(generated.iter().map(String::as_str))
            {
                let answer = ask(&envoy, server, OPEN_HOST, target, "");
                if answer.text().starts_with("guarded") {
                    tell(server, target, &answer, "served without a token");
                }
            }
            for target in ["/admin", "/admin/users", "/%61dmin"] {
                let answer = ask(&envoy, server, OPEN_HOST, target, &bearer);
                if !answer.text().starts_with("guarded") {
                    tell(server, target, &answer, "not served with a token");
                }
            }
            for target in &legitimate {
                let answer = ask(&envoy, server, OPEN_HOST, target, "");
                let escaped = ["%2F", "%2f", "%5C"].iter().any(|s| target.contains(s));
                let refused_by_envoy = normalization.escaped_slashes == "REJECT_REQUEST" && escaped;
                let expected = if refused_by_envoy { 400 } else { 200 };
                if answer.status != expected || answer.text().starts_with("guarded") {
                    tell(server, target, &answer, "not served");
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} answers:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn no_spelling_of_a_path_opens_a_door_of_python() {
    no_spelling_opens_a_door(&Servers::python().unwrap());
}

/// Returns the resource that a server says it served, requested without Envoy.
fn served(port: u16, target: &str) -> Option<String> {
    let request =
        format!("GET {target} HTTP/1.1\r\nhost: {OPEN_HOST}\r\nconnection: close\r\n\r\n");
    let answer = raw::send(([127, 0, 0, 1], port).into(), request).response();
    let text: String = answer.body.iter().map(|b| char::from(*b)).collect();
    (answer.status == 200).then(|| text.split_once(' ').unwrap().1.to_owned())
}

/// Compares a model of the unit tests with the real server.
fn serves_as_its_model(port: u16, model: &str) {
    let (_, model) = SERVERS.iter().find(|(name, _)| *name == model).unwrap();
    let paths = HOSTILE.iter().chain(LEGITIMATE).map(|p| (*p).to_owned());
    for path in paths.chain(disguises(300)) {
        let expected =
            model(path.as_bytes()).map(|p| p.iter().map(|b| char::from(*b)).collect::<String>());
        assert_eq!(served(port, &path), expected, "{path}");
    }
}

#[test]
fn python_serves_as_its_models() {
    let servers = Servers::python().unwrap();
    for (name, model) in [
        ("wsgi", "a WSGI application behind wsgiref"),
        ("files", "Python's http.server"),
    ] {
        let (_, port) = servers.ports().iter().find(|(n, _)| *n == name).unwrap();
        serves_as_its_model(*port, model);
    }
}

#[test]
fn each_hostile_path_is_the_guarded_place_to_some_server_and_no_legitimate_one_is() {
    let is_guarded = |path: &str| {
        let mut served = SERVERS
            .iter()
            .filter_map(|(_, server)| server(path.as_bytes()));
        served.any(|place| place == b"/admin" || place.starts_with(b"/admin/"))
    };
    let harmless: Vec<_> = HOSTILE.iter().filter(|path| !is_guarded(path)).collect();
    assert!(harmless.is_empty(), "{harmless:?}");
    let guarded: Vec<_> = LEGITIMATE.iter().filter(|path| is_guarded(path)).collect();
    assert!(guarded.is_empty(), "{guarded:?}");
}

#[test]
fn envoy_normalizes_as_its_models() {
    for normalization in Normalization::all() {
        if !["KEEP_UNCHANGED", "UNESCAPE_AND_FORWARD"].contains(&normalization.escaped_slashes) {
            continue;
        }
        let parts = [
            (
                normalization.escaped_slashes == "UNESCAPE_AND_FORWARD",
                "UNESCAPE_AND_FORWARD",
            ),
            (normalization.path, "normalize_path"),
            (normalization.slashes, "merge_slashes"),
        ];
        let parts: Vec<_> = parts
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, name)| *name)
            .collect();
        let name = if parts.is_empty() {
            "nothing".to_owned()
        } else {
            format!("Envoy, {}", parts.join(", "))
        };
        let (_, model) = PROXIES.iter().find(|(n, _)| *n == name).unwrap();
        let envoy = Envoy::with_no_filter().hcm(normalization.hcm()).start();
        let paths = HOSTILE.iter().chain(LEGITIMATE).chain(LONE_PERCENTS);
        let paths = paths.map(|p| (*p).to_owned());
        for path in paths.chain(disguises(300)) {
            let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n");
            let seen = raw::send(envoy.address(), request).response().echo().path;
            let expected = String::from_utf8(model(path.as_bytes()).unwrap()).unwrap();
            assert_eq!(seen, expected, "{name}: {path}");
        }
    }
}
