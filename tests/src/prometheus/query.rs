//! The part of PromQL that the dashboard and the alerts use: selectors, `rate` and `increase`,
//! `sum` with `by`, `+`, `/`, and `<` and `>` with a number.
//!
//! There is one page and no time: the rate of a counter is its value. That is enough to see whether
//! a query finds its metrics, and under which labels. Other parts of the language are an error.

use std::{cmp::Ordering, collections::BTreeMap, iter::Peekable, str::CharIndices};

use anyhow::{Context, Result, bail, ensure};

use super::{Labels, Page, Sample};

/// A parsed query.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// The samples of a metric.
    Metric {
        /// Its name.
        name: String,
        /// Labels with the required values.
        labels: Labels,
        /// The range in brackets, of which a rate is taken.
        range: Option<Range>,
    },
    /// The sum over all labels except these.
    Sum(Vec<String>, Box<Query>),
    /// The sum of two queries.
    Plus(Box<Query>, Box<Query>),
    /// The ratio of two queries.
    Ratio(Box<Query>, Box<Query>),
    /// The values above or below a number.
    Compare(Box<Query>, Ordering, f64),
}

/// What is computed for a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// Per second.
    Rate,
    /// In total.
    Increase,
}

/// A line of a chart.
pub type Series = (Labels, f64);

impl Query {
    /// Parses a query.
    ///
    /// # Errors
    /// If it is invalid, or uses an unsupported part of the language.
    pub fn parse(text: &str) -> Result<Self> {
        let mut parser = Parser {
            text,
            rest: text.char_indices().peekable(),
        };
        let mut query = parser.plus().with_context(|| text.to_string())?;
        for (sign, ordering) in [('>', Ordering::Greater), ('<', Ordering::Less)] {
            if parser.eat(sign) {
                query = Self::Compare(Box::new(query), ordering, parser.number()?);
            }
        }
        parser.space();
        ensure!(parser.rest.peek().is_none(), "{text}: more than a query");
        Ok(query)
    }

    /// Evaluates the query.
    ///
    /// # Errors
    /// If a metric or a label does not exist at all, because then the query is wrong.
    pub fn run(&self, page: &Page) -> Result<Vec<Series>> {
        match self {
            Self::Metric { name, labels, .. } => select(page, name, labels),
            Self::Sum(by, of) => {
                let mut sums = BTreeMap::<Labels, f64>::new();
                for (mut labels, value) in of.run(page)? {
                    for label in by {
                        ensure!(labels.contains_key(label), "no label {label} in {labels:?}");
                    }
                    labels.retain(|label, _| by.contains(label));
                    *sums.entry(labels).or_default() += value;
                }
                Ok(sums.into_iter().collect())
            }
            Self::Plus(left, right) => join(&left.run(page)?, &right.run(page)?, |l, r| l + r),
            Self::Ratio(left, right) => join(&left.run(page)?, &right.run(page)?, |l, r| l / r),
            Self::Compare(of, ordering, with) => {
                let mut series = of.run(page)?;
                series.retain(|(_, value)| value.partial_cmp(with) == Some(*ordering));
                Ok(series)
            }
        }
    }
}

fn select(page: &Page, name: &str, labels: &Labels) -> Result<Vec<Series>> {
    let fits = |sample: &&Sample| {
        sample.name == name
            && labels
                .iter()
                .all(|(label, value)| sample.labels.get(label) == Some(value))
    };
    let found: Vec<_> = page.samples().iter().filter(fits).collect();
    ensure!(!found.is_empty(), "no metric {name} with {labels:?}");
    let series = |sample: &Sample| (sample.labels.clone(), sample.value);
    Ok(found.into_iter().map(series).collect())
}

fn join(left: &[Series], right: &[Series], combine: fn(f64, f64) -> f64) -> Result<Vec<Series>> {
    let mut joined = Vec::new();
    for (labels, value) in left {
        let other = right.iter().find(|(others, _)| others == labels);
        let (_, other) = other.with_context(|| format!("{labels:?} has no counterpart"))?;
        joined.push((labels.clone(), combine(*value, *other)));
    }
    Ok(joined)
}

struct Parser<'a> {
    text: &'a str,
    rest: Peekable<CharIndices<'a>>,
}

