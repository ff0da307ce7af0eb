//! Many requests at once, counted by response: for limits that all workers share, and for changes
//! under traffic.

mod pace;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use tokio::task::JoinHandle;

use self::pace::Pace;
use crate::{
    client::{
        Client, TIMEOUT,
        request::{Parts, exchange},
    },
    runtime,
};

/// Sends `total` GET requests over `connections` HTTP/1.1 connections, one request after another on
/// each.
///
/// # Panics
/// If the URL is not `http://address:port/…`.
#[track_caller]
pub fn load(url: impl AsRef<str>, total: u64, connections: usize) -> LoadResult {
    Load::new(url).total(total).connections(connections).run()
}

/// Builds a load.
#[must_use = "a load is sent when run or started"]
pub struct Load {
    client: Client,
    parts: Result<Parts>,
    total: u64,
    connections: usize,
    per_second: Option<f64>,
    tally: Option<String>,
    keys: Option<Keys>,
}

/// A header whose value differs between requests: `key-0`, `key-1` and so on, then from the start
/// again.
#[derive(Clone)]
struct Keys {
    header: String,
    count: u64,
}

/// A load that is being sent.
#[must_use = "a load goes on until finished"]
pub struct RunningLoad {
    workers: Vec<JoinHandle<LoadResult>>,
    stop: Arc<AtomicBool>,
    begun: Instant,
}

/// The results of a load.
#[derive(Clone, Debug, Default)]
pub struct LoadResult {
    /// Responses by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests without a response, by cause.
    pub errors: BTreeMap<String, u64>,
    /// Responses by the value of the field of [`Load::tally`]; empty if it is missing.
    pub tally: BTreeMap<String, u64>,
    /// The latency of every response, shortest first.
    pub latencies: Vec<Duration>,
    /// Which key got which status; see [`Load::keys`].
    pub by_key: Vec<(u64, u16)>,
    /// From the first request to the last response.
    pub elapsed: Duration,
}

impl Load {
    /// Creates a load of 100 GET requests over 4 HTTP/1.1 connections.
    pub fn new(url: impl AsRef<str>) -> Self {
        let parts = Parts::new("GET", url.as_ref());
        Self {
            client: Client::http1(),
            parts,
            total: 100,
            connections: 4,
            per_second: None,
            tally: None,
            keys: None,
        }
    }

    /// Sends no faster than this. Without it, requests are sent as fast as responses arrive.
    pub fn per_second(self, rate: f64) -> Self {
        Self {
            per_second: Some(rate),
            ..self
        }
    }

    /// Also counts the responses by the value of this header field.
    pub fn tally(self, header: &str) -> Self {
        Self {
            tally: Some(header.to_string()),
            ..self
        }
    }

    /// Sets how many requests to send. Only [`Load::start`] may send without end: `u64::MAX`.
    pub fn total(self, total: u64) -> Self {
        Self { total, ..self }
    }

    /// Sets the number of concurrent requests: connections with HTTP/1.1, streams of one connection
    /// with HTTP/2.
    pub fn connections(self, connections: usize) -> Self {
        Self {
            connections,
            ..self
        }
    }

    /// Sends with this client.
    pub fn client(self, client: Client) -> Self {
        Self { client, ..self }
    }

    /// Adds a field to every request.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.parts = self
            .parts
            .and_then(|mut parts| parts.add(name, value.as_ref()).map(|()| parts));
        self
    }

    /// Sends this header with this many values in turn: `key-0`, `key-1` and so on.
    pub fn keys(self, header: &str, count: u64) -> Self {
        let header = header.to_string();
        Self {
            keys: Some(Keys { header, count }),
            ..self
        }
    }

    /// Sends all requests.
    ///
    /// # Panics
    /// If the URL or a header is not valid.
    #[track_caller]
    pub fn run(self) -> LoadResult {
        self.start().join()
    }

    /// Sends in the background.
    ///
    /// # Panics
    /// If the URL or a header is not valid.
    #[track_caller]
    pub fn start(self) -> RunningLoad {
        let parts = Arc::new(self.parts.unwrap_or_else(|error| panic!("{error:#}")));
        let stop = Arc::new(AtomicBool::new(false));
        let begun = Instant::now();
        let pace = Arc::new(Pace::new(begun, self.total, self.per_second));
        let workers = (0..self.connections).map(|_| {
            runtime::spawn(work(
                self.client.clone(),
                Arc::clone(&parts),
                self.tally.clone(),
                self.keys.clone(),
                Arc::clone(&pace),
                Arc::clone(&stop),
            ))
        });
        RunningLoad {
            workers: workers.collect(),
            stop: Arc::clone(&stop),
            begun,
        }
    }
}

