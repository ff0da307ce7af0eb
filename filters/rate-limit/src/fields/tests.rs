use super::*;
use crate::allowance::Allowance;
use crate::quota::Quota;
use filter_kit::headers::Headers;
use std::num::NonZeroU32;
use std::time::Duration;

fn standing(limit: usize, remaining: u64, reset_ms: u64) -> Standing {
    Standing::new(
        limit,
        Left {
            remaining,
            reset: Duration::from_millis(reset_ms),
        },
    )
}

/// Creates limits with these names.
fn labels(names: &[&str]) -> Vec<Label> {
    let hundred = NonZeroU32::new(100).unwrap();
    let quota = Quota::new(hundred, Duration::from_secs(60), hundred).unwrap();
    names
        .iter()
        .map(|name| Label::new(name, &Allowance::Quota(quota)))
        .collect()
}

fn fields<'l>(
    style: FieldStyle,
    standings: &[Standing],
    refused_by: Option<usize>,
    labels: &'l [Label],
) -> Fields<'l> {
    Fields::new(
        style,
        standings,
        refused_by,
        |limit| labels.get(limit),
        Vec::new(),
    )
}

fn pairs(fields: &Fields<'_>) -> Vec<(&'static str, String)> {
    let text =
        |(name, value): (&'static str, &[u8])| (name, String::from_utf8(value.to_vec()).unwrap());
    fields.iter().map(text).collect()
}

#[test]
fn the_draft_lists_all_limits_and_the_older_fields_the_one_with_the_least_left() {
    let labels = labels(&["a", "b", "c"]);
    let standings = [standing(0, 19, 12_001), standing(1, 3, 1000)];
    let draft = [
        ("ratelimit-policy", "\"a\";q=100;w=60, \"b\";q=100;w=60"),
        ("ratelimit", "\"a\";r=19;t=13, \"b\";r=3;t=1"),
    ];
    let legacy = [
        ("x-ratelimit-limit", "100"),
        ("x-ratelimit-remaining", "3"),
        ("x-ratelimit-reset", "1"),
    ];
    for (style, expected) in [
        (FieldStyle::Draft, draft.to_vec()),
        (FieldStyle::Legacy, legacy.to_vec()),
        (FieldStyle::Both, [&draft[..], &legacy].concat()),
        (FieldStyle::None, vec![]),
    ] {
        let got = fields(style, &standings, None, &labels);
        let got = pairs(&got);
        let got: Vec<_> = got.iter().map(|(n, v)| (*n, v.as_str())).collect();
        assert_eq!(got, expected, "{style:?}");
    }
    assert_eq!(pairs(&fields(FieldStyle::Both, &[], None, &labels)), vec![]);
    let advertised = |requests, window| Standing {
        advertised: Some(Box::new(Advertised { requests, window })),
        ..standing(2, 1, 0)
    };
    let advertised = [advertised(7, None), advertised(8, Some(9))];
    let advertised = fields(FieldStyle::Both, &advertised, None, &labels);
    assert_eq!(pairs(&advertised)[0].1, "\"c\";q=7, \"c\";q=8;w=9");
    assert_eq!(pairs(&advertised)[2].1, "7", "of equals the first");
}

#[test]
fn on_a_refusal_the_older_fields_are_of_the_limit_that_refused() {
    let labels = labels(&["a", "b", "c"]);
    let standings = [standing(0, 0, 60_000), standing(1, 3, 1000)];
    for (refused_by, remaining) in [
        (None, Some("0")),
        (Some(0), Some("0")),
        (Some(1), Some("3")),
        (Some(2), None),
    ] {
        let got = fields(FieldStyle::Both, &standings, refused_by, &labels);
        let got = pairs(&got);
        assert_eq!(got[1].1, "\"a\";r=0;t=60, \"b\";r=3;t=1", "all limits");
        assert_eq!(
            got.get(3).map(|(_, value)| value.as_str()),
            remaining,
            "{refused_by:?}"
        );
    }
}

#[test]
fn fields_of_a_limiter_behind_are_kept_where_less_is_left_there() {
    let labels = labels(&["a"]);
    let ours = fields(FieldStyle::Both, &[standing(0, 5, 0)], None, &labels);
    for (theirs, remaining) in [
        (None, "5"),
        (Some("9"), "5"),
        (Some("5"), "5"),
        (Some("4"), "4"),
        (Some("x"), "5"),
    ] {
        let mut pairs = vec![("ratelimit", "\"b\";r=9;t=1")];
        pairs.extend(theirs.map(|theirs| ("x-ratelimit-remaining", theirs)));
        let mut response = Response::of(Headers::new(&pairs));
        ours.write(&mut response, |_| false);
        let headers = response.headers();
        let values = |name| headers.all(name).collect::<Vec<_>>();
        assert_eq!(
            values("ratelimit"),
            [&b"\"b\";r=9;t=1"[..], b"\"a\";r=5;t=0"]
        );
        assert_eq!(values("x-ratelimit-remaining"), [remaining.as_bytes()]);
        let limit = (remaining == "5").then_some(&b"100"[..]);
        assert_eq!(headers.first("x-ratelimit-limit"), limit, "{theirs:?}");
    }
}

#[test]
fn fields_that_are_given_otherwise_are_left_out() {
    let labels = labels(&["a"]);
    let ours = fields(FieldStyle::Both, &[standing(0, 5, 0)], None, &labels);
    let mut response = Response::of(Headers::new(&[("x-ratelimit-remaining", "4")]));
    ours.write(&mut response, |name| {
        name == "ratelimit" || name == LEGACY_REMAINING
    });
    let headers = response.headers();
    let names: Vec<_> = headers.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 4);
    assert!(!headers.contains("ratelimit") && headers.contains("x-ratelimit-limit"));
    assert_eq!(headers.first(LEGACY_REMAINING), Some(&b"4"[..]));
}
