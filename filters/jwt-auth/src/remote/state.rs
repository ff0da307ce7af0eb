//! What all workers know about a source. It is stored under the source's name, next to the keys as
//! received.
//!
//! A worker that wants to fetch writes a lease by compare-and-swap. One worker succeeds, and the
//! others wait for its result. The lease of a worker that crashes expires.

use super::Source;
use super::schedule::Want;
use filter_kit::store::{CasStore, Expected, MAX_ATTEMPTS};
use std::time::Duration;

/// What is known about a source. Times are since the Unix epoch, with millisecond precision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct State {
    /// The number of the key set in the store. It changes with the set; 0 means no set.
    pub keys: u32,
    /// When the set was fetched, or found unchanged.
    pub fetched: Duration,
    /// When the latest fetch ended.
    pub ended: Duration,
    /// When the lease of the current fetch expires.
    pub lease_until: Duration,
    /// The worker that holds the lease; 0 if there is no fetch.
    pub holder: u64,
    /// Number of failed fetches in a row.
    pub failures: u32,
    /// When the next fetch may start.
    pub retry_at: Duration,
}

/// Access to the state of a source in the store.
#[derive(Debug)]
pub(crate) struct Shared<'s, S> {
    /// The store.
    pub store: &'s S,
    /// The source.
    pub source: &'s Source,
    /// Its name.
    pub name: &'s str,
}

impl<S: CasStore> Shared<'_, S> {
    /// Returns the state. An unreadable state counts as empty.
    pub(crate) fn state(&self) -> State {
        self.load().0
    }

    /// Returns the keys as received; empty if there are none.
    pub(crate) fn keys(&self) -> Vec<u8> {
        self.store
            .load(&self.keys_name())
            .map(|stored| stored.value)
            .unwrap_or_default()
    }

    /// Takes the lease if a fetch is due and no other worker is first. `holder` must not be 0.
    pub(crate) fn claim(&self, now: Duration, want: Want, holder: u64) -> bool {
        for _ in 0..MAX_ATTEMPTS {
            let (state, expected) = self.load();
            if !self.source.is_due(&state, now, want) {
                return false;
            }
            let claimed = State {
                lease_until: self.source.lease(now),
                holder,
                ..state
            };
            if self.save(&claimed, expected) {
                return true;
            }
        }
        false
    }

    /// Stores the result of a fetch: keys, or `None` after a failure. A result that arrives after
    /// another worker has taken the lease is dropped.
    pub(crate) fn finish(
        &self,
        now: Duration,
        holder: u64,
        keys: Option<&[u8]>,
        random: u64,
    ) -> bool {
        for _ in 0..MAX_ATTEMPTS {
            // Read before the lease is checked. If another worker takes the lease afterwards, this
            // write fails, not the other worker's.
            let stored = keys.map(|_| self.store.load(&self.keys_name()));
            let (state, expected) = self.load();
            if state.holder != holder {
                return false;
            }
            let ended = State {
                ended: now,
                holder: 0,
                lease_until: Duration::ZERO,
                ..state
            };
            let next = match (keys, stored) {
                (Some(keys), Some(stored)) => {
                    let is_same = state.keys != 0
                        && stored.as_ref().is_some_and(|stored| stored.value == keys);
                    if !is_same {
                        let expected = stored
                            .map_or(Expected::Absent, |stored| Expected::Version(stored.version));
                        if self.store.store(&self.keys_name(), keys, expected).is_err() {
                            continue;
                        }
                    }
                    State {
                        keys: if is_same {
                            state.keys
                        } else {
                            next_number(state.keys)
                        },
                        fetched: now,
                        failures: 0,
                        retry_at: Duration::ZERO,
                        ..ended
                    }
                }
                _ => {
                    let failures = state.failures.saturating_add(1);
                    let has_keys = self.source.is_usable(&state, now);
                    let pause = self.source.pause(failures, has_keys, random);
                    State {
                        failures,
                        retry_at: now.saturating_add(pause),
                        ..ended
                    }
                }
            };
            if self.save(&next, expected) {
                return true;
            }
        }
        false
    }

    fn keys_name(&self) -> String {
        format!("{} keys", self.name)
    }

    fn load(&self) -> (State, Expected) {
        match self.store.load(self.name) {
            None => (State::default(), Expected::Absent),
            Some(stored) => (
                State::read(&stored.value).unwrap_or_default(),
                Expected::Version(stored.version),
            ),
        }
    }

    fn save(&self, state: &State, expected: Expected) -> bool {
        self.store
            .store(self.name, &state.write(), expected)
            .is_ok()
    }
}

/// 0 means no set.
fn next_number(number: u32) -> u32 {
    number.wrapping_add(1).max(1)
}

impl State {
    fn write(&self) -> Vec<u8> {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        [
            u64::from(self.keys),
            millis(self.fetched),
            millis(self.ended),
            millis(self.lease_until),
            self.holder,
            u64::from(self.failures),
            millis(self.retry_at),
        ]
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.as_chunks::<8>();
        let [
            keys,
            fetched,
            ended,
            lease_until,
            holder,
            failures,
            retry_at,
        ] = <[[u8; 8]; 7]>::try_from(numbers)
            .ok()?
            .map(u64::from_le_bytes);
        let time = Duration::from_millis;
        rest.is_empty().then_some(Self {
            keys: u32::try_from(keys).ok()?,
            fetched: time(fetched),
            ended: time(ended),
            lease_until: time(lease_until),
            holder,
            failures: u32::try_from(failures).ok()?,
            retry_at: time(retry_at),
        })
    }
}

#[cfg(test)]
mod tests;
