//! header-rewrite and cors.

use std::rc::Rc;

use anyhow::Result;

use super::requests::{ORIGIN, PATH, request, with_internals, with_method};
use super::{Chain, Floors, Job, job};
use crate::chain::{self, Floor};

pub(super) fn headers(floors: &Floors) -> Result<Job> {
    let proof = &["x-frame-options: deny", "x-proof: env=prod"];
    let chains = vec![
        Chain::copies("native", chain::header_mutation, proof),
        Chain::copies("Lua", |copy| chain::lua(copy, chain::HEADERS), proof),
        Chain::floor(&floors.headers, proof),
        Chain::ours("header-rewrite", chain::rewrite, proof)?,
    ];
    Ok(job(
        "header-rewrite",
        "header-rewrite: set and remove a request header, set a response header",
        with_internals(&[]),
        chains,
    ))
}

pub(super) fn cors(floors: &Floors) -> Result<Vec<Job>> {
    let all = |floor: &Floor, proof: &'static [&'static str]| -> Result<Vec<Chain>> {
        Ok(vec![
            Chain::copies("native", chain::cors, proof).with_cors_policies(),
            Chain::copies("Lua", |copy| chain::lua(copy, chain::CORS), proof),
            Chain::floor(floor, proof),
            Chain::ours("cors", |_| chain::cors_rules(), proof)?,
        ])
    };
    let preflight = with_method(
        "OPTIONS",
        PATH,
        &[
            ORIGIN,
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "content-type"),
        ],
    );
    let allowed = &["access-control-allow-origin: https://app.example.com"];
    let mut preflights: Vec<Chain> = all(&floors.preflight, allowed)?
        .into_iter()
        .map(Chain::once)
        .collect();
    for chain in &mut preflights {
        chain.status = Some(if chain.who == "native" { 200 } else { 204 });
    }
    Ok(vec![
        job(
            "cors",
            "cors: simple request of an allowed origin",
            Rc::new(vec![request(PATH, &[ORIGIN])]),
            all(&floors.cors, allowed)?,
        )
        .with_upstream(),
        job(
            "cors-no-origin",
            "cors: a request without an origin",
            Rc::new(vec![request(PATH, &[])]),
            all(&floors.no_origin, &[])?,
        )
        .with_upstream(),
        Job {
            copies: 1,
            ..job(
                "cors-preflight",
                "cors: a preflight, the whole request",
                Rc::new(vec![preflight]),
                preflights,
            )
        },
    ])
}
