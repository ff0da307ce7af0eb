//! Providers whose tokens identify a workload and not a person.

use super::*;

pub(super) fn providers() -> Vec<Provider> {
    vec![
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
            not_enough: json!({"ref": "refs/heads/attack"}),
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
            not_enough: json!({"kubernetes.io": {"serviceaccount": {"name": "default"}}}),
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
            not_enough: json!({"sub": "spiffe://other.example/shop"}),
            told: "spiffe://trust.example/shop",
            more: None,
        },
    ]
}
