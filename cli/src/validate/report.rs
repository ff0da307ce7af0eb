//! Findings, and how they are printed: for people, for programs, and as GitHub annotations.

use std::fmt::Write as _;

use clap::ValueEnum;
use serde_json::{Value, json};

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// A line for each finding.
    #[default]
    Text,
    /// One JSON document.
    Json,
    /// Workflow commands, which GitHub shows beside the lines of a pull request.
    Github,
}

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    /// A configuration is accepted.
    Accepted,
    /// Something that this program does not check.
    Note,
    /// Valid, but dangerous or without effect.
    Warning,
    /// The filter, Envoy or Kubernetes would reject it.
    Error,
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// The file as given; `-` is standard input.
    pub(super) file: String,
    /// The line, from 1, if known.
    pub(super) line: Option<usize>,
    /// The filter, if the finding concerns one.
    pub(super) filter: Option<&'static str>,
    /// What is wrong, with the path, the value and what is accepted.
    pub(super) message: String,
}

/// All findings.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) findings: Vec<Finding>,
}

impl Severity {
    fn name(self) -> &'static str {
        match self {
            Self::Accepted => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Report {
    pub(super) fn count(&self, severity: Severity) -> usize {
        let of = |finding: &&Finding| finding.severity == severity;
        self.findings.iter().filter(of).count()
    }

    /// Turns warnings into errors.
    pub(super) fn make_strict(&mut self) {
        for finding in &mut self.findings {
            if finding.severity == Severity::Warning {
                finding.severity = Severity::Error;
            }
        }
    }

    pub(super) fn print(&self, format: Format) -> String {
        match format {
            Format::Text => self.findings.iter().map(Finding::text).collect(),
            Format::Github => self.findings.iter().filter_map(Finding::github).collect(),
            Format::Json => {
                let findings: Vec<_> = self.findings.iter().map(Finding::json).collect();
                format!(
                    "{:#}\n",
                    json!({"findings": findings, "accepted": self.count(Severity::Accepted), "warnings": self.count(Severity::Warning), "errors": self.count(Severity::Error)})
                )
            }
        }
    }
}

impl Finding {
    fn text(&self) -> String {
        let mut text = self.file.clone();
        if let Some(line) = self.line {
            let _ = write!(text, ":{line}");
        }
        match self.severity {
            Severity::Accepted => format!("{text}: {} ok\n", self.filter.unwrap_or_default()),
            severity => format!("{text}: {}: {}\n", severity.name(), self.message),
        }
    }

    fn json(&self) -> Value {
        json!({
            "severity": self.severity.name(),
            "file": self.file,
            "line": self.line,
            "filter": self.filter,
            "message": self.message,
        })
    }

    /// <https://docs.github.com/actions/reference/workflow-commands-for-github-actions#setting-a-warning-message>
    fn github(&self) -> Option<String> {
        let command = match self.severity {
            Severity::Accepted => return None,
            Severity::Note => "notice",
            severity => severity.name(),
        };
        let data = |text: &str| {
            text.replace('%', "%25")
                .replace('\r', "%0D")
                .replace('\n', "%0A")
        };
        let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
        let line = self.line.map(|line| format!(",line={line}"));
        Some(format!(
            "::{command} file={}{}::{}\n",
            property(&self.file),
            line.unwrap_or_default(),
            data(&self.message)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line_in_each_format() {
        let report = Report {
            findings: vec![Finding {
                severity: Severity::Error,
                file: "a,b.yaml".to_owned(),
                line: Some(7),
                filter: Some("cors"),
                message: "cors: 100%: no".to_owned(),
            }],
        };
        assert_eq!(
            report.print(Format::Text),
            "a,b.yaml:7: error: cors: 100%: no\n"
        );
        assert_eq!(
            report.print(Format::Github),
            "::error file=a%2Cb.yaml,line=7::cors: 100%25: no\n"
        );
        let json: Value = serde_json::from_str(&report.print(Format::Json)).unwrap();
        assert_eq!(json["findings"][0]["line"], 7);
        assert_eq!(json["errors"], 1);
    }
}
