//! Counters in Redis, in one script, so that another service cannot intervene between checking and
//! charging.
//!
//! Limitador's own storage for Redis checks first and charges later, so racing services can exceed
//! a limit, and its package needs OpenSSL. The keys are those of Limitador (for limits without
//! `id`), so both can share a Redis.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use limitador::{CheckResult, counter::Counter};
use tokio::time;

use super::resp::Connection;

/// Timeout of Redis.
const TIMEOUT: Duration = Duration::from_secs(1);

/// `KEYS`: counters. `ARGV`: the hits, then the maximum and the window in milliseconds for each
/// counter. Returns the number of the first counter that refuses, or 0, then for each counter what
/// was used before and the rest of its window in milliseconds.
const SCRIPT: &str = "
local hits, refused, state = tonumber(ARGV[1]), 0, {}
for i, key in ipairs(KEYS) do
  local used = tonumber(redis.call('GET', key) or '0')
  if refused == 0 and used + hits > tonumber(ARGV[2 * i]) then refused = i end
  state[2 * i - 1], state[2 * i] = used, redis.call('PTTL', key)
end
if refused == 0 then
  for i, key in ipairs(KEYS) do
    redis.call('INCRBY', key, hits)
    if state[2 * i] < 0 then redis.call('PEXPIRE', key, ARGV[2 * i + 1]) end
  end
end
table.insert(state, 1, refused)
return state";

/// A Redis, and idle connections to it.
pub(super) struct RedisCounters {
    address: String,
    idle: Mutex<Vec<Connection>>,
}

impl RedisCounters {
    /// Does not connect yet.
    ///
    /// # Errors
    /// If the URL is not `redis://HOST:PORT`.
    pub(super) fn new(url: &str) -> Result<Self> {
        let address = url
            .strip_prefix("redis://")
            .map(|address| address.trim_end_matches('/'))
            .filter(|address| address.contains(':') && !address.contains(['@', '/']))
            .with_context(|| format!("\"{url}\" is not redis://HOST:PORT"))?;
        Ok(Self {
            address: address.to_owned(),
            idle: Mutex::default(),
        })
    }

    /// Charges all counters or none, like Limitador's library.
    pub(super) async fn check_and_update(
        &self,
        mut counters: Vec<Counter>,
        hits: u64,
    ) -> Result<CheckResult> {
        let mut limit_name = None;
        let mut limited = false;
        if !counters.is_empty() {
            let command = command(&counters, hits)?;
            let state = time::timeout(TIMEOUT, self.ask(&command))
                .await
                .context("Redis is slow")??;
            let (refused, state) = state.split_first().context("an empty answer of Redis")?;
            ensure!(state.len() == 2 * counters.len(), "a short answer of Redis");
            let refusing = usize::try_from(*refused)?.checked_sub(1);
            limited = refusing.is_some();
            limit_name = refusing
                .and_then(|index| counters.get(index))
                .and_then(|counter| counter.limit().name().map(ToOwned::to_owned));
            let charged = if limited { 0 } else { hits };
            for (counter, state) in counters.iter_mut().zip(state.chunks_exact(2)) {
                let used = u64::try_from(state[0])?.saturating_add(charged);
                counter.set_remaining(counter.max_value().saturating_sub(used));
                // Negative if the counter is new, and so is its window.
                let left = u64::try_from(state[1]).map(Duration::from_millis);
                counter.set_expires_in(left.unwrap_or(counter.window()));
            }
        }
        Ok(CheckResult {
            limited,
            counters,
            limit_name,
        })
    }

    /// Closes the idle connections.
    pub(super) fn disconnect(&self) {
        self.idle().clear();
    }

    async fn ask(&self, command: &[Vec<u8>]) -> Result<Vec<i64>> {
        let idle = self.idle().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => Connection::open(&self.address).await?,
        };
        let answer = connection.integers(command).await;
        match &answer {
            Ok(_) => self.idle().push(connection),
            // The other connections are most likely broken too.
            Err(_) => self.disconnect(),
        }
        answer
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn command(counters: &[Counter], hits: u64) -> Result<Vec<Vec<u8>>> {
    let mut command = vec![
        "EVAL".to_owned(),
        SCRIPT.to_owned(),
        counters.len().to_string(),
    ];
    for counter in counters {
        let namespace = counter.namespace().as_ref();
        let counter = serde_json::to_string(counter)?;
        command.push(format!("namespace:{{{namespace}}},counter:{counter}"));
    }
    command.push(hits.to_string());
    for counter in counters {
        command.push(counter.max_value().to_string());
        command.push(counter.window().as_millis().to_string());
    }
    Ok(command.into_iter().map(String::into_bytes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_asks_for_more_than_an_address_is_refused() {
        for (url, address) in [
            ("redis://127.0.0.1:6379", Some("127.0.0.1:6379")),
            ("redis://redis:6379/", Some("redis:6379")),
            ("redis://redis", None),
            ("redis://:secret@redis:6379", None),
            ("redis://redis:6379/1", None),
            ("rediss://redis:6379", None),
        ] {
            let read = RedisCounters::new(url).ok().map(|redis| redis.address);
            assert_eq!(read.as_deref(), address, "{url}");
        }
    }
}
