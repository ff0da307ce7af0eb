//! The remote keys of all providers on one worker.

use super::worker::{Call, Remote, Step};
use super::{Source, schedule};
use crate::decision::KeyState;
use crate::provider::{Keys, Provider};
use filter_kit::host::{CallFailure, HttpAnswer};
use filter_kit::store::CasStore;
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// How often a worker looks for keys while a request waits for them.
const LOOK_WHILE_WAITING: Duration = Duration::from_millis(50);

/// When a worker first looks for keys: after Envoy has loaded its clusters, and not at the same
/// time as all other workers.
const FIRST_LOOK: Duration = Duration::from_millis(20);
const FIRST_LOOK_SPREAD: Duration = Duration::from_millis(80);

/// How current the worker's knowledge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// Assumes that other keys may be on their way. Sufficient if the known keys verify the token.
    Guess,
    /// As current as that of all workers, since [`Keyring::look`].
    Known,
}

/// The sources of all providers with remote keys.
#[derive(Debug)]
pub(crate) struct Keyring {
    remotes: RefCell<Vec<(usize, Remote)>>,
    random: Cell<u64>,
    version: Cell<u64>,
}

impl Keyring {
    /// Creates a keyring from sources with the index and the name of their provider. `seed` must be
    /// different for each worker.
    #[must_use]
    pub(crate) fn new<'p>(
        sources: impl Iterator<Item = (usize, &'p str, Source)>,
        seed: u64,
    ) -> Self {
        let keyring = Self {
            remotes: RefCell::default(),
            random: Cell::new(seed),
            version: Cell::new(0),
        };
        let remotes = sources
            .map(|(provider, name, source)| (provider, Remote::new(source, name, keyring.random())))
            .collect();
        keyring.remotes.replace(remotes);
        keyring
    }

    /// Creates a keyring of the providers with remote keys.
    #[must_use]
    pub(crate) fn of(providers: &[Provider], seed: [u8; 16]) -> Self {
        let sources = providers
            .iter()
            .enumerate()
            .filter_map(|(n, p)| match &p.keys {
                Keys::Remote(source) => Some((n, p.name.as_str(), Source::clone(source))),
                Keys::Fixed(_) => None,
            });
        let seed = seed.first_chunk().copied().map_or(0, u64::from_le_bytes);
        Self::new(sources, seed)
    }

    /// Whether there is any source.
    #[must_use]
    pub(crate) fn is_used(&self) -> bool {
        !self.remotes.borrow().is_empty()
    }

    /// Returns a number that changes whenever there is news.
    #[must_use]
    pub(crate) fn version(&self) -> u64 {
        self.version.get()
    }

    /// Returns the keys of a provider.
    #[must_use]
    pub(crate) fn keys(&self, provider: usize, now: Duration, view: View) -> KeyState {
        let keys = self.with(provider, |remote| {
            let may_change = view == View::Guess || remote.is_coming(now);
            match remote.keys(now) {
                Some(set) => KeyState::Here { set, may_change },
                None => KeyState::NotHere { may_change },
            }
        });
        keys.unwrap_or(KeyState::NotHere { may_change: false })
    }

    /// Returns the maximum time to wait for the keys of a provider.
    #[must_use]
    pub(crate) fn timeout(&self, provider: usize) -> Duration {
        self.with(provider, |remote| remote.source().timeout)
            .unwrap_or_default()
    }

    /// Returns the source of a provider's keys.
    #[must_use]
    pub(crate) fn source(&self, provider: usize) -> Option<Source> {
        self.with(provider, |remote| remote.source().clone())
    }

    /// Requests keys of a provider other than the known ones.
    pub(crate) fn want_other(&self, provider: usize) {
        self.with(provider, Remote::want_other);
    }

    /// Reads what all workers know.
    pub(crate) fn look(&self, store: &impl CasStore) {
        for (_, remote) in self.remotes.borrow_mut().iter_mut() {
            self.note(remote.look(store));
        }
    }

    /// Starts the fetches that are due and that no other worker makes.
    #[must_use]
    pub(crate) fn begin(&self, store: &impl CasStore, now: Duration) -> Vec<(usize, Call)> {
        let mut calls = Vec::new();
        for (provider, remote) in self.remotes.borrow_mut().iter_mut() {
            let (call, changed) = remote.begin(store, now);
            self.note(changed);
            calls.extend(call.map(|call| (*provider, call)));
        }
        calls
    }

