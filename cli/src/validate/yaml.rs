//! YAML and JSON as a tree that keeps what a plain value would lose: line numbers, and which
//! scalars were quoted.
//!
//! The meaning of an unquoted `on` or `1.5` depends on the reader of the file; see
//! [`super::scalar`].

mod node;

use std::borrow::Cow;
use std::collections::HashMap;

use anyhow::{Result, anyhow, bail};
use serde_json::Value;
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, options};

pub(super) use node::camel_case;

/// A node of a document.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// Text, and how it is written.
    Scalar { text: String, style: Style },
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<Entry>),
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Without quotes: the meaning depends on the reader.
    Plain,
    /// Quoted or folded.
    Quoted,
    /// A literal block, whose first line follows its key.
    Literal,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    /// The line of the key, from 1; 0 if unknown.
    pub(super) line: usize,
    pub(super) value: Node,
}

/// Parses all documents of a YAML file. The error is one line with the position.
pub(super) fn parse(text: &str) -> Result<Vec<Node>> {
    let options = options! { emit_comments: false };
    let events = Parser::new_from_str_with_options(text, options);
    let mut builder = Builder {
        events,
        anchors: HashMap::new(),
    };
    let mut documents = Vec::new();
    loop {
        match builder.next()? {
            (Event::StreamEnd, _) => return Ok(documents),
            (Event::DocumentStart(..), _) => {
                let first = builder.next()?;
                documents.push(builder.node(first)?);
                builder.anchors.clear();
            }
            _ => {}
        }
    }
}

/// Parses a JSON file. Its line numbers are known because JSON is YAML, except for rare escapes.
pub(super) fn parse_json(text: &str) -> Result<Vec<Node>> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| anyhow!("line {}: not JSON: {error}", error.line()))?;
    match parse(text) {
        Ok(nodes) => Ok(nodes),
        Err(error) if error.to_string().contains("duplicate key") => Err(error),
        Err(_) => Ok(vec![Node::from(value)]),
    }
}

struct Builder<'a> {
    events: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Node>,
}

impl<'a> Builder<'a> {
    /// Returns the next event. Its absence is an error, because the stream has its own end event.
    fn next(&mut self) -> Result<(Event<'a>, Span)> {
        match self.events.next() {
            None => bail!("not YAML: the document is not complete"),
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                let at = error.marker();
                bail!(
                    "line {}, column {}: not YAML: {}",
                    at.line(),
                    at.col() + 1,
                    error.info()
                )
            }
        }
    }

    fn node(&mut self, (event, span): (Event<'a>, Span)) -> Result<Node> {
        let (anchor, node) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::Literal => Style::Literal,
                    _ => Style::Quoted,
                };
                (
                    anchor,
                    Node::Scalar {
                        text: Cow::into_owned(text),
                        style,
                    },
                )
            }
            Event::SequenceStart(_, anchor, _) => (anchor, self.list()?),
            Event::MappingStart(_, anchor, _) => (anchor, self.map()?),
            Event::Alias(anchor) => {
                let line = span.start.line();
                let node = self.anchors.get(&anchor).cloned();
                return node.ok_or_else(|| anyhow!("line {line}: an alias inside its own anchor"));
            }
            // An empty document has no node.
            _ => (
                0,
                Node::Scalar {
                    text: String::new(),
                    style: Style::Plain,
                },
            ),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self) -> Result<Node> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Node::List(items)),
                event => items.push(self.node(event)?),
            }
        }
    }

    fn map(&mut self) -> Result<Node> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (key, line) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Node::Map(entries)),
                (event, span) => (self.node((event, span))?, span.start.line()),
            };
            let Node::Scalar { text: key, .. } = key else {
                bail!("line {line}: a mapping or list as a key");
            };
            // Envoy silently keeps one of the two.
            if entries.iter().any(|entry| entry.key == key) {
                bail!("line {line}: duplicate key \"{key}\"");
            }
            let value = self.next()?;
            entries.push(Entry {
                key,
                line,
                value: self.node(value)?,
            });
        }
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Node {
        match value {
            Value::String(text) => Node::Scalar {
                text,
                style: Style::Quoted,
            },
            Value::Array(items) => Node::List(items.into_iter().map(Node::from).collect()),
            Value::Object(map) => Node::Map(
                map.into_iter()
                    .map(|(key, value)| Entry {
                        key,
                        line: 0,
                        value: value.into(),
                    })
                    .collect(),
            ),
            other => Node::Scalar {
                text: other.to_string(),
                style: Style::Plain,
            },
        }
    }
}

#[cfg(test)]
mod tests;
