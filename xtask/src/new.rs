//! `cargo xtask new NAME --from FILTER`: creates your own filter as a copy of one that works.
//!
//! The copy builds, lints and passes its tests before you change a line: the crate, its sample, its
//! suite against Envoy, and its rows in the lists of filters. What only you can write is printed as
//! a list.
//!
//! | Module | Contents |
//! |---|---|
//! | [`blank`] | a filter that does nothing yet |
//! | [`name`] | the accepted names of filters |
//! | [`rename`] | replaces the old name in a text with the new one |
//! | [`register`] | rows in Cargo's files and in the lists of filters |
//! | [`standalone`] | a filter in its own repository |

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use self::name::Names;
use crate::{catalog, process, term, workspace};

mod blank;
mod name;
mod register;
mod rename;
pub(crate) mod standalone;

/// The filter that cannot be copied.
const COMPOSED: &str = "chain";

/// Arguments of `cargo xtask new`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Name of the new filter: lower-case words with hyphens, such as `geo-block`
    name: String,
    /// The filter to copy; `blank` is a complete filter in under 100 lines
    #[arg(long, value_name = "FILTER")]
    from: String,
    /// Create it in this folder, as a repository of its own that depends on filter-kit by git
    #[arg(long, value_name = "DIR")]
    standalone: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    if args.from == COMPOSED {
        bail!("{COMPOSED} is made of the other filters; start from one of them, or from blank");
    }
    if args.from != blank::BLANK {
        catalog::find(&args.from)?;
    }
    let root = workspace::root();
    if let Some(folder) = &args.standalone {
        return run_standalone(args, folder);
    }
    for file in create(root, &args.name, &args.from)? {
        println!("wrote {file}");
    }
    finish(|| {
        let mut cargo = process::cargo();
        cargo.current_dir(root);
        cargo
    })?;
    let mut test = process::cargo();
    process::run(
        test.current_dir(root)
            .args(["test", "--quiet", "--package", &args.name]),
    )?;
    print_what_is_left(&args.name);
    Ok(())
}

fn run_standalone(args: &Args, folder: &Path) -> Result<()> {
    let repository = catalog::repository()?;
    let (name, root) = (&args.name, workspace::root());
    for file in standalone::create(root, folder, name, &args.from, &repository)? {
        println!("wrote {}", folder.join(file).display());
    }
    check_standalone(|| {
        let mut cargo = process::cargo();
        cargo.current_dir(folder);
        cargo
    })?;
    println!(
        "\n{}\nNext: cd {}, and see README.md",
        term::bold("It builds, and its tests pass."),
        folder.display()
    );
    Ok(())
}

/// Formats, tests and builds what `standalone` has created. `cargo` runs there.
pub(crate) fn check_standalone(cargo: impl Fn() -> Command) -> Result<()> {
    process::run(cargo().args(["fmt", "--all"]))?;
    eprintln!("compiling the new filter …");
    process::run(cargo().args(["test", "--quiet", "--workspace"]))?;
    process::run(cargo().args(["xtask", "build"]))
}

