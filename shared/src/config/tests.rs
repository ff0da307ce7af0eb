use super::*;
use crate::values::{HeaderName, Mode};
use prost::Message;
use prost_types::{ListValue, Struct, Value, value::Kind};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    rules: Option<Vec<Rule>>,
    #[serde(default)]
    mode: Mode,
    limit: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: HeaderName,
    #[allow(dead_code, reason = "only read by serde")]
    require: Option<Require>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Require {
    Nothing,
    #[allow(dead_code, reason = "only read by serde")]
    Any(Vec<Require>),
}

#[derive(Debug, PartialEq)]
struct Config {
    names: Vec<String>,
    mode: Mode,
    limit: Option<u32>,
}

impl FilterConfig for Config {
    const FILTER: &'static str = "sample";
    type Raw = Raw;

    fn build(raw: Raw, _: &Env) -> Result<Self, Invalid> {
        let mut names = Vec::new();
        for (i, rule) in raw.rules.into_iter().flatten().enumerate() {
            if rule.name.as_str() == "x-bad" {
                return Err(Invalid::new("\"x-bad\" is bad; any other is accepted")
                    .at("name")
                    .at_index("rules", i));
            }
            names.push(rule.name.to_string());
        }
        Ok(Self {
            names,
            mode: raw.mode,
            limit: raw.limit,
        })
    }
}

fn load_json(json: &str) -> Result<Config, String> {
    load(json.as_bytes(), &Env::new()).map_err(|e| e.to_string())
}

fn string(text: &str) -> Value {
    Value {
        kind: Some(Kind::StringValue(text.to_owned())),
    }
}

