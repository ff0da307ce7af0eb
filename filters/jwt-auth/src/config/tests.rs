use super::*;
use crate::testing::{SECRET, jwks};
use filter_kit::config::load;
use filter_kit::request::RequestHead;
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
            "jwt-auth: providers.a b: is not a name",
        ),
        (
            keys("{}"),
            "jwt-auth: providers.corp.keys: write exactly one of: jwks, pem, secret",
        ),
        (
            keys(r#"{"jwks": {"keys": []}}"#),
            "jwt-auth: providers.corp.keys.jwks: no usable key",
        ),
        (
            keys(r#"{"jwks": "{"}"#),
            "jwt-auth: providers.corp.keys.jwks: the text is not JSON",
        ),
        (
            keys(r#"{"jwks": 7}"#),
            "jwt-auth: providers.corp.keys.jwks: got 7, expected a JWK Set",
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
            "jwt-auth: providers.corp.keys.pem.algorithm: HS256 goes with keys.secret only",
        ),
        (
            keys(r#"{"pem": {"key": "x", "algorithm": "none"}}"#),
            "jwt-auth: providers.corp.keys.pem.algorithm: \"none\" is not accepted; one of: HS256",
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
            "jwt-auth: providers.corp.keys.secret.env: the environment variable \"NONE\" is not set",
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
            "jwt-auth: providers.corp.algorithms[0]: HS256 goes with keys.secret only",
        ),
        (
            corp(r#", "algorithms": ["none"]"#),
            "jwt-auth: providers.corp.algorithms[0]: \"none\" is not accepted",
        ),
        (
            corp(r#", "algorithms": []"#),
            "jwt-auth: providers.corp.algorithms: an empty list",
        ),
        (
            corp(r#", "audiences": []"#),
            "jwt-auth: providers.corp.audiences: an empty list",
        ),
        (
            corp(r#", "token_sources": []"#),
            "jwt-auth: providers.corp.token_sources: an empty list",
        ),
        (
            corp(r#", "token_sources": [{"query": {"name": ""}}]"#),
            "jwt-auth: providers.corp.token_sources[0].query.name: an empty name",
        ),
        (
            corp(r#", "clock_skew": "6m""#),
            "jwt-auth: providers.corp.clock_skew: more than 5m",
        ),
        (
            corp(r#", "clock_skew": 60"#),
            "jwt-auth: providers.corp.clock_skew: got 60, expected",
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
            "jwt-auth: rules[0].require.any: an empty list",
        ),
        (
            require(r#"{"any": [{"optional": {"all": []}}]}"#),
            "jwt-auth: rules[0].require.any[0].optional.all: an empty list",
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
            "jwt-auth: rules[0].require.provider.claims[0]: any_of stands alone",
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
            "jwt-auth: cache.max_tokens: 100001; at most 100000",
        ),
        (
            "verification_time_per_second",
            r#""2s""#,
            "jwt-auth: verification_time_per_second: more than",
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

#[test]
fn no_error_shows_a_secret() {
    let json = format!(
        r#"{{"providers": {{"corp": {{"keys": {{"secret": {{"value": "{SECRET}", "algorithm": "RS256"}}}}}}}}}}"#
    );
    assert!(!error(&json).contains(SECRET));
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
    let requirement = config.rules.requirement(&RequestHead::default()).unwrap();
    assert!(matches!(requirement, Requirement::Any(list) if list.len() == 1));
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
        matches!(config.rules.requirement(&head), Ok(Requirement::Nothing))
    };
    assert!(open("api.example.com", "/public"));
    assert!(open("API.example.COM:8080", "/public"));
    assert!(!open("other.example.com", "/public"));
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
    ] {
        assert!(!open("api.example.com", path), "{path}");
    }
}
