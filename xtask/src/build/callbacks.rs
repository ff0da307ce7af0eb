//! Which exports of a module Envoy has a reason to call.
//!
//! The SDK exports every callback of Proxy-Wasm, and Envoy enters the VM for each export it finds: per request,
//! per body chunk, per stream. A callback that neither the filter nor `filter-kit` implements is therefore
//! removed. What is implemented is read from the source: the functions `on_…` that stand in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Exports that every module keeps.
///
/// `proxy_on_delete` frees the SDK's context of the stream; without it each request would leak one.
pub(crate) const ALWAYS: &[&str] = &[
    "memory",
    "_initialize",
    "proxy_abi_version_0_2_1",
    "proxy_on_memory_allocate",
    "proxy_on_context_create",
    "proxy_on_configure",
    "proxy_on_delete",
];

/// The methods of the SDK's traits, and the exports through which its dispatcher calls them
/// (proxy-wasm 0.2.5, `src/dispatcher.rs`).
const CALLBACKS: &[(&str, &[&str])] = &[
    ("on_configure", &["proxy_on_configure"]),
    ("on_vm_start", &["proxy_on_vm_start"]),
    ("on_tick", &["proxy_on_tick"]),
    ("on_queue_ready", &["proxy_on_queue_ready"]),
    ("on_done", &["proxy_on_done"]),
    ("on_log", &["proxy_on_log"]),
    ("on_new_connection", &["proxy_on_new_connection"]),
    ("on_downstream_data", &["proxy_on_downstream_data"]),
    (
        "on_downstream_close",
        &["proxy_on_downstream_connection_close"],
    ),
    ("on_upstream_data", &["proxy_on_upstream_data"]),
    ("on_upstream_close", &["proxy_on_upstream_connection_close"]),
    ("on_http_request_headers", &["proxy_on_request_headers"]),
    ("on_http_request_body", &["proxy_on_request_body"]),
    ("on_http_request_trailers", &["proxy_on_request_trailers"]),
    ("on_http_response_headers", &["proxy_on_response_headers"]),
    ("on_http_response_body", &["proxy_on_response_body"]),
    ("on_http_response_trailers", &["proxy_on_response_trailers"]),
    ("on_http_call_response", &["proxy_on_http_call_response"]),
    // An answer arrives by `receive`, a failure by `close`.
    (
        "on_grpc_call_response",
        &["proxy_on_grpc_receive", "proxy_on_grpc_close"],
    ),
    (
        "on_grpc_stream_initial_metadata",
        &["proxy_on_grpc_receive_initial_metadata"],
    ),
    ("on_grpc_stream_message", &["proxy_on_grpc_receive"]),
    (
        "on_grpc_stream_trailing_metadata",
        &["proxy_on_grpc_receive_trailing_metadata"],
    ),
    ("on_grpc_stream_close", &["proxy_on_grpc_close"]),
    ("on_foreign_function", &["proxy_on_foreign_function"]),
];

/// The exports that a module keeps whose sources lie in `folders`.
pub(crate) fn wanted(folders: &[&Path]) -> Result<BTreeSet<&'static str>> {
    let mut exports: BTreeSet<&str> = ALWAYS.iter().copied().collect();
    for folder in folders {
        collect(folder, &mut exports)?;
    }
    Ok(exports)
}

/// Whether `export` is a callback of the SDK that this module knows, and may therefore remove.
pub(crate) fn is_known(export: &str) -> bool {
    CALLBACKS
        .iter()
        .any(|(_, exports)| exports.contains(&export))
}

fn collect(folder: &Path, exports: &mut BTreeSet<&'static str>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, exports)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            exports.extend(exports_of(&source));
        }
    }
    Ok(())
}

/// The exports behind the callbacks that stand in `source`. A function of the same name outside the SDK's traits
/// counts too: one export too many costs a call, one too few would silence the filter.
fn exports_of(source: &str) -> impl Iterator<Item = &'static str> {
    source
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("fn ")?.split_once('('))
        .filter_map(|(name, _)| CALLBACKS.iter().find(|(callback, _)| *callback == name))
        .flat_map(|(_, exports)| exports.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_in_the_source_keeps_its_exports() {
        let cases: &[(&str, &[&str])] = &[
            ("    fn on_tick(&mut self) {", &["proxy_on_tick"]),
            (
                "    fn on_http_request_headers(",
                &["proxy_on_request_headers"],
            ),
            (
                "fn on_grpc_call_response(&mut self,",
                &["proxy_on_grpc_receive", "proxy_on_grpc_close"],
            ),
            ("// fn on_tick(&mut self)", &[]),
            ("/// `fn on_log(` is not implemented", &[]),
            ("    self.on_done();", &[]),
            ("    fn on_refusal(&self) {", &[]),
        ];
        for (source, expected) in cases {
            assert_eq!(
                exports_of(source).collect::<Vec<_>>(),
                *expected,
                "{source}"
            );
        }
    }

    #[test]
    fn what_every_module_needs_is_kept_without_any_source() {
        let kept = wanted(&[]).unwrap();
        assert_eq!(kept, ALWAYS.iter().copied().collect());
        assert!(kept.contains("proxy_on_delete"));
    }
}
