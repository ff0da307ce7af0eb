//! Faults on purpose, in a real Envoy under load: VMs that crash, configurations that change
//! without end, a clock that jumps.
//!
//! What fails outside Envoy is with the filters that depend on it: key servers in
//! `jwt_auth/keys/faults.rs`, rate limit services in `fleet/filter.rs`, restarts in
//! `envoy/restart.rs`.

mod clock;
mod crashes;
mod updates;
