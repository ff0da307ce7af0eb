//! What one worker knows about a source, requests from its server, and does with the answer. Calls
//! are made elsewhere; time and store are passed in.

use super::document::{self, Failure};
use super::schedule::{Want, share};
use super::state::{Shared, State};
use super::uri::Uri;
use super::{Kind, Source};
use crate::json;
use crate::keys::KeySet;
use filter_kit::host::{CallFailure, HttpAnswer};
use filter_kit::store::CasStore;
use std::rc::Rc;
use std::time::Duration;

/// How often a worker looks for the result of another worker's fetch while no request waits for it.
const LOOK: Duration = Duration::from_millis(250);

/// Minimum time until a worker looks again.
const SOON: Duration = Duration::from_millis(5);

/// Maximum time until a worker looks again, so that it notices when the clock is set forward.
const LONGEST_LOOK: Duration = Duration::from_secs(3600);

/// Maximum time over which workers spread a refresh. The first one makes it, and the others find it
/// done.
const LONGEST_SPREAD: Duration = Duration::from_secs(1);

/// A source as one worker knows it.
#[derive(Debug)]
pub(crate) struct Remote {
    source: Source,
    name: String,
    holder: u64,
    spread: Duration,
    state: State,
    /// The number of the set that was read last.
    read: u32,
    set: Option<Rc<KeySet>>,
    fetch: Option<Fetch>,
    is_other_wanted: bool,
}

/// A fetch that this worker is making.
#[derive(Debug, Clone)]
struct Fetch {
    until: Duration,
    /// The discovery document that is being fetched; `None` if the keys are.
    document: Option<Uri>,
}

/// A call to make: a GET request to the source's cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// The URI to fetch.
    pub uri: Uri,
    /// Timeout of the whole answer.
    pub timeout: Duration,
}

/// What happens after an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// Another call has to be made.
    Call(Call),
    /// The answer contained keys, which all workers will find. If the set is new, also why some
    /// were ignored.
    Keys(Vec<String>),
    /// The answer contained no keys. The old ones stay in use.
    Failed(Failure),
}

impl Remote {
    /// Creates a source about which nothing is known yet. `random` distinguishes this worker from
    /// the others.
    #[must_use]
    pub(crate) fn new(source: Source, provider: &str, random: u64) -> Self {
        let tenth = source.refresh.checked_div(10).unwrap_or_default();
        let spread = tenth.min(LONGEST_SPREAD);
        Self {
            name: source.name(provider),
            holder: random.max(1),
            spread: share(spread, random),
            source,
            state: State::default(),
            read: 0,
            set: None,
            fetch: None,
            is_other_wanted: false,
        }
    }

    /// Returns the source of the keys.
    #[must_use]
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Returns the keys, if they may be used.
    #[must_use]
    pub(crate) fn keys(&self, now: Duration) -> Option<Rc<KeySet>> {
        let set = self.set.as_ref()?;
        self.source
            .is_usable(&self.state, now)
            .then(|| Rc::clone(set))
    }

    /// Whether other keys may arrive soon: a worker is fetching, or may start to.
    #[must_use]
    pub(crate) fn is_coming(&self, now: Duration) -> bool {
        self.source.is_fetching(&self.state, now)
            || self.source.is_due(&self.state, now, Want::Other)
    }

    /// Requests keys other than the known ones.
    pub(crate) fn want_other(&mut self) {
        self.is_other_wanted = true;
    }

    #[cfg(test)]
    fn is_wanted(&self) -> bool {
        self.is_other_wanted
    }

    /// Reads what all workers know. Returns whether there is anything new.
    pub(crate) fn look<S: CasStore>(&mut self, store: &S) -> bool {
        let shared = self.shared(store);
        let state = shared.state();
        if state.keys != self.read {
            let set = json::value(&shared.keys())
                .and_then(|value| KeySet::from_jwks(&value).ok())
                .map(|(set, _)| Rc::new(set));
            self.read = state.keys;
            self.set = set;
        }
        if state.ended != self.state.ended {
            // A fetch has ended since other keys were requested, so these are the other keys.
            self.is_other_wanted = false;
        }
        let is_new = self.state != state;
        self.state = state;
        is_new
    }