/// Writes the filter to the workspace at `root`. Returns the files that were created or changed.
pub(crate) fn create(root: &Path, name: &str, from: &str) -> Result<Vec<String>> {
    let names = Names::new(name, from);
    names.check(root)?;
    // Everything is read and computed before anything is written, so a failure does not leave half
    // a filter.
    let files = if from == blank::BLANK {
        let mut files = blank::files(root, &names)?;
        files.extend(register::changes(root, &Names::new(name, blank::PATTERN))?);
        files
    } else {
        let mut files = copies(root, &names)?;
        files.extend(register::changes(root, &names)?);
        files
    };
    for (path, text) in &files {
        let whole = root.join(path);
        if let Some(folder) = whole.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {path}"))?;
        }
        fs::write(&whole, text).with_context(|| format!("cannot write {path}"))?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

/// Formats lines whose length has changed with the name, and writes the generated schema and
/// tables. `cargo` runs in the workspace.
pub(crate) fn finish(cargo: impl Fn() -> Command) -> Result<()> {
    process::run(cargo().args(["fmt", "--all"]))?;
    eprintln!("compiling the new filter …");
    process::run(cargo().args(["run", "--quiet", "--package", "xtask", "--", "docs"]))
}

/// A path in the workspace, and the new content of the file.
type File = (String, String);

/// Returns the crate, the sample and the suite of the new filter.
fn copies(root: &Path, names: &Names) -> Result<Vec<File>> {
    let old = names.old();
    let mut files = files_below(root, &format!("filters/{}", old.kebab))?;
    for single in [
        format!("envoy-configs/{}.yaml", old.kebab),
        format!("tests/tests/{}/main.rs", old.snake),
        format!("tests/src/cases/{}.rs", old.snake),
    ] {
        if root.join(&single).is_file() {
            files.push((single.clone(), read(root, &single)?));
        }
    }
    let renamer = names.renamer(files.iter().map(|(_, text)| text.as_str()));
    Ok(files
        .into_iter()
        .map(|(path, text)| {
            let text = renamer.text(&path, &text);
            let text = if path.ends_with("Cargo.toml") {
                register::with_description(&text, names)
            } else if path.starts_with("tests/tests/") {
                without_modules(&text)
            } else if path.starts_with("envoy-configs/") {
                not_yet_closed(&text)
            } else {
                text
            };
            (renamer.path(&path), text)
        })
        .collect())
}

/// Keeps only the first file of a test program. The others are specific to the old filter, for
/// example comparisons with Envoy's own.
fn without_modules(program: &str) -> String {
    let is_module = |line: &&str| line.starts_with("mod ") && line.ends_with(";\n");
    program
        .split_inclusive('\n')
        .filter(|line| !is_module(line))
        .collect()
}

/// Adds a note to the sample for the test that requires a table of attacks for every sample.
fn not_yet_closed(sample: &str) -> String {
    let end = sample.find("\n#\n").map_or(0, |end| end + "\n#\n".len());
    let (head, rest) = sample.split_at(end);
    format!(
        "{head}# NOT YET CLOSED: no test plays what a client would try against this.\n#\n{rest}"
    )
}

/// Returns all files below a folder of the workspace.
fn files_below(root: &Path, folder: &str) -> Result<Vec<File>> {
    let file = |path: PathBuf| {
        let path = path.strip_prefix(root)?.display().to_string();
        let text = read(root, &path)?;
        Ok((path, text))
    };
    let files = workspace::files_below(&root.join(folder))?;
    files.into_iter().map(file).collect()
}

fn read(root: &Path, path: &str) -> Result<String> {
    fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))
}

fn print_what_is_left(name: &str) {
    let snake = name::snake(name);
    println!(
        "\n{}\n\
         \n  filters/{name}/            its logic, its README, `description` and the size it may have in its Cargo.toml\
         \n  tests/tests/{snake}/, tests/src/cases/{snake}.rs, filters/{name}/tests/hostile.json, envoy-configs/{name}.yaml\
         \n                             follow the logic; tests/tests/envoy/configuration.rs wants a mistake of its own\
         \n  envoy-configs/all-filters.yaml\
         \n                             its place in the chain; then a chapter in tests/src/bin/harness/demo/tour.rs\
         \n  tests/tests/all/closed/    what a client would try against its sample; then NOT YET CLOSED goes from its comment\
         \n  envoy-configs/istio/, envoy-configs/envoy-gateway/, envoy-configs/grafana/\
         \n                             how Kubernetes runs it, and what of it a dashboard shows\
         \n  CHANGELOG.md               a line\n\
         \nNext: cargo test -p {name}, then cargo xtask serve {name} (CONTRIBUTING.md, \"Adding a filter\")",
        term::bold("It builds, and its unit tests pass. Left for you:"),
    );
}

#[cfg(test)]
mod tests;
