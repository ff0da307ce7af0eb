//! A filter in its own repository, and the tutorial in it: created, tested, built, and run in
//! Envoy.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::copy_sources;
use crate::{new, process, wasm_target, workspace};

/// The filter of docs/tutorial.md.
const NAME: &str = "maintenance";

/// The folder that cargo uses as the repository; it caches copies under this name.
const UPSTREAM: &str = "copied-filter-upstream";

/// How much the size of the module may differ from that of the same filter in the catalog, in
/// bytes: the filter's name and the paths of the kit's sources have different lengths.
const TOLERANCE: u64 = 1024;

/// Creates the filter of the tutorial in `root`, and compiles it in `target`. `catalog` is the size
/// of the module of the same filter in the catalog, if it was created.
pub(super) fn check(root: &Path, target: &Path, catalog: Option<u64>, envoy: &str) -> Result<()> {
    let upstream = target.with_file_name(UPSTREAM);
    commit(&upstream)?;
    fs::remove_dir_all(root).ok();
    let repository = format!("file://{}", upstream.display());
    new::standalone::create(workspace::root(), root, NAME, "blank", &repository)?;
    let cargo = || {
        let mut cargo = process::cargo();
        cargo.current_dir(root).env("CARGO_TARGET_DIR", target);
        cargo
    };
    new::check_standalone(cargo)?;
    let module = target.join(format!("filters/{NAME}.wasm"));
    let size = fs::metadata(&module)?.len();
    if let Some(catalog) = catalog {
        ensure!(
            size.abs_diff(catalog) < TOLERANCE,
            "the module has {size} bytes, and that of the catalog {catalog}"
        );
    }

    let page = fs::read_to_string(workspace::root().join("docs/tutorial.md"))?;
    let answer = follow(&page, root)?;
    process::run(cargo().args(["fmt", "--all", "--check"]))?;
    new::check_standalone(cargo)?;
    let mut lints = cargo();
    let lints = lints.args(["clippy", "--package", NAME, "--all-targets", "--"]);
    process::run(lints.args(["-D", "warnings"]))?;
    if wasm_target::has_target() {
        let lints = format!(
            "clippy --package {NAME} --target {} --",
            wasm_target::TARGET
        );
        process::run(cargo().args(lints.split(' ')).args(["-D", "warnings"]))?;
    }
    let envoy = Envoy::start(envoy, root, target)?;
    let closed = envoy.get("/orders/7")?;
    for line in answer {
        ensure!(closed.contains(&line), "no {line:?} in:\n{closed}");
    }
    // A request that continues finds no upstream here, so Envoy itself answers with 503.
    let open = envoy.get("/items")?;
    ensure!(!open.contains("retry-after"), "/items is closed:\n{open}");
    println!("the filter of docs/tutorial.md answers as the page says");
    forget(UPSTREAM)
}

/// Creates a repository of the sources with one commit, always the same for the same sources.
fn commit(folder: &Path) -> Result<()> {
    fs::remove_dir_all(folder).ok();
    fs::create_dir_all(folder)?;
    copy_sources(workspace::root(), folder)?;
    let git = |args: &str| {
        let mut git = Command::new("git");
        git.current_dir(folder).args(args.split(' '));
        for who in ["AUTHOR", "COMMITTER"] {
            git.env(format!("GIT_{who}_NAME"), "test")
                .env(format!("GIT_{who}_EMAIL"), "test@example.com")
                .env(format!("GIT_{who}_DATE"), "2026-01-01T00:00:00Z");
        }
        process::output(&mut git)
    };
    git("init --quiet")?;
    git("add --all")?;
    git("commit --quiet --message sources --no-gpg-sign")?;
    Ok(())
}

/// Removes cargo's copies of the repository.
fn forget(name: &str) -> Result<()> {
    for kind in ["db", "checkouts"] {
        let folder = wasm_target::cargo_home()?.join("git").join(kind);
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(name) {
                fs::remove_dir_all(entry.path())?;
            }
        }
    }
    Ok(())
}

