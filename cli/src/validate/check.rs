//! Checks a file: its documents, the texts inside them, and each plugin with the parser of its
//! filter.

mod handed;
mod lines;

use serde_json::Value;

use super::find::{self, Config, Plugin};
use super::scalar::Reader;
use super::yaml::{self, Node};
use super::{Finding, Report, Severity, crd, warn};
use crate::catalog::{FILTERS, Filter};
use handed::{environment, protobuf, with_hint};
use lines::Lines;

/// Checks one file.
pub(super) struct Checker<'r> {
    file: &'r str,
    /// The filter to use for bare configurations and for modules with unknown names.
    fallback: Option<&'static Filter>,
    report: &'r mut Report,
}

impl<'r> Checker<'r> {
    pub(super) fn new(
        file: &'r str,
        fallback: Option<&'static Filter>,
        report: &'r mut Report,
    ) -> Self {
        Self {
            file,
            fallback,
            report,
        }
    }

    /// Checks the text of the file.
    pub(super) fn text(&mut self, text: &str, is_json: bool) {
        let before = self.report.findings.len();
        self.documents(text, is_json, Lines::Below(0));
        if self.report.findings.len() == before {
            let message = "no filter of the catalog is configured here".to_owned();
            self.add(Severity::Note, None, None, message);
        }
    }

    fn documents(&mut self, text: &str, is_json: bool, lines: Lines) {
        let documents = if is_json {
            yaml::parse_json(text)
        } else {
            yaml::parse(text)
        };
        match documents {
            Ok(documents) => {
                for document in &documents {
                    self.document(document, is_json, lines);
                }
            }
            Err(error) => {
                let error = error.to_string();
                let line = error
                    .strip_prefix("line ")
                    .and_then(|rest| rest.split([',', ':']).next()?.parse().ok());
                self.add(Severity::Error, lines.of(line), None, error);
            }
        }
    }

    fn document(&mut self, document: &Node, is_json: bool, lines: Lines) {
        match document.text_at(&["kind"]) {
            Some("ConfigMap") => return self.texts(document.entry("data"), lines),
            Some("Secret") => return self.texts(document.entry("stringData"), lines),
            Some(kind) if kind.ends_with("List") && document.get("items").is_some() => {
                let items = document.get("items").map(Node::items).unwrap_or_default();
                return items
                    .iter()
                    .for_each(|item| self.document(item, is_json, lines));
            }
            _ => {}
        }
        for fault in crd::faults(document) {
            let line = lines.of(fault.line);
            self.add(fault.severity, line, None, fault.message);
        }
        let reader = Reader::of(document, is_json);
        let plugins = find::plugins(document);
        if plugins.is_empty()
            && let Some(filter) = self.fallback
        {
            return self.configuration(filter, &Plugin::bare(document), reader, lines);
        }
        let clusters = warn::clusters(document);
        for plugin in &plugins {
            self.plugin(plugin, reader, lines, clusters.as_deref());
        }
    }

    /// Checks the texts of a ConfigMap: files of any kind, or a bare configuration under the name
    /// of its filter.
    fn texts(&mut self, data: Option<&yaml::Entry>, lines: Lines) {
        for entry in data.map(|data| data.value.entries()).unwrap_or_default() {
            let Some(text) = entry.value.text() else {
                continue;
            };
            let inside = lines.inside(&entry.value, entry.line);
            let (name, ending) = entry.key.split_once('.').unwrap_or((&entry.key, ""));
            let filter = Filter::find(name).ok();
            if !["yaml", "yml", "json"].contains(&ending) && filter.is_none() {
                continue;
            }
            let fallback = self.fallback;
            self.fallback = fallback.or(filter);
            self.documents(text, ending == "json", inside);
            self.fallback = fallback;
        }
    }

