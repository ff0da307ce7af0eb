use super::closure::MAX_STATES;
use super::steps::Features;
use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn readings(path: &str) -> Vec<String> {
    let readings = Readings::of(path.as_bytes()).unwrap();
    readings
        .iter(path.as_bytes())
        .map(|r| String::from_utf8(r.to_vec()).unwrap())
        .collect()
}

fn canonical(path: &str) -> String {
    let readings = Readings::of(path.as_bytes()).unwrap();
    String::from_utf8(readings.canonical(path.as_bytes()).to_vec()).unwrap()
}

#[test]
fn a_plain_path_is_its_only_reading_and_nothing_is_kept_of_it() {
    for path in [
        "/",
        "/a",
        "/a/",
        "/a/b.c",
        "/.well-known/x",
        "/...",
        "/a../..b",
        "/a=b,c:d@e",
        "*",
        "",
        "a/b",
        "/caf\u{e9}",
    ] {
        assert!(is_plain(path.as_bytes()), "{path}");
        assert_eq!(readings(path), [path]);
        assert_eq!(canonical(path), path);
        assert_eq!(Readings::of(path.as_bytes()), Ok(Readings::default()));
    }
    for path in [
        "/%41", "/a%", "/a;", "/a\\b", "//", "//a", "/a//", "/.", "/..", "/a/.", "/a/./b", "/../b",
        ".", "./a", "..",
    ] {
        assert!(!is_plain(path.as_bytes()), "{path}");
    }
}

#[test]
fn the_readings_are_all_that_servers_make_of_a_path() {
    for (path, expected) in [
        ("/%61dmin", &["/admin"][..]),
        ("/%2561dmin", &["/%61dmin", "/admin"]),
        ("/100%25", &["/100%"]),
        ("/a%20b", &["/a b"]),
        ("/caf%C3%a9", &["/caf\u{e9}"]),
        ("/v1/users%3Apurge", &["/v1/users:purge"]),
        ("/a%zz%", &["/a%zz%"]),
        ("/%2%46b", &["/%2Fb", "//b", "/b"]),
        ("/%%32%46b", &["/%2Fb", "//b", "/b"]),
        ("/%%32Fb", &["/%2Fb", "//b", "/b"]),
        ("/%2%30%2e", &["/%20.", "/ ."]),
        ("/a%2Fb", &["/a%2Fb", "/a/b"]),
        ("/a%5cb", &["/a%5cb", "/a\\b", "/a/b"]),
        ("/a%252Fb", &["/a%2Fb", "/a/b"]),
        ("//%2541", &["//%41", "/%41", "//A", "/A"]),
        ("/login;jsessionid=A", &["/login;jsessionid=A", "/login"]),
        ("/a;x/b;y", &["/a;x/b;y", "/a/b"]),
        ("/a%3Bx", &["/a;x", "/a"]),
        ("/a;%2Fb", &["/a;%2Fb", "/a;/b", "/a", "/a/b"]),
        ("//a//", &["//a//", "/a/"]),
        ("/a\\b", &["/a\\b", "/a/b"]),
        ("/a/../b", &["/a/../b", "/b"]),
        ("/a//../b", &["/a//../b", "/a/../b", "/a/b", "/b"]),
        ("/a/..", &["/a/..", "/"]),
        ("/a/b/..", &["/a/b/..", "/a/", "/a"]),
        ("/a/.", &["/a/.", "/a/", "/a"]),
        ("/../../a", &["/../../a", "/a"]),
        ("/a/..;/b", &["/a/..;/b", "/a/../b", "/b"]),
        (
            "/a/..;/b;",
            &["/a/..;/b;", "/a/../b;", "/b;", "/a/../b", "/b"],
        ),
    ] {
        let (mut found, mut expected) = (readings(path), expected.to_vec());
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "{path}");
    }
}

