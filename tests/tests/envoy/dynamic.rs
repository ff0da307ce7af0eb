//! Filters replaced at run time: configurations and modules by ECDS, listeners by LDS, clusters by
//! CDS, from the sample's files.
//!
//! There is traffic all the time: no request fails, none passes unfiltered, and a new rule takes
//! effect soon.

use std::{
    fs,
    time::{Duration, Instant},
};

use e2e::{
    Client, Envoy, Load, Reply, Upstream, load::RunningLoad, paths, token::Token, wait, wasm,
};

/// Time until a new configuration is active on every worker.
const SOON: Duration = Duration::from_secs(1);

/// The same for a new module, which Envoy compiles first.
const COMPILED: Duration = Duration::from_secs(5);

const REWRITE: &str = "ecds-header-rewrite.yaml";

fn sample() -> Envoy {
    Envoy::from_sample("dynamic/bootstrap")
        .dynamic_samples("/etc/envoy/dynamic/", "dynamic")
        .concurrency(2)
        .start()
}

/// Returns which rules are active now.
fn rules(envoy: &Envoy) -> String {
    let answer = Client::http1().new_connections().get(envoy.url("/")).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    answer.header("x-rules").unwrap_or_default().to_string()
}

/// Waits until these rules are active, then sends enough requests to reach both workers.
fn wait_for_rules(envoy: &Envoy, expected: &str, within: Duration) {
    wait::until(&format!("rules {expected} hold"), within, || {
        rules(envoy) == expected
    });
    for _ in 0..20 {
        assert_eq!(rules(envoy), expected);
    }
}

/// Two loads of 100 requests per second: with a token, all pass; without one, none does.
struct Traffic {
    with_token: RunningLoad,
    without: RunningLoad,
    begun: Instant,
}

impl Traffic {
    fn start(envoy: &Envoy) -> Self {
        let load = || {
            Load::new(envoy.url("/account"))
                .total(u64::MAX)
                .per_second(100.0)
                .tally("x-rules")
        };
        let bearer = format!("Bearer {}", Token::new("ES256").sign());
        Self {
            with_token: load().header("authorization", bearer).start(),
            without: load().start(),
            begun: Instant::now(),
        }
    }

    /// Ends the loads after `lasting`, and asserts that the responses follow only the rules `seen`.
    fn finish(self, lasting: Duration, seen: &[&str]) {
        std::thread::sleep(lasting.saturating_sub(self.begun.elapsed()));
        let seconds = self.begun.elapsed().as_secs();
        // A request that jwt-auth refuses never reaches header-rewrite.
        for (load, status, seen) in [(self.with_token, 200, seen), (self.without, 401, &[""])] {
            let result = load.finish();
            result.assert_all(status);
            assert!(result.answered() >= 90 * seconds, "{:?}", result.statuses);
            let tally: Vec<_> = result.tally.keys().map(String::as_str).collect();
            assert_eq!(tally, seen);
        }
    }
}

#[test]
fn ten_configurations_and_two_modules_are_swapped_under_load_without_a_failed_or_unfiltered_request()
 {
    let envoy = sample();
    let traffic = Traffic::start(&envoy);
    let folder = tempfile::tempdir().unwrap();
    let built = paths::module("header-rewrite").unwrap();
    let mut present = built.display().to_string();
    let mut seen = vec!["1".to_string()];
    for number in 2..=13_u32 {
        // Spread over the whole time.
        let due = Duration::from_millis(1500) * (number - 1);
        std::thread::sleep(due.saturating_sub(traffic.begun.elapsed()));
        let (from, to) = ((number - 1).to_string(), number.to_string());
        let mut module = present.clone();
        if number % 5 == 0 {
            let other = folder.path().join(format!("header-rewrite-{number}.wasm"));
            let bytes = wasm::with_section(&fs::read(&built).unwrap(), &format!("swap {number}"));
            fs::write(&other, bytes).unwrap();
            module = other.display().to_string();
        }
        let value = |number: &str| format!("name: x-rules, value: \"{number}\"");
        let edit = |text: &str| {
            text.replace(&value(&from), &value(&to))
                .replace(&present, &module)
        };
        envoy.dynamic().edit(REWRITE, edit).unwrap();
        let within = if module == present { SOON } else { COMPILED };
        wait_for_rules(&envoy, &to, within);
        present = module;
        seen.push(to);
    }
    seen.sort();
    let seen: Vec<_> = seen.iter().map(String::as_str).collect();
    traffic.finish(Duration::from_secs(20), &seen);
    let stat = |name: &str| {
        envoy.stat(&format!(
            "extension_config_discovery.http_filter.header-rewrite.{name}"
        ))
    };
    assert_eq!((stat("config_fail"), stat("update_rejected")), (0, 0));
}

