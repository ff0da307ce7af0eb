//! How the harness starts, drives and stops Envoy. Needs no module.

use std::{net::Ipv4Addr, time::Duration};

use e2e::{Client, Envoy, Load, Reply, Upstream, envoy::with_ports, ports, trap, wait};

const SOON: Duration = Duration::from_secs(5);

/// Written like the samples: fixed ports, and a comment that Envoy has to parse too.
const SAMPLE: &str = r#"
# A sample.
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9901}}}
static_resources:
  listeners:
    - name: ingress
      address: {socket_address: {address: 0.0.0.0, port_value: 10000}}
      filter_chains:
        - filters:
            - name: http
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: ingress
                route_config:
                  virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes: [{match: {prefix: /}, route: {cluster: upstream}}]
                http_filters:
                  - name: router
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
    - name: upstream
      connect_timeout: 1s
      load_assignment:
        cluster_name: upstream
        endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 8080}}}}]}]
"#;

#[test]
fn a_sample_runs_on_free_ports_with_an_upstream_of_its_own() {
    let envoys: Vec<_> = (0..2)
        .map(|_| Envoy::from_bootstrap(SAMPLE).concurrency(2).start())
        .collect();
    assert_ne!(envoys[0].address(), envoys[1].address());
    for envoy in &envoys {
        let answer = envoy.get("/a?b=c").send();
        assert_eq!(
            (answer.status, answer.echo().path.as_str()),
            (200, "/a?b=c")
        );
        assert_eq!(envoy.upstream().count(), 1);
        assert_eq!(envoy.listeners().keys().collect::<Vec<_>>(), ["ingress"]);
    }
}

#[test]
fn a_sample_for_people_keeps_its_ports() {
    let [listener, admin, upstream] = [(); 3].map(|()| ports::free().unwrap());
    let sample = with_ports(SAMPLE, [(10000, listener), (9901, admin), (8080, upstream)]);
    let envoy = Envoy::from_bootstrap(&*sample).keep_ports().start();
    assert_eq!(
        [
            envoy.address().port(),
            envoy.admin_address().port(),
            envoy.upstream().port()
        ],
        [listener, admin, upstream]
    );
    assert_eq!(envoy.get("/").send().status, 200);
    let error = Envoy::from_bootstrap(sample)
        .keep_ports()
        .upstream(envoy.upstream())
        .try_start()
        .err();
    assert!(error.unwrap().to_string().contains(" is taken: "));
}

