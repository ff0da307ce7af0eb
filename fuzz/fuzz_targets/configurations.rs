//! Configurations. The first byte selects the filter, and whether the rest is JSON or is passed to
//! the filter unchanged. JSON is also converted to a Struct: both are accepted, or both rejected
//! with the same line. Unknown keys and null are rejected, and a filter that starts handles a
//! request.
#![no_main]

use catalog_fuzz::work;
use chain::Chain;
use cors::Cors;
use filter_kit::config::{Env, FilterConfig, load_with_warnings};
use filter_kit::pipeline::Filter;
use filter_kit::testing::{Run, ScriptedHost, request};
use header_rewrite::HeaderRewrite;
use jwt_auth::JwtAuth;
use libfuzzer_sys::fuzz_target;
use prost::Message as _;
use prost_types::{ListValue, Struct, Value as ProtoValue, value::Kind};
use rate_limit::RateLimit;
use serde_json::Value;
use std::time::Duration;

/// For loading a filter, and for one request.
const MAX_WORK: Duration = Duration::from_secs(3);

fuzz_target!(|data: &[u8]| {
    let Some((kind, text)) = data.split_first() else {
        return;
    };
    let is_json = kind.is_ascii();
    match kind % 5 {
        0 => check::<Cors>(text, is_json),
        1 => check::<HeaderRewrite>(text, is_json),
        2 => check::<JwtAuth>(text, is_json),
        3 => check::<RateLimit>(text, is_json),
        _ => check::<Chain>(text, is_json),
    }
});

/// Returns the result of loading a configuration.
fn answer<F: Filter>(bytes: &[u8]) -> Result<Vec<String>, String> {
    match load_with_warnings::<F::Config>(bytes, &env()) {
        Ok((_, warnings)) => Ok(warnings.iter().map(ToString::to_string).collect()),
        Err(error) => Err(error.to_string()),
    }
}

fn env() -> Env {
    Env::from([("NAME".to_owned(), "value".to_owned())])
}

fn check<F: Filter>(bytes: &[u8], is_json: bool) {
    let start = work::cpu_time();
    let answered = answer::<F>(bytes);
    for line in answered.iter().flatten().chain(answered.as_ref().err()) {
        assert!(line.starts_with(F::Config::FILTER), "{line}");
        assert!(!line.contains('\n'), "{line}");
    }
    if is_json && let Ok(Value::Object(map)) = serde_json::from_slice(bytes) {
        agree::<F>(&Value::Object(map.clone()));
        if answered.is_ok() {
            for broken in [Value::Bool(true), Value::Null] {
                let mut map = map.clone();
                map.insert("a-key-that-no-filter-knows".to_owned(), broken);
                assert!(answer::<F>(Value::Object(map).to_string().as_bytes()).is_err());
            }
        }
    }
    if answered.is_ok()
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        let host = ScriptedHost::install();
        host.set_env("NAME", "value");
        let mut run = Run::<F>::start(&host, text).unwrap();
        let request = request("GET", "/a/b?c=d")
            .header("origin", "https://app.example.com")
            .header("authorization", "Bearer a.b.c")
            .source_address("10.0.0.1:1");
        let (mut exchange, _) = run.request(&request.pairs());
        exchange.response(&[(":status", "200"), ("x-a", "b")]);
        run.tick();
    }
    let spent = work::cpu_time().saturating_sub(start);
    assert!(spent < MAX_WORK, "{spent:?} for {} bytes", bytes.len());
}

/// Checks that both forms, with their keys in order, give the same result.
fn agree<F: Filter>(value: &Value) {
    let Value::Object(map) = value else { return };
    let as_struct = Struct {
        fields: map
            .iter()
            .map(|(key, value)| (key.clone(), proto(value)))
            .collect(),
    };
    let one = answer::<F>(value.to_string().as_bytes());
    let other = answer::<F>(&as_struct.encode_to_vec());
    // A Struct has only one kind of number, so it may show `1` for `1.0`.
    if has_plain_numbers(value) {
        assert_eq!(one, other);
    } else {
        assert_eq!(one.is_ok(), other.is_ok(), "{one:?} {other:?}");
    }
}

fn proto(value: &Value) -> ProtoValue {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(*value),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap()),
        Value::String(text) => Kind::StringValue(text.clone()),
        Value::Array(list) => Kind::ListValue(ListValue {
            values: list.iter().map(proto).collect(),
        }),
        Value::Object(map) => Kind::StructValue(Struct {
            fields: map
                .iter()
                .map(|(key, value)| (key.clone(), proto(value)))
                .collect(),
        }),
    };
    ProtoValue { kind: Some(kind) }
}

fn has_plain_numbers(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_i64().is_some_and(|n| n.unsigned_abs() < 1 << 53),
        Value::Array(list) => list.iter().all(has_plain_numbers),
        Value::Object(map) => map.values().all(has_plain_numbers),
        _ => true,
    }
}
