//! The table of suites. Each suite is a row here.

use anyhow::{Context as _, Result};

use super::cargo::Tests;
use super::python::{self, OPENID_PROVIDER};
use super::{dist, fuzz, mutants, new, schemas, workflows};
use crate::{build, catalog, docs, elsewhere, process, term, wasm_target};

/// A suite of tests.
pub(super) struct Suite {
    /// Its name on the command line.
    pub(super) name: &'static str,
    /// What it tests, for the terminal.
    pub(super) what: &'static str,
    /// Whether `cargo xtask test` runs it by default: it needs nothing that the command cannot set
    /// up.
    pub(super) by_default: bool,
    /// Whether this machine can run it; if not, why, and what to do about it.
    pub(super) can_run: fn() -> Result<(), String>,
    /// Runs it, with words that select tests and options of the test programs.
    pub(super) run: fn(&[String]) -> Result<()>,
}

const fn suite(
    name: &'static str,
    what: &'static str,
    can_run: fn() -> Result<(), String>,
    run: fn(&[String]) -> Result<()>,
) -> Suite {
    Suite {
        name,
        what,
        by_default: false,
        can_run,
        run,
    }
}

const fn by_default(
    name: &'static str,
    what: &'static str,
    run: fn(&[String]) -> Result<()>,
) -> Suite {
    Suite {
        by_default: true,
        ..suite(name, what, || Ok(()), run)
    }
}

/// All suites, in the order in which they run.
#[rustfmt::skip]
pub(super) const SUITES: &[Suite] = &[
    by_default("unit", "the logic, and the examples in the documentation", unit),
    by_default("e2e", "the modules in a real Envoy", e2e),
    by_default("ledger", "what a request costs in each module, against docs/cost-ledger.md", ledger),
    suite("chain", "the suites of the filters again, each filter as an item of chain", || Ok(()), chain),
    suite("browser", "cors as a page in Chromium sees it", has_browser, |words| further("browser", words)),
    suite("nginx", "jwt-auth before nginx, in each of Envoy's normalizations of paths", has_nginx, nginx),
    suite("workflows", "the workflows of GitHub Actions, by their schemas and by zizmor", python::can_install, workflows::run),
    suite("schemas", "the schemas, and every sample against its schema, by check-jsonschema", python::can_install, schemas::run),
    suite("site", "the pages as a site, by mdBook, and every link in it", || Ok(()), |_| docs::site::build()),
    suite("dist", "a release, its checksums, and its images in a registry", has_registry, dist::run),
    suite("new", "a filter made by `cargo xtask new` builds, lints and passes its tests", || Ok(()), new::run),
    suite("oidc", "jwt-auth with the keys of an OpenID provider, which is installed from PyPI", python::can_install, oidc),
    suite("fleet", "rate-limit with a rate limit service and Redis", has_redis, |words| further("fleet", words)),
    suite("compose", "every sample in containers, through docker-compose.yml", has_docker, compose),
    suite("matrix", "every sample on every Envoy that the catalog is for, and each filter beside that Envoy's own", || Ok(()), matrix),
    suite("faults", "crashes, changes of the configuration and of the clock, under load", has_compiler, |words| further("faults", words)),
    suite("mutants", "changes of the code that the tests must notice; words are packages", || Ok(()), mutants::run),
    suite("soak", "a million requests or SOAK_REQUESTS, and what they leave behind", || Ok(()), |words| alone("soak", words)),
    suite("hostile", "half a million requests made up by chance, to an Envoy with all filters", || Ok(()), hostile),
    suite("fuzz", "everything that can be sent, made up by libFuzzer: a minute for each target, or FUZZ_SECONDS", fuzz::can_run, fuzz::run),
    suite("speed", "jwt-auth beside jwt_authn, and under a flood, as ratios", has_cpu_time, |words| alone("speed", words)),
];

/// Returns the list of suites for the command's help.
pub(super) fn help() -> String {
    let line = |suite: &Suite| {
        let unasked = if suite.by_default {
            " (by default)"
        } else {
            ""
        };
        format!("\n  {:<9} {}{unasked}", suite.name, suite.what)
    };
    let lines: String = SUITES.iter().map(line).collect();
    format!("Suites:{lines}")
}

fn unit(words: &[String]) -> Result<()> {
    let packages: Vec<_> = catalog::packages()?
        .iter()
        .filter_map(|package| Some(package["name"].as_str()?.to_owned()))
        .filter(|name| !["e2e", "ledger", "bench"].contains(&name.as_str()))
        .collect();
    Tests::new(&["--all-features"])
        .choice("--package", &packages)
        .run(words)
}

fn e2e(words: &[String]) -> Result<()> {
    prepare(None)?;
    let programs = programs()?;
    Tests::new(&["--package", "e2e", "--package", "bench"])
        .optional("--test", &programs)
        .run(words)
}

/// Returns the test programs that need nothing but Envoy: those of `e2e` and `bench`, except for
/// those behind a feature of the same name.
fn programs() -> Result<Vec<String>> {
    let packages = catalog::packages()?;
    Ok(packages
        .iter()
        .filter(|package| ["e2e", "bench"].iter().any(|name| package["name"] == *name))
        .filter_map(|package| package["targets"].as_array())
        .flatten()
        .filter(|target| target["kind"][0] == "test" && target.get("required-features").is_none())
        .filter_map(|target| Some(target["name"].as_str()?.to_owned()))
        .collect())
}

