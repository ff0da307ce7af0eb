use super::*;
use crate::host::testing::serialize;
use proptest::prelude::*;

fn edits(headers: &Headers) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let edit = |edit: &Edit<'_>| match edit {
        Edit::Set(name, value) => format!("set {}: {}", text(name), text(value)),
        Edit::Add(name, value) => format!("add {}: {}", text(name), text(value)),
        Edit::Remove(name) => format!("remove {}", text(name)),
    };
    headers.difference().iter().map(edit).collect()
}

#[test]
fn the_difference_is_the_fewest_edits() {
    type Change = fn(&mut Headers);
    let cases: [(Change, &[&str]); 13] = [
        (|_| {}, &[]),
        (|h| h.set("b", b"2"), &[]),
        (|h| h.set("b", b"x"), &["set b: x"]),
        (|h| h.set("a", b"1"), &["set a: 1"]),
        (|h| h.set("n", b""), &["set n: "]),
        (|h| h.add("b", b"3"), &["add b: 3"]),
        (|h| h.add("n", b"3"), &["set n: 3"]),
        (|h| h.remove("a"), &["remove a"]),
        (|h| h.remove("n"), &[]),
        (
            |h| {
                h.remove("b");
                h.add("b", b"2");
            },
            &[],
        ),
        (
            |h| {
                h.set("n", b"1");
                h.remove("n");
            },
            &[],
        ),
        (|h| h.replace("a", &["3", "1"]), &["set a: 3", "add a: 1"]),
        (
            |h| h.remove_if(|n| n != b":path"),
            &["remove a", "remove b"],
        ),
    ];
    for (n, (change, expected)) in cases.into_iter().enumerate() {
        let mut headers = Headers::new(&[(":path", "/"), ("a", "1"), ("b", "2"), ("a", "3")]);
        change(&mut headers);
        assert_eq!(edits(&headers), expected, "case {n}");
        assert_eq!(headers.is_changed(), !expected.is_empty(), "case {n}");
    }
}

#[test]
fn only_is_none_for_a_repeated_header() {
    let h = Headers::new(&[("a", "1"), ("b", "2"), ("a", "3")]);
    assert_eq!(h.only("a"), None);
    assert_eq!(h.only("b"), Some(&b"2"[..]));
    assert_eq!(h.joined("a", b", ").unwrap(), b"1, 3");
}

#[test]
fn look_alikes_go_and_the_name_itself_stays() {
    let mut h = Headers::new(&[
        ("x-jwt-sub", "1"),
        ("x_jwt_sub", "2"),
        ("x-jwt_sub", "3"),
        ("x.jwt.sub", "4"),
        ("x-jwt-sub2", "5"),
        ("xxjwt-sub", "6"),
    ]);
    h.remove_look_alikes("x-jwt-sub");
    let left: Vec<&[u8]> = h.iter().map(|(_, value)| value).collect();
    assert_eq!(left, [b"1", b"5", b"6"]);
    let mut h = Headers::new(&[(":path", "/"), ("_path", "x")]);
    h.remove_look_alikes("-path");
    assert_eq!(h.iter().count(), 1);
    assert!(h.contains(":path"));
}

#[test]
fn headers_whose_name_has_a_size_and_matches_are_removed() {
    let mut h = Headers::new(&[("ab", "1"), ("abc", "2"), ("ac", "3"), ("abcd", "4")]);
    let mut sizes = Sizes::default();
    sizes.add_name(b"xx");
    sizes.add_name(b"xxxx");
    h.remove_if_of(sizes, |name| name.starts_with(b"ab"));
    let left: Vec<&[u8]> = h.iter().map(|(_, value)| value).collect();
    assert_eq!(left, [b"2", b"3"]);
}

#[test]
fn a_name_is_plain_if_only_letters_digits_and_dashes_are_left() {
    assert_eq!(plain_name(b"X_a.9-b"), b"X-a-9-b");
}

