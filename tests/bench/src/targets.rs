//! The limit of each figure, and whether it is met.
//!
//! Ratios are taken within one run, so they hold on any machine. Instructions are those of the cost
//! ledger.

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
    /// The case.
    pub case: &'static str,
    /// The kind of figure: `× floor`.
    pub what: &'static str,
    /// The measured value; absent if the run left it out.
    pub measured: Option<Figure>,
    /// The maximum.
    pub limit: f64,
}

impl Verdict {
    /// Whether it was measured and is within its limit.
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

/// Formats a number with as many digits as are meaningful.
pub(crate) fn number(value: f64) -> String {
    if value >= 1000.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

/// Compares the results with all targets.
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
