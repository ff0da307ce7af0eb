//! The admin interface of a running Envoy.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use serde_json::Value;

use super::Envoy;
use crate::client::{Client, Response};

impl Envoy {
    /// Sends a GET request to the admin interface.
    ///
    /// # Panics
    /// If Envoy does not answer.
    #[track_caller]
    pub fn admin(&self, path: &str) -> Response {
        client().get(format!("http://{}{path}", self.admin)).send()
    }

    /// Sends a POST request to the admin interface.
    ///
    /// # Panics
    /// If Envoy does not answer.
    #[track_caller]
    pub(crate) fn admin_post(&self, path: &str) -> Response {
        client().post(format!("http://{}{path}", self.admin)).send()
    }

    /// Returns all counters and gauges.
    ///
    /// # Panics
    /// If Envoy does not answer.
    #[track_caller]
    pub fn stats(&self) -> BTreeMap<String, u64> {
        stats(self.admin)
    }

    /// Returns one counter or gauge.
    ///
    /// # Panics
    /// If none has that name; lists those with similar names.
    #[track_caller]
    pub fn stat(&self, name: &str) -> u64 {
        let stats = self.stats();
        let word = name.split('.').next_back().unwrap_or(name);
        stats.get(name).copied().unwrap_or_else(|| {
            let alike: Vec<_> = stats.keys().filter(|key| key.contains(word)).collect();
            panic!("no statistic {name}; with {word}: {alike:?}")
        })
    }

    /// Returns the current listeners by name, with their addresses on loopback.
    ///
    /// # Panics
    /// If Envoy does not answer.
    #[track_caller]
    pub fn listeners(&self) -> BTreeMap<String, SocketAddr> {
        match listeners(self.admin) {
            Ok(listeners) => listeners.into_iter().collect(),
            Err(error) => panic!("{error:#}"),
        }
    }

    /// Returns a URL at the listener with that name.
    ///
    /// # Panics
    /// If there is no such listener.
    #[track_caller]
    pub fn url_of(&self, listener: &str, path: &str) -> String {
        let listeners = self.listeners();
        match listeners.get(listener) {
            Some(address) => format!("http://{address}{path}"),
            None => panic!("no listener {listener}, only {:?}", listeners.keys()),
        }
    }
}

/// Returns all counters and gauges of the Envoy with this admin interface.
#[track_caller]
pub(crate) fn stats(admin: SocketAddr) -> BTreeMap<String, u64> {
    let stats = client()
        .get(format!("http://{admin}/stats?format=json"))
        .send()
        .json();
    let stats = stats["stats"].as_array().cloned().unwrap_or_default();
    // Histograms have no name here, and text readouts no number.
    let number = |stat: &Value| Some((stat["name"].as_str()?.to_string(), stat["value"].as_u64()?));
    stats.iter().filter_map(number).collect()
}

fn client() -> Client {
    Client::http1()
        .new_connections()
        .timeout(Duration::from_secs(10))
}

/// Whether Envoy serves: everything is initialized, and every worker listens. This makes no
/// connection to a listener, which would appear in statistics and access logs.
pub(super) fn is_live(admin: SocketAddr) -> bool {
    let get = |path| client().get(format!("http://{admin}{path}")).try_send();
    get("/ready").is_ok_and(|answer| answer.status == 200)
        && get("/stats?filter=^listener_manager.workers_started$")
            .is_ok_and(|answer| answer.text().trim() == "listener_manager.workers_started: 1")
}

/// Returns the listeners in Envoy's order.
pub(super) fn listeners(admin: SocketAddr) -> Result<Vec<(String, SocketAddr)>> {
    let answer = client()
        .get(format!("http://{admin}/listeners?format=json"))
        .try_send()?;
    let answer: Value =
        serde_json::from_slice(&answer.body).context("Envoy's list of listeners")?;
    let listeners = answer["listener_statuses"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    Ok(listeners.iter().filter_map(listener).collect())
}

fn listener(status: &Value) -> Option<(String, SocketAddr)> {
    let address = &status["local_address"]["socket_address"];
    let port = u16::try_from(address["port_value"].as_u64()?).ok()?;
    let ip = match address["address"].as_str()? {
        "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        ip => ip,
    };
    Some((
        status["name"].as_str()?.to_string(),
        SocketAddr::new(ip.parse().ok()?, port),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_listener_on_all_addresses_is_reached_on_loopback() {
        let status = |ip| json!({"name": "a", "local_address": {"socket_address": {"address": ip, "port_value": 80}}});
        let cases = [
            ("0.0.0.0", "127.0.0.1:80"),
            ("::", "[::1]:80"),
            ("127.0.0.2", "127.0.0.2:80"),
        ];
        for (ip, address) in cases {
            assert_eq!(
                listener(&status(ip)),
                Some(("a".into(), address.parse().unwrap())),
                "{ip}"
            );
        }
    }
}