async fn work(
    client: Client,
    parts: Arc<Parts>,
    tally: Option<String>,
    keys: Option<Keys>,
    pace: Arc<Pace>,
    stop: Arc<AtomicBool>,
) -> LoadResult {
    let mut result = LoadResult::default();
    while !stop.load(Ordering::Relaxed)
        && let Some(number) = pace.next().await
    {
        let key = keys.as_ref().map(|keys| number % keys.count);
        let mut parts = Parts::clone(&parts);
        if let (Some(keys), Some(key)) = (&keys, key) {
            let added = parts.add(&keys.header, format!("key-{key}").as_bytes());
            added.expect("the name of a header");
        }
        let begun = Instant::now();
        match tokio::time::timeout(TIMEOUT, exchange(&client, &parts)).await {
            Ok(Ok(response)) => {
                result.by_key.extend(key.map(|key| (key, response.status)));
                if let Some(name) = &tally {
                    let value = response.header(name).unwrap_or_default().to_string();
                    *result.tally.entry(value).or_default() += 1;
                }
                *result.statuses.entry(response.status).or_default() += 1;
                result.latencies.push(begun.elapsed());
            }
            Ok(Err(error)) => *result.errors.entry(format!("{error:#}")).or_default() += 1,
            Err(_) => {
                *result
                    .errors
                    .entry(format!("no answer in {TIMEOUT:?}"))
                    .or_default() += 1
            }
        }
    }
    result
}

impl RunningLoad {
    /// Stops sending and waits for the last responses.
    pub fn finish(self) -> LoadResult {
        self.stop.store(true, Ordering::Relaxed);
        self.join()
    }

    /// Waits until all requests have been sent and answered.
    pub fn join(self) -> LoadResult {
        let mut all = LoadResult::default();
        for worker in self.workers {
            let part = runtime::block_on(worker).expect("a load worker does not panic");
            for (status, count) in part.statuses {
                *all.statuses.entry(status).or_default() += count;
            }
            for (value, count) in part.tally {
                *all.tally.entry(value).or_default() += count;
            }
            for (error, count) in part.errors {
                *all.errors.entry(error).or_default() += count;
            }
            all.latencies.extend(part.latencies);
            all.by_key.extend(part.by_key);
        }
        all.latencies.sort_unstable();
        all.elapsed = self.begun.elapsed();
        all
    }
}

impl LoadResult {
    /// Returns how many responses had this status.
    pub fn count(&self, status: u16) -> u64 {
        self.statuses.get(&status).copied().unwrap_or_default()
    }

    /// Returns how many responses with this status each key had; see [`Load::keys`].
    pub fn count_by_key(&self, status: u16) -> BTreeMap<u64, u64> {
        let mut counts = BTreeMap::new();
        for (key, answered) in &self.by_key {
            *counts.entry(*key).or_default() += u64::from(*answered == status);
        }
        counts
    }

    /// Fails unless every request got a response with this status.
    ///
    /// # Panics
    /// In that case, with what was received instead.
    #[track_caller]
    pub fn assert_all(&self, status: u16) {
        assert!(self.errors.is_empty(), "{:?}", self.errors);
        let statuses: Vec<_> = self.statuses.keys().collect();
        assert_eq!(statuses, [&status], "{:?}", self.statuses);
    }

    /// Returns how many requests got a response.
    pub fn answered(&self) -> u64 {
        self.statuses.values().sum()
    }

    /// Returns how many requests got no response.
    pub fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Returns the latency within which this share of the responses arrived: 0.5 is the median.
    /// Zero without responses.
    pub fn percentile(&self, share: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank below the length"
        )]
        let rank = (share.clamp(0.0, 1.0) * last as f64).round() as usize;
        self.latencies.get(rank).copied().unwrap_or_default()
    }
}
