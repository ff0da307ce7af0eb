//! The readings of a path: all texts that a server behind Envoy may act on.
//!
//! A server may decode every triplet, or every one but those of `/` and `\`; drop the `;params` of all segments; take
//! `\` for `/`; merge empty segments; and resolve dot segments (RFC 3986, section 5.2.4). Servers do so in different
//! orders, some of them twice. So the path is taken through these steps in every order, and each text that comes out
//! decoded is a reading. What a filter makes of several readings is its own matter.

use std::borrow::Cow;

/// The most readings that a path may have.
pub const MAX_READINGS: usize = 64;

/// The most bytes that the readings of a path may have together: 64 readings of 4 KiB, or four of the longest path
/// that Envoy lets through. It bounds what a regular expression has to look at.
const MAX_BYTES: usize = 256 * 1024;

/// The most texts between a path and its readings.
const MAX_STATES: usize = 256;

/// The most bytes that may be written to find the readings, and what each step costs at least: it bounds the time.
const MAX_WORK: usize = 512 * 1024;
const STEP_WORK: usize = 64;

/// The path has more readings than are looked at: more than [`MAX_READINGS`], or too many bytes of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the path can be read in too many ways")]
pub struct TooManyReadings;

/// The readings of a path. It holds nothing where the path is its only reading, so a plain path costs one scan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Readings {
    texts: Vec<Vec<u8>>,
    canonical: usize,
}

impl Readings {
    /// The readings of a path without query.
    ///
    /// # Errors
    /// [`TooManyReadings`] where there are more than this looks at.
    pub fn of(path: &[u8]) -> Result<Self, TooManyReadings> {
        if is_plain(path) {
            return Ok(Self::default());
        }
        let features = Features::of(path);
        if !features.any() {
            return Ok(Self::default());
        }
        let mut closure = Closure::default();
        closure.add(path, features)?;
        closure.grow()?;
        Ok(closure.into_readings())
    }

    /// The readings, each once. `path` is the one that they were made of.
    pub fn iter<'a>(&'a self, path: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let itself = self.texts.is_empty().then_some(path);
        itself
            .into_iter()
            .chain(self.texts.iter().map(Vec::as_slice))
    }

    /// How many readings there are: one at least.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "a path has one reading at least"
    )]
    pub fn len(&self) -> usize {
        self.texts.len().max(1)
    }

    /// The reading for what needs one form, such as a key: all decoded, `;params` dropped, slashes merged, dot segments
    /// resolved. `path` is the one that the readings were made of.
    #[must_use]
    pub fn canonical<'a>(&'a self, path: &'a [u8]) -> &'a [u8] {
        self.texts.get(self.canonical).map_or(path, Vec::as_slice)
    }
}

/// Whether a path is in plain form, so that it is its only reading: no `%`, `;`, `\`, `//` and dot segment.
#[must_use]
pub fn is_plain(path: &[u8]) -> bool {
    let mut before = 0;
    let mut dots = path.first() == Some(&b'.');
    for &byte in path {
        match (before, byte) {
            (_, b'%' | b';' | b'\\') | (b'/', b'/') => return false,
            (b'/', b'.') => dots = true,
            _ => {}
        }
        before = byte;
    }
    !(dots && path.split(|b| *b == b'/').any(is_dot_segment))
}

fn is_dot_segment(segment: &[u8]) -> bool {
    matches!(segment, b"." | b"..")
}

/// Decodes every triplet once. What is not a triplet stays as it is.
#[must_use]
pub fn decode(path: &[u8]) -> Cow<'_, [u8]> {
    decoded(path, Slashes::Decode)
}

/// Decodes every triplet once, but those of `/` and `\`.
#[must_use]
pub fn decode_keeping_slashes(path: &[u8]) -> Cow<'_, [u8]> {
    decoded(path, Slashes::Keep)
}

fn decoded(path: &[u8], slashes: Slashes) -> Cow<'_, [u8]> {
    if !path.contains(&b'%') {
        return Cow::Borrowed(path);
    }
    let step = match slashes {
        Slashes::Decode => Step::Decode,
        Slashes::Keep => Step::DecodeKeepingSlashes,
    };
    let mut out = Vec::new();
    step.apply(path, &mut out);
    Cow::Owned(out)
}

