//! The cost of a callback, and of a host call.

use super::requests::with_internals;
use super::{Chain, Floors, Job, job};
use crate::chain::{Call, Floor, Map};

/// A filter with the callback for the request, which does nothing.
pub(crate) const IDLE: &str = "a filter with a callback for the request";
/// The callback for the response.
pub(crate) const RESPONSE: &str = "a callback for the response";
/// The callback in which a module frees what it holds for a stream.
pub(crate) const END: &str = "a callback for the end of a stream";
/// A header that exists; the host asks the module for memory.
pub(crate) const PRESENT: &str = "read a header";
/// A header that is missing.
pub(crate) const MISSING: &str = "read a header that is missing";
/// A counter.
pub(crate) const COUNT: &str = "count";

/// The measured operations, each [`IDLE`] plus one callback or call.
pub(crate) const PRICES: &[&str] = &[
    RESPONSE,
    END,
    "read all headers",
    PRESENT,
    MISSING,
    "set a request header",
    "remove a request header",
    "read the time",
    COUNT,
    "read and write shared data",
];

pub(super) fn floors() -> Vec<(&'static str, Floor)> {
    let of = |(at, who): (usize, &&'static str)| {
        let floor = Floor {
            name: format!("price-{at}"),
            request: call(who).into_iter().collect(),
            response: (*who == RESPONSE).then(Vec::new),
            end: *who == END,
        };
        (*who, floor)
    };
    PRICES.iter().enumerate().map(of).collect()
}

fn call(who: &str) -> Option<Call> {
    let text = |text: &str| text.to_owned();
    Some(match who {
        "read all headers" => Call::All(Map::Request),
        PRESENT => Call::Get(Map::Request, text("user-agent")),
        MISSING => Call::Get(Map::Request, text("x-missing")),
        "set a request header" => Call::Set(Map::Request, text("x-env"), text("prod")),
        "remove a request header" => Call::RemoveNumbered(text("x-internal-")),
        "read the time" => Call::Time,
        COUNT => Call::Count,
        "read and write shared data" => Call::Shared(text("kit1/bench-price/")),
        _ => return None,
    })
}

pub(super) fn prices(floors: &Floors) -> Job {
    let mut chains = vec![Chain::copies(IDLE, |copy| floors.idle.filter(copy), &[])];
    let price =
        |(who, floor): &(&'static str, Floor)| Chain::copies(who, |copy| floor.filter(copy), &[]);
    chains.extend(floors.prices.iter().map(price));
    job(
        "prices",
        "what a callback and a call cost",
        with_internals(&[]),
        chains,
    )
}
