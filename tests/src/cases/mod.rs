//! What each sample promises, as cases that run against any Envoy that serves it: in the harness, of another version, in a container.
//!
//! Each case takes a [`Target`] that has just been started with its sample, and an echo upstream.

pub mod all_filters;
pub mod cors;
pub mod header_rewrite;
pub mod jwt_auth;
pub mod rate_limit;

use crate::Target;

/// A sample with its cases.
pub struct Sample {
    /// Its name in `envoy-configs/`.
    pub name: &'static str,
    /// Fails unless the sample does what its comments say.
    pub check: fn(&dyn Target),
}

/// The sample of each filter, and their chain.
pub const SAMPLES: &[Sample] = &[
    Sample {
        name: "cors",
        check: cors::check,
    },
    Sample {
        name: "header-rewrite",
        check: header_rewrite::check,
    },
    Sample {
        name: "jwt-auth",
        check: jwt_auth::check,
    },
    Sample {
        name: "rate-limit",
        check: rate_limit::check,
    },
    Sample {
        name: "all-filters",
        check: all_filters::check,
    },
];

/// The sample of that name.
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
    use std::{collections::BTreeSet, fs};

    use super::*;
    use crate::paths;

    #[test]
    fn every_filter_and_the_chain_have_their_cases() {
        let mut expected: BTreeSet<String> = fs::read_dir(paths::workspace().join("filters"))
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().join("Cargo.toml").is_file())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        expected.insert("all-filters".into());
        let found: BTreeSet<String> = SAMPLES.iter().map(|sample| sample.name.into()).collect();
        assert_eq!(found, expected);
    }
}
