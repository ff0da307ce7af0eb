//! Computes all texts that the steps make of a path, in any order. Limits ensure that no path keeps
//! a worker busy.

use super::steps::{Features, Step};
use super::{MAX_READINGS, TooManyReadings};

/// Maximum size of all readings of a path together, in bytes: 64 readings of 4 KiB, or four of the
/// longest path that Envoy accepts. It limits what a regular expression has to search.
const MAX_BYTES: usize = 256 * 1024;

/// Maximum number of texts between a path and its readings.
pub(super) const MAX_STATES: usize = 256;

/// Maximum number of bytes that may be written to find the readings, and the minimum cost of each
/// step. Together they limit the time.
const MAX_WORK: usize = 384 * 1024;
const STEP_WORK: usize = 64;

/// All texts that the steps make of a path, beginning with the path itself.
#[derive(Default)]
pub(super) struct Closure {
    states: Vec<State>,
    work: usize,
}

struct State {
    text: Vec<u8>,
    hash: u64,
    features: Features,
    /// Whether at least one of the steps that lead here decodes, or would decode if there were
    /// anything to decode.
    is_reading: bool,
    /// The state that each step leads to; the same state if the step changes nothing.
    next: [usize; Step::ALL.len()],
}

impl Closure {
    /// Computes the texts that the steps make of a path.
    pub(super) fn of(path: &[u8]) -> Result<Self, TooManyReadings> {
        let mut closure = Self::default();
        closure.find_or_add(path)?;
        let mut written = Vec::new();
        let mut at = 0;
        while let Some(features) = closure.states.get(at).map(|s| s.features) {
            for step in Step::ALL.into_iter().filter(|s| features.changed_by(*s)) {
                if let Some(state) = closure.states.get(at) {
                    step.apply(&state.text, &mut written);
                }
                let to = closure.find_or_add(&written)?;
                if step.decodes() {
                    closure.mark_as_reading(to);
                }
                let from = closure.states.get_mut(at);
                if let Some(next) = from.and_then(|s| s.next.get_mut(step as usize)) {
                    *next = to;
                }
            }
            at = at.saturating_add(1);
        }
        Ok(closure)
    }

    fn find_or_add(&mut self, text: &[u8]) -> Result<usize, TooManyReadings> {
        self.work = self
            .work
            .saturating_add(text.len())
            .saturating_add(STEP_WORK);
        if self.work > MAX_WORK {
            return Err(TooManyReadings);
        }
        let hash = hash(text);
        let known = self
            .states
            .iter()
            .position(|s| s.hash == hash && s.text == text);
        if let Some(at) = known {
            return Ok(at);
        }
        let at = self.states.len();
        if at >= MAX_STATES {
            return Err(TooManyReadings);
        }
        let features = Features::of(text);
        self.states.push(State {
            text: text.to_vec(),
            hash,
            features,
            is_reading: features.is_decoded(),
            next: [at; Step::ALL.len()],
        });
        Ok(at)
    }

    fn mark_as_reading(&mut self, at: usize) {
        if let Some(state) = self.states.get_mut(at) {
            state.is_reading = true;
        }
    }

    /// Marks everything derived from a reading as a reading too, although it may still contain
    /// percent-encoded bytes.
    fn mark_what_is_made_of_readings(&mut self) {
        let readings = self.states.iter().enumerate().filter(|(_, s)| s.is_reading);
        let mut to_follow: Vec<usize> = readings.map(|(at, _)| at).collect();
        while let Some(next) = to_follow
            .pop()
            .and_then(|at| self.states.get(at)?.next.into())
        {
            for to in next {
                if self.states.get(to).is_some_and(|s| !s.is_reading) {
                    self.mark_as_reading(to);
                    to_follow.push(to);
                }
            }
        }
    }

    /// Returns the readings, and the index of the canonical one.
    pub(super) fn into_readings(mut self) -> Result<(Vec<Vec<u8>>, usize), TooManyReadings> {
        self.mark_what_is_made_of_readings();
        let to = self.canonical();
        let before = self.states.iter().take(to).filter(|s| s.is_reading);
        let canonical = before.count();
        let readings = self.states.into_iter().filter(|s| s.is_reading);
        let readings: Vec<_> = readings.map(|s| s.text).collect();
        let bytes = readings.iter().map(Vec::len).fold(0, usize::saturating_add);
        if readings.len() > MAX_READINGS || bytes > MAX_BYTES {
            return Err(TooManyReadings);
        }
        Ok((readings, canonical))
    }

    /// Returns the state that results from all steps, in the order that needs no step twice.
    fn canonical(&self) -> usize {
        let mut at = 0;
        loop {
            let decoded = self.after(at, Step::Decode);
            if decoded == at {
                break;
            }
            at = decoded;
        }
        [
            Step::TurnBackslashes,
            Step::DropParams,
            Step::MergeSlashes,
            Step::ResolveDots,
        ]
        .into_iter()
        .fold(at, |at, step| self.after(at, step))
    }

    fn after(&self, at: usize, step: Step) -> usize {
        let next = self.states.get(at).and_then(|s| s.next.get(step as usize));
        next.copied().unwrap_or(at)
    }
}

/// Distinguishes most texts. A client may find two with the same hash, which costs only a
/// comparison.
fn hash(text: &[u8]) -> u64 {
    const FACTOR: u64 = 0x517c_c1b7_2722_0a95;
    let (words, rest) = text.as_chunks::<8>();
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(FACTOR);
    let hash = words.iter().fold(text.len() as u64, |hash, word| {
        mix(hash, u64::from_le_bytes(*word))
    });
    rest.iter()
        .fold(hash, |hash, byte| mix(hash, u64::from(*byte)))
}