/// The test programs of the filters.
const FILTERS: [&str; 4] = ["cors", "header_rewrite", "jwt_auth", "rate_limit"];

/// Runs the filters' test programs in an Envoy that runs the filters as items of a chain; see
/// `e2e::envoy::as_chain`.
fn chain(words: &[String]) -> Result<()> {
    prepare(None)?;
    let programs = FILTERS.map(str::to_owned);
    Tests::new(&["--package", "e2e"])
        .choice("--test", &programs)
        .env("FILTERS_AS", "chain")
        .run(words)
}

fn ledger(words: &[String]) -> Result<()> {
    let toolchain = wasm_target::set_up()?;
    if !toolchain.is_small() {
        // Another compiler or another std compiles the same source to other instructions.
        println!(
            "{} the ledger counts modules whose std is compiled for size: this toolchain cannot",
            term::yellow("note:")
        );
        return Ok(());
    }
    build::build(&catalog::select(&[])?, toolchain)?;
    Tests::new(&["--package", "ledger"]).run(words)
}

/// The features of `e2e` without additional dependencies. Enabled together, so that the harness is
/// compiled once for all suites that need one of them.
const LIGHT: &str = "browser,compose,faults,matrix,nginx,oidc,soak,speed";

fn features(name: &str) -> &str {
    match LIGHT.split(',').any(|light| light == name) {
        true => LIGHT,
        false => name,
    }
}

/// Runs a test program of the package `e2e` that is behind a feature of the same name.
fn further(name: &str, words: &[String]) -> Result<()> {
    prepare(Some(features(name)))?;
    behind(name, words)
}

fn behind(name: &str, words: &[String]) -> Result<()> {
    let features = features(name);
    Tests::new(&["--package", "e2e", "--features", features, "--test", name]).run(words)
}

/// Runs the part of `e2e` that sends some thousand generated requests.
fn hostile(words: &[String]) -> Result<()> {
    prepare(None)?;
    let test = ["seeded::", "--nocapture"].map(str::to_owned);
    let words = if words.is_empty() { &test } else { words };
    Tests::new(&["--package", "e2e", "--test", "all"])
        .env("HOSTILE_REQUESTS", "500000")
        .run(words)
}

fn nginx(words: &[String]) -> Result<()> {
    prepare(Some(LIGHT))?;
    let readings = ["readings::".to_owned()];
    let words = if words.is_empty() { &readings } else { words };
    Tests::new(&["--package", "e2e", "--features", LIGHT, "--test", "all"]).run(words)
}

fn oidc(words: &[String]) -> Result<()> {
    OPENID_PROVIDER.install()?;
    further("oidc", words)
}

fn compose(words: &[String]) -> Result<()> {
    prepare(Some(LIGHT))?;
    process::run_own(&mut elsewhere::harness(Some(LIGHT), &["images"]))?;
    behind("compose", words)
}

/// Runs the samples on every Envoy, and compares each filter with Envoy's own.
fn matrix(words: &[String]) -> Result<()> {
    prepare(Some(LIGHT))?;
    let found = process::captured(&mut elsewhere::harness(Some(LIGHT), &["find", "--all"]))?;
    print!("{found}");
    behind("matrix", words)?;
    if !words.is_empty() {
        return Ok(());
    }
    let programs = FILTERS.map(str::to_owned);
    for envoy in found.lines().filter(|line| line.starts_with("Envoy ")) {
        let (version, path) = envoy.split_once(", ").context("an Envoy without a path")?;
        println!("\n{version}: beside its own filters");
        Tests::new(&["--package", "e2e"])
            .choice("--test", &programs)
            .env("ENVOY_BIN", path)
            .run(&["parity".to_owned()])?;
    }
    Ok(())
}

/// Runs tests one at a time and shows their figures.
fn alone(name: &str, words: &[String]) -> Result<()> {
    let options = ["--nocapture", "--test-threads", "1"].map(str::to_owned);
    further(name, &[words, &options].concat())
}

/// Prepares what every suite with a real Envoy needs.
fn prepare(features: Option<&str>) -> Result<()> {
    build::build(&catalog::select(&[])?, wasm_target::set_up()?)?;
    process::run_own(&mut elsewhere::harness(features, &["find"]))
}

fn has_docker() -> Result<(), String> {
    has_programs(&["docker"], "apt-get install docker.io docker-compose")
}

fn has_cpu_time() -> Result<(), String> {
    if std::path::Path::new("/proc/self/schedstat").exists() {
        return Ok(());
    }
    Err("no /proc/self/schedstat, which holds CPU time on Linux".to_owned())
}

fn has_compiler() -> Result<(), String> {
    has_programs(&["cc"], "apt-get install gcc")
}

fn has_nginx() -> Result<(), String> {
    has_programs(&["nginx"], "apt-get install nginx-light")
}

fn has_browser() -> Result<(), String> {
    has_programs(
        &["chromium", "chromedriver"],
        "apt-get install chromium chromium-driver",
    )
}

fn has_registry() -> Result<(), String> {
    has_programs(
        &["skopeo", "docker-registry", "sha256sum"],
        "apt-get install skopeo docker-registry",
    )
}

fn has_redis() -> Result<(), String> {
    has_programs(&["redis-server"], "apt-get install redis-server")
}

fn has_programs(programs: &[&str], on_debian: &str) -> Result<(), String> {
    let missing: Vec<_> = programs
        .iter()
        .filter(|program| !process::on_path(program))
        .copied()
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(" and no ");
    Err(format!("no {missing} on PATH; on Debian: {on_debian}"))
}
