//! An update that Envoy rejects at run time changes nothing. Shows where the operator sees why, and
//! what happens if a filter never arrives.

use std::time::Duration;

use e2e::{Client, Envoy, paths, wait, yaml};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(5);

fn sample() -> Envoy {
    Envoy::from_sample("dynamic/bootstrap")
        .dynamic_samples("/etc/envoy/dynamic/", "dynamic")
        .concurrency(2)
        .start()
}

/// A mistake in a file of the sample.
struct Mistake {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    /// The log line.
    log: &'static str,
    /// The counter.
    counter: &'static str,
}

const ECDS: &str = "extension_config_discovery.http_filter.header-rewrite.update_rejected";

const MISTAKES: &[Mistake] = &[
    Mistake {
        file: "ecds-header-rewrite.yaml",
        from: "rules:",
        to: "ruls:",
        log: "header-rewrite: ruls: unknown key; did you mean \"rules\"? one of: mode, allow_envoy_headers, rules",
        counter: ECDS,
    },
    Mistake {
        file: "ecds-header-rewrite.yaml",
        from: "/header-rewrite.wasm",
        to: "/no-such-file.wasm",
        log: "/no-such-file.wasm",
        counter: ECDS,
    },
    Mistake {
        // Any file that exists in each target directory and is not a module.
        file: "ecds-header-rewrite.yaml",
        from: "/header-rewrite.wasm",
        to: "/../.rustc_info.json",
        log: "Failed to parse corrupted Wasm module",
        counter: ECDS,
    },
    Mistake {
        file: "ecds-header-rewrite.yaml",
        from: "name: header-rewrite  ",
        to: "name: header-rewriter ",
        log: "Unexpected resource name in ExtensionConfigDS response: header-rewriter",
        counter: ECDS,
    },
    Mistake {
        file: "ecds-jwt-auth.yaml",
        from: "provider: {name: corp}",
        to: "provider: {name: cropp}",
        log: "jwt-auth: rules[0].require.provider.name: \"cropp\" is not a provider; one of: corp",
        counter: "extension_config_discovery.http_filter.jwt-auth.update_rejected",
    },
    Mistake {
        file: "lds.yaml",
        from: "stat_prefix: ingress",
        to: "stat_prefix: \"\"",
        log: "StatPrefix: value length must be at least 1 characters",
        counter: "listener_manager.lds.update_rejected",
    },
    Mistake {
        file: "cds.yaml",
        from: "connect_timeout: 1s",
        to: "connect_timeout: 0s",
        log: "ConnectTimeout: value must be greater than 0s",
        counter: "cluster_manager.cds.update_rejected",
    },
];

#[test]
fn what_is_refused_is_logged_and_counted_and_the_old_goes_on_serving() {
    for mistake in MISTAKES {
        let envoy = sample();
        let serves = || {
            let get = |path| {
                Client::http1()
                    .new_connections()
                    .get(envoy.url(path))
                    .send()
            };
            let shop = get("/shop");
            assert_eq!(
                (shop.status, shop.header("x-rules")),
                (200, Some("1")),
                "{}",
                mistake.to
            );
            assert_eq!(get("/account").status, 401, "{}", mistake.to);
        };
        serves();
        assert_eq!(
            envoy
                .stats()
                .get(mistake.counter)
                .copied()
                .unwrap_or_default(),
            0
        );
        let replace = |text: &str| text.replace(mistake.from, mistake.to);
        envoy.dynamic().edit(mistake.file, replace).unwrap();
        envoy.wait_for_log(mistake.log, SOON);
        wait::until(mistake.counter, SOON, || envoy.stat(mistake.counter) == 1);
        serves();
        let mend = |text: &str| text.replace(mistake.to, mistake.from);
        envoy.dynamic().edit(mistake.file, mend).unwrap();
        let success = mistake.counter.replace("rejected", "success");
        wait::until(&success, SOON, || envoy.stat(&success) >= 2);
        serves();
        assert!(!envoy.log().contains("RuntimeError"));
    }
}

/// Returns the parts of `/config_dump` of this kind.
fn dump(envoy: &Envoy, resource: &str) -> Vec<Value> {
    let dump = envoy
        .admin(&format!("/config_dump?resource={resource}"))
        .json();
    let configs = dump.get("configs").and_then(Value::as_array);
    configs.cloned().unwrap_or_default()
}

