//! Keys of a server.

use super::*;

#[test]
fn mistakes_in_remote_keys_are_refused_with_their_place() {
    let uri = "https://idp.example/jwks";
    for kind in ["remote", "discovery"] {
        for (json, line) in [
            (
                remote(kind, "/jwks", ""),
                "uri: the URI is not absolute; write https://host/path",
            ),
            (
                remote(kind, "ftp://a/", ""),
                "uri: the URI is neither http nor https",
            ),
            (
                remote(kind, "https://a:b@idp.example/", ""),
                "uri: the URI holds a user name or a password, which are not sent",
            ),
            (
                remote(kind, "https://a/#b", ""),
                "uri: the URI has a fragment",
            ),
            (
                remote(kind, "https:///jwks", ""),
                "uri: the URI has no host",
            ),
            (
                remote(kind, uri, r#", "timeout": "99ms""#),
                "timeout: 99ms is below the minimum of 100ms",
            ),
            (
                remote(kind, uri, r#", "timeout": "31s""#),
                "timeout: 31s exceeds the maximum of 30s",
            ),
            (
                remote(kind, uri, r#", "refresh": "999ms""#),
                "refresh: 999ms is below the minimum of 1s",
            ),
            (
                remote(kind, uri, r#", "refetch_on_unknown_key": "0s""#),
                "refetch_on_unknown_key: 0ms is below the minimum of 1s",
            ),
            (
                remote(kind, uri, r#", "stale_for": "9m""#),
                "stale_for: 9m is shorter than refresh (10m)",
            ),
            (
                remote(kind, uri, r#", "refreshh": "1s""#),
                "refreshh: unknown key; did you mean \"refresh\"? one of: cluster",
            ),
            (
                remote(kind, uri, "").replace("idp\"", "\""),
                "cluster: must not be empty",
            ),
            (
                remote(kind, uri, "").replace(r#""cluster": "idp", "#, ""),
                "missing key \"cluster\"",
            ),
        ] {
            let got = error(&json);
            let path = format!("jwt-auth: providers.corp.keys.{kind}");
            let rest = got.strip_prefix(&path).unwrap_or_else(|| panic!("{got}"));
            let rest = rest.trim_start_matches(['.', ':', ' ']);
            assert!(rest.starts_with(line), "{got}\nexpected: {line}");
            assert!(!got.contains('\n'), "{got}");
        }
    }
    let hmac = remote("remote", uri, "").replace(r#""keys""#, r#""algorithms": ["HS256"], "keys""#);
    assert!(error(&hmac).contains("algorithms[0]: HS256 is only valid with keys.secret"));
    let document = |kind| remote(kind, uri, r#", "document_issuer": "https://b""#);
    let line =
        "jwt-auth: providers.corp.keys.remote.document_issuer: is only valid with keys.discovery";
    assert_eq!(error(&document("remote")), line);
    assert!(load::<Config>(document("discovery").as_bytes(), &Env::new()).is_ok());
}

#[test]
fn remote_keys_have_the_documented_defaults_and_discovery_knows_its_issuer() {
    use crate::provider::Keys;
    use crate::remote::{Kind, Source};
    use std::time::Duration;
    let source = |kind: &str| -> Source {
        let json = remote(kind, "https://idp.example/jwks", "");
        let config = load::<Config>(json.as_bytes(), &Env::new()).unwrap();
        match &config.providers[0].keys {
            Keys::Remote(source) => source.clone(),
            Keys::Fixed(_) => panic!("fixed"),
        }
    };
    let remote = source("remote");
    assert_eq!(remote.kind, Kind::Keys);
    let seconds = Duration::from_secs;
    assert_eq!(
        (
            remote.timeout,
            remote.refresh,
            remote.refetch,
            remote.stale_for
        ),
        (seconds(5), seconds(600), seconds(30), seconds(86_400))
    );
    let issuers = vec!["https://a".to_owned()];
    assert_eq!(source("discovery").kind, Kind::Discovery { issuers });
}

#[test]
fn headers_of_fetches_are_checked_and_have_a_user_agent() {
    let options = |headers: &str| format!(r#", "headers": [{headers}]"#);
    for (headers, line) in [
        (
            r#"{"name": "Host", "value": "a"}"#,
            r#"headers[0].name: "host" cannot be set"#,
        ),
        (
            r#"{"name": "a", "value": "b"}, {"name": "A", "value": "c"}"#,
            r#"headers[1].name: duplicate name "a""#,
        ),
        (r#"{"name": ":path", "value": "b"}"#, "headers[0].name: "),
        (
            &[r#"{"name": "a", "value": "b"}"#; 17].join(","),
            "headers: 17 headers exceed the maximum of 16",
        ),
    ] {
        let got = error(&remote("remote", "https://a/", &options(headers)));
        let rest = got
            .strip_prefix("jwt-auth: providers.corp.keys.remote.")
            .unwrap();
        assert!(rest.starts_with(line), "{got}");
    }
    let sent = |headers: &str| {
        let json = remote("remote", "https://a/", &options(headers));
        let env = Env::from([("TOKEN".to_owned(), "Bearer t".to_owned())]);
        let config = load::<Config>(json.as_bytes(), &env).unwrap();
        let crate::provider::Keys::Remote(source) = &config.providers[0].keys else {
            panic!("fixed")
        };
        assert!(!format!("{source:?}").contains("Bearer"));
        let pairs = source
            .headers
            .iter()
            .map(|h| format!("{}={}", h.name, h.value));
        pairs.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(sent(""), "user-agent=jwt-auth");
    let own = r#"{"name": "Authorization", "value": {"env": "TOKEN"}}, {"name": "user-agent", "value": "me"}"#;
    assert_eq!(sent(own), "authorization=Bearer t user-agent=me");
}
