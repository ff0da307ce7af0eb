//! Writes the rows of `catalog::FILTERS`: one for each filter that `Cargo.toml` depends on.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=Cargo.toml");
    let manifest = fs::read_to_string("Cargo.toml")?;
    let mut rows = String::new();
    for line in manifest.lines() {
        if let Some((name, _)) = line.split_once(" = { path = \"../filters/") {
            rows.push_str(&row(name)?);
        }
    }
    let folder = env::var_os("OUT_DIR").unwrap_or_default();
    fs::write(Path::new(&folder).join("filters.rs"), format!("&[{rows}]"))
}

fn row(name: &str) -> io::Result<String> {
    let sources = format!("../filters/{name}/src");
    println!("cargo::rerun-if-changed={sources}/lib.rs");
    let library = fs::read_to_string(format!("{sources}/lib.rs"))?;
    let entry = library.split("host::start::<crate::").nth(1);
    let filter = entry.and_then(|rest| rest.split('>').next());
    let filter = filter.ok_or_else(|| io::Error::other(format!("{name} starts no filter")))?;
    // A filter without its own reasons is composed of others.
    let kind = match Path::new(&format!("{sources}/reasons.md")).is_file() {
        true => "filter",
        false => "composed",
    };
    let package = name.replace('-', "_");
    Ok(format!("{kind}!(\"{name}\", {package}::{filter}),"))
}
