//! What a filter receives: its configuration as Envoy would pass it, and its environment.

use std::collections::BTreeMap;

use prost::Message as _;
use prost_types::value::Kind;
use serde_json::Value;

use crate::validate::find::Plugin;

/// Returns the environment that the filter sees, and the host variables that are not set here.
pub(super) fn environment<'a>(
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

/// Adds what is missing on this machine.
pub(super) fn with_hint(error: &str, unset: &[&str]) -> String {
    // The error does not name the variable of a secret, because it may be the secret in the wrong
    // place.
    let is_of_secret = error.contains("the environment variable is not set");
    let named = unset.iter().find(|name| error.contains(*name));
    match named.or(unset.first().filter(|_| is_of_secret)) {
        Some(name) => format!("{error}; {name} comes from the host: set it here too"),
        None => error.to_owned(),
    }
}

/// Encodes a `google.protobuf.Struct` in the binary form in which Envoy passes it to the filter.
pub(super) fn protobuf(value: &Value) -> Vec<u8> {
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
mod tests {
    use super::*;
    use crate::validate::find::Config;
    use crate::validate::yaml::Node;

    #[test]
    fn a_variable_of_the_host_that_is_not_set_here_is_named() {
        let document = Node::Map(Vec::new());
        let plugin = Plugin {
            config: Config::Absent,
            variables: BTreeMap::from([("A".to_owned(), "1".to_owned())]),
            host_variables: vec!["B", "C"],
            ..Plugin::bare(&document)
        };
        let (env, unset) = environment(&plugin, |name| (name == "B").then(|| "2".to_owned()));
        let expected = [("A", "1"), ("B", "2")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(env, BTreeMap::from(expected));
        assert_eq!(unset, ["C"]);
        assert_eq!(
            with_hint("jwt-auth: secret: C is not set", &unset),
            "jwt-auth: secret: C is not set; C comes from the host: set it here too"
        );
    }
}
