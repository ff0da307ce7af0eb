//! Providers offered as services.

use super::*;

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

#[allow(clippy::too_many_lines, reason = "a table of six rows")]
pub(super) fn providers() -> Vec<Provider> {
    vec![
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
            not_enough: json!({"scope": "openid profile"}),
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
            not_enough: json!({"scp": "User.Read"}),
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
            not_enough: json!({"scp": ["openid"]}),
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
            not_enough: json!({"token_use": "id"}),
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
            not_enough: json!({"hd": "evil.example"}),
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
            not_enough: json!({"aud": "another-project"}),
            told: "abcdefghijklmnopqrstuvwxyz12",
            more: None,
        },
    ]
}
