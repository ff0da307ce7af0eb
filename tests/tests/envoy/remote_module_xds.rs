//! A module loaded by URL at run time, by LDS and by ECDS: what the sample
//! `dynamic/remote-module.yaml` says and warns about.

use std::{fs, time::Duration};

use e2e::{Client, Envoy, Response, Upstream, paths, wait, wasm};

const SOON: Duration = Duration::from_secs(10);
const REWRITE: &str = "ecds-header-rewrite.yaml";

/// The dynamic sample, and a server of the modules.
struct Setting {
    envoy: Envoy,
    modules: Upstream,
}

impl Setting {
    /// Adds the cluster of the modules to the sample.
    fn new() -> Self {
        let modules = Upstream::files(paths::filters()).unwrap();
        let envoy = Envoy::from_sample("dynamic/bootstrap")
            .dynamic_samples("/etc/envoy/dynamic/", "dynamic")
            .start();
        let port = |port: u16| format!("port_value: {port}");
        let (upstream, others) = (port(envoy.upstream().port()), port(modules.port()));
        let add = |text: &str| {
            let cluster = text.split_once("resources:\n").unwrap().1;
            let cluster = cluster
                .replace("upstream", "modules")
                .replace(&upstream, &others);
            format!("{text}{cluster}")
        };
        envoy.dynamic().edit("cds.yaml", add).unwrap();
        wait::until("the cluster of the modules", SOON, || {
            envoy
                .stats()
                .contains_key("cluster.modules.membership_total")
        });
        Self { envoy, modules }
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.envoy.dynamic().path().join(file)).unwrap()
    }

    fn get(&self) -> Response {
        let client = Client::http1().new_connections();
        client.get(self.envoy.url("/")).send()
    }

    fn rules(&self) -> Option<String> {
        self.get().header("x-rules").map(ToString::to_string)
    }

    fn stat(&self, name: &str) -> u64 {
        self.envoy.stat(name)
    }

    fn rejected(&self) -> u64 {
        self.stat("extension_config_discovery.http_filter.header-rewrite.update_rejected")
    }
}

/// Replaces the file of the dynamic sample's filter with a URL, and its rules with others.
fn remote(text: &str, checksum: &str, nack: bool, rules: &str) -> String {
    let local = text.lines().find(|line| line.contains("local: ")).unwrap();
    let indent = local.strip_suffix(local.trim_start()).unwrap();
    let remote = format!(
        "{indent}remote:\n\
         {indent}  http_uri: {{uri: http://modules.example/header-rewrite.wasm, cluster: modules, timeout: 5s}}\n\
         {indent}  sha256: \"{checksum}\"\n\
         {indent}  retry_policy: {{num_retries: 20, retry_back_off: {{base_interval: 0.1s, max_interval: 0.5s}}}}",
    );
    let text = text.replace(local, &remote);
    let runtime = "runtime: envoy.wasm.runtime.v8";
    let outer = indent.strip_prefix("  ").unwrap();
    let text = text.replace(
        runtime,
        &format!("{runtime}\n{outer}nack_on_code_cache_miss: {nack}"),
    );
    let value = |rules: &str| format!("x-rules, value: \"{rules}\"");
    text.replace(&value("1"), &value(rules))
}

fn checksum() -> String {
    wasm::sha256_of("header-rewrite").unwrap()
}

#[test]
fn by_ecds_with_nack_an_update_is_refused_until_its_module_is_here_and_taken_when_sent_again() {
    let setting = Setting::new();
    let local = setting.read(REWRITE);
    let send = |checksum: &str, rules: &str| {
        let text = remote(&local, checksum, true, rules);
        setting.envoy.dynamic().write(REWRITE, &text).unwrap();
    };
    send(&checksum(), "2");
    wait::until("the module is fetched", SOON, || {
        setting.stat("wasm.remote_load_fetch_successes") == 1
    });
    assert_eq!(
        (setting.rejected(), setting.rules().as_deref()),
        (1, Some("1"))
    );
    send(&checksum(), "3");
    wait::until("the second update is taken", SOON, || {
        setting.rules().as_deref() == Some("3")
    });
    send(&"1".repeat(64), "4");
    wait::until("a wrong checksum is refused", SOON, || {
        setting.rejected() == 2
    });
    assert_eq!(setting.rules().as_deref(), Some("3"));
    assert_eq!(setting.stat("wasm.remote_load_cache_hits"), 1);
}

/// Undesirable, but what Envoy 1.40 does, and why the sample insists on `nack_on_code_cache_miss`.
#[test]
fn by_ecds_without_nack_envoy_lets_requests_pass_unfiltered_and_never_fetches() {
    let setting = Setting::new();
    let local = setting.read(REWRITE);
    let text = remote(&local, &checksum(), false, "2");
    setting.envoy.dynamic().write(REWRITE, &text).unwrap();
    wait::until("the filter is gone", SOON, || setting.rules().is_none());
    for _ in 0..10 {
        let answer = setting.get();
        assert_eq!(
            (answer.status, answer.header("x-frame-options")),
            (200, None)
        );
    }
    assert_eq!(setting.modules.count(), 0);
    setting.envoy.dynamic().write(REWRITE, &local).unwrap();
    wait::until("the filter is back", SOON, || {
        setting.rules().as_deref() == Some("1")
    });
}

#[test]
fn by_lds_the_old_listener_serves_until_the_module_is_here() {
    let mut setting = Setting::new();
    setting.modules.stop();
    let filter = remote(&setting.read(REWRITE), &checksum(), false, "2");
    let config = filter.split_once("    typed_config:\n").unwrap().1;
    let config: String = config
        .lines()
        .map(|line| format!("              {line}\n"))
        .collect();
    let lds = setting.read("lds.yaml");
    let (before, from) = lds
        .split_once("                - name: header-rewrite\n")
        .unwrap();
    let router = "                - name: envoy.filters.http.router\n";
    let after = from.split_once(router).unwrap().1;
    let inline = format!(
        "{before}                - name: header-rewrite\n                  typed_config:\n{config}{router}{after}"
    );
    setting.envoy.dynamic().write("lds.yaml", &inline).unwrap();
    wait::until("the new listener warms", SOON, || {
        setting.stat("listener_manager.total_listeners_warming") == 1
    });
    for _ in 0..10 {
        assert_eq!(setting.rules().as_deref(), Some("1"));
    }
    setting.modules.start().unwrap();
    wait::until("the new listener serves", SOON, || {
        setting.rules().as_deref() == Some("2")
    });
    assert_eq!(setting.stat("listener_manager.total_listeners_warming"), 0);
}
