//! Navigation in a document.

use super::{Entry, Node};

impl Node {
    /// Returns the value of a key, in the given spelling or in camelCase, which protobuf's JSON
    /// accepts too.
    pub(in crate::validate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Returns the node at the end of these keys.
    pub(in crate::validate) fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Returns the text of a scalar.
    pub(in crate::validate) fn text(&self) -> Option<&str> {
        match self {
            Node::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Returns the text at the end of these keys.
    pub(in crate::validate) fn text_at(&self, keys: &[&str]) -> Option<&str> {
        self.at(keys)?.text()
    }

    /// Returns the entry of a key, in either spelling.
    pub(in crate::validate) fn entry(&self, key: &str) -> Option<&Entry> {
        let camel = camel_case(key);
        let mut entries = self.entries().iter();
        entries.find(|entry| entry.key == key || entry.key == camel)
    }

    /// Returns the entries of a mapping; none for anything else.
    pub(in crate::validate) fn entries(&self) -> &[Entry] {
        match self {
            Node::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Visits every scalar below, with its key and the line of the key.
    pub(in crate::validate) fn visit(&self, see: &mut dyn FnMut(&str, Option<usize>, &str)) {
        self.visit_under("", None, see);
    }

    fn visit_under(
        &self,
        key: &str,
        line: Option<usize>,
        see: &mut dyn FnMut(&str, Option<usize>, &str),
    ) {
        match self {
            Node::Scalar { text, .. } => see(key, line, text),
            Node::List(items) => items
                .iter()
                .for_each(|item| item.visit_under(key, line, see)),
            Node::Map(entries) => entries.iter().for_each(|entry| {
                let line = Some(entry.line).filter(|line| *line > 0);
                entry.value.visit_under(&entry.key, line, see);
            }),
        }
    }

    /// Returns the line on which a mapping or list of mappings begins, if known.
    pub(in crate::validate) fn line(&self) -> Option<usize> {
        match self {
            Node::Map(entries) => entries.first().map(|entry| entry.line),
            Node::List(items) => items.first()?.line(),
            Node::Scalar { .. } => None,
        }
        .filter(|line| *line > 0)
    }

    /// Returns the items of a list; none for anything else.
    pub(in crate::validate) fn items(&self) -> &[Node] {
        match self {
            Node::List(items) => items,
            _ => &[],
        }
    }

    /// Returns the line that `path` (`rules[0].request`) leads to, as far as it can be followed.
    pub(in crate::validate) fn line_of(&self, path: &str) -> Option<usize> {
        let mut node = self;
        let mut line = None;
        for step in path.split(['.', '[']) {
            node = match (node, step.strip_suffix(']')) {
                (Node::List(items), Some(index)) => match items.get(index.parse::<usize>().ok()?) {
                    Some(item) => item,
                    None => break,
                },
                (Node::Map(entries), None) => {
                    match entries.iter().find(|entry| entry.key == step) {
                        Some(entry) => {
                            line = Some(entry.line);
                            &entry.value
                        }
                        None => break,
                    }
                }
                _ => break,
            };
        }
        line.filter(|line| *line > 0)
    }
}

pub(in crate::validate) fn camel_case(key: &str) -> String {
    let mut parts = key.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut name, part| {
        let mut letters = part.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
        name
    })
}
