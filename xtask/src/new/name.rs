//! The accepted names of filters, and the forms of a name.

use std::path::Path;

use anyhow::{Result, bail};

use super::read;
use super::rename::Renamer;

/// The new name, and the name of the filter that is copied.
pub(super) struct Names {
    new: Forms,
    old: Forms,
}

/// A name as folder and package, as identifier, and as type.
pub(super) struct Forms {
    /// `geo-block`
    pub(super) kebab: String,
    /// `geo_block`
    pub(super) snake: String,
    /// `GeoBlock`
    pub(super) pascal: String,
}

/// Words that have another meaning in Rust, to Cargo, or in `filter-catalog`, where every filter is
/// a dependency.
const TAKEN: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "catalog",
    "config",
    "const",
    "continue",
    "core",
    "crate",
    "debug",
    "demo",
    "deps",
    "do",
    "docs",
    "dyn",
    "e2e",
    "else",
    "entry",
    "enum",
    "examples",
    "extern",
    "false",
    "filter-catalog",
    "filter-kit",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "new",
    "override",
    "priv",
    "proc-macro",
    "process",
    "pub",
    "ref",
    "return",
    "self",
    "serve",
    "static",
    "std",
    "struct",
    "super",
    "term",
    "test",
    "token",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "validate",
    "virtual",
    "wasm-target",
    "where",
    "while",
    "workspace",
    "xtask",
    "yield",
];

impl Names {
    pub(super) fn new(new: &str, old: &str) -> Names {
        Names {
            new: Forms::of(new),
            old: Forms::of(old),
        }
    }

    pub(super) fn new_forms(&self) -> &Forms {
        &self.new
    }

    pub(super) fn old(&self) -> &Forms {
        &self.old
    }

    /// Returns a renamer for these texts. Types are not renamed if the new name already occurs in
    /// one of them.
    pub(super) fn renamer<'t>(&self, mut texts: impl Iterator<Item = &'t str>) -> Renamer<'_> {
        let types = !texts.any(|text| text.contains(&self.new.pascal));
        Renamer::new(&self.new, &self.old, types)
    }

    /// Checks that the new name can be used for a filter in the workspace at `root`.
    pub(super) fn check(&self, root: &Path) -> Result<()> {
        let name = &self.new.kebab;
        let words_are_plain = name.split('-').all(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
        if !words_are_plain || !name.starts_with(|first: char| first.is_ascii_lowercase()) {
            bail!(
                "\"{name}\" cannot name a filter; lower-case letters and digits in words with hyphens are accepted, as in geo-block"
            );
        }
        for taken in [
            format!("filters/{name}"),
            format!("envoy-configs/{name}.yaml"),
            format!("tests/tests/{}", self.new.snake),
            format!("tests/tests/{}.rs", self.new.snake),
        ] {
            if root.join(&taken).exists() {
                bail!("{taken} is there already; choose another name, or remove it");
            }
        }
        if TAKEN.contains(&name.as_str()) || is_dependency(&read(root, "Cargo.toml")?, name) {
            bail!("\"{name}\" means something else in the workspace; choose another name");
        }
        Ok(())
    }
}

impl Forms {
    fn of(kebab: &str) -> Forms {
        let pascal = kebab.split('-').map(|word| {
            let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
            first.to_ascii_uppercase() + rest
        });
        Forms {
            kebab: kebab.to_owned(),
            snake: snake(kebab),
            pascal: pascal.collect(),
        }
    }
}

/// Converts the name to an identifier.
pub(super) fn snake(kebab: &str) -> String {
    kebab.replace('-', "_")
}

/// Whether the workspace's `Cargo.toml` has a dependency with this name.
fn is_dependency(manifest: &str, name: &str) -> bool {
    manifest
        .lines()
        .filter_map(|line| line.split_once('='))
        .any(|(key, _)| snake(key.trim()) == snake(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_three_forms() {
        let forms = Forms::of("geo-block2");
        assert_eq!(
            [forms.kebab, forms.snake, forms.pascal],
            ["geo-block2", "geo_block2", "GeoBlock2"]
        );
    }

    #[test]
    fn names_that_would_not_build_are_refused() {
        let root = crate::workspace::root();
        for (name, reason) in [
            ("", "cannot name a filter"),
            ("Geo", "cannot name a filter"),
            ("geo_block", "cannot name a filter"),
            ("2geo", "cannot name a filter"),
            ("-geo", "cannot name a filter"),
            ("geo--block", "cannot name a filter"),
            ("../geo", "cannot name a filter"),
            ("géo", "cannot name a filter"),
            ("match", "means something else"),
            ("regex", "means something else"),
            ("proxy-wasm", "means something else"),
            ("config", "means something else"),
            ("cors", "filters/cors is there already"),
            (
                "all-filters",
                "envoy-configs/all-filters.yaml is there already",
            ),
            ("envoy", "tests/tests/envoy is there already"),
            ("soak", "tests/tests/soak.rs is there already"),
        ] {
            let error = Names::new(name, "cors").check(root).unwrap_err();
            assert!(error.to_string().contains(reason), "{name}: {error}");
        }
        for name in ["geo-block", "x", "a1"] {
            Names::new(name, "cors").check(root).unwrap();
        }
    }
}
