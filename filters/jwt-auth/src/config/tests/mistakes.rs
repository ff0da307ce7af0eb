//! What is refused, with exactly which message.

use super::*;

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
            "jwt-auth: providers.corp.keys.jwks: got a string that is not JSON",
        ),
        (
            keys(r#"{"jwks": 7}"#),
            "jwt-auth: providers.corp.keys.jwks: got a number, expected a JWK Set",
        ),
        (
            keys(r#"{"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}"#),
            "jwt-auth: providers.corp.keys.jwks: no usable key; keys[0] is ignored: a secret is not accepted in a key set",
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
            "jwt-auth: providers.corp.keys.secret: RS256 is not valid for a secret",
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

#[test]
fn no_error_shows_a_secret_wherever_it_is_written() {
    let source = |key: &str, more: &str| {
        format!(r#"{{"{key}": {{"cluster": "idp", "uri": "https://idp.example/jwks"{more}}}}}"#)
    };
    for (keys, line) in [
        (r#""S3CR3T""#.to_owned(), "a value that is not accepted; one of: jwks"),
        (r#"["S3CR3T"]"#.to_owned(), ""),
        (r#"{"secret": "S3CR3T"}"#.to_owned(), "secret: got a string, expected "),
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
        (r#"{"pem": "S3CR3T"}"#.to_owned(), "pem: got a string, expected "),
        (r#"{"pem": {"key": "S3CR3T", "algorithm": "RS256"}}"#.to_owned(), "pem.key: not PEM"),
        (r#"{"pem": {"key": "-----BEGIN S3CR3T-----\nAAAA\n-----END S3CR3T-----", "algorithm": "RS256"}}"#.to_owned(), "pem.key: PEM of another kind"),
        (r#"{"jwks": "S3CR3T"}"#.to_owned(), "jwks: got a string that is not JSON"),
        (r#"{"jwks": {"S3CR3T": 1}}"#.to_owned(), "jwks: no usable key"),
        (r#"{"jwks": {"env": "S3CR3T"}}"#.to_owned(), "jwks.env: the environment variable is not set"),
        (r#"{"jwks": {"keys": [{"kty": "S3CR3T"}]}}"#.to_owned(), "jwks: no usable key"),
        (r#"{"remote": "S3CR3T"}"#.to_owned().replace("remote", "secret"), "secret: got a string"),
        (source("remote", r#", "headers": [{"name": "authorization", "value": 53237}]"#), "remote.headers[0].value: got a number"),
        (source("remote", r#", "headers": [{"name": "authorization", "value": {"env": "S3CR3T"}}]"#), "remote.headers[0].value.env: the environment variable is not set"),
        (source("remote", r#", "headers": [{"name": "authorization", "value": "S3CR3T\n"}]"#), "remote.headers[0].value: must not contain control"),
        (r#"{"S3CR3T": {"algorithm": "HS256"}}"#.to_owned(), "a value that is not accepted; one of: jwks, pem, secret"),
        (r#"{"S3CR3T": "a"}"#.to_owned(), "a value that is not accepted; one of: jwks, pem, secret"),
        (r#"{"S3CR3T": null}"#.to_owned(), "null is not a value"),
        (r#"{"secret": true, "S3CR3T": 1}"#.to_owned(), "write exactly one of: jwks, pem, secret"),
        (r#"{"secret": ["S3CR3T"]}"#.to_owned(), "secret: got a list, expected "),
        (r#"{"secret": {"value": ["S3CR3T"], "algorithm": "HS256"}}"#.to_owned(), "secret.value: got a list, expected "),
        (r#"{"secret": {"value": "S3CR3T"}}"#.to_owned(), "secret: missing key \"algorithm\""),
        (r#"{"secret": {"value": -53237, "algorithm": "HS256"}}"#.to_owned(), "secret.value: got a number"),
        (r#"{"secret": {"value": 53237.5, "algorithm": "HS256"}}"#.to_owned(), "secret.value: got a number"),
        (r#"{"secret": {"base64": {"value": "S3CR3T"}, "algorithm": "HS256"}}"#.to_owned(), "secret.base64: unknown key"),
        (r#"{"secret": {"env": ["S3CR3T"], "algorithm": "HS256"}}"#.to_owned(), "secret.env: got a list"),
        (r#"{"secret": {"env": 53237, "algorithm": "HS256"}}"#.to_owned(), "secret.env: got a number"),
        (r#"{"secret": {"value": "a", "algorithm": {"S3CR3T": 1}}}"#.to_owned(), "secret.algorithm: a value that is not accepted"),
        (r#"{"secret": {"value": {"S3CR3T": null}, "algorithm": "HS256"}}"#.to_owned(), "secret: null is not a value"),
        (r#"{"pem": 53237}"#.to_owned(), "pem: got a number, expected "),
        (r#"{"pem": ["S3CR3T"]}"#.to_owned(), "pem: got a list, expected "),
        (r#"{"pem": {"S3CR3T": "RS256"}}"#.to_owned(), "pem: unknown key; one of: key, algorithm"),
        (r#"{"pem": {"S3CR3T": null}}"#.to_owned(), "pem: null is not a value"),
        (r#"{"pem": {"key": ["S3CR3T"], "algorithm": "RS256"}}"#.to_owned(), "pem.key: got a list"),
        (r#"{"pem": {"key": "S3CR3T"}}"#.to_owned(), "pem: missing key \"algorithm\""),
        (r#"{"jwks": ["S3CR3T"]}"#.to_owned(), "jwks: got a list, expected "),
        (r#"{"jwks": {"env": 53237}}"#.to_owned(), "jwks: no usable key"),
        (r#"{"jwks": {"keys": [{"kty": "oct", "k": "S3CR3T", "kid": "S3CR3T"}]}}"#.to_owned(), "jwks: no usable key"),
        (r#"{"jwks": {"keys": [{"kty": "RSA", "n": "S3CR3T*", "e": "AQAB", "d": "S3CR3T"}]}}"#.to_owned(), "jwks: no usable key"),
        (r#"{"remote": "https://S3CR3T@idp.example/jwks"}"#.to_owned(), "remote: got a string, expected a server"),
        (r#"{"discovery": "https://idp.example/?token=S3CR3T"}"#.to_owned(), "discovery: got a string, expected a server"),
        (r#"{"remote": ["https://S3CR3T@idp.example/jwks"]}"#.to_owned(), "remote: got a list"),
        (source("remote", r#", "headers": "Bearer S3CR3T""#), "remote.headers: got a string, expected a list"),
        (source("remote", r#", "headers": {"authorization": "Bearer S3CR3T"}"#), "remote.headers: got an object, expected a list"),
        (source("remote", r#", "headers": ["authorization: Bearer S3CR3T"]"#), "remote.headers[0]: got a string, expected "),
        (source("remote", r#", "headers": [{"authorization: Bearer S3CR3T": 1}]"#), "remote.headers[0]: unknown key; one of: name, value"),
        (source("remote", r#", "headers": [{"Bearer S3CR3T": null}]"#), "remote: null is not a value"),
        (source("remote", r#", "headers": [{"name": "Bearer S3CR3T", "value": "authorization"}]"#), "remote.headers[0].name: is not valid"),
        (source("remote", r#", "headers": [{"value": "S3CR3T"}]"#), "remote.headers[0]: missing key \"name\""),
        (source("remote", r#", "headers": [{"name": "authorization", "value": ["S3CR3T"]}]"#), "remote.headers[0].value: got a list"),
        (source("remote", r#", "headers": [{"name": "authorization", "value": {"S3CR3T": 1}}]"#), "remote.headers[0].value: unknown key"),
        (source("remote", "").replace("https://idp", "S3CR3T idp"), "remote.uri: the URI holds a space"),
        (source("remote", "").replace("https://idp", "S3CR3T://idp"), "remote.uri: the URI is neither http nor https"),
        (source("remote", "").replace("idp.example", "idp.example:S3CR3T"), "remote.uri: the URI has no host, or an invalid one"),
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
fn no_warning_shows_a_part_of_a_secret() {
    let secret =
        r#"{"value": "$1-S3CR3T-%REQ(S3CR3T)%-of-at-least-32-bytes", "algorithm": "HS256"}"#;
    let header = r#"{"name": "authorization", "value": "Bearer $1%REQ(S3CR3T)%"}"#;
    for keys in [
        format!(r#"{{"secret": {secret}}}"#),
        format!(
            r#"{{"remote": {{"cluster": "idp", "uri": "https://a/", "headers": [{header}]}}}}"#
        ),
    ] {
        let json = format!(r#"{{"providers": {{"corp": {{"keys": {keys}}}}}}}"#);
        let (_, warnings) =
            filter_kit::config::load_with_warnings::<Config>(json.as_bytes(), &Env::new()).unwrap();
        assert!(warnings.is_empty(), "{warnings:?}");
    }
}