/// What a server may do to a path.
#[derive(Clone, Copy)]
enum Step {
    Decode,
    DecodeKeepingSlashes,
    DropParams,
    TurnBackslashes,
    MergeSlashes,
    ResolveDots,
    ResolveDotsWithoutFinalSlash,
}

impl Step {
    const ALL: [Self; 7] = [
        Self::Decode,
        Self::DecodeKeepingSlashes,
        Self::DropParams,
        Self::TurnBackslashes,
        Self::MergeSlashes,
        Self::ResolveDots,
        Self::ResolveDotsWithoutFinalSlash,
    ];

    /// Writes what the step makes of a text. No step makes a text longer.
    fn apply(self, text: &[u8], out: &mut Vec<u8>) {
        out.clear();
        out.resize(text.len(), 0);
        let mut written = Writer {
            bytes: out.as_mut_slice(),
            len: 0,
        };
        match self {
            Self::Decode => decode_into(text, Slashes::Decode, &mut written),
            Self::DecodeKeepingSlashes => decode_into(text, Slashes::Keep, &mut written),
            Self::DropParams => drop_params(text, &mut written),
            Self::TurnBackslashes => turn_backslashes(text, &mut written),
            Self::MergeSlashes => merge_slashes(text, &mut written),
            Self::ResolveDots => resolve_dots(text, FinalSlash::Leave, &mut written),
            Self::ResolveDotsWithoutFinalSlash => {
                resolve_dots(text, FinalSlash::Drop, &mut written);
            }
        }
        let len = written.len;
        out.truncate(len);
    }
}

/// Writes byte by byte into a buffer that is long enough, so that no write has to see to its growth.
struct Writer<'a> {
    bytes: &'a mut [u8],
    len: usize,
}

impl Writer<'_> {
    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len = self.len.wrapping_add(1);
        }
    }

    /// Takes back the last segment, with the slash before it.
    fn drop_segment(&mut self) {
        let written = self.bytes.get(..self.len).unwrap_or_default();
        self.len = written.iter().rposition(|b| *b == b'/').unwrap_or(0);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Slashes {
    Decode,
    Keep,
}

fn decode_into(text: &[u8], slashes: Slashes, out: &mut Writer<'_>) {
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte == b'%'
            && let Some((value, after)) = triplet(tail)
            && !(slashes == Slashes::Keep && matches!(value, b'/' | b'\\'))
        {
            out.push(value);
            rest = after;
        } else {
            out.push(byte);
        }
    }
}

/// The byte of the triplet whose percent sign stands before a text, and what comes after it.
fn triplet(after_percent: &[u8]) -> Option<(u8, &[u8])> {
    match after_percent {
        [high, low, rest @ ..] => Some(((hex(*high)? << 4) | hex(*low)?, rest)),
        _ => None,
    }
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit & 0x0f),
        b'a'..=b'f' | b'A'..=b'F' => Some((digit & 0x0f).wrapping_add(9)),
        _ => None,
    }
}

fn drop_params(text: &[u8], out: &mut Writer<'_>) {
    let mut in_params = false;
    for &byte in text {
        match byte {
            b';' => in_params = true,
            b'/' => in_params = false,
            _ => {}
        }
        if !in_params {
            out.push(byte);
        }
    }
}

fn turn_backslashes(text: &[u8], out: &mut Writer<'_>) {
    for &byte in text {
        out.push(if byte == b'\\' { b'/' } else { byte });
    }
}

fn merge_slashes(text: &[u8], out: &mut Writer<'_>) {
    let mut before = 0;
    for &byte in text {
        if (byte, before) != (b'/', b'/') {
            out.push(byte);
        }
        before = byte;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FinalSlash {
    Leave,
    Drop,
}

/// RFC 3986, section 5.2.4: an empty segment is a segment, and `..` at the root stays there.
fn resolve_dots(text: &[u8], final_slash: FinalSlash, out: &mut Writer<'_>) {
    let mut segments = text.split(|b| *b == b'/').peekable();
    let mut absolute = false;
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        if is_dot_segment(segment) {
            if segment.len() == 2 {
                out.drop_segment();
            }
            if last && absolute && (final_slash == FinalSlash::Leave || out.len == 0) {
                out.push(b'/');
            }
        } else {
            if absolute {
                out.push(b'/');
            }
            for &byte in segment {
                out.push(byte);
            }
        }
        absolute = true;
    }
}

/// Which steps change a text: found in one scan, so that no step runs for nothing.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a set of independent features, not a state"
)]
struct Features {
    /// Triplets of `/` or `\`.
    slash_triplets: bool,
    /// All other triplets.
    triplets: bool,
    params: bool,
    backslashes: bool,
    empty_segments: bool,
    dots: bool,
    final_dots: bool,
}

