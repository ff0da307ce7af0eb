//! Runs a sample as written: only port numbers and paths in its text are replaced.
//!
//! The text is not parsed and rewritten, so Envoy reads the same file that users copy. It is parsed
//! separately, only to find out what each port belongs to.

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::{Context, Result, ensure};

use super::{
    DynamicDir,
    start::{Bootstrap, Setting, Source},
    substitute::{Owner, Substitution, first_listener, ports},
};
use crate::{paths, ports as port, tls};

/// Where the samples expect the modules.
const MODULES: &str = "/etc/envoy/filters/";

/// Where the samples expect the CA certificates.
const AUTHORITIES: &str = "/etc/envoy/tls/";

/// A bootstrap that exists as text.
pub enum File {
    /// A sample, by name or path.
    Sample(PathBuf),
    /// The text itself.
    Text(String),
}

impl File {
    fn read(&self) -> Result<String> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Sample(name) => {
                let path = paths::sample(name)?;
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
            }
        }
    }
}

impl Source for File {
    fn bootstrap(&self, setting: &Setting) -> Result<Bootstrap> {
        let text = self.read()?;
        let files = setting
            .dynamic
            .as_ref()
            .map(|files| files.read())
            .transpose()?
            .unwrap_or_default();
        let mut substitution = Substitution {
            ports: BTreeMap::new(),
            paths: setting.paths.clone(),
        };
        for text in files.iter().map(|(_, text)| text).chain([&text]) {
            check_modules(text)?;
            let found = ports(text)?;
            if setting.keep_ports && !setting.takes_over {
                check_free(&found)?;
            }
            substitution.add_ports(&found, setting);
        }
        substitution.paths.push((
            MODULES.to_string(),
            format!("{}/", paths::filters().display()),
        ));
        substitution.paths.push((
            AUTHORITIES.to_string(),
            format!("{}/", tls::certificates().display()),
        ));
        let mut dynamic = None;
        if let Some(files_of) = &setting.dynamic {
            let folder = tempfile::Builder::new()
                .prefix("envoy-dynamic-")
                .tempdir()?;
            substitution.paths.push((
                files_of.path.clone(),
                format!("{}/", folder.path().display()),
            ));
            dynamic = Some(DynamicDir::new(&files, substitution.clone(), folder)?);
        }
        Ok(Bootstrap {
            first_listener: first_listener(&text),
            text: substitution.apply(&text),
            ending: "yaml",
            dynamic,
        })
    }

    fn upstream_port(&self) -> Result<Option<u16>> {
        let upstream = Owner::Cluster("upstream".to_string());
        Ok(ports(&self.read()?)?
            .into_iter()
            .find(|(_, owner)| *owner == upstream)
            .map(|(port, _)| port))
    }
}

/// Fails if a module that the configuration refers to under [`MODULES`] is not built.
fn check_modules(text: &str) -> Result<()> {
    for after in text.split(MODULES).skip(1) {
        let name: String = after
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
            .collect();
        if after[name.len()..].starts_with(".wasm") {
            paths::module(&name)?;
        }
    }
    Ok(())
}

/// Fails if a port that Envoy has to bind is in use. Envoy itself might silently share it.
fn check_free(found: &BTreeMap<u16, Owner>) -> Result<()> {
    for (port, owner) in found {
        let is_bound = matches!(owner, Owner::Admin | Owner::Listener);
        ensure!(
            !is_bound || !port::in_use(*port),
            "port {port} is taken: end the program that listens on it, or let Envoy run on a free port"
        );
    }
    Ok(())
}
