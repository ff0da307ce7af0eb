//! Self-hosted providers.

use super::*;

pub(super) fn providers() -> Vec<Provider> {
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
            not_enough: json!({"typ": "ID"}),
            told: "f1888f4d-5172-4359-be0c-af338505d86c",
            more: Some(("x-jwt-roles", "offline_access,ops".into())),
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
            not_enough: json!({"urn:zitadel:iam:org:project:roles": {"reader": {"160549024225689888": "acme.zitadel.cloud"}}}),
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
            not_enough: json!({"groups": ["octo-org:dev"]}),
            told: "alice@example.com",
            more: Some(("x-jwt-groups", "octo-org:dev,octo-org:ops".into())),
        },
    ]
}