/// Follows the page: writes its files and its configuration. Returns the lines of the response that
/// it promises.
fn follow(page: &str, root: &Path) -> Result<Vec<String>> {
    let mut answer = Vec::new();
    let mut files = 0;
    let mut pieces = page.split("\n```");
    let mut before = pieces.next().unwrap_or_default();
    while let (Some(block), after) = (pieces.next(), pieces.next()) {
        let (kind, text) = block.split_once('\n').unwrap_or_default();
        match kind {
            "rust" => {
                let path = before.trim_end().lines().last().unwrap_or_default();
                let path = path.trim_matches(['`', ':']);
                let file = root.join(path);
                ensure!(file.is_file(), "the blank has no {path}");
                fs::write(file, format!("{text}\n"))?;
                files += 1;
            }
            "yaml" => configure(&root.join("envoy.yaml"), text)?,
            "text" => answer = text.lines().map(str::to_owned).collect(),
            _ => {}
        }
        before = after.unwrap_or_default();
    }
    ensure!(files == 3 && answer.len() > 2, "{files} files, {answer:?}");
    answer.retain(|line| !line.is_empty());
    Ok(answer)
}

/// Replaces the configuration below `value:`.
fn configure(sample: &Path, configuration: &str) -> Result<()> {
    const VALUE: &str = "                          value:\n";
    let text = fs::read_to_string(sample)?;
    let (before, after) = text.split_once(VALUE).context("no value:")?;
    let router = after
        .find("                  - name: envoy.filters.http.router")
        .context("no router")?;
    let indented: String = configuration
        .lines()
        .map(|line| format!("{:28}{line}\n", ""))
        .collect();
    let text = format!("{before}{VALUE}{indented}{}", &after[router..]);
    Ok(fs::write(sample, text)?)
}

/// An Envoy with the repository's configuration, on its own ports. Stopped on drop.
struct Envoy {
    process: Child,
    port: u16,
}

impl Envoy {
    fn start(program: &str, root: &Path, target: &Path) -> Result<Self> {
        let port = || -> Result<u16> { Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port()) };
        let (ingress, admin, upstream) = (port()?, port()?, port()?);
        let filters = format!("{}/filters/", target.display());
        let config = fs::read_to_string(root.join("envoy.yaml"))?
            .replace("/etc/envoy/filters/", &filters)
            .replace("address: 0.0.0.0", "address: 127.0.0.1")
            .replace("port_value: 10000", &format!("port_value: {ingress}"))
            .replace("port_value: 9901", &format!("port_value: {admin}"))
            .replace("port_value: 8080", &format!("port_value: {upstream}"));
        let file = root.join("envoy.test.yaml");
        fs::write(&file, config)?;
        let log = root.join("envoy.log");
        let process = Command::new(program)
            .args(["--disable-hot-restart", "--concurrency", "1", "-c"])
            .arg(&file)
            .arg("--log-path")
            .arg(&log)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot run Envoy")?;
        let mut envoy = Self {
            process,
            port: ingress,
        };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", ingress)).is_err() {
            let has_ended = envoy.process.try_wait()?.is_some();
            if has_ended || begun.elapsed() > Duration::from_secs(60) {
                bail!("Envoy does not listen; {} says why", log.display());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(envoy)
    }

    /// Returns the whole response to a request.
    fn get(&self, path: &str) -> Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        // Both fail only if the process has already ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_writes_the_files_of_a_blank_and_says_what_is_answered() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        new::standalone::create(
            workspace::root(),
            root,
            NAME,
            "blank",
            "https://example.com/r",
        )
        .unwrap();
        let page = fs::read_to_string(workspace::root().join("docs/tutorial.md")).unwrap();
        let answer = follow(&page, root).unwrap();
        assert!(
            answer.contains(&"retry-after: 600".to_owned()),
            "{answer:?}"
        );
        let filter = fs::read_to_string(root.join("filters/maintenance/src/filter.rs")).unwrap();
        assert!(filter.contains("struct Maintenance") && filter.ends_with("}\n"));
        let sample = fs::read_to_string(root.join("envoy.yaml")).unwrap();
        assert!(sample.contains("\n                            retry_after: 10m\n"));
        assert!(!sample.contains("header: x-from-edge"), "{sample}");
    }
}
