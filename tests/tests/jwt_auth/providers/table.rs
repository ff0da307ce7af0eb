//! Identity providers, and the tokens that they issue.

use super::*;

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

/// A test key, under another `kid` and with other members beside its numbers.
fn key(name: &str, kid: &str, more: Value) -> Value {
    let set: Value = serde_json::from_str(token::JWKS).unwrap();
    let keys = set["keys"].as_array().unwrap();
    let mut key = keys.iter().find(|key| key["kid"] == name).unwrap().clone();
    let members = key.as_object_mut().unwrap();
    members.remove("alg");
    members.remove("use");
    members.insert("kid".into(), json!(kid));
    yaml::merge(&mut key, more);
    key
}

/// A signing key as most have it.
fn rsa(kid: &str) -> Value {
    key("test-rs256", kid, json!({"use": "sig", "alg": "RS256"}))
}

/// What a provider has: where its keys are, and a token of its shape.
pub(super) struct Provider {
    pub(super) name: &'static str,
    /// What each address of its server answers, by authority and path.
    pub(super) answers: Vec<(&'static str, Value)>,
    pub(super) header: Value,
    pub(super) claims: Value,
    /// Another token of the provider, which is good but not enough.
    pub(super) not_enough: Value,
    /// `x-jwt-sub` and one more header at the upstream.
    pub(super) told: &'static str,
    pub(super) more: Option<(&'static str, String)>,
}

fn document(issuer: &str, keys: &str) -> Value {
    json!({"issuer": issuer, "jwks_uri": keys, "response_types_supported": ["code"], "id_token_signing_alg_values_supported": ["RS256"]})
}

#[allow(clippy::too_many_lines, reason = "a table of twelve rows")]
pub(super) fn providers() -> Vec<Provider> {
    let not = |claims: Value| claims;
    vec![
        Provider {
            name: "keycloak",
            answers: vec![
                (
                    "keycloak.example/realms/shop/.well-known/openid-configuration",
                    document(
                        "https://keycloak.example/realms/shop",
                        "https://keycloak.example/realms/shop/protocol/openid-connect/certs",
                    ),
                ),
                (
                    "keycloak.example/realms/shop/protocol/openid-connect/certs",
                    json!({"keys": [
                        key("test-rs256", "enc-1", json!({"use": "enc", "alg": "RSA-OAEP", "x5c": ["MIIC"], "x5t": "a"})),
                        key("test-rs256", "q0vQw5m1", json!({"use": "sig", "alg": "RS256", "x5c": ["MIIC"], "x5t": "a", "x5t#S256": "b"})),
                    ]}),
                ),
            ],
            header: json!({"alg": "RS256", "typ": "JWT", "kid": "q0vQw5m1"}),
            claims: json!({
                "jti": "onrtac:6e3d", "iss": "https://keycloak.example/realms/shop", "aud": ["account", "api"],
                "sub": "f1888f4d-5172-4359-be0c-af338505d86c", "typ": "Bearer", "azp": "shop-ui", "sid": "9a3", "acr": "1",
                "allowed-origins": ["https://shop.example"], "realm_access": {"roles": ["offline_access", "ops"]},
                "resource_access": {"account": {"roles": ["manage-account", "view-profile"]}}, "scope": "openid email profile",
                "email_verified": false, "preferred_username": "alice",
            }),
            not_enough: not(json!({"typ": "ID"})),
            told: "f1888f4d-5172-4359-be0c-af338505d86c",
            more: Some(("x-jwt-roles", "offline_access,ops".into())),
        },
        Provider {
            name: "auth0",
            answers: vec![(
                "tenant.eu.auth0.com/.well-known/jwks.json",
                json!({"keys": [key("test-rs256", "NjVBRjY5", json!({"use": "sig", "alg": "RS256", "x5c": ["MIID"], "x5t": "NjVBRjY5"}))]}),
            )],
            header: json!({"alg": "RS256", "typ": "at+jwt", "kid": "NjVBRjY5"}),
            claims: json!({
                "iss": "https://tenant.eu.auth0.com/", "sub": "auth0|123456", "aud": ["https://api.example", "https://tenant.eu.auth0.com/userinfo"],
                "azp": "my_client_id", "scope": "openid profile read:items", "permissions": ["read:items"],
            }),
            not_enough: not(json!({"scope": "openid profile"})),
            told: "auth0|123456",
            more: None,
        },
        Provider {
            name: "entra",
            answers: vec![
                (
                    "login.microsoftonline.com/common/v2.0/.well-known/openid-configuration",
                    document(
                        "https://login.microsoftonline.com/{tenantid}/v2.0",
                        "https://login.microsoftonline.com/common/discovery/v2.0/keys",
                    ),
                ),
                (
                    "login.microsoftonline.com/common/discovery/v2.0/keys",
                    json!({"keys": [key("test-rs256", "nOo3ZDrODXEK1jKWhXslHR_KXEg", json!({
                        "use": "sig", "x5t": "nOo3ZDrODXEK1jKWhXslHR_KXEg", "x5c": ["MIIDBTCCAe2gAwIBAgIQ"],
                        "cloud_instance_name": "microsoftonline.com", "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0",
                    }))]}),
                ),
            ],
            header: json!({"typ": "JWT", "alg": "RS256", "kid": "nOo3ZDrODXEK1jKWhXslHR_KXEg"}),
            claims: json!({
                "aud": "11111111-2222-3333-4444-555555555555", "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "nbf": token::now(),
                "aio": "AXQAi/8IAAAA", "azp": "22222222-2222-3333-4444-555555555555", "azpacr": "0", "name": "Alice",
                "oid": "00000000-0000-0000-66f3-3332eca7ea81", "preferred_username": "alice@example.com", "rh": "0.AgEA",
                "roles": ["Items.Read"], "scp": "access_as_user", "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", "tid": TENANT,
                "uti": "fqiBqXLPj0eQa82S", "ver": "2.0",
            }),
            not_enough: not(json!({"scp": "User.Read"})),
            told: "00000000-0000-0000-66f3-3332eca7ea81",
            more: Some(("x-jwt-tenant", TENANT.into())),
        },
        Provider {
            name: "okta",
            answers: vec![(
                "dev-123456.okta.com/oauth2/default/v1/keys",
                json!({"keys": [rsa("U5R8cHbGw445Qbq8zVO1PcCpXL8yG6IcovVa3laCoxM")]}),
            )],
            header: json!({"kid": "U5R8cHbGw445Qbq8zVO1PcCpXL8yG6IcovVa3laCoxM", "alg": "RS256"}),
            claims: json!({
                "ver": 1, "jti": "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE", "iss": "https://dev-123456.okta.com/oauth2/default",
                "aud": "api://default", "cid": "nmdP1fcyvdVO11AL7ECm", "uid": "00ulcpHeHBNBDUBHKLDH", "scp": ["openid", "items"],
                "auth_time": token::now(), "sub": "alice@example.com",
            }),
            not_enough: not(json!({"scp": ["openid"]})),
            told: "alice@example.com",
            more: None,
        },
        Provider {
            name: "cognito",
            answers: vec![(
                "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI/.well-known/jwks.json",
                json!({"keys": [rsa("idTokenKey0000000000000000000000000000000="), rsa("jrE5cYz1NLlNGh4sUYxvHWaOuTtAy9WbPyRMz2v1mC0=")]}),
            )],
            header: json!({"kid": "jrE5cYz1NLlNGh4sUYxvHWaOuTtAy9WbPyRMz2v1mC0=", "alg": "RS256"}),
            claims: json!({
                "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "cognito:groups": ["ops, eu", "dev"], "version": 2, "device_key": "aaaaaaaa-bbbb",
                "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI", "client_id": "7abcdefghijklmnopqrstuvwxy",
                "origin_jti": "aaa", "event_id": "64f513be", "token_use": "access", "scope": "openid", "auth_time": token::now(),
                "jti": "bbb", "username": "alice",
            }),
            not_enough: not(json!({"token_use": "id"})),
            told: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            more: Some(("x-jwt-groups", r#"["ops, eu","dev"]"#.into())),
        },
        Provider {
            name: "google",
            answers: vec![(
                "www.googleapis.com/oauth2/v3/certs",
                json!({"keys": [rsa("a06810f3a3b5d4e2c9f1"), rsa("1f40f0a8ef3d880978dc82f25c3ec317c6a5b781")]}),
            )],
            header: json!({"alg": "RS256", "kid": "1f40f0a8ef3d880978dc82f25c3ec317c6a5b781", "typ": "JWT"}),
            claims: json!({
                "iss": "accounts.google.com", "azp": "1234567890-abc.apps.googleusercontent.com", "aud": "1234567890-abc.apps.googleusercontent.com",
                "sub": "110169484474386276334", "hd": "example.com", "email": "alice@example.com", "email_verified": true,
                "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q", "nonce": "0394852-3190485",
            }),
            not_enough: not(json!({"hd": "evil.example"})),
            told: "110169484474386276334",
            more: None,
        },
        Provider {
            name: "firebase",
            answers: vec![(
                "www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
                json!({"keys": [rsa("8fbbeea40332d2c0d27e37e1904af29b64594e57")]}),
            )],
            header: json!({"alg": "RS256", "kid": "8fbbeea40332d2c0d27e37e1904af29b64594e57", "typ": "JWT"}),
            claims: json!({
                "name": "Alice", "iss": "https://securetoken.google.com/my-project", "aud": "my-project", "auth_time": token::now(),
                "user_id": "abcdefghijklmnopqrstuvwxyz12", "sub": "abcdefghijklmnopqrstuvwxyz12", "email": "alice@example.com", "email_verified": true,
                "firebase": {"identities": {"google.com": ["110169484474386276334"], "email": ["alice@example.com"]}, "sign_in_provider": "google.com"},
            }),
            not_enough: not(json!({"aud": "another-project"})),
            told: "abcdefghijklmnopqrstuvwxyz12",
            more: None,
        },
        Provider {
            name: "github",
            answers: vec![(
                "token.actions.githubusercontent.com/.well-known/jwks",
                json!({"keys": [key("test-rs256", "cc413527-173f-5a05-976e-9c52b1d7b431", json!({
                    "use": "sig", "alg": "RS256", "x5c": ["MIIDrDCC"], "x5t": "ykNaY4qM_ta4k2TgZOCEYLkcYlA",
                }))]}),
            )],
            header: json!({"typ": "JWT", "alg": "RS256", "x5t": "ykNaY4qM_ta4k2TgZOCEYLkcYlA", "kid": "cc413527-173f-5a05-976e-9c52b1d7b431"}),
            claims: json!({
                "jti": "example-id", "sub": "repo:octo-org/octo-repo:environment:prod", "environment": "prod", "aud": "https://api.example",
                "ref": "refs/heads/main", "sha": "example-sha", "repository": "octo-org/octo-repo", "repository_owner": "octo-org", "actor_id": "12",
                "repository_visibility": "private", "repository_id": "74", "repository_owner_id": "65", "run_id": "example-run-id", "run_number": "10",
                "run_attempt": "2", "runner_environment": "github-hosted", "actor": "octocat", "workflow": "example-workflow", "head_ref": "",
                "base_ref": "", "event_name": "workflow_dispatch", "ref_type": "branch",
                "job_workflow_ref": "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main",
                "iss": "https://token.actions.githubusercontent.com", "nbf": token::now() - 60,
            }),
            not_enough: not(json!({"ref": "refs/heads/attack"})),
            told: "octo-org/octo-repo",
            more: None,
        },
        Provider {
            name: "kubernetes",
            answers: vec![(
                "kubernetes.default.svc/openid/v1/jwks",
                json!({"keys": [rsa("ZTb8a1hGc8P3sZs1XyJp0e6vVZ3m6lG2cS7w0oT9R5k")]}),
            )],
            header: json!({"alg": "RS256", "kid": "ZTb8a1hGc8P3sZs1XyJp0e6vVZ3m6lG2cS7w0oT9R5k"}),
            claims: json!({
                "aud": ["api"], "iss": "https://kubernetes.default.svc.cluster.local", "jti": "ea28ed49-2e11-4280-9ec5-bc3d1d84661a",
                "kubernetes.io": {
                    "namespace": "shop", "node": {"name": "node-1", "uid": "646e7c5e"}, "pod": {"name": "shop-6c9", "uid": "5e0bd49b"},
                    "serviceaccount": {"name": "shop", "uid": "14ee3fa4"}, "warnafter": token::now() + 3000,
                },
                "nbf": token::now(), "sub": "system:serviceaccount:shop:shop",
            }),
            not_enough: not(json!({"kubernetes.io": {"serviceaccount": {"name": "default"}}})),
            told: "system:serviceaccount:shop:shop",
            more: Some(("x-jwt-namespace", "shop".into())),
        },
        Provider {
            name: "spire",
            answers: vec![(
                "spire.example/bundle",
                json!({
                    "keys": [
                        key("test-es384", "", json!({"kid": null, "use": "x509-svid", "x5c": ["MIIBzDCC"]})),
                        key("test-es256", "C6vs25welZOx6WksNYfbMfiw9l96pMnD", json!({"use": "jwt-svid"})),
                    ],
                    "spiffe_sequence": 2, "spiffe_refresh_hint": 600,
                }),
            )],
            header: json!({"alg": "ES256", "kid": "C6vs25welZOx6WksNYfbMfiw9l96pMnD", "typ": "JWT"}),
            claims: json!({"aud": ["spiffe://trust.example/api"], "iss": null, "sub": "spiffe://trust.example/shop"}),
            not_enough: not(json!({"sub": "spiffe://other.example/shop"})),
            told: "spiffe://trust.example/shop",
            more: None,
        },
        Provider {
            name: "zitadel",
            answers: vec![(
                "instance.zitadel.cloud/oauth/v2/keys",
                json!({"keys": [rsa("164210479938609409"), rsa("164297027374784513")]}),
            )],
            header: json!({"alg": "RS256", "kid": "164297027374784513", "typ": "JWT"}),
            claims: json!({
                "iss": "https://instance.zitadel.cloud", "sub": "165460784409546753", "aud": ["163840776835432705", "163840776835432345"],
                "nbf": token::now(), "jti": "165460784409612289", "client_id": "163840776835432705",
                "urn:zitadel:iam:org:project:roles": {"admin": {"160549024225689888": "acme.zitadel.cloud"}},
            }),
            not_enough: not(
                json!({"urn:zitadel:iam:org:project:roles": {"reader": {"160549024225689888": "acme.zitadel.cloud"}}}),
            ),
            told: "165460784409546753",
            more: None,
        },
        Provider {
            name: "dex",
            answers: vec![
                (
                    "dex.example/dex/.well-known/openid-configuration",
                    document("https://dex.example/dex", "https://dex.example/dex/keys"),
                ),
                (
                    "dex.example/dex/keys",
                    json!({"keys": [rsa("7c8af7d0b1f3a1e5c2d4b6a8f0e2d4c6a8b0f1e3")]}),
                ),
            ],
            header: json!({"alg": "RS256", "kid": "7c8af7d0b1f3a1e5c2d4b6a8f0e2d4c6a8b0f1e3"}),
            claims: json!({
                "iss": "https://dex.example/dex", "sub": "CgcyMzQyNzQ5EgZnaXRodWI", "aud": "my-client", "at_hash": "u8xxcYjBBP6JdYKzr2VU1w",
                "c_hash": "jZd", "email": "alice@example.com", "email_verified": true, "groups": ["octo-org:dev", "octo-org:ops"], "name": "Alice",
            }),
            not_enough: not(json!({"groups": ["octo-org:dev"]})),
            told: "alice@example.com",
            more: Some(("x-jwt-groups", "octo-org:dev,octo-org:ops".into())),
        },
    ]
}

impl Provider {
    pub(super) fn token(&self, change: &Value) -> Token {
        let algorithm = self.header["alg"].as_str().unwrap();
        let mut token = Token::new(algorithm);
        token.header = self.header.as_object().unwrap().clone();
        token = token.claim("sub", Value::Null).claim("aud", Value::Null);
        for claims in [&self.claims, change] {
            for (name, value) in claims.as_object().unwrap() {
                token = token.claim(name, value.clone());
            }
        }
        token
    }
}
