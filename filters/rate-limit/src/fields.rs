//! Fields that tell clients of their limits: `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-10, and the older
//! `X-RateLimit-*`.

use crate::quota::{Left, whole_seconds};
use filter_kit::response::Response;
use serde::Deserialize;

/// Which fields tell clients of their limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub enum FieldStyle {
    /// `RateLimit` and `RateLimit-Policy`, of all limits that count the request.
    Draft,
    /// `X-RateLimit-Limit`, `-Remaining` and `-Reset` of the limit with the least left.
    Legacy,
    /// Both.
    #[default]
    Both,
    /// None. `retry-after` is sent all the same.
    None,
}

/// The state of a client at a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The limit's name, of letters, digits, `-` and `_`.
    pub name: String,
    /// How many requests there are in the window.
    pub requests: u64,
    /// The window in seconds; `None` where the rate limit service does not say.
    pub window: Option<u64>,
    /// What is left.
    pub left: Left,
}

/// A header of a response.
pub type Field = (&'static str, String);

const LEGACY_LIMIT: &str = "x-ratelimit-limit";
const LEGACY_REMAINING: &str = "x-ratelimit-remaining";
const LEGACY_RESET: &str = "x-ratelimit-reset";

impl FieldStyle {
    fn draft(self) -> bool {
        matches!(self, Self::Draft | Self::Both)
    }

    fn legacy(self) -> bool {
        matches!(self, Self::Legacy | Self::Both)
    }
}

/// The fields of a response.
#[must_use]
pub fn fields(style: FieldStyle, standings: &[Standing]) -> Vec<Field> {
    let mut fields = Vec::new();
    if standings.is_empty() {
        return fields;
    }
    if style.draft() {
        let policies: Vec<_> = standings.iter().map(policy).collect();
        let states: Vec<_> = standings.iter().map(state).collect();
        fields.push(("ratelimit-policy", policies.join(", ")));
        fields.push(("ratelimit", states.join(", ")));
    }
    if style.legacy()
        && let Some(least) = least(standings)
    {
        fields.push((LEGACY_LIMIT, least.requests.to_string()));
        fields.push((LEGACY_REMAINING, least.left.remaining.to_string()));
        fields.push((LEGACY_RESET, reset(least).to_string()));
    }
    fields
}

/// Puts fields on a response, which may have some of another limiter behind this one: the draft's fields are lists, and of the older ones
/// those with the least left stay.
pub fn write(fields: &[Field], response: &mut Response) {
    let ours = fields
        .iter()
        .find(|(name, _)| *name == LEGACY_REMAINING)
        .and_then(|(_, value)| value.parse::<u64>().ok());
    let theirs_stay = ours.is_some_and(|ours| {
        response
            .value(LEGACY_REMAINING)
            .and_then(|value| std::str::from_utf8(&value).ok()?.trim().parse::<u64>().ok())
            .is_some_and(|theirs| theirs < ours)
    });
    for (name, value) in fields {
        match (is_legacy(name), theirs_stay) {
            (true, true) => {}
            (true, false) => response.set(name, value.as_bytes()),
            (false, _) => response.add(name, value.as_bytes()),
        }
    }
}

fn is_legacy(name: &str) -> bool {
    name.starts_with("x-")
}

/// Draft, section 3: `"per-client";q=100;w=60`.
fn policy(standing: &Standing) -> String {
    let window = standing
        .window
        .map(|seconds| format!(";w={seconds}"))
        .unwrap_or_default();
    format!("\"{}\";q={}{window}", standing.name, standing.requests)
}

/// Draft, section 4: `"per-client";r=19;t=12`.
fn state(standing: &Standing) -> String {
    let Standing { name, left, .. } = standing;
    format!("\"{name}\";r={};t={}", left.remaining, reset(standing))
}

/// The one with the least left; of several, the one that takes the longest.
fn least(standings: &[Standing]) -> Option<&Standing> {
    standings
        .iter()
        .min_by_key(|s| (s.left.remaining, std::cmp::Reverse(s.left.reset)))
}

fn reset(standing: &Standing) -> u64 {
    whole_seconds(standing.left.reset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use filter_kit::headers::Headers;
    use std::time::Duration;

    fn standing(name: &str, remaining: u64, reset_ms: u64) -> Standing {
        Standing {
            name: name.to_owned(),
            requests: 100,
            window: Some(60),
            left: Left {
                remaining,
                reset: Duration::from_millis(reset_ms),
            },
        }
    }

    #[test]
    fn the_draft_lists_all_limits_and_the_older_fields_the_one_with_the_least_left() {
        let standings = [standing("a", 19, 12_001), standing("b", 3, 1000)];
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
            let got = fields(style, &standings);
            let got: Vec<_> = got.iter().map(|(n, v)| (*n, v.as_str())).collect();
            assert_eq!(got, expected, "{style:?}");
        }
        assert_eq!(fields(FieldStyle::Both, &[]), vec![]);
        let open = Standing {
            window: None,
            ..standing("c", 1, 0)
        };
        assert_eq!(fields(FieldStyle::Draft, &[open])[0].1, "\"c\";q=100");
    }

    #[test]
    fn fields_of_a_limiter_behind_are_kept_where_less_is_left_there() {
        let ours = fields(FieldStyle::Both, &[standing("a", 5, 0)]);
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
            write(&ours, &mut response);
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
}
