//! `cargo xtask validate`: checks filter configurations offline, with the filters' own parsers.
//!
//! A configuration is found in its document ([`find`]), read as Envoy or Kubernetes would read it ([`scalar`]), and
//! handed to the filter's parser in the very bytes that the module would get.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use prost::Message;
use prost_types::value::Kind;
use serde_json::Value;

use self::find::{Config, Plugin};
use self::scalar::Reader;
use self::yaml::Node;
use crate::catalog::{self, FILTERS};
use crate::term;

mod find;
mod scalar;
mod yaml;

/// Arguments of `cargo xtask validate`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Files (Envoy, Istio or Envoy Gateway; YAML or JSON) or folders of such files
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// What was found out about one configuration or file.
#[derive(Debug, PartialEq)]
enum Finding {
    Accepted(String),
    Skipped(String),
    Refused(String),
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut files = Vec::new();
    for path in &args.files {
        collect(path, true, &mut files)?;
    }
    let (mut accepted, mut refused) = (0, 0);
    for file in &files {
        for finding in check_file(file) {
            let file = file.display();
            match finding {
                Finding::Accepted(filter) => {
                    accepted += 1;
                    println!("{file}: {filter} {}", term::green("ok"));
                }
                Finding::Skipped(reason) => {
                    println!("{file}: {} {reason}", term::yellow("warning:"))
                }
                Finding::Refused(error) => {
                    refused += 1;
                    println!("{file}: {error}");
                }
            }
        }
    }
    if refused > 0 {
        bail!(
            "{refused} refused, {accepted} accepted; each refusal above names the place and what is accepted there"
        );
    }
    println!("{accepted} accepted, none refused");
    Ok(())
}

/// The files that `path` stands for. In a folder, only YAML and JSON count.
fn collect(path: &Path, named: bool, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_dir() {
        let entries =
            fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut entries = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>>>()?;
        entries.sort();
        return entries
            .iter()
            .try_for_each(|entry| collect(entry, false, files));
    }
    let known = path
        .extension()
        .is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|known| ending == *known));
    if named || known {
        files.push(path.to_owned());
    }
    Ok(())
}

fn check_file(path: &Path) -> Vec<Finding> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return vec![Finding::Refused(format!("cannot be read: {error}"))],
    };
    check_text(
        &text,
        path.extension().is_some_and(|ending| ending == "json"),
    )
}

fn check_text(text: &str, is_json: bool) -> Vec<Finding> {
    let documents = if is_json {
        yaml::parse_json(text)
    } else {
        yaml::parse(text)
    };
    let documents = match documents {
        Ok(documents) => documents,
        Err(error) => return vec![Finding::Refused(error.to_string())],
    };
    let findings: Vec<Finding> = documents
        .iter()
        .flat_map(|document| {
            let reader = reader_of(document, is_json);
            find::plugins(document)
                .into_iter()
                .map(move |plugin| check(&plugin, reader))
        })
        .collect();
    if findings.is_empty() {
        return vec![Finding::Skipped(
            "configures no filter of the catalog".to_owned(),
        )];
    }
    findings
}

fn reader_of(document: &Node, is_json: bool) -> Reader {
    if is_json {
        Reader::Json
    } else if document.get("kind").is_some() && document.get("apiVersion").is_some() {
        Reader::Kubernetes
    } else {
        Reader::Envoy
    }
}

fn check(plugin: &Plugin<'_>, reader: Reader) -> Finding {
    let names: Vec<&str> = FILTERS.iter().map(|filter| filter.name).collect();
    let filter = plugin
        .filter(&names)
        .and_then(|name| catalog::find(name).ok());
    let Some(filter) = filter else {
        return Finding::Skipped(format!("{} is not of the catalog, skipped", plugin.label()));
    };
    if plugin.opens_the_door {
        return Finding::Refused(format!(
            "{}: vm_config.code.remote: by ECDS Envoy lets every request pass unfiltered; set vm_config.nack_on_code_cache_miss: true, or use code.local",
            filter.name
        ));
    }
    let (bytes, node) = match &plugin.config {
        Config::Absent => (Vec::new(), None),
        Config::Text(text) => (text.as_bytes().to_vec(), None),
        Config::Struct(node) => (protobuf(&reader.value(node)), Some(*node)),
        Config::Json(node) => (reader.value(node).to_string().into_bytes(), Some(*node)),
        Config::Broken(reason) => {
            return Finding::Refused(format!("{}: configuration: {reason}", filter.name));
        }
    };
    let (env, unset) = environment(plugin, |name| std::env::var(name).ok());
    match (filter.check)(&bytes, &env) {
        Ok(()) => Finding::Accepted(filter.name.to_owned()),
        Err(error) => Finding::Refused(with_hints(&error, filter.name, node, &unset)),
    }
}

/// The environment that the filter sees, and the variables of the host that are not set here.
fn environment<'a>(
    plugin: &Plugin<'a>,
    host: impl Fn(&str) -> Option<String>,
) -> (BTreeMap<String, String>, Vec<&'a str>) {
    let mut env = plugin.variables.clone();
    let mut unset = Vec::new();
    for name in &plugin.host_variables {
        match host(name) {
            Some(value) => drop(env.insert((*name).to_owned(), value)),
            None => unset.push(*name),
        }
    }
    (env, unset)
}

/// Adds the line of the file, and what this machine lacks.
fn with_hints(error: &str, filter: &str, config: Option<&Node>, unset: &[&str]) -> String {
    let mut error = error.to_owned();
    let path = error
        .strip_prefix(filter)
        .and_then(|rest| rest.strip_prefix(": ")?.split(": ").next());
    if let (Some(config), Some(path)) = (config, path)
        && let Some(line) = config.line_of(path)
    {
        error = format!("{error} (line {line})");
    }
    if let Some(name) = unset.iter().find(|name| error.contains(*name)) {
        error = format!("{error}; {name} comes from the host: set it here too");
    }
    error
}

/// A `google.protobuf.Struct` in the binary form in which Envoy hands it to the filter.
fn protobuf(value: &Value) -> Vec<u8> {
    match kind(value) {
        Kind::StructValue(fields) => fields.encode_to_vec(),
        _ => Vec::new(),
    }
}

fn kind(value: &Value) -> Kind {
    let wrapped = |value| prost_types::Value {
        kind: Some(kind(value)),
    };
    match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(boolean) => Kind::BoolValue(*boolean),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => Kind::StringValue(text.clone()),
        Value::Array(items) => Kind::ListValue(prost_types::ListValue {
            values: items.iter().map(wrapped).collect(),
        }),
        Value::Object(map) => Kind::StructValue(prost_types::Struct {
            fields: map
                .iter()
                .map(|(key, value)| (key.clone(), wrapped(value)))
                .collect(),
        }),
    }
}

#[cfg(test)]
mod tests;
