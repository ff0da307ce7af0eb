//! The table of suites. Adding one is a row here.

use anyhow::Result;
use e2e::envoy::find::Find;
use e2e::envoy::versions;
use e2e::{compose, samples};

use super::{new, oidc};
use crate::catalog::FILTERS;
use crate::{build, process, term, wasm_target, workspace};

/// A suite of tests.
pub(super) struct Suite {
    /// Its name on the command line.
    pub(super) name: &'static str,
    /// What it is, for the terminal.
    pub(super) what: &'static str,
    /// Whether `cargo xtask test` runs it unasked: it needs nothing that the command cannot set up.
    pub(super) by_default: bool,
    /// Whether this machine can run it; if not, why, and how to mend it.
    pub(super) can_run: fn() -> Result<(), String>,
    /// Runs it, with arguments for the test programs.
    pub(super) run: fn(&[String]) -> Result<()>,
}

/// All suites, in the order in which they run.
pub(super) const SUITES: &[Suite] = &[
    Suite {
        name: "unit",
        what: "the logic, and the examples in the documentation",
        by_default: true,
        can_run: || Ok(()),
        run: unit,
    },
    Suite {
        name: "e2e",
        what: "the modules in a real Envoy",
        by_default: true,
        can_run: || Ok(()),
        run: e2e,
    },
    Suite {
        name: "ledger",
        what: "what a request costs in each module, against docs/cost-ledger.md",
        by_default: true,
        can_run: || Ok(()),
        run: ledger,
    },
    Suite {
        name: "browser",
        what: "cors as a page in Chromium sees it",
        by_default: false,
        can_run: has_browser,
        run: browser,
    },
    Suite {
        name: "nginx",
        what: "jwt-auth before nginx, in each of Envoy's normalizations of paths",
        by_default: false,
        can_run: has_nginx,
        run: nginx,
    },
    Suite {
        name: "new",
        what: "a filter made by `cargo xtask new` builds, lints and passes its tests",
        by_default: false,
        can_run: || Ok(()),
        run: new::run,
    },
    Suite {
        name: "oidc",
        what: "jwt-auth with the keys of an OpenID provider, which is installed from PyPI",
        by_default: false,
        can_run: oidc::can_run,
        run: oidc,
    },
    Suite {
        name: "fleet",
        what: "rate-limit with a rate limit service and Redis",
        by_default: false,
        can_run: has_redis,
        run: fleet,
    },
    Suite {
        name: "compose",
        what: "every sample in containers, through docker-compose.yml",
        by_default: false,
        can_run: has_docker,
        run: compose,
    },
    Suite {
        name: "matrix",
        what: "every sample on every Envoy that the catalog is for",
        by_default: false,
        can_run: has_versions,
        run: matrix,
    },
    Suite {
        name: "soak",
        what: "a million requests, and the memory that they leave behind",
        by_default: false,
        can_run: || Ok(()),
        run: soak,
    },
    Suite {
        name: "speed",
        what: "jwt-auth beside jwt_authn, and under a flood, as ratios",
        by_default: false,
        can_run: tells_cpu_time,
        run: speed,
    },
];

/// The suites as the command's help lists them.
pub(super) fn help() -> String {
    let line = |suite: &Suite| {
        let unasked = if suite.by_default {
            " (by default)"
        } else {
            ""
        };
        format!("\n  {:<8} {}{unasked}", suite.name, suite.what)
    };
    let lines: String = SUITES.iter().map(line).collect();
    format!("Suites:{lines}")
}

fn unit(filter: &[String]) -> Result<()> {
    cargo_test(
        &[
            "--workspace",
            "--exclude",
            "e2e",
            "--exclude",
            "ledger",
            "--exclude",
            "bench",
            "--all-features",
        ],
        filter,
    )
}

fn e2e(filter: &[String]) -> Result<()> {
    prepare()?;
    cargo_test(&["--package", "e2e", "--package", "bench"], filter)
}

