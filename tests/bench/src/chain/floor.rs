//! Floors: modules that make only the host calls without which a filter cannot do its job.
//!
//! They are written in the WebAssembly text format. Such a module costs what Envoy takes for
//! entering the VM and for the calls, so no filter that needs these calls can cost less.

mod wat;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use super::wasm;

/// A header map.
#[derive(Clone, Copy)]
pub(crate) enum Map {
    /// The request's.
    Request = 0,
    /// The response's.
    Response = 2,
}

/// A host call.
#[derive(Clone)]
pub(crate) enum Call {
    /// Reads all headers.
    All(Map),
    /// Reads one header.
    Get(Map, String),
    /// Sets a header.
    Set(Map, String, String),
    /// Adds a header.
    Add(Map, String, String),
    /// Removes a header of the request whose name ends with the number of the copy.
    RemoveNumbered(String),
    /// Reads the time.
    Time,
    /// Increments a counter.
    Count,
    /// Reads and writes shared data under a key with this prefix, followed by one of ten thousand
    /// numbers in turn: a thousand for each copy.
    Shared(String),
    /// Verifies a signature. Contains the argument of `verify_signature`.
    Verify(Vec<u8>),
    /// Answers the request with 204 and these headers.
    Reply(Vec<(String, String)>),
}

/// A floor: the calls for a request, and for its response.
#[derive(Clone, Default)]
pub(crate) struct Floor {
    pub(crate) name: String,
    pub(crate) request: Vec<Call>,
    /// `None` means that it has no callback for the response.
    pub(crate) response: Option<Vec<Call>>,
    /// Whether it has a callback for the end of a stream.
    pub(crate) end: bool,
}

impl Floor {
    /// Returns the filter for a chain; all copies run in one VM. The module must have been written
    /// before.
    pub(crate) fn filter(&self, copy: usize) -> Value {
        let name = format!("floor-{}", self.name);
        wasm(
            &format!("{name}-{copy}"),
            &name,
            &path(&self.name).to_string_lossy(),
            None,
        )
    }
}

fn path(name: &str) -> PathBuf {
    e2e::paths::target().join(format!("bench/floors/{name}.wasm"))
}

/// Compiles floors to the paths where their filters expect them.
pub(crate) fn write(floors: &[Floor]) -> Result<()> {
    for floor in floors {
        let path = path(&floor.name);
        let module = ::wat::parse_str(wat::text(floor))
            .with_context(|| format!("the floor {}", floor.name))?;
        fs::create_dir_all(path.parent().context("a folder")?)?;
        fs::write(&path, module)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_makes_a_valid_module() {
        let text = |text: &str| text.to_owned();
        let calls = vec![
            Call::All(Map::Request),
            Call::Get(Map::Request, text("origin")),
            Call::Set(Map::Response, text("a"), text("\"1\"")),
            Call::Add(Map::Response, text("a"), text("2")),
            Call::RemoveNumbered(text("b-")),
            Call::Time,
            Call::Count,
            Call::Shared(text("key")),
            Call::Verify(vec![0, 255]),
            Call::Reply(vec![(text("vary"), text("origin"))]),
        ];
        let floor = Floor {
            name: text("all"),
            request: calls.clone(),
            response: Some(calls),
            end: true,
        };
        let text = wat::text(&floor);
        assert!(::wat::parse_str(&text).is_ok(), "{text}");
    }
}