fn object(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Struct {
    Struct {
        fields: fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
    }
}

#[test]
fn json_and_struct_load_alike() {
    let rule = Value {
        kind: Some(Kind::StructValue(object([("name", string("X-A"))]))),
    };
    let rules = Value {
        kind: Some(Kind::ListValue(ListValue { values: vec![rule] })),
    };
    let limit = Value {
        kind: Some(Kind::NumberValue(5.0)),
    };
    let binary = object([
        ("rules", rules),
        ("mode", string("report")),
        ("limit", limit),
    ])
    .encode_to_vec();
    let expected = Config {
        names: vec!["x-a".into()],
        mode: Mode::Report,
        limit: Some(5),
    };
    assert_eq!(load(&binary, &Env::new()), Ok(expected));
    assert_eq!(
        load_json(r#" {"rules": [{"name": "X-A"}], "mode": "report", "limit": 5.0}"#),
        load(&binary, &Env::new()).map_err(|e: ConfigError| e.to_string())
    );
}

#[test]
fn a_struct_whose_length_looks_like_a_brace_is_a_struct() {
    // The entry is 0x7B = `{` bytes long.
    let mut padding = 0;
    let binary = loop {
        let binary = object([("rules", string(&"x".repeat(padding)))]).encode_to_vec();
        if binary.get(1) == Some(&b'{') {
            break binary;
        }
        padding += 1;
    };
    let error = load::<Config>(&binary, &Env::new())
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("sample: rules: got \"x"), "{error}");
}

#[test]
fn bytes_that_are_no_struct_are_no_empty_configuration() {
    let mut unknown_field = object([("mode", string("report"))]).encode_to_vec();
    unknown_field.extend([0x10, 1]);
    let broken: [&[u8]; 5] = [
        &unknown_field,
        &[0x10, 1],
        b"\"rules\": []}",
        b"\n\"rules\": [], \"mode\": \"report\"}",
        b"rules: []",
    ];
    for bytes in broken {
        let error = load::<Config>(bytes, &Env::new()).unwrap_err().to_string();
        let expected =
            "sample: neither JSON text, which begins with {, nor a google.protobuf.Struct";
        assert_eq!(error, expected, "{bytes:?}");
    }
}

#[test]
fn warnings_come_with_the_configuration_and_are_not_left_for_the_next() {
    let warnings = |json: &str| {
        let loaded = load_with_warnings::<Config>(json.as_bytes(), &Env::new());
        let (_, warnings) = loaded.unwrap();
        warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let mistake = r#"{"rules": [{"name": "x", "require": "nothing"}], "mode": "report"}"#;
    assert!(warnings(mistake).is_empty());
    warn(Invalid::new("left over"));
    assert!(warnings("{}").is_empty());
}

#[test]
fn no_configuration_is_an_empty_one() {
    for bytes in ["", " \n", "{}"] {
        let empty = Config {
            names: vec![],
            mode: Mode::Enforce,
            limit: None,
        };
        assert_eq!(load_json(bytes), Ok(empty), "{bytes:?}");
    }
}

#[test]
fn every_error_is_one_line_with_filter_path_value_and_what_is_accepted() {
    for (json, error) in [
        (
            r#"{"ruels": []}"#,
            "sample: ruels: unknown key; did you mean \"rules\"? one of: rules, mode, limit",
        ),
        (
            r#"{"rules": [{"name": "a"}, {"nam": "a"}]}"#,
            "sample: rules[1].nam: unknown key; did you mean \"name\"? one of: name, require",
        ),
        (
            r#"{"rules": [{}]}"#,
            "sample: rules[0]: missing key \"name\"",
        ),
        (
            r#"{"mode": "off"}"#,
            "sample: mode: \"off\" is not accepted; one of: enforce, report",
        ),
        (
            r#"{"limit": "5"}"#,
            "sample: limit: got \"5\", expected a whole number up to 4294967295",
        ),
        (
            r#"{"limit": 5.5}"#,
            "sample: limit: got 5.5, expected a whole number up to 4294967295",
        ),
        (
            r#"{"limit": 4294967296}"#,
            "sample: limit: got 4294967296, expected a whole number up to 4294967295",
        ),
        (
            r#"{"limit": -1}"#,
            "sample: limit: got -1, expected a whole number up to 4294967295",
        ),
        (
            r#"{"rules": [1]}"#,
            "sample: rules[0]: got 1, expected an object",
        ),
        (
            r#"{"rules": {}}"#,
            "sample: rules: got an object, expected a list",
        ),
        (
            r#"{"rules": [{"name": ["a"]}]}"#,
            "sample: rules[0].name: got a list, expected a string",
        ),
        (
            r#"{"limit": null}"#,
            "sample: limit: null is not a value; omit the key, or write {} for an object without keys",
        ),
        (
            r#"{"rules": [{"name": null}]}"#,
            "sample: rules[0].name: null is not a value; omit the key, or write {} for an object without keys",
        ),
        (
            r#"{"rules": [{"name": "b d"}]}"#,
            "sample: rules[0].name: \"b d\" is not a header name; letters, digits and !#$%&'*+-.^_`|~ are accepted",
        ),
        (
            r#"{"rules": [{"name": "x-bad"}]}"#,
            "sample: rules[0].name: \"x-bad\" is bad; any other is accepted",
        ),
        (
            r#"{"rules": [{"name": "a", "require": {"any": ["nothin"]}}]}"#,
            "sample: rules[0].require.any[0]: \"nothin\" is not accepted; did you mean \"nothing\"? one of: nothing, any",
        ),
        ("[]", "sample: the configuration must be an object of keys"),
        (
            r#"{"a\n": 1}"#,
            "sample: a\\n: unknown key; one of: rules, mode, limit",
        ),
    ] {
        assert_eq!(load_json(json), Err(error.to_owned()));
    }
    for (json, start) in [
        (
            r#"{"mode": "report", "mode": "enforce"}"#,
            "sample: not valid JSON: duplicate key \"mode\" at line 1",
        ),
        (r#"{"rules": "#, "sample: not valid JSON: EOF while parsing"),
        (
            "rules: []",
            "sample: neither JSON text, which begins with {,",
        ),
    ] {
        let error = load_json(json).unwrap_err();
        assert!(error.starts_with(start), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn deep_nesting_is_refused_not_a_stack_overflow() {
    let json = format!(
        "{{\"rules\": {}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert!(load_json(&json).unwrap_err().contains("recursion limit"));
    let mut binary = string("x");
    for _ in 0..1_000 {
        binary = Value {
            kind: Some(Kind::ListValue(ListValue {
                values: vec![binary],
            })),
        };
    }
    let binary = object([("rules", binary)]).encode_to_vec();
    assert!(load::<Config>(&binary, &Env::new()).is_err());
}

proptest::proptest! {
    #[test]
    fn any_bytes_load_or_are_refused_without_panic(bytes: Vec<u8>) {
        let _ = load::<Config>(&bytes, &Env::new());
    }
}
