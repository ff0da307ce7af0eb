//! How much work regular expressions may have with a request.

use super::*;

#[test]
fn regular_expressions_look_through_a_long_path_a_bounded_number_of_times() {
    let rule = |n: usize| built(&format!(r#"{{"paths": [{{"regex": "/.*/guarded-{n}"}}]}}"#));
    let rules: Vec<Match> = (0..50).map(rule).collect();
    let other = built(r#"{"paths": [{"regex": "/v[0-9]+/items"}]}"#);
    let asked = |path: &str| {
        let request = request("GET", path).build();
        assert_eq!(
            other.readings(&request),
            Ok(ReadingSet::NONE),
            "costs nothing"
        );
        let answers = rules.iter().map(|rule| rule.readings(&request));
        answers.take_while(Result::is_ok).count()
    };
    assert_eq!(asked(&"/abc".repeat(14_500)), 1);
    assert_eq!(asked(&"/abc".repeat(1_000)), 16);
    assert_eq!(asked(&"/abc".repeat(250)), 50, "as many as there are");
}

#[test]
fn regular_expressions_have_so_much_work_and_no_more_wherever_they_stand() {
    let letters = |count: usize| "a".repeat(count);
    let wide = ".*[a-z]{1,500}X";
    let once = "[a-z]{1,500}X";
    for (part, pattern, value, expected) in [
        ("headers", wide, letters(8_000), Ok(ReadingSet::NONE)),
        ("headers", wide, letters(9_000), Err(TooManyReadings)),
        ("headers", wide, letters(8_000) + "X", Ok(ReadingSet::ALL)),
        ("query", wide, letters(8_000), Ok(ReadingSet::NONE)),
        ("query", wide, letters(9_000), Err(TooManyReadings)),
        ("paths", wide, letters(8_000), Ok(ReadingSet::NONE)),
        ("paths", wide, letters(9_000), Err(TooManyReadings)),
        // Only one state, and no text of this length matches.
        ("headers", once, letters(60_000), Ok(ReadingSet::NONE)),
        ("headers", once, letters(500) + "X", Ok(ReadingSet::ALL)),
        ("headers", "(a|aa)+X", letters(60_000), Ok(ReadingSet::NONE)),
        (
            "headers",
            "(?:.{0,100}){5}X",
            letters(60_000),
            Ok(ReadingSet::NONE),
        ),
        (
            "headers",
            "(?:.{0,100}){5}X",
            letters(500) + "X",
            Ok(ReadingSet::ALL),
        ),
    ] {
        let pattern = match part {
            "paths" => format!(r#"{{"paths": [{{"regex": "/{pattern}"}}]}}"#),
            part => format!(r#"{{"{part}": [{{"name": "x-a", "regex": "{pattern}"}}]}}"#),
        };
        let request = match part {
            "headers" => request("GET", "/").header("x-a", value.as_str()),
            "query" => request("GET", &format!("/?x-a={value}")),
            _ => request("GET", &format!("/{value}")),
        };
        let readings = built(&pattern).readings(&request.build());
        assert_eq!(readings, expected, "{pattern} on {} bytes", value.len());
    }
    // The limit applies to all rules of a configuration together. Short values do not count.
    let rule = built(r#"{"headers": [{"name": "cookie", "regex": ".*x"}]}"#);
    let asked = |bytes: usize| {
        let request = request("GET", "/").header("cookie", letters(bytes)).build();
        let answers = (0..300).map(|_| rule.readings(&request));
        answers.take_while(Result::is_ok).count()
    };
    assert_eq!(
        [asked(1_000), asked(8 * 1024), asked(60_000)],
        [300, 128, 17]
    );
}
