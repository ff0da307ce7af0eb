//! Files that Envoy watches: listeners, clusters and filter configurations served from a folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::substitute::Substitution;
use crate::paths;

/// The files to serve, before the run.
#[derive(Clone)]
pub(super) struct Files {
    /// The path of their folder in the bootstrap.
    pub(super) path: String,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Given(Vec<(String, String)>),
    Folder(PathBuf),
}

impl Files {
    pub(super) fn given(path: &str, files: &[(&str, &str)]) -> Self {
        let own = |(name, text): &(&str, &str)| (name.to_string(), text.to_string());
        Self {
            path: path.to_string(),
            content: Content::Given(files.iter().map(own).collect()),
        }
    }

    pub(super) fn samples(path: &str, folder: &str) -> Self {
        let folder = paths::workspace().join("envoy-configs").join(folder);
        Self {
            path: path.to_string(),
            content: Content::Folder(folder),
        }
    }

    /// Returns names and texts, as written.
    pub(super) fn read(&self) -> Result<Vec<(String, String)>> {
        let folder = match &self.content {
            Content::Given(files) => return Ok(files.clone()),
            Content::Folder(folder) => folder,
        };
        let mut files = Vec::new();
        for entry in
            fs::read_dir(folder).with_context(|| format!("no folder {}", folder.display()))?
        {
            let path = entry?.path();
            if path.is_file() {
                let name = path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                files.push((name, fs::read_to_string(&path)?));
            }
        }
        files.sort();
        Ok(files)
    }
}

/// A folder that Envoy watches. Files are replaced as a whole, by renaming, which is what Envoy
/// watches for.
pub struct DynamicDir {
    folder: TempDir,
    substitution: Substitution,
}

impl DynamicDir {
    pub(super) fn new(
        files: &[(String, String)],
        substitution: Substitution,
        folder: TempDir,
    ) -> Result<Self> {
        let dir = Self {
            folder,
            substitution,
        };
        files
            .iter()
            .try_for_each(|(name, text)| dir.write(name, text))?;
        Ok(dir)
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Replaces or creates a file. Ports and paths in the text are replaced as in the bootstrap.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        let new = self.path().join(format!(".{name}.new"));
        fs::write(&new, self.substitution.apply(text))?;
        fs::rename(&new, self.path().join(name)).with_context(|| format!("cannot replace {name}"))
    }

    /// Replaces a file with what `change` makes of its current text.
    ///
    /// # Errors
    /// If there is no such file, or `change` does not change it.
    pub fn edit(&self, name: &str, change: impl FnOnce(&str) -> String) -> Result<()> {
        let text = fs::read_to_string(self.path().join(name))
            .with_context(|| format!("no dynamic file {name}"))?;
        let changed = change(&text);
        anyhow::ensure!(changed != text, "the edit of {name} changes nothing");
        self.write(name, &changed)
    }
}