#[test]
fn the_hosts_form_is_read_as_it_is_written() {
    let pairs: [(&[u8], &[u8]); 3] = [(b":path", b"/"), (b"x-\xff", b""), (b"a", b"\x00")];
    let headers = Headers::from_host(serialize(pairs.into_iter()));
    assert_eq!(headers.iter().collect::<Vec<_>>(), pairs);
    for bytes in [&b""[..], b"\x01\0\0\0", b"\xff\xff\xff\xff\0\0\0\0"] {
        assert_eq!(Headers::from_host(bytes.to_vec()).iter().count(), 0);
    }
}

#[test]
fn list_elements_respect_quotes() {
    let elements = |v: &'static str| {
        list_elements(v.as_bytes())
            .map(|e| std::str::from_utf8(e).unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(elements("a, b ,,c"), ["a", "b", "c"]);
    assert_eq!(elements(r#""a,b", c"#), [r#""a,b""#, "c"]);
    assert_eq!(elements(r#""a\",b", c"#), [r#""a\",b""#, "c"]);
    // A backslash outside quotes escapes nothing.
    assert_eq!(elements(r#"\",a", b"#), [r#"\",a""#, "b"]);
    assert_eq!(elements(""), Vec::<&str>::new());
}

#[test]
fn differences_do_not_cancel_each_other_out() {
    let text = [0_u8; 75];
    for first in 0..text.len() {
        for second in first..text.len() {
            let mut other = text;
            other[first] = 1;
            other[second] = 1;
            assert!(!is_same(&text, &other), "{first} {second}");
            assert!(!is_same_name(&text, &other), "{first} {second}");
        }
    }
}

proptest! {
    #[test]
    fn texts_are_the_same_where_each_byte_is(text in prop::collection::vec(any::<u8>(), 0..40), at: usize, bit in 0..8_u8) {
        prop_assert!(is_same(&text, &text.clone()) && is_same_name(&text, &text.clone()));
        let mut other = text.clone();
        if let Some(byte) = at.checked_rem(text.len()).and_then(|at| other.get_mut(at)) {
            *byte ^= 1 << bit;
            prop_assert!(!is_same(&text, &other) && !is_same_name(&text, &other));
        }
        other.push(0);
        prop_assert!(!is_same(&text, &other) && !is_same_name(&text, &other));
    }

    #[test]
    fn any_bytes_of_a_host_are_read_without_panic(bytes: Vec<u8>) {
        let _ = Headers::from_host(bytes).iter().count();
    }

    #[test]
    fn the_difference_carried_out_gives_what_is_there(
        before in prop::collection::vec(("[abc]", "[12]"), 0..6),
        changes in prop::collection::vec((0..4_u8, "[abc]", "[12]"), 0..6),
    ) {
        let mut headers = Headers::new(&before);
        for (what, name, value) in &changes {
            match what {
                0 => headers.set(name, value.as_bytes()),
                1 => headers.add(name, value.as_bytes()),
                2 => headers.remove(name),
                _ => headers.replace(name, &[value, value]),
            }
        }
        let mut host = before.iter().map(|(n, v)| (n.clone().into_bytes(), v.clone().into_bytes())).collect::<Vec<_>>();
        for edit in headers.difference() {
            match edit {
                Edit::Set(name, value) => {
                    host.retain(|(n, _)| n != name);
                    host.push((name.to_vec(), value.to_vec()));
                }
                Edit::Add(name, value) => host.push((name.to_vec(), value.to_vec())),
                Edit::Remove(name) => host.retain(|(n, _)| n != name),
            }
        }
        for name in ["a", "b", "c"] {
            let got: Vec<&[u8]> = host.iter().filter(|(n, _)| n == name.as_bytes()).map(|(_, v)| v.as_slice()).collect();
            prop_assert_eq!(got, headers.all(name).collect::<Vec<_>>());
        }
    }
}
