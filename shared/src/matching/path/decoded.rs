//! Paths of a configuration, in the forms in which they are compared.

use crate::request::{decode, decode_keeping_slashes};

/// A path of a configuration, in the same forms as readings.
#[derive(Debug, Clone)]
pub(super) struct Decoded {
    pub(super) all: Box<[u8]>,
    /// With its encoded slashes, if it has any.
    pub(super) keeping_slashes: Option<Box<[u8]>>,
}

impl Decoded {
    pub(super) fn new(path: &str) -> Self {
        let all = decode(path.as_bytes());
        let keeping = decode_keeping_slashes(path.as_bytes());
        Self {
            keeping_slashes: (keeping != all).then(|| keeping.into_owned().into()),
            all: all.into_owned().into(),
        }
    }

    /// Returns the maximum length of the path as sent, in bytes: three for each byte, if all are
    /// percent-encoded.
    pub(super) fn longest_as_sent(&self) -> usize {
        self.all.len().saturating_mul(3)
    }

    /// Whether `matches` is true for one of the forms, with or without regard to case.
    pub(super) fn any(&self, ignore_case: bool, matches: impl Fn(&[u8], Compare) -> bool) -> bool {
        let exact = if ignore_case { same_but_case } else { same };
        // In what is still encoded, the case of hexadecimal digits does not matter.
        let encoded = if ignore_case {
            same_but_case
        } else {
            same_but_digits
        };
        matches(&self.all, exact)
            || self
                .keeping_slashes
                .as_ref()
                .is_some_and(|path| matches(path, encoded))
    }
}

type Compare = fn(&[u8], &[u8]) -> bool;

fn same(a: &[u8], b: &[u8]) -> bool {
    a == b
}

fn same_but_case(a: &[u8], b: &[u8]) -> bool {
    a.eq_ignore_ascii_case(b)
}

fn same_but_digits(a: &[u8], b: &[u8]) -> bool {
    let mut digits = 0_u8;
    let same = |(a, b): (&u8, &u8)| {
        let is_digit = digits > 0;
        digits = if *a == b'%' {
            2
        } else {
            digits.saturating_sub(1)
        };
        a == b || (is_digit && a.eq_ignore_ascii_case(b))
    };
    a.len() == b.len() && a.iter().zip(b).all(same)
}
