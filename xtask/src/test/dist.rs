//! The suite `dist`: checks that the contents of a release match its checksums, and that a registry
//! returns what was built.

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::{catalog, process, workspace};

/// Builds a release and checks it.
pub(super) fn run(_: &[String]) -> Result<()> {
    let xtask = || -> Result<Command> {
        let mut xtask = Command::new(std::env::current_exe()?);
        xtask.current_dir(workspace::root());
        Ok(xtask)
    };
    process::run(xtask()?.args(["dist", "--allow-dirty"]))?;
    let dist = workspace::root().join("dist");
    let mut check = Command::new("sha256sum");
    process::run(
        check
            .current_dir(&dist)
            .args(["--check", "--quiet", "SHA256SUMS"]),
    )?;
    check_program(&dist)?;
    let registry = Registry::start()?;
    let place = format!("127.0.0.1:{}/filters", registry.port);
    process::run(xtask()?.args(["push", "--plain-http", &place]))?;
    for filter in catalog::filters()? {
        let module = fs::read(dist.join(format!("{}.wasm", filter.name)))?;
        let folder = registry.folder.join(format!("pulled-{}", filter.name));
        let image = format!(
            "docker://{place}/{}:{}",
            filter.name,
            env!("CARGO_PKG_VERSION")
        );
        let mut pull = Command::new("skopeo");
        pull.args(["copy", "--quiet", "--src-tls-verify=false", &image])
            .arg(format!("dir:{}", folder.display()));
        process::run(&mut pull)?;
        ensure!(plugin(&folder)? == module, "{image} holds another module");
        println!("{image} holds the module of dist/");
    }
    Ok(())
}

/// Checks that the program runs on its own, anywhere, and starts quickly.
fn check_program(dist: &Path) -> Result<()> {
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let mut program = Command::new(dist.join("filter-catalog"));
        program.env_clear().args(["explain", "jwt_expired"]);
        let begun = Instant::now();
        let answer = process::output(&mut program)?;
        fastest = fastest.min(begun.elapsed());
        ensure!(answer.starts_with("jwt_expired (jwt-auth)"), "{answer}");
    }
    let took = fastest;
    ensure!(
        took < Duration::from_millis(50),
        "filter-catalog took {took:?} to answer"
    );
    println!("filter-catalog answers in {took:?}");
    Ok(())
}

/// Returns `plugin.wasm` of the image in a folder as skopeo writes it.
fn plugin(folder: &Path) -> Result<Vec<u8>> {
    let manifest: Value = serde_json::from_slice(&fs::read(folder.join("manifest.json"))?)?;
    let layers = manifest["layers"].as_array().map(Vec::as_slice);
    let [layer] = layers.unwrap_or_default() else {
        bail!("not one layer: {manifest}");
    };
    let digest = layer["digest"].as_str().context("a digest")?;
    let layer = fs::read(folder.join(digest.trim_start_matches("sha256:")))?;
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&layer[..]));
    for entry in archive.entries()? {
        let mut entry = entry?;
        if entry.path()?.as_os_str() == "plugin.wasm" {
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            return Ok(content);
        }
    }
    bail!("no plugin.wasm in {}", folder.display())
}

/// A registry on loopback. Stopped and emptied on drop.
struct Registry {
    process: Child,
    port: u16,
    folder: std::path::PathBuf,
}

impl Registry {
    fn start() -> Result<Self> {
        let folder = workspace::target().join("registry");
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(&folder)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let config = folder.join("config.yml");
        let storage = folder.join("storage");
        fs::write(
            &config,
            format!(
                "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n",
                storage.display()
            ),
        )?;
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot run docker-registry")?;
        let registry = Self {
            process,
            port,
            folder,
        };
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(
                begun.elapsed() < Duration::from_secs(20),
                "the registry does not listen"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(registry)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // Both fail only if the process has already ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
        fs::remove_dir_all(&self.folder).ok();
    }
}