fn ledger(filter: &[String]) -> Result<()> {
    let toolchain = wasm_target::set_up()?;
    if !toolchain.is_small() {
        // Another compiler or another std makes other instructions of the same source.
        println!(
            "{} the ledger counts modules whose std is compiled for size: this toolchain cannot",
            term::yellow("note:")
        );
        return Ok(());
    }
    build::build(&FILTERS.iter().collect::<Vec<_>>(), toolchain)?;
    cargo_test(&["--package", "ledger"], filter)
}

fn browser(filter: &[String]) -> Result<()> {
    prepare()?;
    further("browser", filter)
}

fn compose(filter: &[String]) -> Result<()> {
    prepare()?;
    // Told now, where it is seen: the tests' own output is shown only when they fail.
    for image in compose::images(compose::FLEET)? {
        compose::image::provide(&image, |line| println!("{} {line}", term::yellow("note:")))?;
    }
    further("compose", filter)
}

fn has_docker() -> Result<(), String> {
    compose::is_here().map_err(|error| format!("{error:#}"))
}

fn matrix(filter: &[String]) -> Result<()> {
    prepare()?;
    let bootstraps = samples::bootstraps()?;
    for version in versions() {
        Find::new().version(version).find()?;
        let left_out: Vec<_> = bootstraps
            .iter()
            .filter(|bootstrap| !bootstrap.runs_on(version))
            .map(|bootstrap| bootstrap.name.as_str())
            .collect();
        match &left_out[..] {
            [] => println!("Envoy {version}"),
            names => println!(
                "Envoy {version} without {}, which need a later one",
                names.join(", ")
            ),
        }
    }
    further("matrix", filter)
}

fn has_versions() -> Result<(), String> {
    if versions().len() > 1 {
        return Ok(());
    }
    Err("older Envoys are fetched for Linux on x86-64 only".to_owned())
}

/// A test program of the package `e2e` that is behind a feature of its name.
fn further(name: &str, filter: &[String]) -> Result<()> {
    let selection = ["--package", "e2e", "--features", name, "--test", name];
    cargo_test(&selection, filter)
}

fn fleet(filter: &[String]) -> Result<()> {
    prepare()?;
    further("fleet", filter)
}

fn nginx(filter: &[String]) -> Result<()> {
    prepare()?;
    let suite = ["--package", "e2e", "--features", "nginx", "--test", "all"];
    let filter = match filter {
        [] => &["readings::".to_owned()],
        filter => filter,
    };
    cargo_test(&suite, filter)
}

fn has_nginx() -> Result<(), String> {
    has_programs(&["nginx"], "apt-get install nginx-light")
}

fn soak(filter: &[String]) -> Result<()> {
    prepare()?;
    further("soak", &alone(filter))
}

fn oidc(filter: &[String]) -> Result<()> {
    oidc::install()?;
    prepare()?;
    further("oidc", filter)
}

fn speed(filter: &[String]) -> Result<()> {
    prepare()?;
    further("speed", &alone(filter))
}

/// Arguments for tests that run one at a time, and whose figures are worth reading.
fn alone(filter: &[String]) -> Vec<String> {
    let arguments = ["--nocapture", "--test-threads", "1"].map(str::to_owned);
    [&arguments[..], filter].concat()
}

fn tells_cpu_time() -> Result<(), String> {
    if std::path::Path::new("/proc/self/schedstat").exists() {
        return Ok(());
    }
    Err("no /proc/self/schedstat, which tells CPU time on Linux".to_owned())
}

fn has_browser() -> Result<(), String> {
    has_programs(
        &["chromium", "chromedriver"],
        "apt-get install chromium chromium-driver",
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

/// What every suite with a real Envoy needs.
fn prepare() -> Result<()> {
    let filters: Vec<_> = FILTERS.iter().collect();
    build::build(&filters, wasm_target::set_up()?)?;
    // Found here once, and fetched if need be, rather than by many tests at the same time.
    Find::new().find()?;
    Ok(())
}

/// `cargo test`, whose own closing lines stay as they are.
fn cargo_test(selection: &[&str], filter: &[String]) -> Result<()> {
    let mut cargo = process::cargo();
    cargo
        .current_dir(workspace::root())
        .args(["test", "--no-fail-fast"])
        .args(selection);
    if !filter.is_empty() {
        cargo.arg("--").args(filter);
    }
    process::run(&mut cargo)
}
