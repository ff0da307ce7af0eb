//! Envoy's metrics for Prometheus, and queries of them.

mod query;

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use crate::Envoy;

pub use self::query::{Query, Range, Series};

/// Labels by name.
pub type Labels = BTreeMap<String, String>;

/// The samples of a page in Prometheus's text format (exposition format 0.0.4).
#[derive(Clone, Debug, Default)]
pub struct Page(Vec<Sample>);

/// One line of a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The metric.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// Its value.
    pub value: f64,
}

impl Page {
    /// Returns Envoy's current metrics.
    ///
    /// # Errors
    /// If they are not in the format.
    pub fn of(envoy: &Envoy) -> Result<Self> {
        Self::parse(&envoy.admin("/stats/prometheus").text())
    }

    /// Parses a page.
    ///
    /// # Errors
    /// With the line that is invalid.
    pub fn parse(text: &str) -> Result<Self> {
        let lines = text.lines().map(str::trim);
        let samples = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let samples =
            samples.map(|line| sample(line).with_context(|| format!("not a sample: {line}")));
        Ok(Self(samples.collect::<Result<_>>()?))
    }

    /// Returns all samples.
    pub fn samples(&self) -> &[Sample] {
        &self.0
    }

    /// Returns the value of the metric with exactly these labels.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels: Labels = own(labels);
        let fits = |sample: &&Sample| sample.name == name && sample.labels == labels;
        self.0.iter().find(fits).map(|sample| sample.value)
    }

    /// Adds the samples of another Envoy. Values of equal samples are added.
    pub fn add(&mut self, other: Self) {
        for sample in other.0 {
            let same =
                |mine: &&mut Sample| mine.name == sample.name && mine.labels == sample.labels;
            match self.0.iter_mut().find(same) {
                Some(mine) => mine.value += sample.value,
                None => self.0.push(sample),
            }
        }
    }
}

fn own(labels: &[(&str, &str)]) -> Labels {
    let own = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
    labels.iter().map(own).collect()
}

fn sample(line: &str) -> Result<Sample> {
    let (name, rest) = match line.split_once('{') {
        Some(parts) => parts,
        None => {
            let (name, value) = line.split_once(' ').context("no value")?;
            return Ok(Sample {
                name: name.to_string(),
                labels: Labels::new(),
                value: value.trim().parse()?,
            });
        }
    };
    let mut labels = Labels::new();
    let mut rest = rest;
    while !rest.starts_with('}') {
        let (label, after) = rest.split_once("=\"").context("a label without a value")?;
        let (value, after) = quoted(after)?;
        labels.insert(label.trim_start_matches(',').to_string(), value);
        rest = after;
    }
    let value = rest.trim_start_matches('}').split_whitespace().next();
    Ok(Sample {
        name: name.to_string(),
        labels,
        value: value.context("no value")?.parse()?,
    })
}

/// Splits at the closing quote.
fn quoted(text: &str) -> Result<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => match characters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, escaped)) => value.push(escaped),
                None => break,
            },
            _ => value.push(character),
        }
    }
    bail!("no closing quote")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_values_are_read_as_they_are_written() {
        let text = "# TYPE a counter\na{} 1\n\na{x=\"1\",y=\"a \\\"b\\\" {c}, d\"} 2.5\nb 3\nc{x=\"\"} +Inf\n";
        let page = Page::parse(text).unwrap();
        assert_eq!(page.samples().len(), 4);
        assert_eq!(page.value("a", &[]), Some(1.0));
        assert_eq!(
            page.value("a", &[("y", "a \"b\" {c}, d"), ("x", "1")]),
            Some(2.5)
        );
        assert_eq!(page.value("b", &[]), Some(3.0));
        assert_eq!(page.value("c", &[("x", "")]), Some(f64::INFINITY));
        assert_eq!(page.value("a", &[("x", "1")]), None);
        assert!(Page::parse("a{x=\"1} 2").is_err());
        assert!(Page::parse("a{} two").is_err());
    }

    #[test]
    fn pages_add_up() {
        let mut page = Page::parse("a{} 1\nb{} 1\n").unwrap();
        page.add(Page::parse("a{} 2\nc{} 3\n").unwrap());
        let values = ["a", "b", "c"].map(|name| page.value(name, &[]));
        assert_eq!(values, [Some(3.0), Some(1.0), Some(3.0)]);
    }
}
