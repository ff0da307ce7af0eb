//! Checks the properties of every filter: it makes a limited number of host calls, writes only
//! valid headers, lets nothing of a request through that it answered or that still waits, does not
//! edit a request that it answers, and logs no token.

use crate::reference::{is_name, is_value};
use crate::script::Pairs;
use crate::tokens;
use filter_kit::pipeline::Filter;
use filter_kit::testing::{Answer, Exchange};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often each host call was made.
pub(super) type Calls = BTreeMap<&'static str, u64>;

/// Maximum number of host calls in one callback, for a request without headers.
const MAX_CALLS: u64 = 200;

/// Maximum number of further host calls for each header.
const MAX_CALLS_PER_HEADER: u64 = 8;

/// Maximum time of one callback, in code with libFuzzer's counters and overflow checks.
const MAX_WORK: Duration = Duration::from_millis(1500);

/// Checks the work of one callback.
pub(super) fn work(spent: Duration, calls: &Calls, headers: usize) {
    assert!(spent < MAX_WORK, "a callback took {spent:?}");
    let total: u64 = calls.values().sum();
    let max = MAX_CALLS + MAX_CALLS_PER_HEADER * headers as u64;
    assert!(total <= max, "{total} calls of the host: {calls:?}");
}

/// Checks that no log line contains a token that could be used, unless a client puts it where none
/// belongs.
pub(super) fn log(lines: &[String], shown: &[String]) {
    for token in tokens::good() {
        let (_, signature) = token.rsplit_once('.').unwrap();
        if shown.iter().any(|value| value.contains(signature)) {
            continue;
        }
        for line in lines {
            assert!(!line.contains(signature), "a token in the log: {line}");
        }
    }
}

/// The part of a header that the log shows, if it shows any.
pub(super) fn shown_in_log((name, value): &(Vec<u8>, Vec<u8>)) -> Option<String> {
    let value = match name.as_slice() {
        b":path" => value.split(|b| *b == b'?').next()?,
        b":method" | b":authority" | b"host" | b"origin" | b"x-request-id" => value,
        _ => return None,
    };
    Some(String::from_utf8_lossy(value).into_owned())
}

/// Checks the properties of the answer to any request.
pub(super) fn answer<F: Filter>(
    exchange: &mut Exchange<F>,
    request: &Pairs,
    answer: &Answer,
    calls: &Calls,
) {
    let count = |name| calls.get(name).copied().unwrap_or(0);
    let edits = count("replace_header_map_value")
        + count("add_header_map_value")
        + count("remove_header_map_value");
    match answer {
        Answer::Continued(headers) => head(request, headers),
        Answer::Replied(reply) => {
            assert_eq!(edits, 0, "edits of a request that is answered");
            assert_eq!(count("continue_stream"), 0, "it is answered and goes on");
            assert!(!exchange.body(), "its body goes on");
            assert!((200..600).contains(&reply.status), "{reply:?}");
            assert!(
                !reply.details.contains(['\r', '\n', ' ', '\0']),
                "{reply:?}"
            );
            pairs(&reply.headers);
        }
        Answer::Waits => {
            assert_eq!(edits, 0, "edits of a request that waits");
            assert!(!exchange.body(), "its body goes on");
        }
    }
}

/// Checks the headers of a continued request: each pseudo-header has as many values as before. A
/// host may be added to a request that had none.
fn head(before: &Pairs, after: &Pairs) {
    pairs(after);
    for name in [":method", ":path", ":authority", ":scheme"] {
        let count = |pairs: &Pairs| pairs.iter().filter(|(n, _)| n == name.as_bytes()).count();
        let (came, goes_on) = (count(before), count(after));
        let is_given = name == ":authority" && (came, goes_on) == (0, 1);
        assert!(came == goes_on || is_given, "{name} of {after:?}");
    }
    let path = |pairs: &Pairs| {
        let found = pairs.iter().find(|(n, _)| n == b":path");
        found.map(|(_, path)| path.clone()).unwrap_or_default()
    };
    let (before, after) = (path(before), path(after));
    if before.starts_with(b"/") && before.iter().all(u8::is_ascii_graphic) {
        let good = after.starts_with(b"/") && after.iter().all(u8::is_ascii_graphic);
        assert!(good, "the path {}", after.escape_ascii());
    }
}

pub(super) fn pairs(pairs: &Pairs) {
    for (name, value) in pairs {
        let plain = name.strip_prefix(b":").unwrap_or(name);
        assert!(is_name(plain), "the name {}", name.escape_ascii());
        assert!(is_value(value), "the value {}", value.escape_ascii());
    }
}
