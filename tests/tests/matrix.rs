//! The samples on every supported version of Envoy: each does what it says, and each bootstrap is
//! accepted.

use e2e::envoy::versions;
use e2e::{cases, samples};

#[test]
fn each_sample_does_on_every_envoy_what_it_promises() {
    let runs: Vec<_> = versions()
        .into_iter()
        .flat_map(|version| cases::SAMPLES.iter().map(move |sample| (version, sample)))
        .collect();
    e2e::each(
        &runs,
        |(version, sample)| format!("{} on Envoy {version}", sample.name),
        |(version, sample)| {
            let bootstrap = samples::bootstrap(sample.name).unwrap();
            if bootstrap.runs_on(version) {
                let envoy = bootstrap.envoy().envoy_version(version).start();
                assert_eq!(envoy.version(), *version);
                (sample.check)(&envoy);
            }
        },
    );
}

#[test]
fn every_bootstrap_is_accepted() {
    let bootstraps = samples::bootstraps().unwrap();
    e2e::each(
        &versions(),
        |version| format!("Envoy {version}"),
        |version| {
            for bootstrap in bootstraps.iter().filter(|b| b.runs_on(version)) {
                let answer = bootstrap.envoy().envoy_version(version).validate().unwrap();
                assert!(answer.ok, "{}: {}", bootstrap.name, answer.log);
            }
        },
    );
}
