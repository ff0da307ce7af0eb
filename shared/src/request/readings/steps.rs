//! What a server may do to a path, one step at a time.

mod features;
mod rewrite;

pub(super) use features::Features;
use rewrite::{
    FinalSlash, Of, Writer, decode_without_new_triplets, drop_params, merge_slashes, resolve_dots,
    turn_backslashes,
};

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
    /// No triplet but those of unreserved characters (RFC 3986, section 6.2.2.2): Apache.
    DecodeUnreserved,
    /// The same, and a `%` that would become a triplet by it (`%2%46`) becomes `%25`: Envoy's
    /// `normalize_path`.
    DecodeUnreservedOnce,
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
    pub(super) const ALL: [Self; 12] = [
        Self::Decode,
        Self::DecodeKeepingSlashes,
        Self::DecodeKeepingSlash,
        Self::DecodeSlashes,
        Self::DecodeUnreserved,
        Self::DecodeUnreservedOnce,
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
            Self::DecodeUnreservedOnce => decode_without_new_triplets(text, &mut written),
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

/// Whether a text begins with a dot segment that has params.
fn has_params_after_dots(text: &[u8]) -> bool {
    matches!(text, [b'.', b';', ..] | [b'.', b'.', b';', ..])
}