impl Features {
    fn of(text: &[u8]) -> Self {
        let mut found = Self::default();
        // Of the segment so far: whether it has none but dots, and how many.
        let (mut only_dots, mut dots) = (true, 0_usize);
        let mut first = true;
        let mut rest = text;
        while let Some((&byte, tail)) = rest.split_first() {
            rest = tail;
            match byte {
                b'/' => {
                    found.dots |= only_dots && matches!(dots, 1 | 2);
                    found.empty_segments |= only_dots && dots == 0 && !first;
                    (only_dots, dots, first) = (true, 0, false);
                    continue;
                }
                b'.' => {
                    dots = dots.wrapping_add(1);
                    continue;
                }
                b';' => found.params = true,
                b'\\' => found.backslashes = true,
                b'%' => match triplet(tail) {
                    Some((b'/' | b'\\', _)) => found.slash_triplets = true,
                    Some(_) => found.triplets = true,
                    None => {}
                },
                _ => {}
            }
            only_dots = false;
        }
        found.final_dots = only_dots && matches!(dots, 1 | 2);
        found.dots |= found.final_dots;
        found
    }

    fn any(self) -> bool {
        Step::ALL.into_iter().any(|step| self.changed_by(step))
    }

    fn changed_by(self, step: Step) -> bool {
        match step {
            Step::Decode => self.triplets || self.slash_triplets,
            // Without triplets of slashes, it does what `Decode` does.
            Step::DecodeKeepingSlashes => self.triplets && self.slash_triplets,
            Step::DropParams => self.params,
            Step::TurnBackslashes => self.backslashes,
            Step::MergeSlashes => self.empty_segments,
            Step::ResolveDots => self.dots,
            // Otherwise it does what `ResolveDots` does.
            Step::ResolveDotsWithoutFinalSlash => self.final_dots,
        }
    }

    /// Whether decoding, of one kind or the other, leaves the text as it is.
    fn is_decoded(self) -> bool {
        !self.triplets
    }
}

/// All texts that the steps make of a path.
#[derive(Default)]
struct Closure {
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
    fn grow(&mut self) -> Result<(), TooManyReadings> {
        let mut written = Vec::new();
        let mut at = 0;
        while let Some(features) = self.states.get(at).map(|s| s.features) {
            if features.is_decoded() {
                self.is_reading(at)?;
            }
            for step in Step::ALL.into_iter().filter(|s| features.changed_by(*s)) {
                if let Some(state) = self.states.get(at) {
                    step.apply(&state.text, &mut written);
                }
                let to = self.find_or_add(&written)?;
                if matches!(step, Step::Decode | Step::DecodeKeepingSlashes) {
                    self.is_reading(to)?;
                }
                if let Some(next) = self
                    .states
                    .get_mut(at)
                    .and_then(|s| s.next.get_mut(step as usize))
                {
                    *next = to;
                }
            }
            at = at.saturating_add(1);
        }
        Ok(())
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
        match known {
            Some(at) => Ok(at),
            None => self.add_hashed(text, hash, Features::of(text)),
        }
    }

    fn add(&mut self, text: &[u8], features: Features) -> Result<usize, TooManyReadings> {
        self.add_hashed(text, hash(text), features)
    }

    fn add_hashed(
        &mut self,
        text: &[u8],
        hash: u64,
        features: Features,
    ) -> Result<usize, TooManyReadings> {
        let at = self.states.len();
        if at >= MAX_STATES {
            return Err(TooManyReadings);
        }
        self.states.push(State {
            text: text.to_vec(),
            hash,
            features,
            is_reading: false,
            next: [at; Step::ALL.len()],
        });
        Ok(at)
    }

    fn is_reading(&mut self, at: usize) -> Result<(), TooManyReadings> {
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

    fn into_readings(self) -> Readings {
        let canonical = self.canonical();
        let mut readings = Readings::default();
        for (at, state) in self.states.into_iter().enumerate() {
            if at == canonical {
                readings.canonical = readings.texts.len();
            }
            if state.is_reading {
                readings.texts.push(state.text);
            }
        }
        readings
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

#[cfg(test)]
mod tests;