#[test]
fn every_disguise_of_a_place_has_it_among_its_readings() {
    for path in [
        "/%61dmin",
        "/%2561dmin",
        "/%252561dmin",
        "/%25252561dmin",
        "//admin",
        "///admin",
        "/./admin",
        "/x/../admin",
        "/x/%2e%2e/admin",
        "/x/%2E./admin",
        "/x/..;/admin",
        "/x/..;a=b/admin",
        "/admin;a",
        "/admin;a=b;c",
        "/admin%3b%2f",
        "/;/admin",
        "/%2fadmin",
        "%2fadmin",
        "/x/..%2fadmin",
        "/x/..%5cadmin",
        "/x\\..\\admin",
        "\\admin",
        "/..//admin",
        "/x//../../admin",
        "/x/%252e%252e/admin",
        "/;x/;%252f../admin",
        "/public/a%5cb%2f..%2f..%2f../admin",
        "/%61dmin/%252e%252e/../admin",
        "/%61dmin/x/..",
        "/x;/../admin/%2e",
        "/a;b%2f../%2e%2e/admin",
    ] {
        assert!(
            readings(path).iter().any(|r| r == "/admin"),
            "{path}: {:?}",
            readings(path)
        );
    }
}

#[test]
fn the_canonical_reading_is_decoded_and_has_neither_params_nor_empty_nor_dot_segments() {
    for (path, expected) in [
        ("//a;v=1/%62", "/a/b"),
        ("/x/../a/./b", "/a/b"),
        ("/%252561", "/a"),
        ("/a%2fb%5Cc\\d", "/a/b/c/d"),
        ("/a/b/..", "/a/"),
        ("/a//../b", "/b"),
        ("/a;/", "/a/"),
        ("/%3B/a", "/a"),
        ("/..", "/"),
        ("/a%zz", "/a%zz"),
        ("\\a", "/a"),
    ] {
        assert_eq!(canonical(path), expected, "{path}");
    }
}

#[test]
fn legitimate_paths_have_few_readings() {
    for (path, most) in [
        ("/login;jsessionid=0123456789ABCDEF", 2),
        ("/api/v4/projects/group%2Fproject/-/tree", 2),
        ("/100%25", 1),
        ("/a%20b", 1),
        ("/caf%C3%A9/men%C3%BC", 1),
        ("/cars;color=red,blue;year=2012/wheels;size=3", 2),
        ("/a;x=%2F/b", 5),
        ("/npm/@scope%2fname", 2),
        ("/proxy/https%3A%2F%2Fexample.com%2Fa", 4),
        ("/proxy/https://example.com/a", 2),
        ("/files/C%3A%5CUsers%5Cx", 3),
        ("/a/./b/../c", 2),
        ("/storage/v1/b/bucket/o/dir%2Ffile%20name.txt", 2),
        ("/search/%2520", 2),
        ("/a//b;v=1/c%20d/../e", 16),
    ] {
        let count = Readings::of(path.as_bytes()).map(|r| r.len());
        assert!(count.is_ok_and(|c| c <= most), "{path}: {count:?}");
    }
}

#[test]
fn long_paths_are_served_where_they_have_few_readings() {
    let long = |part: &str, size: usize| part.repeat(size / part.len());
    for (part, size) in [
        ("/a", 58_000),
        ("/a;", 58_000),
        ("/a;v=1", 58_000),
        ("/a%20b", 58_000),
        ("/%C3%A9", 58_000),
        ("/a%2Fb", 58_000),
        ("/a%2F;b", 58_000),
        ("//a", 58_000),
        ("/a%20b;v=1", 58_000),
        ("/./a", 58_000),
        ("/a%2Fb%20c", 58_000),
        ("/segment%2Fname%20x;v=1", 16_000),
        ("/a//b;v=1/c%2Fd%20e/../f", 4_000),
        ("/a//b;v=1/c%20d", 4_000),
        ("/a//b;v=1/c%2Fd", 4_000),
        ("/a//b;v=1/c%20d/../e", 4_000),
    ] {
        let path = long(part, size);
        assert!(Readings::of(path.as_bytes()).is_ok(), "{part}");
    }
}

