//! `--from blank`: a whole filter in under 100 lines, with its sample and its test, as templates in
//! `blank/`.

use std::path::Path;

use anyhow::{Context, Result};

use super::name::Names;
use super::{File, read};

/// The name of the blank filter on the command line.
pub(super) const BLANK: &str = "blank";

/// The filter whose sample and rows serve as the pattern for the blank filter.
pub(super) const PATTERN: &str = "cors";

/// Returns the files of the new filter.
pub(super) fn files(root: &Path, names: &Names) -> Result<Vec<File>> {
    let new = names.new_forms();
    let fill = |template: &str| {
        template
            .replace("NAME", &new.kebab)
            .replace("SNAKE", &new.snake)
            .replace("PASCAL", &new.pascal)
    };
    let (name, snake) = (&new.kebab, &new.snake);
    let sample = sample(&read(root, &format!("envoy-configs/{PATTERN}.yaml"))?, name)?;
    Ok(vec![
        (
            format!("filters/{name}/Cargo.toml"),
            fill(include_str!("blank/Cargo.toml.txt")),
        ),
        (
            format!("filters/{name}/README.md"),
            fill(include_str!("blank/README.md.txt")),
        ),
        (
            format!("filters/{name}/src/lib.rs"),
            fill(include_str!("blank/lib.rs.txt")),
        ),
        (
            format!("filters/{name}/src/config.rs"),
            fill(include_str!("blank/config.rs.txt")),
        ),
        (
            format!("filters/{name}/src/filter.rs"),
            fill(include_str!("blank/filter.rs.txt")),
        ),
        (
            format!("filters/{name}/src/reasons.md"),
            fill(include_str!("blank/reasons.md.txt")),
        ),
        (
            format!("filters/{name}/tests/whole.rs"),
            fill(include_str!("blank/whole.rs.txt")),
        ),
        (
            format!("filters/{name}/tests/hostile.json"),
            "{\"header\": \"x-bytes\", \"value\": \"a\"}\n".to_owned(),
        ),
        (
            format!("envoy-configs/{name}.yaml"),
            super::not_yet_closed(&sample),
        ),
        (
            format!("tests/tests/{snake}/main.rs"),
            fill(include_str!("blank/main.rs.txt")),
        ),
        (
            format!("tests/src/cases/{snake}.rs"),
            fill(include_str!("blank/cases.rs.txt")),
        ),
    ])
}

/// Returns the pattern's sample with the blank filter's configuration.
fn sample(pattern: &str, name: &str) -> Result<String> {
    let changed = "the sample of cors has changed its shape: add the sample by hand";
    let (_, after) = pattern.split_once("\nadmin:").context(changed)?;
    let (before, after) = after
        .split_once("                          value:\n")
        .context(changed)?;
    let (_, after) = after
        .split_once("                  - name: envoy.filters.http.router\n")
        .context(changed)?;
    let (before, comment) = before
        .split_once("                  # Stands first")
        .context(changed)?;
    let (_, plugin) = comment.split_once('\n').context(changed)?;
    // Removes the routes that demonstrate the pattern.
    let routes = "                      routes:\n";
    let (head, own) = after.split_once(routes).context(changed)?;
    let everything = own
        .find("                        - match: {prefix: /}")
        .context(changed)?;
    let after = format!("{head}{routes}{}", &own[everything..]);
    let plugin = plugin
        .replace("name: cors", &format!("name: {name}"))
        .replace("root_id: cors", &format!("root_id: {name}"))
        .replace("vm_id: cors", &format!("vm_id: {name}"))
        .replace("/cors.wasm", &format!("/{name}.wasm"));
    Ok(format!(
        "# Tells the server that a request came through this Envoy, whatever the client says.\n#\n# Try it:\n#   cargo xtask serve {name}\n\
         #   curl -i http://localhost:10000/ -H 'x-from-edge: no'\n\nadmin:{before}{plugin}                          value:\n{}\
         \x20                 - name: envoy.filters.http.router\n{after}",
        include_str!("blank/sample.yaml.txt")
    ))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_blank_is_under_a_hundred_lines() {
        let code = [
            include_str!("blank/lib.rs.txt"),
            include_str!("blank/config.rs.txt"),
            include_str!("blank/filter.rs.txt"),
        ];
        let is_code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
        let lines: usize = code
            .iter()
            .map(|file| file.lines().filter(is_code).count())
            .sum();
        assert!(lines < 100, "{lines}");
    }
}