#[test]
fn the_rules_of_jwt_auth_are_swapped_and_no_request_slips_between_them() {
    let envoy = sample();
    let traffic = Traffic::start(&envoy);
    let status = |path: &str| {
        Client::http1()
            .new_connections()
            .get(envoy.url(path))
            .send()
            .status
    };
    assert_eq!(status("/shop"), 200);
    let paths = |text: &str, from: &str, to: &str| text.replace(from, to);
    let edit = |from: &str, to: &str| {
        envoy
            .dynamic()
            .edit("ecds-jwt-auth.yaml", |text| paths(text, from, to))
    };
    edit(
        "/account, ignore_case: true}",
        "/account, ignore_case: true}, {prefix: /shop}",
    )
    .unwrap();
    wait::until("the new rule holds", SOON, || status("/shop") == 401);
    edit(", {prefix: /shop}]", "]").unwrap();
    wait::until("the old rule holds again", SOON, || status("/shop") == 200);
    traffic.finish(Duration::ZERO, &["1"]);
}

#[test]
fn listeners_and_clusters_are_swapped_under_load_without_a_failed_or_unfiltered_request() {
    let envoy = sample();
    let other = Upstream::with(|_| Reply::new(200).header("x-from", "other")).unwrap();
    let traffic = Traffic::start(&envoy);
    let header = |name: &str| {
        let answer = Client::http1().new_connections().get(envoy.url("/")).send();
        assert_eq!(answer.header("x-rules"), Some("1"));
        answer.header(name).map(ToString::to_string)
    };
    let route = "route: {cluster: upstream}";
    let labelled = format!(
        "{route}\n                        response_headers_to_add: [{{header: {{key: x-from, value: new}}}}]"
    );
    envoy
        .dynamic()
        .edit("lds.yaml", |text| text.replace(route, &labelled))
        .unwrap();
    wait::until("the new listener serves", SOON * 5, || {
        header("x-from").as_deref() == Some("new")
    });
    envoy
        .dynamic()
        .edit("lds.yaml", |text| text.replace(&labelled, route))
        .unwrap();
    wait::until("the old listener serves again", SOON * 5, || {
        header("x-from").is_none()
    });
    let port = |port: u16| format!("port_value: {port}");
    let (old, new) = (port(envoy.upstream().port()), port(other.port()));
    envoy
        .dynamic()
        .edit("cds.yaml", |text| text.replace(&old, &new))
        .unwrap();
    wait::until("the new cluster serves", SOON, || {
        header("x-from").as_deref() == Some("other")
    });
    traffic.finish(Duration::ZERO, &["1"]);
}

#[test]
fn a_mounted_config_map_is_noticed_though_its_files_are_links() {
    let envoy = sample();
    let folder = envoy.dynamic().path();
    // As in Kubernetes: each file is a link into ..data, and ..data is a link that is replaced.
    let publish = |version: &str, text: &str| {
        fs::create_dir(folder.join(version)).unwrap();
        fs::write(folder.join(version).join(REWRITE), text).unwrap();
        std::os::unix::fs::symlink(version, folder.join("..data_tmp")).unwrap();
        fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    };
    let text = fs::read_to_string(folder.join(REWRITE)).unwrap();
    publish("..1", &text);
    std::os::unix::fs::symlink(format!("..data/{REWRITE}"), folder.join("link")).unwrap();
    fs::rename(folder.join("link"), folder.join(REWRITE)).unwrap();
    publish(
        "..2",
        &text.replace("x-rules, value: \"1\"", "x-rules, value: \"2\""),
    );
    wait_for_rules(&envoy, "2", SOON);
}
