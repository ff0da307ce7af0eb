//! Ports on this machine.
//!
//! Envoy and the upstream bind port 0 and tell which one they got, which cannot race. A port picked
//! here beforehand can be lost to another program, so it is for the few cases that must know the
//! number before anybody listens on it.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, TcpListener},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result};

static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port that no one listens on now and that this process has not been given before.
///
/// # Errors
/// If the system has none left.
pub fn free() -> Result<u16> {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
        let port = listener.local_addr()?.port();
        if given.insert(port) {
            return Ok(port);
        }
    }
}

/// Whether somebody listens on the port, on any address.
///
/// Ask before Envoy takes a fixed port: it sets `SO_REUSEPORT`, so that two Envoys of one user
/// share a port without an error, and requests reach either.
pub fn in_use(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_in_use_while_somebody_listens_on_it() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(in_use(port));
        drop(listener);
        assert!(!in_use(port));
    }
}
