//! Medians and their spread.

use serde::Serialize;

/// A figure. Half of the rounds lie between `low` and `high`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// The median of the rounds.
    pub median: f64,
    /// The first quartile.
    pub low: f64,
    /// The third quartile.
    pub high: f64,
}

impl Figure {
    /// Computes the figure for the values of all rounds. Rounds without a value (a division by
    /// zero) do not count.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values
            .into_iter()
            .filter(|value| value.is_finite())
            .collect();
        values.sort_unstable_by(f64::total_cmp);
        Self {
            median: quantile(&values, 0.5),
            low: quantile(&values, 0.25),
            high: quantile(&values, 0.75),
        }
    }

    /// Computes the figure for the differences of two series of values, round by round, divided by
    /// `by`.
    pub(crate) fn difference(values: &[f64], base: &[f64], by: f64) -> Self {
        Self::of(differences(values, base).map(|difference| difference / by))
    }

    /// Computes the figure for the ratios of two series of values above their bases, round by
    /// round.
    pub(crate) fn ratio(above: (&[f64], &[f64]), below: (&[f64], &[f64])) -> Self {
        let above = differences(above.0, above.1);
        let below = differences(below.0, below.1);
        // Ignores rounds in which noise outweighs the divisor.
        Self::of(
            above
                .zip(below)
                .map(|(a, b)| if b > 0.0 { a / b } else { f64::NAN }),
        )
    }
}

fn differences(values: &[f64], base: &[f64]) -> impl Iterator<Item = f64> {
    values.iter().zip(base).map(|(value, base)| value - base)
}

/// Interpolates between the two nearest values; NaN without values.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let at = share * last as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_between_the_quartiles() {
        for (values, median, low, high) in [
            (&[3.0][..], 3.0, 3.0, 3.0),
            (&[4.0, 2.0], 3.0, 2.5, 3.5),
            (&[5.0, 1.0, 3.0, 2.0, 4.0], 3.0, 2.0, 4.0),
            (&[f64::NAN, 1.0, f64::INFINITY], 1.0, 1.0, 1.0),
        ] {
            let figure = Figure::of(values.iter().copied());
            assert_eq!(figure, Figure { median, low, high }, "{values:?}");
        }
        assert!(Figure::of([]).median.is_nan());
    }

    #[test]
    fn differences_and_ratios_are_taken_round_by_round() {
        let (empty, one, two) = ([10.0, 20.0, 30.0], [20.0, 30.0, 40.0], [30.0, 40.0, 50.0]);
        assert_eq!(Figure::difference(&one, &empty, 10.0).median, 1.0);
        let ratio = Figure::ratio((&two, &empty), (&one, &empty));
        assert_eq!((ratio.low, ratio.median, ratio.high), (2.0, 2.0, 2.0));
    }

    #[test]
    fn a_round_in_which_the_divisor_is_lost_in_noise_does_not_count() {
        let (empty, one, two) = ([10.0, 10.0], [9.0, 20.0], [30.0, 30.0]);
        assert_eq!(Figure::ratio((&two, &empty), (&one, &empty)).median, 2.0);
    }
}