#[test]
fn other_clusters_are_pointed_at_by_name() {
    let other = Upstream::with(|_| Reply::json(r#""other""#)).unwrap();
    let renamed = SAMPLE.replace("upstream", "idp");
    let envoy = Envoy::from_bootstrap(renamed)
        .cluster_port("idp", other.port())
        .start();
    assert_eq!(envoy.get("/").send().json(), "other");
}

#[test]
fn a_refused_bootstrap_says_why() {
    let bad = || Envoy::with_no_filter().hcm("no_such_option: true");
    for log in [bad().refuses().unwrap(), bad().validate().unwrap().log] {
        assert!(log.contains("no_such_option"), "{log}");
    }
    assert!(!bad().validate().unwrap().ok);
    let error = bad().try_start().err().unwrap().to_string();
    assert!(
        error.starts_with("Envoy ended (") && error.contains("no_such_option"),
        "{error}"
    );
}

#[test]
fn an_accepted_bootstrap_does_not_pass_for_a_refused_one() {
    assert!(Envoy::with_no_filter().validate().unwrap().ok);
    let error = Envoy::with_no_filter().refuses().unwrap_err().to_string();
    assert!(
        error.starts_with("Envoy accepted what it should refuse"),
        "{error}"
    );
}

#[test]
fn a_module_that_is_not_built_is_named_with_the_command_that_builds_it() {
    let sample = SAMPLE.replace("# A sample.", "# /etc/envoy/filters/no-such-filter.wasm");
    for error in [
        Envoy::from_bootstrap(sample).try_start().err().unwrap(),
        Envoy::with_filter("no-such-filter", "{}")
            .try_start()
            .err()
            .unwrap(),
    ] {
        let error = format!("{error:#}");
        assert!(
            error.contains("no-such-filter.wasm: run `cargo xtask build` first"),
            "{error}"
        );
    }
}

#[test]
fn dynamic_files_are_swapped_under_load_without_a_failed_request() {
    let listener = |header: &str| {
        let text = SAMPLE
            .split_once("  listeners:\n")
            .unwrap()
            .1
            .split_once("  clusters:")
            .unwrap()
            .0;
        let text = text.replacen(
            "    - name",
            "    - '@type': type.googleapis.com/envoy.config.listener.v3.Listener\n      name",
            1,
        );
        let text = text.replace("route: {cluster: upstream}", &format!("route: {{cluster: upstream}}, response_headers_to_add: [{{header: {{key: x-version, value: {header}}}}}]"));
        format!("resources:\n{text}")
    };
    let bootstrap = format!(
        "node: {{id: a, cluster: a}}\n\
         dynamic_resources: {{lds_config: {{path_config_source: {{path: /etc/envoy/dynamic/lds.yaml, watched_directory: {{path: /etc/envoy/dynamic/}}}}}}}}\n\
         {}static_resources:\n  clusters:{}",
        SAMPLE.split_once("static_resources:").unwrap().0,
        SAMPLE.split_once("  clusters:").unwrap().1
    );
    let envoy = Envoy::from_bootstrap(bootstrap)
        .dynamic("/etc/envoy/dynamic/", &[("lds.yaml", &listener("one"))])
        .start();
    let version = || {
        let answer = Client::http1().new_connections().get(envoy.url("/")).send();
        answer.header("x-version").map(ToString::to_string)
    };
    assert_eq!(version().as_deref(), Some("one"));
    let traffic = Load::new(envoy.url("/"))
        .client(Client::http1().new_connections())
        .total(u64::MAX)
        .connections(2)
        .start();
    envoy
        .dynamic()
        .edit("lds.yaml", |text| text.replace("one", "two"))
        .unwrap();
    envoy.wait_for_log("add/update listener", SOON);
    wait::until("the new listener takes over", SOON, || {
        version().as_deref() == Some("two")
    });
    traffic.finish().assert_all(200);
}

#[test]
fn envoy_tells_about_itself() {
    let envoy = Envoy::with_no_filter()
        .access_log("%REQ(:PATH)% %RESPONSE_CODE%")
        .start();
    envoy.get("/logged").send();
    assert_eq!(envoy.wait_for_access_log("/logged", SOON), "/logged 200");
    assert_eq!(envoy.stat("cluster.upstream.upstream_rq_total"), 1);
    assert!(envoy.rss_bytes().unwrap() > 1 << 20);
    assert_eq!(envoy.admin("/ready").text(), "LIVE\n");
    assert!(
        envoy.admin("/server_info").json()["version"]
            .as_str()
            .unwrap()
            .contains(envoy.version())
    );
    envoy.wait_for_log("starting main dispatch loop", SOON);
}

#[test]
fn envoy_ends_with_its_test() {
    let envoy = Envoy::with_no_filter().start();
    let address = envoy.address();
    drop(envoy);
    assert!(std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, address.port())).is_ok());
    let (status, log) = Envoy::with_no_filter().start().quit().unwrap();
    assert!(
        status.success() && log.contains("exiting"),
        "{status} {log}"
    );
}

#[test]
#[should_panic(expected = "a module is dead: ")]
fn a_module_that_traps_does_not_pass_for_alive() {
    let file = tempfile::Builder::new().suffix(".wasm").tempfile().unwrap();
    std::fs::write(file.path(), trap::module()).unwrap();
    let envoy = Envoy::with_filter(file.path().to_str().unwrap(), "{}").start();
    assert_eq!(envoy.get("/").send().status, 503);
}
