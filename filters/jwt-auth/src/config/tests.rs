mod mistakes;
mod remote;

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

/// A provider `corp` whose keys are at a server, with this URI, and these options behind it.
fn remote(kind: &str, uri: &str, options: &str) -> String {
    format!(
        r#"{{"providers": {{"corp": {{"issuer": "https://a", "keys": {{"{kind}": {{"cluster": "idp", "uri": "{uri}"{options}}}}}}}}}}}"#
    )
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
fn a_set_may_have_a_member_with_the_name_of_the_other_form() {
    let mut set = jwks();
    set["env"] = "SHORT".into();
    let json = format!(r#"{{"providers": {{"corp": {{"keys": {{"jwks": {set}}}}}}}}}"#);
    assert!(load::<Config>(json.as_bytes(), &Env::new()).is_ok());
}

#[test]
fn a_deny_list_has_ten_thousand_entries_of_a_kind_at_most() {
    let denied = |kind: &str, count: usize| {
        let list: Vec<_> = (0..count).map(|n| format!("\"{n}\"")).collect();
        let config = corp("");
        let body = config.strip_suffix('}').unwrap();
        format!(
            r#"{body}, "deny_list": {{"{kind}": [{}]}}}}"#,
            list.join(",")
        )
    };
    for kind in ["jti", "sub"] {
        let most = denied(kind, 10_000);
        assert!(load::<Config>(most.as_bytes(), &Env::new()).is_ok());
        for count in [10_001, 20_000] {
            let line =
                format!("jwt-auth: deny_list.{kind}: {count} entries exceed the maximum of 10000");
            assert_eq!(error(&denied(kind, count)), line);
        }
    }
}

#[test]
fn a_websocket_protocol_is_a_token_of_http() {
    for (element, is_valid) in [
        (r#"{"prefix": "auth."}"#, true),
        (r#"{"after": "bearer"}"#, true),
        (r#"{"prefix": "auth, "}"#, false),
        (r#"{"after": "a b"}"#, false),
    ] {
        let json = corp(&format!(
            r#", "token_sources": [{{"websocket_protocol": {element}}}]"#
        ));
        let loaded = load::<Config>(json.as_bytes(), &Env::new());
        assert_eq!(loaded.is_ok(), is_valid, "{element}");
    }
}

#[test]
fn values_at_a_bound_are_accepted_and_defaults_are_as_documented() {
    let config = load::<Config>(corp("").as_bytes(), &Env::new()).unwrap();
    let provider = &config.providers[0];
    assert_eq!(provider.max_token_bytes, 16_384);
    assert_eq!(provider.clock_skew, 60);
    assert!(provider.require_expiration);
    let cache = &config.cache;
    assert_eq!(
        (cache.max_tokens, cache.max_token_bytes, cache.max_bytes),
        (1000, 8192, 8_388_608)
    );
    for json in [
        corp(r#", "clock_skew": "5m", "max_token_bytes": 65536"#),
        r#"{"providers": {"corp": {"keys": {"secret": {"value": "a secret of 32 bytes, for HS256 .", "algorithm": "HS256"}}, "algorithms": ["HS256"]}}}"#.to_owned(),
        remote(
            "remote",
            "https://a/",
            r#", "refresh": "1h", "stale_for": "1h""#,
        ),
        remote(
            "remote",
            "https://a/",
            &format!(r#", "headers": [{}]"#, sixteen_headers()),
        ),
    ] {
        assert!(
            load::<Config>(json.as_bytes(), &Env::new()).is_ok(),
            "{json}"
        );
    }
}

fn sixteen_headers() -> String {
    let header = |n| format!(r#"{{"name": "x-{n}", "value": "a"}}"#);
    (0..16).map(header).collect::<Vec<_>>().join(", ")
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
