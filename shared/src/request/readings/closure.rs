//! All texts that the steps make of a path, in any order: found within bounds, so that no path keeps a worker busy.

use super::steps::{Features, Step};
use super::{MAX_READINGS, TooManyReadings};

/// The most bytes that the readings of a path may have together: 64 readings of 4 KiB, or four of the longest path
/// that Envoy lets through. It bounds what a regular expression has to look at.
const MAX_BYTES: usize = 256 * 1024;

/// The most texts between a path and its readings.
pub(super) const MAX_STATES: usize = 256;

/// The most bytes that may be written to find the readings, and what each step costs at least: it bounds the time.
const MAX_WORK: usize = 384 * 1024;
const STEP_WORK: usize = 64;

/// All texts that the steps make of a path.
#[derive(Default)]
pub(super) struct Closure {
    states: Vec<State>,
    /// How many states are readings.
    readings: usize,
    /// How many bytes the readings have.
    bytes: usize,
    work: usize,
}

struct State {
    text: Vec<u8>,
    hash: u64,
    features: Features,
    /// It comes out of decoding.
    is_reading: bool,
    /// The states that steps lead to; it itself where they change nothing.
    next: [usize; Step::ALL.len()],
}

impl Closure {
    /// The texts that the steps make of a path.
    pub(super) fn of(path: &[u8]) -> Result<Self, TooManyReadings> {
        let mut closure = Self::default();
        closure.find_or_add(path)?;
        let mut written = Vec::new();
        let mut at = 0;
        while let Some(features) = closure.states.get(at).map(|s| s.features) {
            if features.is_decoded() {
                closure.count_as_reading(at)?;
            }
            for step in Step::ALL.into_iter().filter(|s| features.changed_by(*s)) {
                if let Some(state) = closure.states.get(at) {
                    step.apply(&state.text, &mut written);
                }
                let to = closure.find_or_add(&written)?;
                if matches!(step, Step::Decode | Step::DecodeKeepingSlashes) {
                    closure.count_as_reading(to)?;
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
        self.states.push(State {
            text: text.to_vec(),
            hash,
            features: Features::of(text),
            is_reading: false,
            next: [at; Step::ALL.len()],
        });
        Ok(at)
    }

    fn count_as_reading(&mut self, at: usize) -> Result<(), TooManyReadings> {
        if let Some(state) = self.states.get_mut(at)
            && !state.is_reading
        {
            state.is_reading = true;
            self.readings = self.readings.saturating_add(1);
            self.bytes = self.bytes.saturating_add(state.text.len());
        }
        if self.readings > MAX_READINGS || self.bytes > MAX_BYTES {
            return Err(TooManyReadings);
        }
        Ok(())
    }

    /// The readings, and which of them is the canonical one.
    pub(super) fn into_readings(self) -> (Vec<Vec<u8>>, usize) {
        let to = self.canonical();
        let before = self.states.iter().take(to).filter(|s| s.is_reading);
        let canonical = before.count();
        let readings = self.states.into_iter().filter(|s| s.is_reading);
        (readings.map(|s| s.text).collect(), canonical)
    }

    /// Where all steps lead to, in the order in which none has to be made again.
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

/// Tells most texts apart; a client may find two with the same hash, which costs a comparison.
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
