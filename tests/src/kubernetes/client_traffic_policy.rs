//! Envoy Gateway's `ClientTrafficPolicy`.
//!
//! Based on envoyproxy/gateway 1.9,
//! `api/v1alpha1/{clienttrafficpolicy,pathsettings,hostsettings,shared}_types.go`; the translation
//! follows `internal/xds/translator/listener.go`.

use anyhow::{Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Checked;

/// The part of the `spec` of a `ClientTrafficPolicy` that sets how requests are read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClientTrafficPolicy {
    target_refs: Vec<TargetRef>,
    #[serde(default)]
    path: Path,
    #[serde(default)]
    headers: Headers,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetRef {
    group: String,
    kind: String,
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Path {
    #[serde(default)]
    disable_merge_slashes: bool,
    #[serde(default)]
    escaped_slashes_action: EscapedSlashes,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
enum EscapedSlashes {
    KeepUnchanged,
    RejectRequest,
    UnescapeAndForward,
    #[default]
    UnescapeAndRedirect,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Headers {
    #[serde(default)]
    with_underscores_action: Underscores,
    #[serde(default)]
    host: Host,
    #[serde(default)]
    early_request_headers: EarlyRequestHeaders,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
enum Underscores {
    Allow,
    #[default]
    RejectRequest,
    DropHeader,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Host {
    #[serde(default)]
    strip_trailing_host_dot: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct EarlyRequestHeaders {
    #[serde(default)]
    remove: Vec<String>,
}

impl ClientTrafficPolicy {
    /// Returns the settings of the HTTP connection manager that Envoy Gateway derives from this
    /// policy and its own settings.
    pub fn connection_manager(&self) -> Value {
        let slashes = match self.path.escaped_slashes_action {
            EscapedSlashes::KeepUnchanged => "KEEP_UNCHANGED",
            EscapedSlashes::RejectRequest => "REJECT_REQUEST",
            EscapedSlashes::UnescapeAndForward => "UNESCAPE_AND_FORWARD",
            EscapedSlashes::UnescapeAndRedirect => "UNESCAPE_AND_REDIRECT",
        };
        let underscores = match self.headers.with_underscores_action {
            Underscores::Allow => "ALLOW",
            Underscores::RejectRequest => "REJECT_REQUEST",
            Underscores::DropHeader => "DROP_HEADER",
        };
        let removed = self.headers.early_request_headers.remove.iter();
        let mutations: Vec<_> = removed.map(|name| json!({"remove": name})).collect();
        json!({
            "use_remote_address": true,
            "normalize_path": true,
            "merge_slashes": !self.path.disable_merge_slashes,
            "path_with_escaped_slashes_action": slashes,
            "strip_trailing_host_dot": self.headers.host.strip_trailing_host_dot,
            "common_http_protocol_options": {"headers_with_underscores_action": underscores},
            "early_header_mutation_extensions": [{
                "name": "envoy.http.early_header_mutation.header_mutation",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
                    "mutations": mutations,
                },
            }],
        })
    }
}

impl Checked for ClientTrafficPolicy {
    const IS: (&'static str, &'static str) =
        ("gateway.envoyproxy.io/v1alpha1", "ClientTrafficPolicy");

    fn check(&self) -> Result<()> {
        ensure!(!self.target_refs.is_empty(), "targetRefs: none");
        for target in &self.target_refs {
            ensure!(
                target.group == "gateway.networking.k8s.io"
                    && ["Gateway", "ListenerSet"].contains(&target.kind.as_str())
                    && !target.name.is_empty(),
                "targetRefs: {target:?}"
            );
        }
        let removed = self.headers.early_request_headers.remove.len();
        ensure!(
            removed <= 64,
            "headers.earlyRequestHeaders.remove: more than 64"
        );
        Ok(())
    }
}
