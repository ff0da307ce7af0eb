//! What each figure may be at most, and whether it is.
//!
//! Ratios are of one run, so they hold on any machine; instructions are those of the cost ledger.

mod source;
mod table;

use std::fmt;

use serde::Serialize;

use crate::figures::Figure;
use crate::run::Measured;
use table::{TARGETS, Target};

/// A figure and its limit.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Of which case.
    pub case: &'static str,
    /// Of what: `× floor`.
    pub what: &'static str,
    /// What was measured; absent where the run left it out.
    pub measured: Option<Figure>,
    /// The most that it may be.
    pub limit: f64,
}

impl Verdict {
    /// Whether it was measured, and keeps its limit.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.measured
            .is_some_and(|figure| figure.median <= self.limit)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.case)?;
        match self.measured {
            Some(figure) => write!(f, "{}", number(figure.median))?,
            None => f.write_str("not measured,")?,
        }
        write!(f, " {}, at most {}", self.what, number(self.limit))
    }
}

/// As short as a figure is exact.
pub(crate) fn number(value: f64) -> String {
    if value >= 1000.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

/// Holds what was measured against every target.
#[must_use]
pub fn judge(measured: &Measured) -> Vec<Verdict> {
    let verdict = |target: &Target| Verdict {
        case: target.case,
        what: target.what,
        measured: target
            .source
            .figure(measured)
            .filter(|figure| figure.median.is_finite()),
        limit: target.limit,
    };
    TARGETS.iter().map(verdict).collect()
}

#[cfg(test)]
mod tests;
