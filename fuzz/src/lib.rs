//! Shared by the fuzz targets: scripts that drive a whole filter, tokens, and the configurations of
//! the repository.
//!
//! Each target in `fuzz_targets/` feeds one part of the catalog with libFuzzer's input, and fails
//! if a promise of that part is broken. `cargo xtask test fuzz` runs them all.

pub mod configurations;
pub mod guard;
pub mod play;
pub mod reference;
pub mod script;
pub mod tokens;
pub mod work;
