//! All four filters.

use anyhow::Result;

use super::requests::{ORIGIN, bearer, with_internals};
use super::{COPIES, Chain, Floors, Job, job};
use crate::chain;

/// The module chain, in whose VM all four run.
pub(crate) const ONE_MODULE: &str = "ours, one module";

/// The floor of one module that does the work of all four.
pub(crate) const FLOOR_OF_ONE: &str = "floor, one module";

pub(super) fn chain_of_four(floors: &Floors) -> Result<Job> {
    let proof = &[
        "access-control-allow-origin: ",
        "ratelimit",
        "x-frame-options: deny",
        "x-proof: env=prod sub=alice",
    ];
    let native = |who, cached| {
        let four = |copy| {
            [
                chain::cors(copy),
                chain::local_ratelimit(copy, true),
                chain::jwt_authn(copy, cached),
                chain::header_mutation(copy),
            ]
        };
        Chain::of(who, (0..COPIES).flat_map(four).collect(), proof)
            .with_cors_policies()
            .with_token()
    };
    let floor = |copy| {
        [
            &floors.cors,
            &floors.limit_with_fields,
            &floors.cached,
            &floors.headers,
        ]
        .map(|floor| floor.filter(copy))
    };
    let mut ours = Vec::new();
    for copy in 0..COPIES {
        ours.extend(chain::chain_of_four(copy)?);
    }
    let one_module = (0..COPIES).map(chain::one_module).collect::<Result<_>>()?;
    let token = bearer("RS256", 0);
    let requests = with_internals(&[ORIGIN, ("x-tenant", "acme"), ("authorization", &token)]);
    let chains = vec![
        native("native", false),
        native("native, with its cache", true),
        Chain::of("floor", (0..COPIES).flat_map(floor).collect(), proof),
        Chain::copies(FLOOR_OF_ONE, |copy| floors.one_module.filter(copy), proof),
        Chain::of("ours", ours, proof).with_token(),
        Chain::of(ONE_MODULE, one_module, proof).with_token(),
    ];
    Ok(Job {
        share: 60,
        ..job(
            "chain",
            "the chain of four, with a token from the cache",
            requests,
            chains,
        )
    }
    .with_upstream())
}