    fn plugin(
        &mut self,
        plugin: &Plugin<'_>,
        reader: Reader,
        lines: Lines,
        clusters: Option<&[&str]>,
    ) {
        let filter = plugin
            .filter()
            .or(self.fallback)
            .or_else(|| by_keys(&plugin.config, reader));
        let line = lines.of(plugin.line);
        let Some(filter) = filter else {
            let message = format!(
                "{} is not a module of the catalog and is not checked; if it is one under another name, add --filter NAME",
                plugin.label()
            );
            return self.add(Severity::Note, line, None, message);
        };
        for (severity, inner, message) in plugin
            .faults
            .iter()
            .cloned()
            .chain(warn::plugin(plugin, clusters))
        {
            let line = lines.of(inner).or(line);
            let message = format!("{}: {message}", filter.name);
            self.add(severity, line, Some(filter.name), message);
        }
        self.configuration(filter, plugin, reader, lines);
    }

    /// Passes a configuration to its filter.
    fn configuration(
        &mut self,
        filter: &'static Filter,
        plugin: &Plugin<'_>,
        reader: Reader,
        lines: Lines,
    ) {
        let line = plugin.config_line.or(plugin.line);
        let text;
        let (bytes, node, inside) = match &plugin.config {
            Config::Absent => (Vec::new(), None, lines),
            Config::Text(scalar) => {
                let content = scalar.text().unwrap_or_default();
                text = yaml::parse_json(content).ok().and_then(|mut n| n.pop());
                let inside = lines.inside(scalar, line.unwrap_or_default());
                (content.as_bytes().to_vec(), text.as_ref(), inside)
            }
            Config::Struct(node) => (protobuf(&reader.value(node)), Some(*node), lines),
            Config::Json(node) => (
                reader.value(node).to_string().into_bytes(),
                Some(*node),
                lines,
            ),
            Config::Broken(reason) => {
                let message = format!("{}: configuration: {reason}", filter.name);
                return self.add(Severity::Error, lines.of(line), Some(filter.name), message);
            }
        };
        let (env, unset) = environment(plugin, |name| std::env::var(name).ok());
        let outer = lines.of(line);
        let found = (filter.check)(&bytes, &env);
        if let Some((inner, message)) = node.and_then(warn::keys) {
            let message = format!("{}: {message}", filter.name);
            let line = inside.of(inner).or(outer);
            self.add(Severity::Warning, line, Some(filter.name), message);
        }
        let line_of = |message: &str| {
            let inner = node.and_then(|node| node.line_of(path_of(message, filter.name)?));
            inside.of(inner).or(outer)
        };
        match found {
            Ok(warnings) => {
                for warning in warnings {
                    let line = line_of(&warning);
                    self.add(Severity::Warning, line, Some(filter.name), warning);
                }
                self.add(Severity::Accepted, outer, Some(filter.name), String::new());
            }
            Err(error) => {
                let line = line_of(&error);
                let message = with_hint(&error, &unset);
                self.add(Severity::Error, line, Some(filter.name), message);
            }
        }
    }

    fn add(
        &mut self,
        severity: Severity,
        line: Option<usize>,
        filter: Option<&'static str>,
        message: String,
    ) {
        self.report.findings.push(Finding {
            severity,
            file: self.file.to_owned(),
            line,
            filter,
            message,
        });
    }
}

/// Returns the only filter whose configuration has these keys, whatever the module's name.
fn by_keys(config: &Config<'_>, reader: Reader) -> Option<&'static Filter> {
    let value = config.value(reader)?;
    let keys = value.as_object().filter(|keys| !keys.is_empty())?;
    let mut fitting = FILTERS.iter().filter(|filter| {
        let schema = filter.schema();
        let required = schema["required"].as_array();
        keys.keys()
            .all(|key| schema["properties"].get(key).is_some())
            && required
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .all(|key| keys.contains_key(key))
    });
    fitting.next().filter(|_| fitting.next().is_none())
}

/// Returns the path in `cors: policies[0].allow_origins: …`.
fn path_of<'e>(error: &'e str, filter: &str) -> Option<&'e str> {
    let rest = error.strip_prefix(filter)?.strip_prefix(": ")?;
    rest.split(": ").next()
}
