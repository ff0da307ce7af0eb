//! What a server may do to a path, one step at a time, and which steps change a text.

/// What a server may do to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Every triplet is decoded, once: most servers.
    Decode,
    /// Every triplet but those of `/` and `\`.
    DecodeKeepingSlashes,
    /// Every triplet but those of `/`: Tomcat's `passthrough`, Apache's `NoDecode`.
    DecodeKeepingSlash,
    /// No triplet but those of `/` and `\`: Envoy's `UNESCAPE_AND_FORWARD`.
    DecodeSlashes,
    /// No triplet but those of unreserved characters (RFC 3986, section 6.2.2.2): Envoy's
    /// `normalize_path`.
    DecodeUnreserved,
    DropParams,
    /// Only those of dot segments: Envoy's `normalize_path` since 1.36.10, 1.37.6, 1.38.4 and
    /// 1.39.1.
    DropParamsOfDots,
    TurnBackslashes,
    MergeSlashes,
    ResolveDots,
    ResolveDotsWithoutFinalSlash,
}

impl Step {
    pub(super) const ALL: [Self; 11] = [
        Self::Decode,
        Self::DecodeKeepingSlashes,
        Self::DecodeKeepingSlash,
        Self::DecodeSlashes,
        Self::DecodeUnreserved,
        Self::DropParams,
        Self::DropParamsOfDots,
        Self::TurnBackslashes,
        Self::MergeSlashes,
        Self::ResolveDots,
        Self::ResolveDotsWithoutFinalSlash,
    ];

    /// Whether the step leaves the text as patterns are written: decoded, but for slashes.
    pub(super) fn decodes(self) -> bool {
        matches!(
            self,
            Self::Decode | Self::DecodeKeepingSlashes | Self::DecodeKeepingSlash
        )
    }

    /// Writes what the step makes of a text. No step makes a text longer.
    pub(super) fn apply(self, text: &[u8], out: &mut Vec<u8>) {
        out.clear();
        out.resize(text.len(), 0);
        let mut written = Writer {
            bytes: out.as_mut_slice(),
            len: 0,
        };
        match self {
            Self::Decode
            | Self::DecodeKeepingSlashes
            | Self::DecodeKeepingSlash
            | Self::DecodeSlashes
            | Self::DecodeUnreserved => self.decode(text, &mut written),
            Self::DropParams => drop_params(text, Of::AllSegments, &mut written),
            Self::DropParamsOfDots => drop_params(text, Of::DotSegments, &mut written),
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

    fn decode(self, text: &[u8], out: &mut Writer<'_>) {
        let mut rest = text.iter();
        while let Some(&byte) = rest.next() {
            if byte == b'%'
                && let Some(value) = triplet(rest.as_slice())
                && self.decodes_to(value)
            {
                out.push(value);
                rest.nth(1);
            } else {
                out.push(byte);
            }
        }
    }

    fn decodes_to(self, value: u8) -> bool {
        match self {
            Self::Decode => true,
            Self::DecodeKeepingSlashes => !is_slash(value),
            Self::DecodeKeepingSlash => value != b'/',
            Self::DecodeSlashes => is_slash(value),
            Self::DecodeUnreserved => is_unreserved(value),
            _ => false,
        }
    }
}

fn is_slash(byte: u8) -> bool {
    matches!(byte, b'/' | b'\\')
}

/// RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Writes byte by byte into a buffer that is long enough, so that no write has to see to its
/// growth.
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

/// The byte of the triplet whose percent sign stands before a text.
#[inline(always)] // it stands in the loops that see every byte
fn triplet(after_percent: &[u8]) -> Option<u8> {
    match after_percent {
        [high, low, ..] => Some((hex(*high)? << 4) | hex(*low)?),
        _ => None,
    }
}

#[inline(always)] // as `triplet`
fn hex(digit: u8) -> Option<u8> {
    let number = digit.wrapping_sub(b'0');
    let letter = (digit | 0x20).wrapping_sub(b'a');
    match (number, letter) {
        (0..=9, _) => Some(number),
        (_, 0..=5) => Some(letter.wrapping_add(10)),
        _ => None,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    AllSegments,
    DotSegments,
}

fn drop_params(text: &[u8], of: Of, out: &mut Writer<'_>) {
    let mut drops = of == Of::AllSegments || has_params_after_dots(text);
    let mut in_params = false;
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        match byte {
            b';' => in_params = drops,
            b'/' => {
                in_params = false;
                drops = of == Of::AllSegments || has_params_after_dots(rest.as_slice());
            }
            _ => {}
        }
        if !in_params {
            out.push(byte);
        }
    }
}

/// Whether a text begins with a dot segment that has params.
fn has_params_after_dots(text: &[u8]) -> bool {
    matches!(text, [b'.', b';', ..] | [b'.', b'.', b';', ..])
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
    let mut rest = text;
    let mut absolute = false;
    loop {
        let dots = leading_dot_segment(rest);
        if dots == 2 {
            out.drop_segment();
        }
        if dots == 0 && absolute {
            out.push(b'/');
        }
        let mut bytes = rest.get(dots..).unwrap_or_default().iter();
        loop {
            match bytes.next() {
                Some(b'/') => break,
                Some(byte) => out.push(*byte),
                None => {
                    let drops = final_slash == FinalSlash::Drop && out.len > 0;
                    if dots > 0 && absolute && !drops {
                        out.push(b'/');
                    }
                    return;
                }
            }
        }
        rest = bytes.as_slice();
        absolute = true;
    }
}

/// Whether a segment is `.` or `..`.
pub(super) fn is_dot_segment(segment: &[u8]) -> bool {
    matches!(segment, b"." | b"..")
}

/// How many dots the dot segment has that a text begins with; 0 without one.
#[inline(always)] // as `triplet`
fn leading_dot_segment(text: &[u8]) -> usize {
    match text {
        [b'.'] | [b'.', b'/', ..] => 1,
        [b'.', b'.'] | [b'.', b'.', b'/', ..] => 2,
        _ => 0,
    }
}

/// Which steps change a text: found in one scan, so that no step runs for nothing.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a set of independent features, not a state"
)]
pub(super) struct Features {
    /// Triplets of `/`.
    slash_triplets: bool,
    /// Triplets of `\`.
    backslash_triplets: bool,
    /// Triplets of unreserved characters.
    unreserved_triplets: bool,
    /// All other triplets.
    other_triplets: bool,
    /// `;params` of dot segments.
    params_of_dots: bool,
    /// `;params` of other segments.
    params: bool,
    backslashes: bool,
    empty_segments: bool,
    pub(super) dots: bool,
    final_dots: bool,
}