#[test]
fn what_has_too_many_readings_is_refused() {
    for path in [
        format!("/%{}41", "25".repeat(MAX_READINGS)),
        format!("/%{}41", "25".repeat(29_000)),
        "/a%2F%252F%25252F%2525252F%255C/;%3B%253B/..%2e/%252e.//x\\".repeat(4),
        "/a%2F//;/..\\".repeat(58_000 / 12),
        // Few readings, but long ones.
        "/%252561;a//".repeat(58_000 / 12),
    ] {
        assert!(Readings::of(path.as_bytes()).is_err(), "{path:.80}");
    }
}

/// The definition, taken literally and with only one large limit: all texts that any sequence of
/// steps makes of the path, if at least one step decodes.
fn all_readings(path: &[u8]) -> Option<BTreeSet<Vec<u8>>> {
    let mut states = vec![(path.to_vec(), false)];
    let mut at = 0;
    while at < states.len() {
        for step in Step::ALL {
            let mut next = Vec::new();
            step.apply(&states[at].0, &mut next);
            let next = (next, states[at].1 || step.decodes());
            if !states.contains(&next) {
                states.push(next);
            }
        }
        at += 1;
        if at > 2 * MAX_STATES {
            return None;
        }
    }
    let readings = states.into_iter().filter(|(_, decoded)| *decoded);
    Some(readings.map(|(text, _)| text).collect())
}

/// Paths made of parts that servers read in different ways.
fn odd_path() -> impl Strategy<Value = String> {
    let parts = vec![
        "/", "/", "/", "a", "admin", ".", "..", "/..", "/.", "//", "\\", ";", ";x", "%2e", "%2E",
        "%2f", "%2F", "%5c", "%5C", "%3b", "%25", "%252e", "%252F", "%255c", "%61", "%2561",
        "%C3%A9", "%3A", "%", "%2", "%zz",
    ];
    proptest::collection::vec(proptest::sample::select(parts), 0..10).prop_map(|p| p.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_readings_are_those_of_the_definition(path in odd_path()) {
        match (Readings::of(path.as_bytes()), all_readings(path.as_bytes())) {
            (Ok(found), expected) => {
                let mut texts: Vec<_> = found.iter(path.as_bytes()).map(<[u8]>::to_vec).collect();
                prop_assert_eq!(texts.len(), found.len());
                prop_assert!(texts.iter().any(|t| t == found.canonical(path.as_bytes())));
                texts.sort();
                prop_assert_eq!(texts, expected.unwrap().into_iter().collect::<Vec<_>>());
            }
            (Err(TooManyReadings), expected) => {
                prop_assert!(expected.is_none_or(|all| all.len() > MAX_READINGS), "{}", path);
            }
        }
    }

    #[test]
    fn the_canonical_reading_is_plain_and_its_own(path in odd_path()) {
        let path = format!("/{path}");
        if let Ok(found) = Readings::of(path.as_bytes()) {
            let form = found.canonical(path.as_bytes());
            prop_assert_eq!(form.first(), Some(&b'/'));
            let again = Readings::of(form).unwrap();
            prop_assert_eq!(again.len(), 1);
            prop_assert_eq!(again.canonical(form), form);
        }
    }

    #[test]
    fn plain_is_what_no_step_changes_and_has_no_percent_sign(path in odd_path()) {
        let features = Features::of(path.as_bytes());
        let unchanged = !path.contains('%') && !Step::ALL.iter().any(|s| features.changed_by(*s));
        prop_assert_eq!(is_plain(path.as_bytes()), unchanged);
    }

    #[test]
    fn no_step_that_makes_something_new_is_left_out(path in odd_path()) {
        let features = Features::of(path.as_bytes());
        for step in Step::ALL {
            let mut out = Vec::new();
            step.apply(path.as_bytes(), &mut out);
            let changes = out != path.as_bytes();
            let already_done = Step::ALL.into_iter().take_while(|s| *s != step).any(|other| {
                let mut made = Vec::new();
                other.apply(path.as_bytes(), &mut made);
                made == out
            });
            if features.changed_by(step) {
                prop_assert!(changes, "{:?}", step);
            } else {
                prop_assert!(!changes || already_done, "{:?}", step);
            }
            prop_assert!(out.len() <= path.len());
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(path: Vec<u8>) {
        let _ = Readings::of(&path);
        let _ = (decode(&path), decode_keeping_slashes(&path));
    }
}
