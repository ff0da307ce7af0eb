//! The filters of a chain: Envoy's own, Lua, floors, and the catalog's.

mod floor;
mod lua;
mod native;
mod ours;

pub(crate) use floor::{Call, Floor, Map, write as write_floors};
pub(crate) use lua::{CORS, HEADERS, RATE_LIMIT, lua};
pub(crate) use native::{cors, cors_policy, header_mutation, jwt_authn, local_ratelimit};
pub(crate) use ours::{
    chain_of_four, cors_origins, cors_rules, jwt, jwt_with_keys, limit, one_module, ours, rewrite,
    rewrite_rules,
};

use serde_json::{Value, json};

/// Creates a filter for Envoy's configuration.
fn filter(name: &str, kind: &str, mut config: Value) -> Value {
    config["@type"] = format!("type.googleapis.com/envoy.extensions.filters.http.{kind}").into();
    json!({"name": name, "typed_config": config})
}

/// Creates a filter that is a Wasm module. All with the same `vm_id` run in one VM.
fn wasm(name: &str, vm_id: &str, module: &str, configuration: Option<&str>) -> Value {
    let mut config = json!({
        "name": name,
        "root_id": name,
        "failure_policy": "FAIL_RELOAD",
        "vm_config": {"vm_id": vm_id, "runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": module}}},
    });
    if let Some(configuration) = configuration {
        config["configuration"] = json!({"@type": "type.googleapis.com/google.protobuf.StringValue", "value": configuration});
    }
    filter(name, "wasm.v3.Wasm", json!({ "config": config }))
}
