//! The promises of each sample, as cases that run against any Envoy that serves it: in the harness,
//! in another version, in a container.
//!
//! Each case gets a [`Target`] that has just been started with its sample, and an echo upstream.

use crate::Target;

/// A sample with its cases.
pub struct Sample {
    /// Its name in `envoy-configs/`.
    pub name: &'static str,
    /// Fails unless the sample does what its comments say.
    pub check: fn(&dyn Target),
}

/// Declares a module for each sample.
macro_rules! samples {
    ($($module:ident: $name:literal,)+) => {
        $(pub mod $module;)+

        /// The sample of each filter, and their chain.
        pub const SAMPLES: &[Sample] = &[$(Sample { name: $name, check: $module::check }),+];
    };
}

samples! {
    chain: "chain",
    cors: "cors",
    header_rewrite: "header-rewrite",
    jwt_auth: "jwt-auth",
    rate_limit: "rate-limit",
    all_filters: "all-filters",
}

/// Returns the sample with that name.
///
/// # Panics
/// If it has no cases.
#[track_caller]
pub fn of(name: &str) -> &'static Sample {
    SAMPLES
        .iter()
        .find(|sample| sample.name == name)
        .unwrap_or_else(|| panic!("{name} has no cases: add them to cases::SAMPLES"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::paths;

    #[test]
    fn every_filter_and_the_chain_have_their_cases() {
        let filters = paths::all_filters().unwrap().into_iter();
        let expected: BTreeSet<_> = filters.chain(["all-filters".to_owned()]).collect();
        let found: BTreeSet<_> = SAMPLES
            .iter()
            .map(|sample| sample.name.to_owned())
            .collect();
        assert_eq!(found, expected);
    }
}
