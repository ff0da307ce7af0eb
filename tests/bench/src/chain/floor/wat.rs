//! A floor in the WebAssembly text format.

use std::fmt::Write as _;

use super::{Call, Floor, Map};
use crate::jobs::COPIES;

/// Returns the module of a floor.
pub(super) fn text(floor: &Floor) -> String {
    let mut module = Module::default();
    let request = module.function("proxy_on_request_headers", &floor.request);
    let response = floor.response.as_ref().map_or_else(String::new, |calls| {
        module.function("proxy_on_response_headers", calls)
    });
    let end = match floor.end {
        true => "  (func (export \"proxy_on_delete\") (param i32))\n",
        false => "",
    };
    format!(
        "(module{IMPORTS}
  (memory (export \"memory\") 8)
  (global $turn (mut i32) (i32.const 0))
  (global $key (mut i32) (i32.const 0))
  (global $metric (mut i32) (i32.const 0))
  {}
  (func (export \"proxy_abi_version_0_2_1\"))
  ;; Nothing reads what the host gives: each answer may overwrite the last.
  (func (export \"proxy_on_memory_allocate\") (param i32) (result i32) (i32.const {HEAP}))
  (func (export \"proxy_on_context_create\") (param i32 i32))
{end}{request}{response})",
        module.data
    )
}

/// Where the host writes its results, after all data.
const HEAP: usize = 256 * 1024;
/// Where data begins.
const START: usize = 64;
/// Where the host writes pointers and numbers.
const CELLS: [usize; 3] = [0, 4, 8];

const IMPORTS: &str = r#"
  (import "env" "proxy_get_header_map_pairs" (func $all (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_replace_header_map_value" (func $set (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_remove_header_map_value" (func $remove (param i32 i32 i32) (result i32)))
  (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
  (import "env" "proxy_get_current_time_nanoseconds" (func $time (param i32) (result i32)))
  (import "env" "proxy_get_shared_data" (func $get_shared (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_shared_data" (func $set_shared (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_call_foreign_function" (func $foreign (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_send_local_response" (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))"#;

/// A module's data, and functions that refer to it.
#[derive(Default)]
struct Module {
    data: String,
    used: usize,
}

impl Module {
    /// Stores bytes. Returns their position and length as two constants.
    fn keep(&mut self, bytes: &[u8]) -> String {
        let at = START + self.used;
        self.used += bytes.len();
        let escaped: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
        write!(self.data, "(data (i32.const {at}) \"{escaped}\")\n  ").unwrap();
        format!("(i32.const {at}) (i32.const {})", bytes.len())
    }

    fn function(&mut self, name: &str, calls: &[Call]) -> String {
        let result = if calls.iter().any(|call| matches!(call, Call::Reply(_))) {
            1
        } else {
            0
        };
        let calls: String = calls
            .iter()
            .map(|call| format!("    {}\n", self.call(call)))
            .collect();
        format!(
            "  (func (export \"{name}\") (param i32 i32 i32) (result i32)\n{calls}    (i32.const {result}))\n"
        )
    }

    fn call(&mut self, call: &Call) -> String {
        let [first, second, third] = CELLS.map(|cell| format!("(i32.const {cell})"));
        match call {
            Call::All(map) => format!("(drop (call $all {} {first} {second}))", number(*map)),
            Call::Get(map, name) => {
                let name = self.keep(name.as_bytes());
                format!(
                    "(drop (call $get {} {name} {first} {second}))",
                    number(*map)
                )
            }
            Call::Set(map, name, value) => self.edit("set", *map, name, value),
            Call::Add(map, name, value) => self.edit("add", *map, name, value),
            Call::RemoveNumbered(prefix) => {
                // The copies in a chain take turns.
                let name = self.keep(format!("{prefix}0").as_bytes());
                let last = START + self.used - 1;
                format!(
                    "(i32.store8 (i32.const {last}) (i32.add (i32.const 48) (global.get $turn)))
    (global.set $turn (i32.rem_u (i32.add (global.get $turn) (i32.const 1)) (i32.const {COPIES})))
    (drop (call $remove {} {name}))",
                    number(Map::Request)
                )
            }
            Call::Time => format!("(drop (call $time {first}))"),
            Call::Count => {
                // 0 means a counter.
                let name = self.keep(b"bench_floor");
                format!(
                    "(if (i32.eqz (global.get $metric)) (then
      (drop (call $define (i32.const 0) {name} {first}))
      (global.set $metric (i32.load {first}))))
    (drop (call $increment (global.get $metric) (i64.const 1)))"
                )
            }
            Call::Shared(prefix) => {
                let (key, value) = (
                    self.keep(format!("{prefix}0000").as_bytes()),
                    self.keep(&[7; 16]),
                );
                let end = START + self.used - 16;
                let digits: String = [1000, 100, 10, 1].iter().zip(end - 4..).map(|(power, at)| {
                    format!(
                        "(i32.store8 (i32.const {at}) (i32.add (i32.const 48) (i32.rem_u (i32.div_u (global.get $key) (i32.const {power})) (i32.const 10))))
    "
                    )
                }).collect();
                format!(
                    "(global.set $key (i32.rem_u (i32.add (global.get $key) (i32.const 1)) (i32.const 10000)))
    {digits}(drop (call $get_shared {key} {first} {second} {third}))
    (drop (call $set_shared {key} {value} (i32.const 0)))"
                )
            }
            Call::Verify(argument) => {
                let (name, argument) = (self.keep(b"verify_signature"), self.keep(argument));
                format!("(drop (call $foreign {name} {argument} {first} {second}))")
            }
            Call::Reply(headers) => {
                let (details, headers) = (self.keep(b"floor"), self.keep(&pairs(headers)));
                format!(
                    "(drop (call $reply (i32.const 204) {details} (i32.const 0) (i32.const 0) {headers} (i32.const -1)))"
                )
            }
        }
    }

    fn edit(&mut self, function: &str, map: Map, name: &str, value: &str) -> String {
        let (name, value) = (self.keep(name.as_bytes()), self.keep(value.as_bytes()));
        format!("(drop (call ${function} {} {name} {value}))", number(map))
    }
}

fn number(map: Map) -> String {
    format!("(i32.const {})", map as i32)
}

/// Encodes headers for the host: the count, the lengths, then names and values, each followed by a
/// zero byte.
fn pairs(headers: &[(String, String)]) -> Vec<u8> {
    let mut bytes = (headers.len() as u32).to_le_bytes().to_vec();
    for (name, value) in headers {
        bytes.extend((name.len() as u32).to_le_bytes());
        bytes.extend((value.len() as u32).to_le_bytes());
    }
    for text in headers.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend(text.as_bytes());
        bytes.push(0);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_laid_out_as_the_host_reads_them() {
        let bytes = pairs(&[("a".to_owned(), "bc".to_owned())]);
        assert_eq!(
            bytes,
            [&[1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0][..], b"a\0bc\0"].concat()
        );
    }
}
