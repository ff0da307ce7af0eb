//! jwt-auth.

use anyhow::Result;

use super::requests::{PATH, with_tokens};
use super::{Chain, Floors, Job, TOKENS, job};
use crate::chain::{self, Floor};

pub(super) fn tokens(floors: &Floors) -> Result<Vec<Job>> {
    let proof = &["x-proof: env= sub=alice"];
    let native = |who, cached| {
        Chain::copies(who, move |copy| chain::jwt_authn(copy, cached), proof).with_token()
    };
    let fresh = |id, title, algorithm: &str, floor: Option<&Floor>| -> Result<Job> {
        // HMAC tokens have their own provider, by path.
        let (path, proof): (_, &'static [&'static str]) = if algorithm == "HS256" {
            ("/secret/items", &[])
        } else {
            (PATH, proof)
        };
        let mut chains = vec![Chain {
            proof,
            ..native("native", false)
        }];
        chains.extend(floor.map(|floor| Chain::floor(floor, proof)));
        chains.push(Chain::ours("jwt-auth", |copy| chain::jwt(copy, 4), proof)?.with_token());
        Ok(Job {
            share: 25,
            ..job(id, title, with_tokens(algorithm, path, TOKENS), chains)
        })
    };
    Ok(vec![
        job(
            "jwt-cached",
            "jwt-auth: an RS256 token from the cache",
            with_tokens("RS256", PATH, 1),
            vec![
                native("native", false),
                native("native, with its cache", true),
                Chain::floor(&floors.cached, proof),
                Chain::ours("jwt-auth", |copy| chain::jwt(copy, 1000), proof)?.with_token(),
            ],
        ),
        fresh(
            "jwt-rs256",
            "jwt-auth: fresh RS256 tokens",
            "RS256",
            Some(&floors.rs256),
        )?,
        fresh(
            "jwt-es256",
            "jwt-auth: fresh ES256 tokens",
            "ES256",
            Some(&floors.es256),
        )?,
        fresh("jwt-hs256", "jwt-auth: fresh HS256 tokens", "HS256", None)?,
    ])
}
