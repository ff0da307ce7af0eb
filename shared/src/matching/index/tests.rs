use super::*;
use crate::matching::{RawMatch, ReadingSet};
use crate::testing::request;
use proptest::prelude::*;

fn index(matches: &[&str]) -> (MatchIndex, Vec<Match>) {
    let build = |json: &&str| {
        serde_json::from_str::<RawMatch>(json)
            .unwrap()
            .build()
            .unwrap()
    };
    let matches: Vec<Match> = matches.iter().map(build).collect();
    (MatchIndex::new(&matches), matches)
}

#[test]
fn rules_are_found_by_path_and_by_host_and_the_others_always() {
    let (index, _) = index(&[
        r#"{"paths": [{"prefix": "/a"}]}"#,
        r#"{"paths": [{"exact": "/a/b"}, {"prefix": "/c"}]}"#,
        r#"{"methods": ["GET"]}"#,
        r#"{"paths": [{"prefix": "/"}]}"#,
        r#"{"paths": [{"prefix": "/A", "ignore_case": true}]}"#,
        r#"{"paths": [{"regex": "/x.*"}]}"#,
        r#"{"hosts": ["a.example", "*.b.example"]}"#,
        r#"{"hosts": ["c.example"], "paths": [{"prefix": "/d"}]}"#,
        r#"{"paths": [{"exact": "/long/er/%2Fthan/all"}]}"#,
    ]);
    for (path, host, expected) in [
        ("/a", "x.example", &[0, 2, 3, 4, 5][..]),
        ("/a/b", "x.example", &[0, 1, 2, 3, 4, 5]),
        ("/a/b/c", "x.example", &[0, 1, 2, 3, 4, 5]),
        ("/ab", "a.example", &[2, 3, 5, 6]),
        ("/c/x", "x.b.example", &[1, 2, 3, 5, 6]),
        ("/d", "x.y.b.example", &[2, 3, 5, 6, 7]),
        ("/d", "b.example:x", &[2, 3, 5, 7]),
        ("/x", "b.example", &[2, 3, 5]),
        ("/long/er//than/all", "x.example", &[2, 3, 5, 8]),
        ("/long/er/%2fthan/all", "x.example", &[2, 3, 5, 8]),
        ("/x/..//%61/b", "x.example", &[0, 1, 2, 3, 4, 5]),
        ("*", "x.example", &[2, 5]),
        ("", "x.example", &[2, 3, 5]),
    ] {
        let request = request("GET", path).authority(host).build();
        let found: Vec<_> = index.candidates(&request).collect();
        assert!(
            expected.iter().all(|rule| found.contains(rule)),
            "{path} {host}: {found:?}"
        );
        assert!(
            found.is_sorted() && found.len() <= expected.len(),
            "{path} {host}: {found:?}"
        );
    }
}

#[test]
fn where_there_are_few_rules_or_too_many_readings_all_are_candidates() {
    let (few, _) = index(&[r#"{"paths": [{"prefix": "/a"}]}"#; 2]);
    let plain = request("GET", "/b").build();
    assert_eq!(few.candidates(&plain).collect::<Vec<_>>(), [0, 1]);
    let (many, _) = index(&[r#"{"paths": [{"prefix": "/a"}]}"#; 100]);
    assert_eq!(many.candidates(&plain).count(), 0);
    let path = "/a%2F%252F%25252F%2525252F%255C/;%3B%253B/..%2e/%252e.//x\\".repeat(4);
    let endless = request("GET", &path).build();
    assert_eq!(
        many.candidates(&endless).collect::<Vec<_>>(),
        (0..100).collect::<Vec<_>>()
    );
    assert_eq!(MatchIndex::default().candidates(&plain).count(), 0);
}

proptest! {
    #[test]
    fn no_rule_that_matches_is_left_out(
        rules in prop::collection::vec(("(/[aB%]{0,1}(2f)?[ab]{0,2}){1,3}", 0..4_u8, any::<bool>(), "[ab]\\.[ab]"), 5..80),
        path in "(/[abAB]{0,2}|/|%2[fF]|%61|;|\\.\\.){0,6}", host in "[abAB]\\.[ab](\\.[ab])?",
    ) {
        let matches: Vec<Match> = rules.iter().filter_map(|(path, kind, ignore_case, host)| {
            let json = match kind {
                0 => format!(r#"{{"paths": [{{"prefix": "{path}", "ignore_case": {ignore_case}}}]}}"#),
                1 => format!(r#"{{"paths": [{{"exact": "{path}", "ignore_case": {ignore_case}}}, {{"exact": "/b"}}]}}"#),
                2 => format!(r#"{{"hosts": ["{host}", "*.{host}"]}}"#),
                _ => format!(r#"{{"hosts": ["{host}"], "paths": [{{"prefix": "{path}"}}]}}"#),
            };
            serde_json::from_str::<RawMatch>(&json).ok()?.build().ok()
        }).collect();
        let request = request("GET", &format!("/{path}")).authority(&host).build();
        let found: Vec<_> = MatchIndex::new(&matches).candidates(&request).collect();
        prop_assert!(found.is_sorted());
        for (rule, matches) in matches.iter().enumerate() {
            if matches.readings(&request) != Ok(ReadingSet::NONE) {
                prop_assert!(found.contains(&rule), "{rule} of {rules:?}");
            }
        }
    }
}
