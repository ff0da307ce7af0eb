//! Deliberate faults in a real Envoy under load: VMs that crash, continuous configuration changes,
//! a clock that jumps.
//!
//! Failures outside Envoy are tested with the filters that they affect: key servers in
//! `jwt_auth/keys/faults.rs`, rate limit services in `fleet/filter.rs`, restarts in
//! `envoy/restart.rs`.

mod clock;
mod crashes;
mod updates;
