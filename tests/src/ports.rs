//! Ports on this machine.
//!
//! Envoy and the upstream bind port 0 and report the actual port, which cannot race. A port that is
//! picked here beforehand can be lost to another program, so this is only for the few cases that
//! must know the number before anything listens on it.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, TcpListener},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result};

static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// Returns a port on which nothing listens now, and that this process has not been given before.
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

/// Whether anything listens on the port, on any address.
///
/// Check this before Envoy binds a fixed port: it sets `SO_REUSEPORT`, so two Envoys of one user
/// share a port without an error, and requests reach either of them.
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
