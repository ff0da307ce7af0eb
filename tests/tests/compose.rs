//! `docker-compose.yml` with real containers: the cases of every sample, through the published
//! port.

use e2e::{Client, Target, cases, compose::Stack};

#[test]
fn each_sample_does_in_containers_what_it_promises() {
    e2e::each(
        cases::SAMPLES,
        |sample| sample.name,
        |sample| {
            let stack = Stack::up(sample.name).unwrap();
            (sample.check)(&stack.envoy("envoy").unwrap());
        },
    );
}

#[test]
fn a_sample_that_is_not_there_is_an_error_and_no_folder_is_made_for_it() {
    let error = error(Stack::up("no-such-sample"));
    let expected = "FILTER=no-such-sample: no envoy-configs/no-such-sample.yaml";
    assert!(error.contains(expected), "{error}");
    let made = e2e::paths::workspace().join("envoy-configs/no-such-sample.yaml");
    assert!(!made.exists());
}

/// Returns what is printed if the stack does not start.
fn error(stack: anyhow::Result<Stack>) -> String {
    match stack {
        Ok(_) => panic!("it started"),
        Err(error) => format!("{error:#}"),
    }
}

#[test]
fn a_module_or_a_file_that_is_missing_is_named_before_envoy_starts() {
    let empty = tempfile::tempdir().unwrap();
    let folder = empty.path().display();
    let error = self::error(Stack::up_with("cors", empty.path()));
    let expected = format!("no cors.wasm in {folder}: run cargo xtask build");
    assert!(error.contains(&expected), "{error}");

    let error = self::error(Stack::up("jwt-auth-remote"));
    let expected = "this sample needs /etc/envoy/tls/";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn the_second_envoy_of_a_fleet_has_its_own_port_and_upstream() {
    let stack = Stack::up_fleet("header-rewrite").unwrap();
    let envoys = ["envoy", "envoy-2"].map(|service| stack.envoy(service).unwrap());
    assert_ne!(envoys[0].address(), envoys[1].address());
    for envoy in &envoys {
        let answer = Client::http1().get(envoy.url("/api/v1/items")).send();
        assert_eq!(answer.echo().path, "/v1/svc/items");
    }
}

#[test]
fn the_envoys_of_a_fleet_share_one_quota() {
    let stack = Stack::up_fleet("rate-limit-fleet").unwrap();
    let envoys = ["envoy", "envoy-2"].map(|service| stack.envoy(service).unwrap());
    let mut refused = [false; 2];
    for n in 0..40 {
        let at = n % 2;
        match Client::http1().get(envoys[at].url("/")).send().status {
            200 => {}
            429 => refused[at] = true,
            other => panic!("{other}"),
        }
    }
    assert_eq!(refused, [true; 2]);
    let total = |name| envoys.each_ref().map(|envoy| envoy.stat(name));
    // If the service misses its 20 ms, this Envoy counts and lets more pass. The quota of the
    // service is five all the same; each Envoy with one of its own would get ten.
    let allowed = total("wasmcustom.rate_limit.service.ok_total");
    let sum: u64 = allowed.iter().sum();
    assert!((1..=5).contains(&sum), "{allowed:?}");
    let over = total("wasmcustom.rate_limit.service.over_limit_total");
    assert!(over.iter().all(|over| *over > 0), "{over:?}");
}
