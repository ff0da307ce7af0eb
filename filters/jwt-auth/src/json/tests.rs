use super::*;
use proptest::prelude::*;

#[test]
fn a_duplicate_key_is_refused_at_any_depth() {
    for (text, good) in [
        (r#"{"a": 1, "b": [{"a": 2}]}"#, true),
        (r#"{"a": 1, "a": 1}"#, false),
        (r#"{"a": 1, "b": 2, "\u0061": 2}"#, false),
        (r#"{"b": [{"a": 1, "a": 2}]}"#, false),
        (r#"[]"#, false),
        (r#"{} {}"#, false),
        ("{\"a\": \"\u{0}\"}", false),
        ("", false),
    ] {
        assert_eq!(object(text.as_bytes()).is_some(), good, "{text}");
    }
}

#[test]
fn few_and_many_members_are_found_and_a_second_one_is_refused() {
    for count in [0, 1, 2, FEW_MEMBERS, FEW_MEMBERS + 1, 100] {
        let names: Vec<String> = (0..count).map(|n| format!("m{}", n * 7 % 101)).collect();
        let text = |names: &[String]| {
            let members: Vec<String> = names.iter().map(|n| format!("\"{n}\":1")).collect();
            format!("{{{}}}", members.join(","))
        };
        let read = object(text(&names).as_bytes()).unwrap();
        for name in &names {
            assert!(read.get(name).is_some(), "{count}: {name}");
        }
        assert_eq!(read.get("none"), None);
        let twice: Vec<String> = names.iter().chain(names.last()).cloned().collect();
        assert_eq!(
            object(text(&twice).as_bytes()).is_none(),
            count > 0,
            "{count}"
        );
    }
}

#[test]
fn a_second_member_is_found_in_any_order() {
    for [a, b, c] in [["ab", "ac", "b"], ["a", "ab", "abc"], ["", "a", "ab"]] {
        for names in [
            [a, a, b, c],
            [a, b, a, c],
            [a, b, c, a],
            [b, a, c, a],
            [c, b, a, b],
            [b, c, a, b],
            [c, a, b, c],
            [b, c, a, c],
            [c, b, c, a],
        ] {
            let members = names.map(|name| format!("{name:?}:1")).join(",");
            let text = format!("{{{members}}}");
            assert_eq!(object(text.as_bytes()), None, "{text}");
        }
        for names in [[a, b, c], [b, a, c], [c, b, a], [c, a, b], [b, c, a]] {
            let members = names.map(|name| format!("{name:?}:1")).join(",");
            let read = object(format!("{{{members}}}").as_bytes()).unwrap();
            assert!(names.iter().all(|name| read.get(name).is_some()));
        }
    }
}

#[test]
fn depth_is_bounded() {
    let deep = format!("{{\"a\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(object(deep.as_bytes()), None);
}

#[test]
fn numbers_keep_all_their_digits() {
    for number in [
        "0",
        "-1",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775809",
        "12345678901234567890123",
        "1.50",
        "1e3",
        "-0.1E-7",
    ] {
        let json = format!(r#"{{"z":[7,"-1\"",2.5,{number}],"a":-3,"b 1":{{"c":{number}}}}}"#);
        let read = object(json.as_bytes()).unwrap();
        let list = read.get("z").and_then(Json::as_list).unwrap();
        assert_eq!(list[3].scalar().unwrap(), number);
        assert_eq!(list[2].scalar().unwrap(), "2.5");
        assert_eq!(list[1].scalar().unwrap(), "-1\"");
        assert_eq!(read.get("a").unwrap().scalar().unwrap(), "-3");
        let nested = read.get("b 1").unwrap().get("c").unwrap();
        assert_eq!(nested.scalar().unwrap(), number);
    }
}

#[test]
fn json_is_written_compact_and_in_ascii_where_asked() {
    let json = "{\"a\":[null,true,1.50,\"é\\\"\\\\\\n\\u0001\u{1f600}\"],\"b\":{}}";
    let read = value(json.as_bytes()).unwrap();
    assert_eq!(read.to_string(), json);
    let ascii = r#"{"a":[null,true,1.50,"\u00e9\"\\\n\u0001\ud83d\ude00"],"b":{}}"#;
    assert_eq!(read.to_ascii(), ascii);
    assert_eq!(value(ascii.as_bytes()), Some(read));
}

/// The result of serde_json; `None` if the text is not JSON, or if an object has a duplicate key.
fn theirs(text: &str) -> Option<Json> {
    serde_json::from_str(text).ok()
}

#[test]
fn what_is_accepted_is_what_serde_json_accepts() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    let mut texts: Vec<String> = (125..130).flat_map(|n| [nested(n), objects(n)]).collect();
    texts.extend(
        [
            "",
            " ",
            "nul",
            "nulll",
            "true",
            "truefalse",
            "True",
            "\u{feff}1",
            "1 2",
            "// a",
            "0",
            "-0",
            "00",
            "01",
            "-01",
            "-",
            "+1",
            "1.",
            ".5",
            "1.e3",
            "1e",
            "1e+",
            "1E-07",
            "0e0",
            "1e308",
            "1e309",
            "-1e309",
            "0e999999999999999999999",
            "1e-999",
            "0x1",
            "NaN",
            "Infinity",
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775808",
            "-9223372036854775809",
            r#""""#,
            r#"""#,
            r#""\""#,
            r#""\"#,
            r#""\u12"#,
            r#""\u12g4""#,
            r#""\u0000""#,
            r#""\ud83d""#,
            r#""\ud83d\n""#,
            r#""\ud83d\ud83d""#,
            r#""\ude00""#,
            r#""\uD83D\uDE00""#,
            r#""\x""#,
            r#""\/\b\f\n\r\t\\\"""#,
            "\"\u{7f}é\u{2028}\"",
            "\"\u{1f}\"",
            "\"1234567\n\"",
            "\"12345678\n\"",
            "\"a\tb\"",
            r#""12345678\n12345678""#,
            r#"'a'"#,
            "[]",
            "[ ]",
            "[1,]",
            "[,1]",
            "[1 2]",
            "[1,2",
            "[1}",
            "]",
            "{}",
            "{ }",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{,}"#,
            r#"{a:1}"#,
            r#"{1:1}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a" : [ 1 , { "b" : null } ] }"#,
            r#"{"a":1]"#,
            "{\"a\":1}\u{0}",
            "\u{b}1",
            "\u{c}1",
            "\u{a0}1",
            "1\u{85}",
            "[1\u{a0}]",
            "\t\r\n 1\t\r\n ",
        ]
        .map(str::to_owned),
    );
    for text in texts {
        assert_eq!(
            value(text.as_bytes()).is_some(),
            theirs(&text).is_some(),
            "{text:?}"
        );
    }
    assert_eq!(value(b"\"\xff\""), None);
}

proptest! {
    #[test]
    fn what_is_read_is_what_serde_json_reads(text in r#"[\[\]{}:,"\\a-b0-9.eE+\- ]{0,40}"#) {
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        if let Some(ours) = value(text.as_bytes()) {
            let again: serde_json::Value = serde_json::from_str(&ours.to_string()).unwrap();
            prop_assert_eq!(again, theirs.unwrap());
        }
    }

    #[test]
    fn any_sequence_of_tokens_is_read_as_serde_json_reads_it(tokens in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "[", "]", ":", ",", r#""a""#, r#""b":"#, r#"{"a":"#, r#"{"b":1,"#, r#""\u00e9\\""#, r#""\ud83d\ude00""#, r#""\ud83d""#,
        "1", "-7", "2.50", "1e400", "true", "null", " ", "\n", "é",
    ]), 0..10)) {
        let text = tokens.concat();
        let (ours, theirs) = (value(text.as_bytes()), theirs(&text));
        if let Some((value, heap_bytes)) = read::value_with_bytes(text.as_bytes()) {
            prop_assert_eq!(value.heap_bytes(), heap_bytes);
        }
        prop_assert_eq!(ours.is_some(), theirs.is_some(), "{}", text);
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            let again = |json: &Json| serde_json::from_str::<serde_json::Value>(&json.to_string()).unwrap();
            prop_assert_eq!(again(&ours), again(&theirs));
        }
    }

    #[test]
    fn any_text_in_quotes_is_read_back(text: String) {
        let json = serde_json::to_string(&text).unwrap();
        let heap_bytes = block_bytes(text.len());
        prop_assert_eq!(read::value_with_bytes(json.as_bytes()), Some((Json::Text(text), heap_bytes)));
    }
}
