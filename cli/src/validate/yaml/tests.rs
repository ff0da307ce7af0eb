//! What the tree keeps, and what it reports about mistakes.

use super::*;

fn one(text: &str) -> Node {
    parse(text).unwrap().remove(0)
}

#[test]
fn documents_aliases_and_quotes_are_kept_apart() {
    assert_eq!(parse("a: 1\n---\nb: 2\n").unwrap().len(), 2);
    let node = one("a: &x {b: 'on'}\nc: *x\n");
    assert_eq!(node.get("a"), node.get("c"));
    assert_eq!(
        node.at(&["c", "b"]),
        Some(&Node::Scalar {
            text: "on".to_owned(),
            style: Style::Quoted
        })
    );
}

#[test]
fn a_key_is_found_in_both_spellings_of_protobuf() {
    for text in ["vm_config: {root_id: x}", "vmConfig: {rootId: x}"] {
        assert_eq!(
            one(text).text_at(&["vm_config", "root_id"]),
            Some("x"),
            "{text}"
        );
    }
}

#[test]
fn a_path_leads_to_its_line_or_to_the_nearest_above() {
    let node = one("rules:\n  - match: {}\n    requst:\n      - set: {}\n");
    let cases = [
        ("rules", Some(1)),
        ("rules[0].requst", Some(3)),
        ("rules[0].requst[0].set", Some(4)),
        ("rules[0].requst[7]", Some(3)),
        ("nothing", None),
    ];
    for (path, line) in cases {
        assert_eq!(node.line_of(path), line, "{path}");
    }
}

#[test]
fn errors_say_where() {
    let cases = [
        ("a: [1, 2\nb: 3\n", "line 2, column "),
        ("a: 1\na: 2\n", "line 2: duplicate key \"a\""),
        ("? [a]\n: 1\n", "line 1: a mapping or list as a key"),
    ];
    for (text, expected) in cases {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text:?}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn json_has_lines_and_says_where_it_is_broken() {
    let text = "{\n  \"a\": [\n    {\"b\": 1}\n  ]\n}";
    assert_eq!(parse_json(text).unwrap()[0].line_of("a[0].b"), Some(3));
    // An escape that only JSON has.
    let escaped = r#"{"a": "\ud83d\ude00"}"#;
    assert_eq!(parse_json(escaped).unwrap()[0].text_at(&["a"]), Some("😀"));
    for (text, expected) in [
        ("{\n\"a\": }", "line 2: not JSON: "),
        ("{\"a\": 1,\n\"a\": 2}", "line 2: duplicate key \"a\""),
    ] {
        let error = parse_json(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
