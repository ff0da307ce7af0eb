//! What a rule requires of a token: scopes, audiences, claims, issuers.

use super::*;

#[test]
fn scopes_audiences_and_claims_are_asked_for_by_each_rule() {
    let requires = |what: Value| {
        let mut provider = json!({"name": "corp"});
        e2e::yaml::merge(&mut provider, what);
        json!({"provider": provider})
    };
    let claim = |condition: Value| requires(json!({"claims": [condition]}));
    let rules = [
        (
            "/all",
            requires(json!({"scopes": {"all": ["read", "write"]}})),
        ),
        (
            "/any",
            requires(json!({"scopes": {"any": ["read", "write"]}})),
        ),
        ("/aud", requires(json!({"audiences": ["admin-api"]}))),
        (
            "/in",
            claim(json!({"claim": "groups", "any_of": ["ops", "sre"]})),
        ),
        (
            "/exact",
            claim(json!({"claim": ["org", "id"], "exact": "42"})),
        ),
        ("/prefix", claim(json!({"claim": "mail", "prefix": "a@"}))),
        (
            "/suffix",
            claim(json!({"claim": "mail", "suffix": "@example.com"})),
        ),
        (
            "/contains",
            claim(json!({"claim": "mail", "contains": "@ex"})),
        ),
        (
            "/regex",
            claim(json!({"claim": "mail", "regex": "[a-z]+@example\\.com"})),
        ),
        ("/present", claim(json!({"claim": "mail", "present": true}))),
        ("/absent", claim(json!({"claim": "mail", "present": false}))),
    ];
    let envoy = envoy(
        &rules,
        json!({"providers": {"corp": {"audiences": ["api"]}}}),
    );
    let with = |claims: Value| {
        let mut token = corp();
        token.claims.extend(claims.as_object().unwrap().clone());
        token.sign()
    };
    let mail = |mail: &str| json!({"mail": mail});
    for (path, claims, expected) in [
        ("/all", json!({"scope": "write read"}), 200),
        ("/all", json!({"scp": ["read", "write"]}), 200),
        ("/all", json!({"scope": "read", "scp": "write"}), 200),
        ("/all", json!({"scope": "read"}), 403),
        ("/all", json!({"scope": "readwrite"}), 403),
        ("/any", json!({"scope": "read"}), 200),
        ("/any", json!({"scope": "reader"}), 403),
        ("/any", json!({}), 403),
        ("/aud", json!({"aud": "admin-api"}), 200),
        ("/aud", json!({"aud": ["x", "admin-api"]}), 200),
        ("/aud", json!({"aud": "api"}), 403),
        ("/in", json!({"groups": ["dev", "sre"]}), 200),
        ("/in", json!({"groups": "ops"}), 200),
        ("/in", json!({"groups": ["opsy"]}), 403),
        ("/exact", json!({"org": {"id": "42"}}), 200),
        ("/exact", json!({"org": {"id": 42}}), 200),
        ("/exact", json!({"org": {"id": [41, 42]}}), 200),
        ("/exact", json!({"org": {"id": 421}}), 403),
        ("/exact", json!({"org": "42"}), 403),
        ("/prefix", mail("a@example.com"), 200),
        ("/prefix", mail("b@example.com"), 403),
        ("/suffix", mail("a@example.com"), 200),
        ("/suffix", mail("a@example.com.evil"), 403),
        ("/contains", mail("a@example.com"), 200),
        ("/contains", mail("a@other.com"), 403),
        ("/regex", mail("abc@example.com"), 200),
        ("/regex", mail("abc@example.com.evil"), 403),
        ("/present", mail(""), 200),
        ("/present", json!({}), 403),
        ("/absent", json!({}), 200),
        ("/absent", mail("a"), 403),
    ] {
        assert_eq!(
            status(&envoy, path, Some(&with(claims.clone()))),
            expected,
            "{path} {claims}"
        );
    }
}

