//! What is measured: requests, and the chains that they pass through in turn.

mod floors;
mod four;
mod growth;
mod headers;
mod limits;
mod prices;
mod requests;
mod tokens;

pub(crate) use self::floors::Floors;
use self::four::chain_of_four;
pub(crate) use self::four::{FLOOR_OF_ONE, ONE_MODULE};
use self::growth::{growth, idle, many_headers};
use self::headers::{cors, headers};
use self::limits::limits;
use self::prices::prices;
pub(crate) use self::prices::{COUNT, END, IDLE, MISSING, PRESENT, PRICES, RESPONSE};
use self::tokens::tokens;

use std::rc::Rc;

use anyhow::Result;
use serde_json::{Map as Policies, Value};

use crate::chain::{self, Floor};

/// How often a filter occurs in its chain. The cost of one filter is lost in noise, that of ten is
/// not.
pub(crate) const COPIES: usize = 10;

/// Number of values of the key in the jobs of rate-limit.
const TENANTS: usize = 1000;
/// Number of fresh tokens of an algorithm: more than a cache of four can hold.
const TOKENS: usize = 50;

/// Requests, and the chains that they pass through.
pub(crate) struct Job {
    /// Its name in the targets.
    pub(crate) id: &'static str,
    /// Its name in the report.
    pub(crate) title: &'static str,
    /// The requests, in turn.
    pub(crate) requests: Requests,
    /// How often the filters occur in their chains.
    pub(crate) copies: usize,
    /// How many requests, out of a hundred, make a sample.
    pub(crate) share: usize,
    /// Whether requests are forwarded to an upstream. Envoy's own CORS filter does nothing if Envoy
    /// answers itself.
    pub(crate) upstream: bool,
    /// The chains, besides the one without a filter.
    pub(crate) chains: Vec<Chain>,
}

impl Job {
    /// The status of responses, unless a filter answers itself.
    pub(crate) fn status(&self) -> u16 {
        if self.upstream { 200 } else { 204 }
    }

    fn with_upstream(self) -> Self {
        Self {
            upstream: true,
            ..self
        }
    }
}

type Requests = Rc<Vec<Vec<u8>>>;

/// A chain.
pub(crate) struct Chain {
    /// Whose filters: `native`, `Lua`, `floor`, `ours`, or what distinguishes two of ours.
    pub(crate) who: &'static str,
    /// The filters.
    pub(crate) filters: Vec<Value>,
    /// Settings of the route for filters.
    pub(crate) policies: Policies<String, Value>,
    /// Requests other than the job's.
    pub(crate) requests: Option<Requests>,
    /// How many requests are sent before measuring.
    pub(crate) warm_up: usize,
    /// What the response headers contain if the filters do their work.
    pub(crate) proof: &'static [&'static str],
    /// Whether a request without its token is refused with 401.
    pub(crate) needs_token: bool,
    /// The status of each response, if it differs from the route's.
    pub(crate) status: Option<u16>,
}

impl Chain {
    fn of(who: &'static str, filters: Vec<Value>, proof: &'static [&'static str]) -> Self {
        Self {
            who,
            filters,
            policies: Policies::new(),
            requests: None,
            warm_up: 300,
            proof,
            needs_token: false,
            status: None,
        }
    }

    fn copies(
        who: &'static str,
        filter: impl Fn(usize) -> Value,
        proof: &'static [&'static str],
    ) -> Self {
        Self::of(who, (0..COPIES).map(filter).collect(), proof)
    }

    fn ours(
        name: &str,
        config: impl Fn(usize) -> Value,
        proof: &'static [&'static str],
    ) -> Result<Self> {
        Self::named("ours", name, config, proof)
    }

    fn named(
        who: &'static str,
        name: &str,
        config: impl Fn(usize) -> Value,
        proof: &'static [&'static str],
    ) -> Result<Self> {
        let filters: Result<_> = (0..COPIES)
            .map(|copy| chain::ours(name, copy, &config(copy)))
            .collect();
        Ok(Self::of(who, filters?, proof))
    }

    fn floor(floor: &Floor, proof: &'static [&'static str]) -> Self {
        Self::copies("floor", |copy| floor.filter(copy), proof)
    }

    fn with_token(mut self) -> Self {
        self.needs_token = true;
        self
    }

    fn with_cors_policies(mut self) -> Self {
        self.policies = (0..COPIES).map(chain::cors_policy).collect();
        self
    }

    /// Keeps only the first of the copies.
    fn once(mut self) -> Self {
        self.filters.truncate(1);
        self
    }
}

/// Returns all jobs. `keys` is the number of keys in jobs with many keys.
pub(crate) fn all(floors: &Floors, keys: usize) -> Result<Vec<Job>> {
    let mut jobs = vec![headers(floors)?];
    jobs.extend(cors(floors)?);
    jobs.extend(limits(floors)?);
    jobs.extend(tokens(floors)?);
    jobs.push(chain_of_four(floors)?);
    jobs.extend(growth(keys)?);
    jobs.extend(idle(floors)?);
    jobs.extend(many_headers(floors)?);
    jobs.push(prices(floors));
    Ok(jobs)
}

fn job(id: &'static str, title: &'static str, requests: Requests, chains: Vec<Chain>) -> Job {
    Job {
        id,
        title,
        requests,
        copies: COPIES,
        share: 100,
        upstream: false,
        chains,
    }
}
