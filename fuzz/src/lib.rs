//! What the fuzz targets share: scripts that play a whole filter, tokens, and the configurations of
//! the repository.
//!
//! Each target in `fuzz_targets/` feeds one part of the catalog with what libFuzzer makes up, and
//! fails where a promise of that part does not hold. `cargo xtask test fuzz` runs them all.

pub mod configurations;
pub mod guard;
pub mod play;
pub mod reference;
pub mod script;
pub mod tokens;
pub mod work;