#[test]
fn scopes_come_from_the_claim_that_is_named_and_conditions_may_look_at_the_request() {
    let condition = |claims: Value| json!({"provider": {"name": "corp", "claims": [claims]}});
    let rules = [
        (
            "/roles",
            json!({"provider": {"name": "corp", "scopes": {"any": ["ops", "dev"], "claim": ["realm_access", "roles"]}}}),
        ),
        (
            "/permissions",
            json!({"provider": {"name": "corp", "scopes": {"all": ["read", "write"], "claim": "permissions"}}}),
        ),
        (
            "/tenant",
            condition(json!({"claim": "tenant", "exact": "${request.header.x-tenant}"})),
        ),
        (
            "/case",
            condition(
                json!({"claim": "tenant", "exact": "${request.header.x-tenant}", "ignore_case": true}),
            ),
        ),
        (
            "/either",
            condition(json!({"claim": "tenant", "any_of": ["root", "${request.query.tenant}"]})),
        ),
        (
            "/price",
            condition(json!({"claim": "price", "exact": "$$5"})),
        ),
    ];
    let envoy = envoy(&rules, json!({}));
    let token = corp()
        .claim("realm_access", json!({"roles": ["ops"]}))
        .claim("permissions", json!("write read"))
        .claim("scope", json!("read"))
        .claim("tenant", json!("acme"))
        .claim("price", json!("$5"));
    for (path, tenants, claim, expected) in [
        ("/roles", &[][..], Value::Null, 200),
        (
            "/roles",
            &[],
            json!({"realm_access": {"roles": ["opss"]}, "scope": "ops"}),
            403,
        ),
        ("/permissions", &[], Value::Null, 200),
        (
            "/permissions",
            &[],
            json!({"permissions": "read", "scope": "write"}),
            403,
        ),
        ("/tenant", &["acme"], Value::Null, 200),
        ("/tenant", &["ACME"], Value::Null, 403),
        ("/tenant", &["other"], Value::Null, 403),
        ("/tenant", &["acme", "acme"], Value::Null, 403),
        ("/tenant", &[], Value::Null, 403),
        ("/tenant", &[], json!({"tenant": ""}), 403),
        ("/tenant", &[""], json!({"tenant": ""}), 403),
        ("/tenant", &["a"], json!({"tenant": ["b", "a"]}), 200),
        (
            "/tenant",
            &["12345678901234567890123"],
            json!({"tenant": 42}),
            403,
        ),
        ("/case", &["ACME"], Value::Null, 200),
        ("/either?tenant=acme", &[], Value::Null, 200),
        ("/either?tenant=other", &[], Value::Null, 403),
        ("/either", &[], json!({"tenant": "root"}), 200),
        ("/price", &[], Value::Null, 200),
    ] {
        let mut token = token.clone();
        for (name, value) in claim.as_object().into_iter().flatten() {
            token = token.claim(name, value.clone());
        }
        let mut request = envoy.get(path);
        for tenant in tenants {
            request = request.header("x-tenant", tenant);
        }
        let answer = request.header("authorization", token.bearer()).send();
        assert_eq!(answer.status, expected, "{path} {tenants:?} {claim}");
    }
}

#[test]
fn an_issuer_is_one_of_a_list_or_matches_a_pattern_as_a_whole() {
    let issuers = json!({"providers": {"corp": {"keys": {"jwks": jwks()}, "issuers": [
        {"exact": "https://one.example"}, {"regex": "https://sts\\.example/[0-9a-f-]{36}/"}]}}});
    let envoy = Envoy::with_filter("jwt-auth", issuers.to_string()).start();
    let tenant = "https://sts.example/11111111-2222-3333-4444-555555555555/";
    for (issuer, expected) in [
        (json!("https://one.example"), 200),
        (json!(tenant), 200),
        (json!("https://one.example/"), 401),
        (json!(format!("{tenant}x")), 401),
        (json!(format!("https://evil.example/{tenant}")), 401),
        (
            json!("https://stsxexample/11111111-2222-3333-4444-555555555555/"),
            401,
        ),
        (Value::Null, 401),
    ] {
        let token = corp().claim("iss", issuer.clone()).sign();
        assert_eq!(status(&envoy, "/", Some(&token)), expected, "{issuer}");
    }
}
