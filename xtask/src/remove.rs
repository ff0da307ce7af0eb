//! `cargo xtask remove NAME`: removes a filter from the workspace, with its sample, its tests and
//! its rows.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::{catalog, new, process, workspace};

/// Arguments of `cargo xtask remove`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Name of the filter
    name: String,
}

/// Files with a row for each filter.
const REGISTERED: [&str; 2] = ["cli/Cargo.toml", "tests/src/cases.rs"];

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    catalog::find(&args.name)?;
    let root = workspace::root();
    for path in remove(root, &args.name)? {
        println!("removed from {path}");
    }
    new::finish(|| {
        let mut cargo = process::cargo();
        cargo.current_dir(root);
        cargo
    })?;
    println!(
        "What still names it: git grep {}. Next: cargo xtask test",
        args.name
    );
    Ok(())
}

/// Removes the filter from the workspace at `root`, including everything that `cargo xtask new`
/// creates. Returns what was changed.
fn remove(root: &Path, name: &str) -> Result<Vec<String>> {
    let snake = name.replace('-', "_");
    let rows = [format!("{name} = {{"), format!("    {snake}: \"{name}\",")];
    let mut changed = Vec::new();
    for file in REGISTERED {
        let text =
            fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {file}"))?;
        let is_row = |line: &&str| rows.iter().any(|row| line.starts_with(row));
        if !text.lines().any(|line| is_row(&line)) {
            bail!("{file} has no row of {name}; take it out by hand");
        }
        let left: String = text
            .split_inclusive('\n')
            .filter(|line| !is_row(line))
            .collect();
        fs::write(root.join(file), left)?;
        changed.push(file.to_owned());
    }
    for path in [
        format!("filters/{name}"),
        format!("tests/tests/{snake}"),
        format!("tests/src/cases/{snake}.rs"),
        format!("envoy-configs/{name}.yaml"),
    ] {
        let whole = root.join(&path);
        let removed = if whole.is_dir() {
            fs::remove_dir_all(&whole)
        } else {
            fs::remove_file(&whole)
        };
        if removed.is_ok() {
            changed.push(path);
        }
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_new_makes_remove_takes_out_again() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for file in REGISTERED
            .iter()
            .chain(&["envoy-configs/cors.yaml", "Cargo.toml"])
        {
            let to = root.join(file);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(workspace::root().join(file), to).unwrap();
        }
        let read = |file: &str| fs::read_to_string(root.join(file)).unwrap();
        let before = REGISTERED.map(read);
        let made = new::create(root, "geo-block", "blank").unwrap();
        assert!(
            made.len() > 12 && REGISTERED.map(read) != before,
            "{made:?}"
        );
        let row = "geo-block = { path = \"../filters/geo-block\", features = [\"schema\"] }\n";
        assert!(read("cli/Cargo.toml").contains(row));
        remove(root, "geo-block").unwrap();
        assert_eq!(REGISTERED.map(read), before);
        assert!(!root.join("filters/geo-block").exists());
        assert!(!root.join("tests/tests/geo_block").exists());
    }
}
