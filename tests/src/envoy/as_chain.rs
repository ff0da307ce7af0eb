//! Runs the same filters as items of the module chain, so that the suites of all filters test it
//! too.
//!
//! `FILTERS_AS=chain` in the environment turns each filter of the catalog in a bootstrap into an
//! item of a chain. Neighbouring filters become one chain.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::{paths, yaml};

const CATALOG: [&str; 4] = ["cors", "header-rewrite", "jwt-auth", "rate-limit"];
const STRUCT: &str = "type.googleapis.com/google.protobuf.Struct";

/// Whether filters run as items of a chain.
#[must_use]
pub fn is_asked_for() -> bool {
    std::env::var("FILTERS_AS").is_ok_and(|name| name == "chain")
}

/// Returns the bootstrap with its filters as items of chains, in JSON; `None` if it has no filter
/// of the catalog that could be an item.
pub(super) fn bootstrap(text: &str) -> Result<Option<String>> {
    let mut bootstrap = yaml::parse(text)?;
    let mut count = 0;
    each_chain(&mut bootstrap, &mut |filters| count += join(filters));
    if count == 0 {
        return Ok(None);
    }
    paths::module("chain")?;
    Ok(Some(serde_json::to_string_pretty(&bootstrap)?))
}

/// Converts a log to that of the filter itself if filters run as items, because a chain names the
/// item first.
pub(super) fn in_words_of_filters(log: String) -> String {
    if !is_asked_for() {
        return log;
    }
    CATALOG.iter().fold(log, |log, name| {
        let item = format!("chain: chain[0].{name}");
        log.replace(&format!("{item}."), &format!("{name}: "))
            .replace(&format!("{item}: "), &format!("{name}: "))
    })
}

/// Returns the items of the chain in a sample.
///
/// # Errors
/// If its filters cannot be a chain.
pub fn items(text: &str) -> Result<Value> {
    let mut bootstrap = yaml::parse(text)?;
    let mut chains = Vec::new();
    each_chain(&mut bootstrap, &mut |filters| {
        join(filters);
        let found = filters.iter().filter_map(|filter| {
            let items = filter.pointer("/typed_config/config/configuration/value/chain")?;
            Some(items.clone())
        });
        chains.extend(found);
    });
    ensure!(chains.len() == 1, "{} chains", chains.len());
    Ok(chains.remove(0))
}

fn each_chain(value: &mut Value, act: &mut impl FnMut(&mut Vec<Value>)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| each_chain(item, act)),
        Value::Object(map) => {
            if let Some(Value::Array(filters)) = map.get_mut("http_filters") {
                act(filters);
            }
            map.values_mut().for_each(|value| each_chain(value, act));
        }
        _ => {}
    }
}

/// Turns filters into items, and adjacent ones into one chain. Returns how many there were.
fn join(filters: &mut Vec<Value>) -> usize {
    let mut count = 0;
    let mut joined: Vec<Value> = Vec::new();
    let mut is_after_item = false;
    for mut filter in std::mem::take(filters) {
        let item = item_of(&filter);
        if let Some(item) = item {
            count += 1;
            let items = joined
                .last_mut()
                .filter(|_| is_after_item)
                .and_then(|last| last.pointer_mut("/typed_config/config/configuration/value/chain"))
                .and_then(Value::as_array_mut);
            is_after_item = true;
            if let Some(items) = items {
                items.push(item);
                continue;
            }
            let config = &mut filter["typed_config"]["config"];
            config["configuration"] = json!({"@type": STRUCT, "value": {"chain": [item]}});
            let module = paths::filters().join("chain.wasm");
            config["vm_config"]["code"]["local"]["filename"] = json!(module);
        } else {
            is_after_item = false;
        }
        joined.push(filter);
    }
    *filters = joined;
    count
}

/// Returns a filter as an item; `None` for other filters, and if its configuration cannot be that
/// of an item.
fn item_of(filter: &Value) -> Option<Value> {
    let config = filter.pointer("/typed_config/config")?;
    let module = config.pointer("/vm_config/code/local/filename")?.as_str()?;
    let name = module.rsplit('/').next()?.strip_suffix(".wasm")?;
    let is_plain = filter.as_object()?.len() == 2;
    if !CATALOG.contains(&name) || !is_plain {
        return None;
    }
    let configuration = match config.get("configuration") {
        None => json!({}),
        Some(any) => match any.get("value") {
            Some(Value::String(text)) => serde_json::from_str(text).ok()?,
            Some(value) => value.clone(),
            None => json!({}),
        },
    };
    configuration
        .is_object()
        .then(|| json!({ name: configuration }))
}
