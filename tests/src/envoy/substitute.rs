//! Which ports and paths of a configuration are replaced, and their replacement in its text.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde_json::Value;

use super::start::Setting;
use crate::yaml;

/// What to replace in the text of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Substitution {
    /// `port_value` numbers, from written to actual.
    pub ports: BTreeMap<u16, u16>,
    /// Text, in practice prefixes of paths, from written to actual.
    pub paths: Vec<(String, String)>,
}

/// Replaces `port_value`s of a configuration, from written to actual. All are replaced at once, so
/// that a new port is never mistaken for a written one.
pub fn with_ports(text: &str, ports: impl Into<BTreeMap<u16, u16>>) -> String {
    let substitution = Substitution {
        ports: ports.into(),
        paths: Vec::new(),
    };
    substitution.apply_ports(text)
}

impl Substitution {
    /// Returns the text with all replacements.
    pub(super) fn apply(&self, text: &str) -> String {
        let mut text = self.apply_ports(text);
        for (from, to) in &self.paths {
            text = text.replace(from, to);
        }
        text
    }

    pub(super) fn add_ports(&mut self, found: &BTreeMap<u16, Owner>, setting: &Setting) {
        for (port, owner) in found {
            let run_as = match owner {
                Owner::Cluster(name) if setting.cluster_ports.contains_key(name) => {
                    setting.cluster_ports.get(name).copied()
                }
                Owner::Cluster(name) => (name == "upstream").then_some(setting.upstream),
                Owner::Admin | Owner::Listener => (!setting.keep_ports).then_some(0),
            };
            if let Some(run_as) = run_as {
                self.ports.insert(*port, run_as);
            }
        }
    }

    fn apply_ports(&self, text: &str) -> String {
        let mut done = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("port_value") {
            let (before, from_key) = rest.split_at(at + "port_value".len());
            let gap = from_key.len() - from_key.trim_start_matches(['"', '\'', ':', ' ']).len();
            let (gap, number) = from_key.split_at(gap);
            let digits = number.len()
                - number
                    .trim_start_matches(|c: char| c.is_ascii_digit())
                    .len();
            let (number, after) = number.split_at(digits);
            done.push_str(before);
            done.push_str(gap);
            match number.parse().ok().and_then(|port| self.ports.get(&port)) {
                Some(port) => done.push_str(&port.to_string()),
                None => done.push_str(number),
            }
            rest = after;
        }
        done.push_str(rest);
        done
    }
}

/// What a port in a configuration belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    /// The admin interface.
    Admin,
    /// A listener.
    Listener,
    /// An endpoint of the cluster with this name.
    Cluster(String),
}

/// The port of servers that do not belong to the samples. A test replaces it together with the
/// host.
const HTTPS: u16 = 443;

/// Returns all `port_value`s of a bootstrap, LDS or CDS file with their owners, except for
/// [`HTTPS`].
///
/// # Errors
/// If the text is not YAML, or one number has two owners, so that it could not be replaced in the
/// text.
pub(super) fn ports(text: &str) -> Result<BTreeMap<u16, Owner>> {
    let mut found = BTreeMap::new();
    walk(
        &yaml::parse(text)?,
        &Owner::Listener,
        &mut |port, owner| match (port != HTTPS)
            .then(|| found.insert(port, owner.clone()))
            .flatten()
        {
            Some(other) if other != *owner => {
                bail!(
                    "port {port} is both {other:?}'s and {owner:?}'s: give each its own in the sample"
                )
            }
            _ => Ok(()),
        },
    )?;
    Ok(found)
}

fn walk(
    value: &Value,
    owner: &Owner,
    found: &mut impl FnMut(u16, &Owner) -> Result<()>,
) -> Result<()> {
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| walk(item, owner, found)),
        Value::Object(map) => {
            let named = map
                .get("cluster_name")
                .or_else(|| map.get("name"))
                .and_then(Value::as_str);
            let is_cluster =
                map.contains_key("load_assignment") || map.contains_key("cluster_name");
            let owner = match named {
                Some(name) if is_cluster => &Owner::Cluster(name.to_string()),
                _ => owner,
            };
            for (key, value) in map {
                match (
                    key.as_str(),
                    value.as_u64().and_then(|port| u16::try_from(port).ok()),
                ) {
                    ("port_value", Some(port)) => found(port, owner)?,
                    ("admin", _) => walk(value, &Owner::Admin, found)?,
                    _ => walk(value, owner, found)?,
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Returns the name of the first static listener, if it has one.
pub(super) fn first_listener(bootstrap: &str) -> Option<String> {
    let bootstrap = yaml::parse(bootstrap).ok()?;
    let name = bootstrap.pointer("/static_resources/listeners/0/name")?;
    name.as_str().map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9901}}}
static_resources:
  listeners:
    - name: main # port_value: see below
      address:
        socket_address: {address: 0.0.0.0, "port_value": 10000}
  clusters:
    - name: upstream
      load_assignment:
        cluster_name: upstream
        endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 8080}}}}]}]
    - name: idp
      load_assignment:
        endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 10001}}}}]}]
"#;

    #[test]
    fn each_port_is_known_by_its_owner() {
        let cluster = |name: &str| Owner::Cluster(name.to_string());
        assert_eq!(
            ports(SAMPLE).unwrap().into_iter().collect::<Vec<_>>(),
            [
                (8080, cluster("upstream")),
                (9901, Owner::Admin),
                (10000, Owner::Listener),
                (10001, cluster("idp"))
            ]
        );
        assert_eq!(first_listener(SAMPLE).as_deref(), Some("main"));
    }

    #[test]
    fn a_number_with_two_owners_is_refused() {
        let error = ports(&SAMPLE.replace("9901", "8080"))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("port 8080 is both "), "{error}");
    }

    #[test]
    fn only_the_given_ports_and_paths_change() {
        let substitution = Substitution {
            ports: [(10000, 0), (8080, 4321)].into(),
            paths: vec![("/etc/envoy/filters/".into(), "/x/".into())],
        };
        let cases = [
            ("port_value: 10000", "port_value: 0"),
            ("port_value: 10000 # 10000", "port_value: 0 # 10000"),
            ("{\"port_value\":8080}", "{\"port_value\":4321}"),
            ("port_value: 100001", "port_value: 100001"),
            ("max_tokens: 10000", "max_tokens: 10000"),
            ("port_value", "port_value"),
            (
                "filename: /etc/envoy/filters/cors.wasm",
                "filename: /x/cors.wasm",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(substitution.apply(text), expected);
        }
    }

    #[test]
    fn a_port_that_looks_like_another_one_is_not_replaced_again() {
        for (ports, expected) in [
            ([(10000, 38080), (8080, 4321)], [38080, 4321]),
            ([(10000, 8080), (8080, 10000)], [8080, 10000]),
        ] {
            assert_eq!(
                with_ports("[{port_value: 10000}, {port_value: 8080}]", ports),
                format!(
                    "[{{port_value: {}}}, {{port_value: {}}}]",
                    expected[0], expected[1]
                )
            );
        }
    }
}
