//! What `chain.yaml` promises: what `all-filters.yaml` does.

use super::all_filters;
use crate::Target;

/// Fails unless the sample does what its comments say.
pub fn check(envoy: &dyn Target) {
    all_filters::check(envoy);
}