impl Parser<'_> {
    fn plus(&mut self) -> Result<Query> {
        let mut left = self.ratio()?;
        while self.eat('+') {
            left = Query::Plus(Box::new(left), Box::new(self.ratio()?));
        }
        Ok(left)
    }

    fn ratio(&mut self) -> Result<Query> {
        let mut left = self.atom()?;
        while self.eat('/') {
            left = Query::Ratio(Box::new(left), Box::new(self.atom()?));
        }
        Ok(left)
    }

    fn atom(&mut self) -> Result<Query> {
        if self.eat('(') {
            let query = self.plus()?;
            self.expect(')')?;
            return Ok(query);
        }
        match self.word()?.as_str() {
            "sum" => {
                let mut by = Vec::new();
                if !self.eat('(') {
                    let word = self.word()?;
                    ensure!(word == "by", "{word:?} after sum");
                    self.expect('(')?;
                    while !self.eat(')') {
                        by.push(self.word()?);
                        self.eat(',');
                    }
                    self.expect('(')?;
                }
                let of = self.plus()?;
                self.expect(')')?;
                Ok(Query::Sum(by, Box::new(of)))
            }
            "rate" => self.range(Range::Rate),
            "increase" => self.range(Range::Increase),
            name => self.metric(name.to_string()),
        }
    }

    /// A counter needs a range, and a range is only allowed there.
    fn range(&mut self, kind: Range) -> Result<Query> {
        self.expect('(')?;
        let name = self.word()?;
        let Query::Metric { name, labels, .. } = self.metric(name)? else {
            bail!("not a metric")
        };
        self.expect('[')?;
        while !self.eat(']') {
            self.rest.next().context("no closing bracket")?;
        }
        self.expect(')')?;
        Ok(Query::Metric {
            name,
            labels,
            range: Some(kind),
        })
    }

    fn metric(&mut self, name: String) -> Result<Query> {
        let mut labels = Labels::new();
        if self.eat('{') {
            while !self.eat('}') {
                let label = self.word()?;
                self.expect('=')?;
                self.expect('"')?;
                let mut value = String::new();
                loop {
                    match self.rest.next().context("no closing quote")?.1 {
                        '"' => break,
                        character => value.push(character),
                    }
                }
                labels.insert(label, value);
                self.eat(',');
            }
        }
        Ok(Query::Metric {
            name,
            labels,
            range: None,
        })
    }

    fn number(&mut self) -> Result<f64> {
        self.space();
        let mut number = String::new();
        while let Some((_, digit)) = self.rest.next_if(|(_, c)| c.is_ascii_digit() || *c == '.') {
            number.push(digit);
        }
        number
            .parse()
            .with_context(|| format!("no number at {:?}", self.left()))
    }

    fn word(&mut self) -> Result<String> {
        self.space();
        let mut word = String::new();
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        while let Some((_, character)) = self.rest.next_if(|(_, c)| fits(*c)) {
            word.push(character);
        }
        ensure!(!word.is_empty(), "no name at {:?}", self.left());
        Ok(word)
    }

    fn eat(&mut self, expected: char) -> bool {
        self.space();
        self.rest.next_if(|(_, c)| *c == expected).is_some()
    }

    fn expect(&mut self, expected: char) -> Result<()> {
        ensure!(self.eat(expected), "no {expected:?} at {:?}", self.left());
        Ok(())
    }

    fn space(&mut self) {
        while self.rest.next_if(|(_, c)| c.is_whitespace()).is_some() {}
    }

    fn left(&mut self) -> &str {
        let at = self.rest.peek().map_or(self.text.len(), |(at, _)| *at);
        &self.text[at..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str =
        "no{r=\"a\",x=\"1\"} 1\nno{r=\"a\",x=\"2\"} 2\nno{r=\"b\",x=\"1\"} 4\nyes{} 3\nzero{} 0\n";

    fn run(query: &str) -> Result<Vec<Series>> {
        Query::parse(query)?.run(&Page::parse(PAGE).unwrap())
    }

    #[test]
    fn a_query_finds_sums_and_divides() {
        type Line<'a> = (&'a [(&'a str, &'a str)], f64);
        let cases: &[(&str, &[Line<'_>])] = &[
            ("yes", &[(&[], 3.0)]),
            (
                "sum by (r) (rate(no[$__rate_interval]))",
                &[(&[("r", "a")], 3.0), (&[("r", "b")], 4.0)],
            ),
            ("sum(increase(no{x=\"1\"}[5m]))", &[(&[], 5.0)]),
            (
                "sum by (r, x) (rate(no{r=\"b\"}[5m]))",
                &[(&[("r", "b"), ("x", "1")], 4.0)],
            ),
            (
                "sum(rate(no[5m])) / (sum(rate(no[5m])) + sum(rate(yes[5m])))",
                &[(&[], 0.7)],
            ),
            ("sum(zero) + sum(yes) / sum(yes)", &[(&[], 1.0)]),
            ("sum by (r) (no) > 3.5", &[(&[("r", "b")], 4.0)]),
            ("sum(zero) > 0", &[]),
            ("sum(zero) / sum(yes) < 0.5", &[(&[], 0.0)]),
        ];
        for (query, expected) in cases {
            let expected: Vec<_> = expected
                .iter()
                .map(|(labels, value)| (super::super::own(labels), *value))
                .collect();
            assert_eq!(run(query).unwrap(), expected, "{query}");
        }
    }

    #[test]
    fn a_mistaken_query_is_refused() {
        let cases = [
            ("noo", "no metric noo"),
            ("no{r=\"c\"}", "no metric no with"),
            ("sum by (reason) (no)", "no label reason"),
            ("rate(no)", "no '['"),
            ("sum by r (no)", "no '('"),
            ("avg(no)", "more than a query"),
            ("sum(no", "no ')'"),
            ("no{r=~\"a\"}", "no '\"'"),
            ("no offset 5m", "more than a query"),
            ("no > yes", "no number"),
        ];
        for (query, expected) in cases {
            let error = format!("{:#}", run(query).unwrap_err());
            assert!(error.contains(expected), "{query}: {error}");
        }
    }
}
