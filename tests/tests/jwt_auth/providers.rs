//! Real identity providers: `envoy-configs/jwt-auth-providers.yaml` with the key sets and tokens of
//! twelve of them, in the form that their documentation describes, signed with the test keys
//! instead of theirs.

mod table;

use super::*;
use e2e::{EchoedRequest, KeyServer, Reply, yaml};
use serde_json::Value;
use std::fs;
use table::providers;

/// Starts the sample, with this server instead of all key servers.
fn providers_sample(idp: &KeyServer) -> Envoy {
    let file = e2e::paths::workspace().join("envoy-configs/jwt-auth-providers.yaml");
    let document = yaml::parse(&fs::read_to_string(file).unwrap()).unwrap();
    let clusters = document["static_resources"]["clusters"].as_array().unwrap();
    let mut envoy = Envoy::from_sample("jwt-auth-providers");
    for cluster in clusters
        .iter()
        .filter(|cluster| cluster["name"] != "upstream")
    {
        let host = cluster["transport_socket"]["typed_config"]["sni"]
            .as_str()
            .unwrap();
        let written = format!("{{address: {host}, port_value: 443}}");
        envoy = envoy.path(
            &written,
            format!("{{address: 127.0.0.1, port_value: {}}}", idp.port()),
        );
    }
    envoy.concurrency(2).start()
}

#[test]
fn the_tokens_of_twelve_identity_providers_pass_by_what_the_sample_writes_for_them() {
    let providers = providers();
    let answers: Vec<(String, String)> = providers
        .iter()
        .flat_map(|provider| &provider.answers)
        .map(|(address, answer)| ((*address).to_owned(), answer.to_string()))
        .collect();
    let idp = KeyServer::with("providers", move |request: &EchoedRequest| {
        let address = format!("{}{}", request.authority, request.path);
        // As the API server of Kubernetes does by default.
        let is_refused = address.starts_with("kubernetes")
            && request.header("authorization") != Some("Bearer REPLACE");
        match answers.iter().find(|(known, _)| *known == address) {
            Some(_) if is_refused => Reply::new(401),
            Some((_, answer)) => Reply::json(answer.clone()),
            None => Reply::new(404),
        }
    })
    .unwrap();
    let envoy = providers_sample(&idp);
    for provider in &providers {
        let path = format!("/{}", provider.name);
        let name = provider.name;
        let token = provider.token(&json!({})).sign();
        let answer = get(&envoy, &path, Some(&token));
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        let echo = answer.echo();
        assert_eq!(echo.header("x-jwt-sub"), Some(provider.told), "{name}");
        if let Some((header, value)) = &provider.more {
            assert_eq!(echo.header(header), Some(value.as_str()), "{name}");
        }
        assert_eq!(
            get(&envoy, &path, Some(&forged(&token))).status,
            401,
            "{name}"
        );
        assert_eq!(get(&envoy, &path, None).status, 401, "{name}");
        let weak = provider.token(&provider.not_enough).sign();
        assert_eq!(get(&envoy, &path, Some(&weak)).status, 403, "{name}");
        let expired = provider.token(&json!({"exp": token::now() - 600})).sign();
        assert_eq!(get(&envoy, &path, Some(&expired)).status, 401, "{name}");
        // A token of one provider is not accepted for another, although their keys are the same.
        if name != "spire" {
            let other = provider
                .token(&json!({"iss": "https://evil.example"}))
                .sign();
            assert_eq!(get(&envoy, &path, Some(&other)).status, 401, "{name}");
        }
    }
    assert_eq!(envoy.stat("wasmcustom.jwt_auth.allowed.token_total"), 12);
}

#[test]
fn the_readme_says_what_to_write_for_each_provider_of_the_sample() {
    let read = |path: &str| fs::read_to_string(e2e::paths::workspace().join(path)).unwrap();
    let readme = read("filters/jwt-auth/README.md");
    let (_, section) = readme.split_once("## Identity providers").unwrap();
    let sample = read("envoy-configs/jwt-auth-providers.yaml");
    for provider in providers() {
        let name = provider.name;
        let row = |line: &str| line.starts_with('|') && line.contains(&format!("`{name}`"));
        assert!(section.lines().any(row), "{name} has no row in the README");
        assert!(sample.contains(&format!("  {name}:\n")), "{name}");
    }
}

/// Firebase's other format of its keys, and the tokens that AWS's load balancer creates itself.
#[test]
fn forms_that_cannot_work_are_refused_with_the_way_that_does() {
    let certificates =
        json!({"8fbbeea4": "-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----\n"})
            .to_string();
    let idp = e2e::Upstream::with(move |_| Reply::json(certificates.clone())).unwrap();
    let config = json!({"providers": {"firebase": {"keys": {"remote": {"cluster": "google", "uri":
        "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com"}}}}});
    let envoy = Envoy::with_filter("jwt-auth", config.to_string())
        .cluster_at("google", idp.port(), e2e::Protocol::Http1)
        .start();
    let way =
        "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";
    envoy.wait_for_log(way, std::time::Duration::from_secs(15));
    let padded = format!("{}=", Token::new("ES256").sign());
    let answer = get(&envoy, "/", Some(&padded));
    assert!(
        answer.status == 503 || answer.text().contains("x-amzn-oidc-accesstoken"),
        "{}",
        answer.text()
    );
}
