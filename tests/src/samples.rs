//! The bootstraps among the files of `envoy-configs/`, and the Envoy versions they need.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

use crate::{
    envoy::{Builder, Envoy, File},
    paths, yaml,
};

/// A file that Envoy can be started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    /// Its path in `envoy-configs/`, without `.yaml`.
    pub name: String,
    /// The first minor version of Envoy that it needs, if its first comment says
    /// `Needs Envoy 1.39.`
    pub needs: Option<(u32, u32)>,
}

impl Bootstrap {
    /// Whether it runs on this version, such as `1.38.2`.
    #[must_use]
    pub fn runs_on(&self, version: &str) -> bool {
        self.needs.is_none_or(|first| minor(version) >= Some(first))
    }

    /// Builds an Envoy with it, and with the files next to it if it is in `dynamic/`.
    pub fn envoy(&self) -> Builder<File> {
        let builder = Envoy::from_sample(&self.name);
        if self.name.starts_with("dynamic/") {
            builder.dynamic_samples("/etc/envoy/dynamic/", "dynamic")
        } else {
            builder
        }
    }
}

/// Returns all files of `envoy-configs/`, by their paths in it, with their texts.
///
/// # Errors
/// If one cannot be read as text.
pub fn files() -> Result<Vec<(String, String)>> {
    let folder = paths::workspace().join("envoy-configs");
    let named = |file: PathBuf| {
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok((file.strip_prefix(&folder)?.display().to_string(), text))
    };
    paths::files_below(&folder)?
        .into_iter()
        .map(named)
        .collect()
}

/// Returns all bootstraps, by name. Other files are parts of a bootstrap, or for other programs.
///
/// # Errors
/// If a file cannot be read.
pub fn bootstraps() -> Result<Vec<Bootstrap>> {
    let mut found = Vec::new();
    for (file, text) in files()? {
        let Some(name) = file.strip_suffix(".yaml") else {
            continue;
        };
        // A file with several documents is for Kubernetes.
        let Ok(content) = yaml::parse(&text) else {
            continue;
        };
        let resources = ["static_resources", "dynamic_resources"];
        if resources.iter().any(|key| content.get(key).is_some()) {
            found.push(Bootstrap {
                name: name.to_owned(),
                needs: needs(&text),
            });
        }
    }
    Ok(found)
}

/// Returns the bootstrap with that name.
///
/// # Errors
/// If it does not exist.
pub fn bootstrap(name: &str) -> Result<Bootstrap> {
    bootstraps()?
        .into_iter()
        .find(|bootstrap| bootstrap.name == name)
        .with_context(|| format!("no bootstrap envoy-configs/{name}.yaml"))
}

/// Returns the version after `Needs Envoy` in the first paragraph of the first comment.
fn needs(text: &str) -> Option<(u32, u32)> {
    let paragraph: Vec<&str> = text
        .lines()
        .map_while(|line| line.strip_prefix('#').map(str::trim))
        .take_while(|line| !line.is_empty())
        .collect();
    let paragraph = paragraph.join(" ");
    let (_, version) = paragraph.split_once("Needs Envoy ")?;
    minor(version)
}

fn minor(version: &str) -> Option<(u32, u32)> {
    let number = |text: &str| {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    let (major, rest) = version.split_once('.')?;
    Some((number(major)?, number(rest)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_comment_names_the_first_envoy_that_a_sample_needs() {
        let cases = [
            ("# A. Needs Envoy 1.39.\n#\n# B.\n", Some((1, 39))),
            (
                "# A, which\n# Needs Envoy\n# 1.39.2, or later.\n",
                Some((1, 39)),
            ),
            ("# A.\n#\n# Needs Envoy 1.39.\n", None),
            ("# Needs Envoy of late.\n", None),
            ("a: Needs Envoy 1.39.\n", None),
        ];
        for (text, expected) in cases {
            assert_eq!(needs(text), expected, "{text}");
        }
        let sample = Bootstrap {
            name: "a".into(),
            needs: Some((1, 39)),
        };
        for (version, expected) in [("1.38.2", false), ("1.39.0", true), ("1.40.0", true)] {
            assert_eq!(sample.runs_on(version), expected, "{version}");
        }
    }

    #[test]
    fn parts_of_a_bootstrap_and_files_for_other_programs_are_none() {
        let names: Vec<_> = bootstraps().unwrap().into_iter().map(|b| b.name).collect();
        assert!(names.contains(&"cors".to_string()), "{names:?}");
        assert!(!names.contains(&"fleet/limits".to_string()), "{names:?}");
    }
}
