//! `cargo xtask serve SAMPLE`: runs Envoy with a sample of `envoy-configs/` and an echo upstream,
//! for trying things out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use e2e::envoy::find::Find;
use e2e::{Envoy, KeyServer};
use serde_json::Value;

use crate::term;

/// The folder that Envoy watches, as named in the samples.
const DYNAMIC: &str = "/etc/envoy/dynamic/";

/// Arguments of `cargo xtask serve`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The sample: its name in envoy-configs/, or a path
    sample: PathBuf,
    /// Use free ports instead of those in the sample
    #[arg(long)]
    free_ports: bool,
    #[command(flatten)]
    envoy: EnvoyArgs,
}

/// Which Envoy runs, and how.
#[derive(clap::Args)]
pub(crate) struct EnvoyArgs {
    /// Run this version of Envoy instead of the pinned one
    #[arg(long, value_name = "VERSION")]
    envoy_version: Option<String>,
    /// Use `envoy` from PATH, whatever its version
    #[arg(long)]
    any_envoy: bool,
    /// Number of Envoy's worker threads
    #[arg(long, value_name = "N", default_value_t = 2)]
    concurrency: u32,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let sample = e2e::paths::sample(&args.sample)?;
    let busy = busy_ports(&sample)?;
    if let (false, Some(port)) = (args.free_ports, busy.first()) {
        bail!("port {port} is taken; end the program that listens on it, or add --free-ports");
    }
    let (envoy, key_server) = start(&sample, &args.envoy, args.free_ports)?;
    println!(
        "\nEnvoy {} serves {}\n",
        envoy.version(),
        e2e::paths::display(&sample)
    );
    println!("  requests    {}", envoy.url("/"));
    println!("  admin       http://{}/", envoy.admin_address());
    println!(
        "  upstream    {}   (answers with what it received)\n",
        envoy.upstream().url("/")
    );
    if let Some(server) = &key_server {
        println!(
            "  key server  https://127.0.0.1:{}/   (the test keys, as idp.example)\n",
            server.port()
        );
    }
    if is_dynamic(&sample)? {
        println!("  edit        {}\n", envoy.dynamic().path().display());
    }
    print_curl_lines(&sample, &envoy)?;
    until_interrupted(&envoy)
}

/// Starts a key server, if the sample needs one: it has a cluster `idp`.
fn key_server_of(sample: &Path) -> Result<Option<KeyServer>> {
    let text = fs::read_to_string(sample).with_context(|| e2e::paths::display(sample))?;
    let bootstrap = e2e::yaml::parse(&text).with_context(|| e2e::paths::display(sample))?;
    let clusters = bootstrap["static_resources"]["clusters"].as_array();
    let asks = clusters.is_some_and(|list| list.iter().any(|cluster| cluster["name"] == "idp"));
    asks.then(|| KeyServer::start("idp")).transpose()
}

/// Starts a sample with everything it needs, including a key server.
pub(crate) fn start(
    sample: &Path,
    args: &EnvoyArgs,
    free_ports: bool,
) -> Result<(Envoy, Option<KeyServer>)> {
    let mut find = Find::new().any_envoy(args.any_envoy);
    if let Some(version) = &args.envoy_version {
        find = find.version(version);
    }
    let binary = find.find()?;
    eprintln!(
        "Envoy {}, {}",
        binary.version,
        e2e::paths::display(&binary.path)
    );
    let mut builder = Envoy::from_sample(sample)
        .find(find)
        .concurrency(args.concurrency);
    if !free_ports {
        builder = builder.keep_ports();
    }
    let key_server = key_server_of(sample)?;
    if let Some(server) = &key_server {
        builder = builder.cluster_port("idp", server.port());
    }
    if is_dynamic(sample)? {
        builder = builder.dynamic_samples(DYNAMIC, &folder_of(sample).to_string_lossy());
    }
    let envoy = builder
        .try_start()
        .with_context(|| e2e::paths::display(sample))?;
    Ok((envoy, key_server))
}

/// Prints the commands in the sample's first comment, with Envoy's actual ports, and how to see the
/// counters.
pub(crate) fn print_curl_lines(sample: &Path, envoy: &Envoy) -> Result<()> {
    let text = fs::read_to_string(sample).with_context(|| e2e::paths::display(sample))?;
    for line in curl_lines(&text) {
        println!(
            "  {}",
            line.replace("localhost:10000", &envoy.address().to_string())
        );
    }
    println!(
        "  curl -s 'http://{}/stats?filter=wasmcustom'\n",
        envoy.admin_address()
    );
    Ok(())
}