    /// Starts a fetch if one is due and no other worker is making it. Also returns whether there is
    /// anything new.
    pub(crate) fn begin<S: CasStore>(&mut self, store: &S, now: Duration) -> (Option<Call>, bool) {
        let is_new = self.look(store);
        let want = match std::mem::take(&mut self.is_other_wanted) {
            true => Want::Other,
            false => Want::Fresh,
        };
        if !self.source.is_due(&self.state, now, want)
            || !self.shared(store).claim(now, want, self.holder)
        {
            return (None, is_new);
        }
        self.look(store);
        self.fetch = Some(Fetch {
            until: now.saturating_add(self.source.timeout),
            document: match self.source.kind {
                Kind::Keys => None,
                Kind::Discovery { .. } => Some(self.source.uri.clone()),
            },
        });
        let call = Call {
            uri: self.source.uri.clone(),
            timeout: self.source.timeout,
        };
        (Some(call), true)
    }

    /// Processes the answer to a call, or its failure.
    pub(crate) fn answer<S: CasStore>(
        &mut self,
        store: &S,
        now: Duration,
        answer: Result<HttpAnswer, CallFailure>,
        random: u64,
    ) -> Step {
        let read = self.read;
        let step = self.take(now, answer);
        let (step, body) = match step {
            Ok(Taken::Document(uri, timeout)) => return Step::Call(Call { uri, timeout }),
            Ok(Taken::Keys(left_out, body)) => (Step::Keys(left_out), Some(body)),
            Err(failure) => (Step::Failed(failure), None),
        };
        self.fetch = None;
        self.shared(store)
            .finish(now, self.holder, body.as_deref(), random);
        self.look(store);
        match step {
            Step::Keys(_) if self.read == read => Step::Keys(Vec::new()),
            step => step,
        }
    }

    /// Returns how soon this worker has to look again.
    #[must_use]
    pub(crate) fn look_in(&self, now: Duration) -> Duration {
        let wait = if self.source.is_fetching(&self.state, now) {
            match self.fetch {
                Some(_) => self.state.lease_until.saturating_sub(now),
                None => LOOK,
            }
        } else if self.is_other_wanted && self.source.is_due(&self.state, now, Want::Other) {
            Duration::ZERO
        } else {
            let due = self.source.due_in(&self.state, now);
            let is_refresh = self.source.is_usable(&self.state, now) && !due.is_zero();
            due.saturating_add(if is_refresh {
                self.spread
            } else {
                Duration::ZERO
            })
        };
        wait.clamp(SOON, LONGEST_LOOK)
    }

    fn take(
        &mut self,
        now: Duration,
        answer: Result<HttpAnswer, CallFailure>,
    ) -> Result<Taken, Failure> {
        let fetch = self.fetch.as_mut().ok_or(CallFailure::NoAnswer)?;
        let answer = answer?;
        if let (Some(document), Kind::Discovery { issuers }) = (&fetch.document, &self.source.kind)
        {
            let uri = document::keys_uri(&answer, document, issuers)?;
            let timeout = fetch.until.saturating_sub(now);
            if timeout.is_zero() {
                return Err(CallFailure::NoAnswer.into());
            }
            fetch.document = None;
            return Ok(Taken::Document(uri, timeout));
        }
        let (_, left_out) = document::keys(&answer)?;
        Ok(Taken::Keys(left_out, answer.body))
    }

    fn shared<'s, S>(&'s self, store: &'s S) -> Shared<'s, S> {
        Shared {
            store,
            source: &self.source,
            name: &self.name,
        }
    }
}

/// A usable answer.
enum Taken {
    Document(Uri, Duration),
    Keys(Vec<String>, Vec<u8>),
}

#[cfg(test)]
mod tests;
