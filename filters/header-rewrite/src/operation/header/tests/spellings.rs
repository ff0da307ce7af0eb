use super::*;

#[test]
fn on_requests_a_name_goes_in_every_spelling_that_a_server_may_read_as_the_same() {
    // A name that is written or removed is first removed in every spelling that a server may read
    // as the same name (`_` for `-`).
    let forged = [("x_user", "root"), ("x.user", "root"), ("x-other", "1")];
    for (operation, expected) in [
        (
            r#"{"set": {"name": "x-user", "value": "a"}}"#,
            &["x-other: 1", "x-user: a"][..],
        ),
        (
            r#"{"set": {"name": "x-user", "value": "${request.header.none}"}}"#,
            &["x-other: 1"],
        ),
        (
            r#"{"add": {"name": "x-user", "value": "a"}}"#,
            &["x-other: 1", "x-user: a"],
        ),
        (
            r#"{"default": {"name": "x-user", "value": "a"}}"#,
            &["x-other: 1", "x-user: a"],
        ),
        (r#"{"remove": {"name": "x-user"}}"#, &["x-other: 1"]),
        (r#"{"remove": {"prefix": "x-us"}}"#, &["x-other: 1"]),
        (r#"{"remove": {"regex": "x-us.*"}}"#, &["x-other: 1"]),
        (r#"{"remove": {"regex": "X-Us.*"}}"#, &["x-other: 1"]),
        (
            r#"{"rename": {"from": "x-user", "to": "x-old"}}"#,
            &["x-other: 1"],
        ),
        (
            r#"{"rename": {"from": "x-other", "to": "x-user"}}"#,
            &["x-user: 1"],
        ),
        (
            r#"{"rename": {"from": "x_user", "to": "x-user"}}"#,
            &["x-other: 1", "x-user: root"],
        ),
        (
            r#"{"copy": {"from": "x-other", "to": "x-user"}}"#,
            &["x-other: 1", "x-user: 1"],
        ),
        (
            r#"{"copy": {"from": "x-user", "to": "x-old"}}"#,
            &["x_user: root", "x.user: root", "x-other: 1"],
        ),
        (
            r#"{"replace": {"name": "x-user", "regex": "root", "with": "a"}}"#,
            &["x-other: 1"],
        ),
        (r#"{"dedupe": {"name": "x-user"}}"#, &["x-other: 1"]),
    ] {
        let (got, _) = after(operation, &forged);
        assert_eq!(got, expected, "{operation}");
    }
    // Headers that a message needs are kept, whatever names the operations use.
    let (got, _) = after(
        r#"{"remove": {"name": "content_length"}}, {"set": {"name": "-path", "value": "x"}}"#,
        &[("content-length", "1")],
    );
    assert_eq!(got, ["content-length: 1", "-path: x"]);
}

#[test]
fn responses_keep_other_spellings() {
    let rules = rules(
        r#"{"rules": [{"response": [{"remove": {"prefix": "x-"}}, {"remove": {"name": "a-b"}}, {"set": {"name": "c-d", "value": "1"}}]}]}"#,
    );
    let upstream = [("x_a", "1"), ("a_b", "1"), ("c_d", "1"), ("x-a", "1")];
    let (edits, _) = edit_response(&rules, with(&[]).build(), &upstream);
    assert_eq!(edits, ["remove x-a", "set c-d: 1"]);
}