fn curl_lines(sample: &str) -> impl Iterator<Item = &str> {
    sample
        .lines()
        .map_while(|line| line.strip_prefix('#').map(str::trim))
        .filter(|line| line.starts_with("curl "))
}

/// Waits for Ctrl-C. Fails if Envoy ends before.
pub(crate) fn until_interrupted(envoy: &Envoy) -> Result<()> {
    let (interrupted, wait) = mpsc::channel();
    ctrlc::set_handler(move || interrupted.send(()).unwrap_or_default())
        .context("cannot wait for Ctrl-C")?;
    println!("{}", term::dim("Ctrl-C ends it."));
    let process = PathBuf::from(format!("/proc/{}", envoy.pid()));
    let can_look = process.exists();
    while wait.recv_timeout(Duration::from_millis(500)).is_err() {
        if can_look
            && fs::read_to_string(process.join("stat")).map_or(true, |stat| stat.contains(") Z "))
        {
            let log = envoy.log();
            bail!(
                "Envoy has ended; its last words: {}",
                log.lines().next_back().unwrap_or("none")
            );
        }
    }
    println!();
    Ok(())
}

/// Whether a sample is served together with the files next to it.
fn is_dynamic(sample: &Path) -> Result<bool> {
    Ok(read(sample)?.contains(DYNAMIC))
}

fn folder_of(sample: &Path) -> &Path {
    sample.parent().unwrap_or(sample)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| e2e::paths::display(path))
}

/// Returns the ports of a sample and its upstream that are already in use.
pub(crate) fn busy_ports(sample: &Path) -> Result<Vec<u16>> {
    let text = fs::read_to_string(sample).with_context(|| e2e::paths::display(sample))?;
    let bootstrap = e2e::yaml::parse(&text).with_context(|| e2e::paths::display(sample))?;
    Ok(ports_of(&bootstrap)
        .into_iter()
        .filter(|port| e2e::ports::in_use(*port))
        .collect())
}

/// Returns the ports of the listeners, of the admin page, and of the cluster `upstream`.
fn ports_of(bootstrap: &Value) -> BTreeSet<u16> {
    let resources = &bootstrap["static_resources"];
    let listeners = resources["listeners"].as_array().into_iter().flatten();
    let clusters = resources["clusters"].as_array().into_iter().flatten();
    let upstream = clusters.filter(|cluster| cluster["name"] == "upstream");
    let endpoints = upstream.filter_map(|cluster| {
        cluster.pointer("/load_assignment/endpoints/0/lb_endpoints/0/endpoint")
    });
    listeners
        .chain(endpoints)
        .chain([&bootstrap["admin"]])
        .filter_map(|owner| {
            owner
                .pointer("/address/socket_address/port_value")?
                .as_u64()
        })
        .filter_map(|port| u16::try_from(port).ok())
        .filter(|port| *port != 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_ports_of_a_sample_are_those_somebody_has_to_bind() {
        let at = |port| json!({"socket_address": {"address": "127.0.0.1", "port_value": port}});
        let cluster = |name, port| json!({"name": name, "load_assignment": {"endpoints": [{"lb_endpoints": [{"endpoint": {"address": at(port)}}]}]}});
        let bootstrap = json!({
            "admin": {"address": at(9901)},
            "static_resources": {
                "listeners": [{"address": at(10000)}, {"address": at(0)}],
                "clusters": [cluster("upstream", 8080), cluster("idp", 8443)],
            }
        });
        assert_eq!(ports_of(&bootstrap), BTreeSet::from([8080, 9901, 10000]));
    }

    #[test]
    fn what_to_try_stands_in_the_first_comment() {
        let sample =
            "# A.\n#\n#   curl -i http://localhost:10000/\n# not curl\na: 1\n# curl late\n";
        assert_eq!(
            curl_lines(sample).collect::<Vec<_>>(),
            ["curl -i http://localhost:10000/"]
        );
        for filter in e2e::paths::all_filters().unwrap() {
            let text = fs::read_to_string(e2e::paths::sample(&filter).unwrap()).unwrap();
            assert!(
                curl_lines(&text).next().is_some(),
                "envoy-configs/{filter}.yaml"
            );
        }
    }
}
