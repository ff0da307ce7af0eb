//! Identity providers, and the tokens that they issue.

mod own;
mod services;
mod workloads;

use super::*;

/// Returns a test key with another `kid` and other additional members.
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

/// Returns a signing key in the most common form.
fn rsa(kid: &str) -> Value {
    key("test-rs256", kid, json!({"use": "sig", "alg": "RS256"}))
}

/// The data of a provider: where its keys are, and a token in its form.
pub(super) struct Provider {
    pub(super) name: &'static str,
    /// The answer for each address of its server, by authority and path.
    pub(super) answers: Vec<(&'static str, Value)>,
    pub(super) header: Value,
    pub(super) claims: Value,
    /// Another token of the provider, which is valid but not sufficient.
    pub(super) not_enough: Value,
    /// `x-jwt-sub` and one more header at the upstream.
    pub(super) told: &'static str,
    pub(super) more: Option<(&'static str, String)>,
}

fn document(issuer: &str, keys: &str) -> Value {
    json!({"issuer": issuer, "jwks_uri": keys, "response_types_supported": ["code"], "id_token_signing_alg_values_supported": ["RS256"]})
}

pub(super) fn providers() -> Vec<Provider> {
    let all = [
        own::providers(),
        services::providers(),
        workloads::providers(),
    ];
    all.into_iter().flatten().collect()
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
