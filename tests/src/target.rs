//! What the cases of a sample need from an Envoy, wherever it runs: in the harness or in a
//! container.

use std::{collections::BTreeMap, net::SocketAddr};

use crate::envoy::{Envoy, assert_alive};

/// A running Envoy.
pub trait Target {
    /// Returns the address of its first listener.
    fn address(&self) -> SocketAddr;

    /// Returns all counters and gauges.
    fn stats(&self) -> BTreeMap<String, u64>;

    /// Returns everything that Envoy has logged so far.
    fn log(&self) -> String;

    /// Returns a URL at the first listener.
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// Returns one counter or gauge.
    ///
    /// # Panics
    /// If none has that name.
    #[track_caller]
    fn stat(&self, name: &str) -> u64 {
        match self.stats().get(name) {
            Some(value) => *value,
            None => panic!("no statistic {name}"),
        }
    }

    /// Fails if a module has trapped, was reloaded, or could not be set up on a worker.
    ///
    /// # Panics
    /// In that case, with the log line or the statistic that shows it.
    #[track_caller]
    fn assert_vm_alive(&self) {
        assert_alive(&self.log(), &self.stats());
    }
}

impl Target for Envoy {
    fn address(&self) -> SocketAddr {
        self.address()
    }

    fn stats(&self) -> BTreeMap<String, u64> {
        self.stats()
    }

    fn log(&self) -> String {
        self.log()
    }
}