impl Features {
    /// Finds them in a text.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut found = Self {
            dots: leading_dot_segment(text) > 0,
            ..Self::default()
        };
        let mut after_dots = has_params_after_dots(text);
        let mut rest = text.iter();
        while let Some(byte) = rest.next() {
            match byte {
                b'%' => match triplet(rest.as_slice()) {
                    Some(b'/') => found.slash_triplets = true,
                    Some(b'\\') => found.backslash_triplets = true,
                    Some(value) if is_unreserved(value) => found.unreserved_triplets = true,
                    Some(_) => found.other_triplets = true,
                    None => {}
                },
                b'/' => {
                    after_dots = false;
                    match rest.as_slice() {
                        [b'/', ..] => found.empty_segments = true,
                        [b'.', ..] => {
                            found.dots |= leading_dot_segment(rest.as_slice()) > 0;
                            after_dots = has_params_after_dots(rest.as_slice());
                        }
                        _ => {}
                    }
                }
                b';' if after_dots => found.params_of_dots = true,
                b';' => found.params = true,
                b'\\' => found.backslashes = true,
                _ => {}
            }
        }
        let last = text.rsplit(|b| *b == b'/').next();
        found.final_dots = found.dots && last.is_some_and(is_dot_segment);
        found
    }

    /// Whether a step is worth its run: it changes the text, and no step before it in [`Step::ALL`]
    /// does the same.
    pub(super) fn changed_by(self, step: Step) -> bool {
        let slashes = self.slash_triplets || self.backslash_triplets;
        match step {
            Step::Decode => slashes || !self.is_decoded(),
            Step::DecodeKeepingSlashes | Step::DecodeSlashes => slashes && !self.is_decoded(),
            Step::DecodeKeepingSlash => self.slash_triplets && self.backslash_triplets,
            Step::DecodeUnreserved => self.unreserved_triplets && (slashes || self.other_triplets),
            Step::DropParams => self.params || self.params_of_dots,
            Step::DropParamsOfDots => self.params && self.params_of_dots,
            Step::TurnBackslashes => self.backslashes,
            Step::MergeSlashes => self.empty_segments,
            Step::ResolveDots => self.dots,
            Step::ResolveDotsWithoutFinalSlash => self.final_dots,
        }
    }

    /// Whether there is nothing to decode, but slashes perhaps.
    pub(super) fn is_decoded(self) -> bool {
        !(self.unreserved_triplets || self.other_triplets)
    }
}
