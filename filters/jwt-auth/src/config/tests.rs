use super::*;
use crate::testing::jwks;
use filter_kit::config::load;
use filter_kit::testing::request;

fn error(json: &str) -> String {
    let env = Env::from([("SHORT".to_owned(), "short".to_owned())]);
    match load::<Config>(json.as_bytes(), &env) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("accepted: {json}"),
    }
}

fn corp(more: &str) -> String {
    format!(
        r#"{{"providers": {{"corp": {{"keys": {{"jwks": {}}}{more}}}}}}}"#,
        jwks()
    )
}

fn require(requirement: &str) -> String {
    let config = corp("");
    let body = config.strip_suffix('}').unwrap();
    format!(r#"{body}, "rules": [{{"require": {requirement}}}]}}"#)
}

#[test]
fn mistakes_are_refused_with_their_place() {
    let keys = |keys: &str| format!(r#"{{"providers": {{"corp": {{"keys": {keys}}}}}}}"#);
    for (json, line) in [
        ("{}".to_owned(), r#"jwt-auth: missing key "providers""#),
        (
            r#"{"providers": {}}"#.to_owned(),
            "jwt-auth: providers: no provider",
        ),
        (
            r#"{"providers": {"a b": {"keys": {"secret": {"value": "x", "algorithm": "HS256"}}}}}"#
                .to_owned(),
            "jwt-auth: providers.a b: \"a b\" is not a name of a provider",
        ),
        (
            keys("{}"),
            "jwt-auth: providers.corp.keys: write exactly one of: jwks, pem, secret, remote, discovery",
        ),
        (
            keys(r#"{"jwks": {"keys": []}}"#),
            "jwt-auth: providers.corp.keys.jwks: no usable key",
        ),
        (
            keys(r#"{"jwks": "{"}"#),
            "jwt-auth: providers.corp.keys.jwks: got a text that is not JSON",
        ),
        (
            keys(r#"{"jwks": 7}"#),
            "jwt-auth: providers.corp.keys.jwks: got a number, expected a JWK Set",
        ),
        (
            keys(r#"{"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}"#),
            "jwt-auth: providers.corp.keys.jwks: no usable key; keys[0] is left out: a secret has no place",
        ),
        (
            keys(r#"{"pem": {"key": "x", "algorithm": "RS256"}}"#),
            "jwt-auth: providers.corp.keys.pem.key: not PEM",
        ),
        (
            keys(r#"{"pem": {"key": "x", "algorithm": "HS256"}}"#),
            "jwt-auth: providers.corp.keys.pem.algorithm: HS256 is only valid with keys.secret",
        ),
        (
            keys(r#"{"pem": {"key": "x", "algorithm": "none"}}"#),
            "jwt-auth: providers.corp.keys.pem.algorithm: a value that is not accepted; one of: HS256",
        ),
        (
            keys(r#"{"secret": {"value": "short", "algorithm": "HS256"}}"#),
            "jwt-auth: providers.corp.keys.secret: the secret has 5 bytes; HS256 needs at least 32",
        ),
        (
            keys(r#"{"secret": {"env": "SHORT", "algorithm": "HS256"}}"#),
            "jwt-auth: providers.corp.keys.secret: the secret has 5 bytes",
        ),
        (
            keys(r#"{"secret": {"env": "NONE", "algorithm": "HS256"}}"#),
            "jwt-auth: providers.corp.keys.secret.env: the environment variable is not set",
        ),
        (
            keys(r#"{"secret": {"base64": "*", "algorithm": "HS256"}}"#),
            "jwt-auth: providers.corp.keys.secret.base64: not base64",
        ),
        (
            keys(r#"{"secret": {"algorithm": "HS256"}}"#),
            "jwt-auth: providers.corp.keys.secret: write exactly one of: value, base64, env",
        ),
        (
            keys(r#"{"secret": {"value": "x", "algorithm": "RS256"}}"#),
            "jwt-auth: providers.corp.keys.secret: RS256 does not go with a secret",
        ),
        (
            corp(r#", "algorithms": ["HS256"]"#),
            "jwt-auth: providers.corp.algorithms[0]: HS256 is only valid with keys.secret",
        ),
        (
            corp(r#", "algorithms": ["none"]"#),
            "jwt-auth: providers.corp.algorithms[0]: \"none\" is not accepted",
        ),
        (
            corp(r#", "algorithms": []"#),
            "jwt-auth: providers.corp.algorithms: must not be empty",
        ),
        (
            corp(r#", "audiences": []"#),
            "jwt-auth: providers.corp.audiences: must not be empty",
        ),
        (
            corp(r#", "token_sources": []"#),
            "jwt-auth: providers.corp.token_sources: must not be empty",
        ),
        (
            corp(r#", "token_sources": [{"query": {"name": ""}}]"#),
            "jwt-auth: providers.corp.token_sources[0].query.name: must not be empty",
        ),
        (
            corp(r#", "clock_skew": "6m""#),
            "jwt-auth: providers.corp.clock_skew: 6m exceeds the maximum of 5m",
        ),
        (
            corp(r#", "clock_skew": 60"#),
            "jwt-auth: providers.corp.clock_skew: 60 has no unit",
        ),
        (
            corp(r#", "claims_to_headers": [{"claim": [], "header": "x-a"}]"#),
            "jwt-auth: providers.corp.claims_to_headers[0].claim: the name",
        ),
        (
            corp(r#", "payload_header": "authorization""#),
            "jwt-auth: providers.corp: \"authorization\" is where a token stands",
        ),
        (
            corp(r#", "payload_header": "Content-Length""#),
            "jwt-auth: providers.corp: \"content-length\" is a header that a message needs",
        ),
        (
            corp(r#", "payload_header": ":path""#),
            "jwt-auth: providers.corp.payload_header: \":path\" is not a header name",
        ),
        (
            require(r#""none""#),
            "jwt-auth: rules[0].require: \"none\" is not accepted; one of: nothing, provider, any",
        ),
        (
            require(r#"{"provider": {"name": "cropp"}}"#),
            "jwt-auth: rules[0].require.provider.name: \"cropp\" is not a provider; one of: corp",
        ),
        (
            require(r#"{"any": []}"#),
            "jwt-auth: rules[0].require.any: must not be empty",
        ),
        (
            require(r#"{"any": [{"optional": {"all": []}}]}"#),
            "jwt-auth: rules[0].require.any[0].optional.all: must not be empty",
        ),
        (
            require(r#"{"provider": {"name": "corp", "scopes": {"all": ["a b"]}}}"#),
            "jwt-auth: rules[0].require.provider.scopes.all[0]: not a scope",
        ),
        (
            require(r#"{"provider": {"name": "corp", "claims": [{"claim": "a"}]}}"#),
            "jwt-auth: rules[0].require.provider.claims[0]: write exactly one of",
        ),
        (
            require(
                r#"{"provider": {"name": "corp", "claims": [{"claim": "a", "any_of": ["b"], "exact": "c"}]}}"#,
            ),
            "jwt-auth: rules[0].require.provider.claims[0]: any_of excludes",
        ),
    ] {
        let got = error(&json);
        assert!(got.starts_with(line), "{got}\nexpected: {line}");
        assert!(!got.contains('\n'), "{got}");
    }
    for (key, value, line) in [
        ("realm", r#""a\"b""#, "jwt-auth: realm: "),
        (
            "cache",
            r#"{"max_tokens": 100001}"#,
            "jwt-auth: cache.max_tokens: 100001 exceeds the maximum of 100000",
        ),
        (
            "max_waiting_requests",
            "100001",
            "jwt-auth: max_waiting_requests: 100001 exceeds the maximum of 100000",
        ),
        (
            "verification_time_per_second",
            r#""2s""#,
            "jwt-auth: verification_time_per_second: 2s exceeds the maximum of 1s",
        ),
        (
            "responses",
            r#"{"forbidden": {"body": "${nope}"}}"#,
            "jwt-auth: responses.forbidden.body: ${nope}",
        ),
    ] {
        let config = corp("");
        let got = error(&format!(
            "{}, \"{key}\": {value}}}",
            config.strip_suffix('}').unwrap()
        ));
        assert!(got.starts_with(line), "{got}");
    }
}

/// A provider `corp` whose keys are at a server, with this URI, and these options behind it.
fn remote(kind: &str, uri: &str, options: &str) -> String {
    format!(
        r#"{{"providers": {{"corp": {{"issuer": "https://a", "keys": {{"{kind}": {{"cluster": "idp", "uri": "{uri}"{options}}}}}}}}}}}"#
    )
}

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
fn a_provider_exports_sixteen_claims_at_most() {
    let export = |count: usize| {
        let claims: Vec<_> = (0..count).map(|n| format!("\"c{n}\"")).collect();
        corp(&format!(
            r#", "export": {{"claims": [{}]}}"#,
            claims.join(", ")
        ))
    };
    assert!(load::<Config>(export(16).as_bytes(), &Env::new()).is_ok());
    let line = "jwt-auth: providers.corp.export.claims: 17 claims exceed the maximum of 16";
    assert_eq!(error(&export(17)), line);
}

#[test]
fn a_thousand_requests_may_wait_by_default() {
    let config = load::<Config>(corp("").as_bytes(), &Env::new()).unwrap();
    assert_eq!(config.max_waiting, 1000);
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
fn no_error_shows_a_secret_wherever_it_is_written() {
    let source = |key: &str, more: &str| {
        format!(r#"{{"{key}": {{"cluster": "idp", "uri": "https://idp.example/jwks"{more}}}}}"#)
    };
    for (keys, line) in [
        (r#""S3CR3T""#.to_owned(), "a value that is not accepted; one of: jwks"),
        (r#"["S3CR3T"]"#.to_owned(), ""),
        (r#"{"secret": "S3CR3T"}"#.to_owned(), "secret: got a text, expected "),
        (r#"{"secret": 53237}"#.to_owned(), "secret: got a number, expected "),
        (r#"{"secret": {"S3CR3T": 1}}"#.to_owned(), "secret: unknown key; one of: value, base64, env, algorithm"),
        (r#"{"secret": {"value": 53237, "algorithm": "HS256"}}"#.to_owned(), "secret.value: got a number, expected "),
        (r#"{"secret": {"value": {"S3CR3T": "a"}, "algorithm": "HS256"}}"#.to_owned(), "secret.value: unknown key; one of: env"),
        (r#"{"secret": {"value": "S3CR3T", "algorithm": "RS256"}}"#.to_owned(), "secret: RS256"),
        (r#"{"secret": {"value": "S3CR3T", "algorithm": "HS256"}}"#.to_owned(), "secret: the secret has 6 bytes"),
        (r#"{"secret": {"base64": "S3CR3T*", "algorithm": "HS256"}}"#.to_owned(), "secret.base64: not base64"),
        (r#"{"secret": {"env": "S3CR3T", "algorithm": "HS256"}}"#.to_owned(), "secret.env: the environment variable is not set"),
        (r#"{"secret": {"env": {"S3CR3T": 1}, "algorithm": "HS256"}}"#.to_owned(), "secret.env: got an object, expected"),
        (r#"{"secret": {"env": "A", "algorithm": "S3CR3T"}}"#.to_owned(), "secret.algorithm: a value that is not accepted; one of: HS256"),
        (r#"{"pem": "S3CR3T"}"#.to_owned(), "pem: got a text, expected "),
        (r#"{"pem": {"key": "S3CR3T", "algorithm": "RS256"}}"#.to_owned(), "pem.key: not PEM"),
        (r#"{"pem": {"key": "-----BEGIN S3CR3T-----\nAAAA\n-----END S3CR3T-----", "algorithm": "RS256"}}"#.to_owned(), "pem.key: PEM of another kind"),
        (r#"{"jwks": "S3CR3T"}"#.to_owned(), "jwks: got a text that is not JSON"),
        (r#"{"jwks": {"S3CR3T": 1}}"#.to_owned(), "jwks: no usable key"),
        (r#"{"jwks": {"env": "S3CR3T"}}"#.to_owned(), "jwks.env: the environment variable is not set"),
        (r#"{"jwks": {"keys": [{"kty": "S3CR3T"}]}}"#.to_owned(), "jwks: no usable key"),
        (r#"{"remote": "S3CR3T"}"#.to_owned().replace("remote", "secret"), "secret: got a text"),
        (source("remote", r#", "headers": [{"name": "authorization", "value": 53237}]"#), "remote.headers[0].value: got a number"),
        (source("remote", r#", "headers": [{"name": "authorization", "value": {"env": "S3CR3T"}}]"#), "remote.headers[0].value.env: the environment variable is not set"),
        (source("remote", r#", "headers": [{"name": "authorization", "value": "S3CR3T\n"}]"#), "remote.headers[0].value: must not contain control"),
        (source("discovery", "").replace("https://idp", "S3CR3T@idp"), "discovery.uri: the URI is not absolute"),
        (source("remote", "").replace("https://idp.example/", "https://idp.example/?token=S3CR3T#"), "remote.uri: the URI has a fragment"),
    ] {
        let got = error(&format!(r#"{{"providers": {{"corp": {{"keys": {keys}}}}}}}"#));
        let rest = got.strip_prefix("jwt-auth: providers.corp.keys").unwrap_or_else(|| panic!("{got}"));
        let rest = rest.trim_start_matches(['.', ':', ' ']);
        assert!(rest.starts_with(line), "{got}\nexpected: {line}");
        assert!(!got.contains("S3CR3T") && !got.contains("53237"), "{got}");
    }
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

#[test]
fn keys_may_be_text_or_object_and_names_sort() {
    let text = serde_json::to_string(&jwks().to_string()).unwrap();
    let json = format!(
        r#"{{"providers": {{"b": {{"keys": {{"jwks": {text}}}}}, "a": {{"keys": {{"jwks": {}}}}}}}}}"#,
        jwks()
    );
    let config = load::<Config>(json.as_bytes(), &Env::new()).unwrap();
    let names: Vec<_> = config.providers.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn what_no_rule_matches_needs_a_token_of_any_provider() {
    let config = load::<Config>(corp("").as_bytes(), &Env::new()).unwrap();
    let request = request("GET", "/").build();
    let requirements = config.rules.requirements(&request).unwrap();
    let all: Vec<_> = requirements.iter().collect();
    assert!(matches!(all.as_slice(), [Requirement::Any(list)] if list.len() == 1));
}

#[test]
fn the_first_rule_that_matches_decides_and_no_spelling_slips_past_it() {
    let body = corp("");
    let body = body.strip_suffix('}').unwrap();
    let json = format!(
        r#"{body}, "rules": [{{"match": {{"paths": [{{"prefix": "/admin"}}]}}, "require": {{"provider": {{"name": "corp"}}}}}},
            {{"match": {{"hosts": ["api.example.com"], "paths": [{{"prefix": "/"}}]}}, "require": "nothing"}}]}}"#
    );
    let config = load::<Config>(json.as_bytes(), &Env::new()).unwrap();
    let open = |host: &str, path: &str| {
        let head = request("GET", path).authority(host).build();
        let requirements = config.rules.requirements(&head);
        requirements.is_ok_and(|requirements| requirements.is_nothing())
    };
    assert!(open("api.example.com", "/public"));
    assert!(open("API.example.COM:8080", "/public"));
    assert!(open("api.example.com", "/public;jsessionid=1/a%2Fb"));
    assert!(!open("other.example.com", "/public"));
    assert!(!open("x@api.example.com", "/public"));
    for path in [
        "/admin",
        "/admin/x",
        "/%61dmin",
        "//admin",
        "/x/../admin",
        "/admin;a",
        "/./admin",
        "/x/%2e%2e/admin",
        "/admin%2fx",
        "/%2561dmin",
        "/public/a%5cb%2f..%2f..%2fadmin/users",
        "/%61dmin/%252e%252e/../users",
        "/;x/admin/;%252f../users",
    ] {
        assert!(!open("api.example.com", path), "{path}");
    }
}