    /// Processes the answer to a call for a provider's keys, or its failure.
    pub(crate) fn answer(
        &self,
        provider: usize,
        store: &impl CasStore,
        now: Duration,
        answer: Result<HttpAnswer, CallFailure>,
    ) -> Option<Step> {
        let random = self.random();
        self.note(true);
        self.with(provider, |remote| remote.answer(store, now, answer, random))
    }

    /// Returns how soon this worker has to look again; `None` for never.
    #[must_use]
    pub(crate) fn look_in(&self, now: Duration, does_anybody_wait: bool) -> Option<Duration> {
        let remotes = self.remotes.borrow();
        let soonest = remotes
            .iter()
            .map(|(_, remote)| remote.look_in(now))
            .min()?;
        Some(match does_anybody_wait {
            true => soonest.min(LOOK_WHILE_WAITING),
            false => soonest,
        })
    }

    /// Returns when this worker first looks; `None` for never.
    #[must_use]
    pub(crate) fn first_look(&self) -> Option<Duration> {
        let is_empty = self.remotes.borrow().is_empty();
        let spread = schedule::share(FIRST_LOOK_SPREAD, self.random());
        (!is_empty).then(|| FIRST_LOOK.saturating_add(spread))
    }

    fn with<T>(&self, provider: usize, act: impl FnOnce(&mut Remote) -> T) -> Option<T> {
        let mut remotes = self.remotes.borrow_mut();
        let (_, remote) = remotes.iter_mut().find(|(index, _)| *index == provider)?;
        Some(act(remote))
    }

    fn note(&self, changed: bool) {
        if changed {
            self.version.set(self.version.get().wrapping_add(1));
        }
    }

    /// SplitMix64 (Steele, Lea, Flood 2014): sufficient to spread workers over time.
    fn random(&self) -> u64 {
        let state = self.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.random.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::tests::source;
    use crate::testing::jwks;
    use filter_kit::store::MemoryStore;

    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn answer() -> Result<HttpAnswer, CallFailure> {
        Ok(HttpAnswer {
            status: 200,
            body: jwks().to_string().into_bytes(),
        })
    }

    #[test]
    fn what_is_known_changes_the_version_and_what_is_not_does_not() {
        let store = MemoryStore::default();
        let keyring = |seed| Keyring::new([(1, "corp", source())].into_iter(), seed);
        let (one, other) = (keyring(1), keyring(2));
        let begun = one.begin(&store, NOW);
        assert_eq!(begun.len(), 1);
        other.look(&store);
        let seen = other.version();
        other.look(&store);
        assert_eq!(other.version(), seen);
        assert!(matches!(
            one.answer(1, &store, NOW, answer()),
            Some(Step::Keys(_))
        ));
        other.look(&store);
        assert_ne!(other.version(), seen);
        let here = |view| match other.keys(1, NOW, view) {
            KeyState::Here { may_change, .. } => Some(may_change),
            KeyState::NotHere { .. } => None,
        };
        assert_eq!(
            (here(View::Guess), here(View::Known)),
            (Some(true), Some(false))
        );
        assert!(matches!(
            other.keys(0, NOW, View::Guess),
            KeyState::NotHere { may_change: false }
        ));
    }

    #[test]
    fn a_worker_looks_only_where_there_is_a_source_and_often_while_somebody_waits() {
        let none = Keyring::new(std::iter::empty(), 1);
        assert_eq!((none.first_look(), none.look_in(NOW, true)), (None, None));
        let looks: Vec<_> = (0..20)
            .map(|seed| Keyring::new([(0, "corp", source())].into_iter(), seed))
            .map(|keyring| keyring.first_look().unwrap().as_millis())
            .collect();
        assert!(
            looks.iter().all(|look| (20..=100).contains(look)),
            "{looks:?}"
        );
        assert!(looks.iter().any(|look| *look != looks[0]));
        let store = MemoryStore::default();
        let keyring = Keyring::new([(0, "corp", source())].into_iter(), 1);
        assert_eq!(keyring.begin(&store, NOW).len(), 1);
        let look = |waits| keyring.look_in(NOW, waits).unwrap();
        assert_eq!(
            (look(true).as_millis(), look(false).as_millis()),
            (50, 6000)
        );
    }
}