#[test]
fn the_admin_interface_shows_a_refused_listener_with_its_reason() {
    let envoy = sample();
    let edit = |text: &str| text.replace("stat_prefix: ingress", "stat_prefix: \"\"");
    envoy.dynamic().edit("lds.yaml", edit).unwrap();
    wait::until("a rejection", SOON, || {
        envoy.stat("listener_manager.lds.update_rejected") == 1
    });
    let listeners = dump(&envoy, "dynamic_listeners");
    let listener = &listeners[0];
    assert!(listener["active_state"].is_object(), "{listener}");
    let details = listener.pointer("/error_state/details").unwrap();
    let details = details.as_str().unwrap();
    assert!(
        details.contains("StatPrefix: value length must be at least 1"),
        "{details}"
    );
}

/// What Envoy 1.40 does, and the sample warns about: only the counter and the log show a rejection.
#[test]
fn the_admin_interface_shows_the_filter_that_came_last_even_where_it_was_refused() {
    let envoy = sample();
    let edit = |text: &str| text.replace("rules:", "ruls:");
    envoy
        .dynamic()
        .edit("ecds-header-rewrite.yaml", edit)
        .unwrap();
    wait::until("a rejection", SOON, || envoy.stat(ECDS) == 1);
    let filters = dump(&envoy, "ecds_filters");
    let filter = filters
        .iter()
        .find(|filter| filter["ecds_filter"]["name"] == "header-rewrite")
        .unwrap();
    let value = filter.pointer("/ecds_filter/typed_config/config/configuration/value");
    assert!(value.unwrap().get("ruls").is_some(), "{filter}");
    assert_eq!(filter.get("error_state"), None);
    let answer = envoy.get("/").send();
    assert_eq!(answer.header("x-rules"), Some("1"), "the old one serves");
}

#[test]
fn a_module_is_read_when_its_resource_changes_and_only_then() {
    let envoy = sample();
    let built = paths::module("header-rewrite").unwrap();
    let file = tempfile::Builder::new().suffix(".wasm").tempfile().unwrap();
    std::fs::copy(&built, file.path()).unwrap();
    let rules = || {
        let answer = Client::http1().new_connections().get(envoy.url("/")).send();
        answer.header("x-rules").map(ToString::to_string)
    };
    let (from, to) = (
        built.display().to_string(),
        file.path().display().to_string(),
    );
    let edit = |from: &str, to: &str| {
        let replace = |text: &str| text.replace(from, to);
        envoy
            .dynamic()
            .edit("ecds-header-rewrite.yaml", replace)
            .unwrap();
    };
    edit(&from, &to);
    let success = ECDS.replace("rejected", "success");
    wait::until("the module in the other file", SOON, || {
        envoy.stat(&success) == 2
    });
    std::fs::write(file.path(), "no module").unwrap();
    // Envoy reads the folder again, and finds the same resources.
    let cds = |text: &str| text.replace("connect_timeout: 1s", "connect_timeout: 2s");
    envoy.dynamic().edit("cds.yaml", cds).unwrap();
    wait::until("a look at the folder", SOON, || {
        envoy.stat("cluster_manager.cluster_modified") == 1
    });
    assert_eq!((rules().as_deref(), envoy.stat(ECDS)), (Some("1"), 0));
    edit("x-rules, value: \"1\"", "x-rules, value: \"2\"");
    wait::until("what is no module is refused", SOON, || {
        envoy.stat(ECDS) == 1
    });
    assert_eq!(rules().as_deref(), Some("1"));
}

#[test]
fn a_listener_whose_filter_never_came_answers_500_and_never_serves_without_it() {
    let read = |file: &str| {
        std::fs::read_to_string(paths::sample(format!("dynamic/{file}")).unwrap()).unwrap()
    };
    let files = [
        "lds.yaml",
        "cds.yaml",
        "ecds-jwt-auth.yaml",
        "ecds-header-rewrite.yaml",
    ]
    .map(|file| {
        let text = read(file);
        (
            file,
            if file == "ecds-jwt-auth.yaml" {
                text.replace("providers:", "provider:")
            } else {
                text
            },
        )
    });
    for (_, text) in &files {
        yaml::parse(text).unwrap();
    }
    let files = files.each_ref().map(|(file, text)| (*file, text.as_str()));
    let envoy = Envoy::from_bootstrap(read("bootstrap.yaml"))
        .dynamic("/etc/envoy/dynamic/", &files)
        .start();
    for path in ["/shop", "/account"] {
        let answer = envoy.get(path).send();
        assert_eq!(answer.status, 500, "{path}");
    }
    assert_eq!(envoy.upstream().count(), 0);
    envoy
        .dynamic()
        .edit("ecds-jwt-auth.yaml", |text| {
            text.replace("provider:\n", "providers:\n")
        })
        .unwrap();
    let status = |path| {
        Client::http1()
            .new_connections()
            .get(envoy.url(path))
            .send()
            .status
    };
    wait::until("the mended filter serves", SOON, || status("/shop") == 200);
    assert_eq!(status("/account"), 401);
}
