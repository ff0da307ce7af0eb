//! The promises of `chain.yaml`, which are those of `all-filters.yaml`.

use super::all_filters;
use crate::Target;

/// Fails unless the sample does what its comments say.
pub fn check(envoy: &dyn Target) {
    all_filters::check(envoy);
}
