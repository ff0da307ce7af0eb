//! The steps with which a server may process a path.

mod features;
mod rewrite;

pub(super) use features::Features;
use rewrite::{
    FinalSlash, Of, Writer, decode_without_new_triplets, drop_params, merge_slashes, resolve_dots,
    turn_backslashes,
};

/// One step with which a server may process a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Decodes every percent-encoded byte, once: most servers.
    Decode,
    /// Decodes all but `/` and `\`.
    DecodeKeepingSlashes,
    /// Decodes all but `/`: Tomcat's `passthrough`, Apache's `NoDecode`.
    DecodeKeepingSlash,
    /// Decodes only `/` and `\`: Envoy's `UNESCAPE_AND_FORWARD`.
    DecodeSlashes,
    /// Decodes only unreserved characters (RFC 3986, section 6.2.2.2): Apache.
    DecodeUnreserved,
    /// The same, but a `%` that would become part of a new triplet (`%2%46`) becomes `%25`: Envoy's
    /// `normalize_path`.
    DecodeUnreservedOnce,
    DropParams,
    /// Drops only the params of dot segments: Envoy's `normalize_path` since 1.36.10, 1.37.6,
    /// 1.38.4 and 1.39.1.
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

    /// Whether the result has the form in which patterns are written: decoded, except perhaps for
    /// slashes.
    pub(super) fn decodes(self) -> bool {
        matches!(
            self,
            Self::Decode | Self::DecodeKeepingSlashes | Self::DecodeKeepingSlash
        )
    }

    /// Writes the result of the step for a text. No step makes a text longer.
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

/// Whether a character is unreserved (RFC 3986, section 2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Decodes the triplet whose percent sign precedes the text.
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

/// Returns the number of dots if the text begins with a dot segment, else 0.
#[inline(always)] // as `triplet`
fn leading_dot_segment(text: &[u8]) -> usize {
    match text {
        [b'.'] | [b'.', b'/', ..] => 1,
        [b'.', b'.'] | [b'.', b'.', b'/', ..] => 2,
        _ => 0,
    }
}

/// Whether the text begins with a dot segment that has params.
fn has_params_after_dots(text: &[u8]) -> bool {
    matches!(text, [b'.', b';', ..] | [b'.', b'.', b';', ..])
}
