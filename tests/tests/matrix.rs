//! The samples on every Envoy that the catalog is for: each does what it says, and each bootstrap is accepted.

use std::panic::{AssertUnwindSafe, catch_unwind};

use e2e::envoy::versions;
use e2e::{cases, samples};

/// Runs on every version, and fails at the end with those on which it failed; their reasons stand before.
fn on_every_envoy(run: impl Fn(&str)) {
    let failed: Vec<_> = versions()
        .into_iter()
        .filter(|version| {
            let failed = catch_unwind(AssertUnwindSafe(|| run(version))).is_err();
            if failed {
                eprintln!("that was Envoy {version}\n");
            }
            failed
        })
        .collect();
    assert!(failed.is_empty(), "failed on Envoy {}", failed.join(", "));
}

macro_rules! samples {
    ($($test:ident: $sample:literal),+ $(,)?) => {
        $(
            #[test]
            fn $test() {
                let sample = samples::bootstrap($sample).unwrap();
                on_every_envoy(|version| {
                    if sample.runs_on(version) {
                        let envoy = sample.envoy().envoy_version(version).start().unwrap();
                        assert_eq!(envoy.version(), version);
                        (cases::of($sample).check)(&envoy);
                    }
                });
            }
        )+

        #[test]
        fn no_sample_is_left_out() {
            let all: Vec<_> = cases::SAMPLES.iter().map(|sample| sample.name).collect();
            assert_eq!([$($sample),+][..], all);
        }
    };
}

samples! {
    cors: "cors",
    header_rewrite: "header-rewrite",
    jwt_auth: "jwt-auth",
    rate_limit: "rate-limit",
    all_filters: "all-filters",
}

#[test]
fn every_bootstrap_is_accepted() {
    let bootstraps = samples::bootstraps().unwrap();
    on_every_envoy(|version| {
        for bootstrap in bootstraps.iter().filter(|b| b.runs_on(version)) {
            let answer = bootstrap.envoy().envoy_version(version).validate().unwrap();
            assert!(answer.ok, "{}: {}", bootstrap.name, answer.log);
        }
    });
}
