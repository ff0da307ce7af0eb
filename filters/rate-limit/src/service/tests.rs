use super::proto::{
    DescriptorStatus, HeaderValue, OVER_LIMIT, Period, RateLimit, RateLimitResponse,
};
use super::*;
use crate::config::Config;
use crate::decision::{Decision, Outcome, Refusal, Verdict};
use crate::limits::{Limits, Plugin, Tables};
use crate::reason::Reason;
use filter_kit::config::{self, Env};
use filter_kit::store::{Holder, MemoryStore};
use proptest::prelude::*;
use std::rc::Rc;

fn service() -> Service {
    Service {
        cluster: "rls".into(),
        domain: "edge".into(),
        timeout: Duration::from_millis(20),
        on_error: OnError::Allow,
    }
}

fn question(limit: usize, cost: u32, value: &[u8]) -> Question {
    Question {
        limit,
        entries: vec![Entry {
            name: "remote_address".into(),
            value: value.to_vec(),
        }],
        cost,
    }
}

#[test]
fn a_question_is_a_descriptor_and_a_cost_that_is_the_same_for_all_goes_with_the_request() {
    let read = |questions: &[Question]| {
        RateLimitRequest::decode(service().message(questions).as_slice()).unwrap()
    };
    let same = read(&[question(0, 3, b"10.0.0.1"), question(1, 3, b"10.0.0.1")]);
    assert_eq!((same.domain.as_str(), same.hits_addend), ("edge", 3));
    assert_eq!(same.descriptors.len(), 2);
    assert_eq!(same.descriptors[0].entries[0].key, "remote_address");
    assert_eq!(same.descriptors[0].entries[0].value, "10.0.0.1");
    assert_eq!(same.descriptors[0].hits_addend, None);
    let differ = read(&[question(0, 1, b"a"), question(1, 5, b"a")]);
    assert_eq!(differ.hits_addend, 5);
    let costs: Vec<_> = differ.descriptors.iter().map(|d| d.hits_addend).collect();
    assert_eq!(costs, [Some(1), Some(5)]);
    let call = service().call(&[question(0, 3, b"10.0.0.1")]);
    assert_eq!((call.cluster.as_str(), call.service), ("rls", SERVICE));
    assert_eq!((call.method, call.timeout), (METHOD, service().timeout));
}

#[test]
fn bytes_that_are_no_text_are_percent_encoded() {
    for (bytes, expected) in [
        (&b"plain"[..], "plain"),
        (b"caf\xc3\xa9", "café"),
        (b"caf\xe9!", "caf%E9!"),
        (b"\xff\xfe", "%FF%FE"),
    ] {
        assert_eq!(text(bytes), expected);
    }
}

fn limits() -> Limits {
    limits_of(
        r#"{"limits": [{"name": "a", "scope": "service"}, {"name": "b", "scope": "service", "mode": "report"}],
        "service": {"cluster": "c", "domain": "d", "on_error": "allow"}}"#,
    )
}

fn limits_of(json: &str) -> Limits {
    let config: Config = config::load(json.as_bytes(), &Env::new()).unwrap();
    let tables = Tables {
        max_keys: 10,
        plugin: Plugin::default(),
        seed: [0; 16],
        holder: Rc::new(Holder::new(1)),
    };
    Limits::new(config.limits, vec![], &tables, &MemoryStore::default())
}

fn status(code: i32, seconds: i64) -> DescriptorStatus {
    DescriptorStatus {
        code,
        current_limit: Some(RateLimit {
            requests_per_unit: 100,
            unit: 2,
        }),
        limit_remaining: 7,
        duration_until_reset: Some(Period { seconds, nanos: 1 }),
    }
}

fn decided(response: &RateLimitResponse) -> Option<Decision> {
    let answer = Answer::read(&response.encode_to_vec())?;
    let questions = [question(0, 1, b"x"), question(1, 1, b"x")];
    let decision = Decision::new(Verdict::Pass);
    Some(answered(decision, &questions, &answer, &limits()))
}

#[test]
fn the_overall_code_decides_and_statuses_say_which_limit() {
    let used_up = |retry_after| Some(Reason::UsedUp { retry_after });
    let (ok, over) = (proto::OK, OVER_LIMIT);
    for (overall, statuses, reason, outcomes) in [
        (
            ok,
            vec![status(ok, 0), status(ok, 0)],
            None,
            vec![Outcome::Passed; 2],
        ),
        (
            ok,
            vec![status(over, 9), status(ok, 0)],
            None,
            vec![Outcome::Passed; 2],
        ),
        (
            over,
            vec![status(over, 9), status(ok, 0)],
            used_up(10),
            vec![Outcome::Refused],
        ),
        (
            over,
            vec![status(ok, 0), status(over, 9)],
            None,
            vec![Outcome::Passed, Outcome::Reported],
        ),
        // The wait of a limit in report mode does not apply to the limit that refuses.
        (
            over,
            vec![status(over, 9), status(over, 3600)],
            used_up(10),
            vec![Outcome::Refused],
        ),
        (over, vec![], used_up(1), vec![Outcome::Refused]),
        (
            over,
            vec![status(ok, 0)],
            used_up(1),
            vec![Outcome::Refused],
        ),
    ] {
        let decision = decided(&RateLimitResponse {
            overall_code: overall,
            statuses: statuses.clone(),
            ..RateLimitResponse::default()
        })
        .unwrap();
        let refused = match &decision.verdict {
            Verdict::Refuse(refusal) => Some(refusal.reason.clone()),
            _ => None,
        };
        assert_eq!(refused, reason, "{overall} {statuses:?}");
        let got: Vec<_> = decision.outcomes.iter().map(|(_, o)| *o).collect();
        assert_eq!(got, outcomes, "{overall} {statuses:?}");
    }
}

#[test]
fn a_refusal_is_about_the_limit_that_takes_longest_to_let_requests_through() {
    let json = r#"{"limits": [{"name": "a", "scope": "service"}, {"name": "b", "scope": "service"}, {"name": "c", "scope": "service"}],
        "service": {"cluster": "c", "domain": "d", "on_error": "allow"}}"#;
    let limits = limits_of(json);
    let (ok, over) = (proto::OK, OVER_LIMIT);
    for (statuses, limit, retry_after) in [
        ([status(over, 9), status(over, 99), status(ok, 999)], 1, 100),
        ([status(over, 99), status(over, 9), status(over, 9)], 0, 100),
        ([status(ok, 9), status(over, 9), status(over, 9)], 1, 10),
        ([status(ok, 9), status(ok, 9), status(over, 0)], 2, 1),
    ] {
        let response = RateLimitResponse {
            overall_code: over,
            statuses: statuses.to_vec(),
            ..RateLimitResponse::default()
        };
        let answer = Answer::read(&response.encode_to_vec()).unwrap();
        let questions = [0, 1, 2].map(|limit| question(limit, 1, b"x"));
        let decision = answered(Decision::new(Verdict::Pass), &questions, &answer, &limits);
        let expected = Verdict::Refuse(Refusal {
            limit: Some(limit),
            reason: Reason::UsedUp { retry_after },
        });
        assert_eq!(decision.verdict, expected, "{statuses:?}");
        let refused = decision.outcomes.last();
        assert_eq!(refused, Some(&(limit, Outcome::Refused)), "{statuses:?}");
    }
}

#[test]
fn statuses_tell_how_the_client_stands_with_what_is_enforced() {
    let decision = decided(&RateLimitResponse {
        overall_code: proto::OK,
        statuses: vec![status(proto::OK, 9), status(proto::OK, 9)],
        ..RateLimitResponse::default()
    })
    .unwrap();
    let [standing] = &*decision.standings else {
        panic!("the limit in report mode is not shown")
    };
    assert_eq!(standing.limit, 0);
    let advertised = standing.advertised.as_deref().unwrap();
    assert_eq!((advertised.requests, advertised.window), (100, Some(60)));
    assert_eq!(standing.left.remaining, 7);
    assert_eq!(standing.left.reset, Duration::new(9, 1));
}

#[test]
fn an_answer_that_decides_nothing_is_none() {
    for overall_code in [0, 3, -1] {
        let response = RateLimitResponse {
            overall_code,
            ..RateLimitResponse::default()
        };
        assert_eq!(decided(&response), None, "{overall_code}");
    }
    for bytes in [&b""[..], b"<html>", &[0xff; 100]] {
        assert_eq!(Answer::read(bytes), None);
    }
}

#[test]
fn headers_are_passed_on_unless_they_would_break_the_message() {
    let header = |key: &str, value: &str| HeaderValue {
        key: key.into(),
        value: value.into(),
        raw_value: vec![],
    };
    let mut all = vec![
        header("X-Good", "1"),
        header(":path", "/x"),
        header("content-length", "0"),
        header("x-split", "a\r\nb"),
        header("", "1"),
        HeaderValue {
            raw_value: b"\xe9".to_vec(),
            ..header("x-raw", "")
        },
    ];
    all.extend((0..1000).map(|n| header(&format!("x-{n}"), "1")));
    let response = RateLimitResponse {
        overall_code: proto::OK,
        request_headers_to_add: all,
        ..RateLimitResponse::default()
    };
    let answer = Answer::read(&response.encode_to_vec()).unwrap();
    let names: Vec<_> = answer
        .for_upstream
        .iter()
        .map(|(n, _)| n.as_str())
        .collect();
    assert_eq!(names.get(..3), Some(&["x-good", "x-raw", "x-0"][..]));
    assert_eq!(names.len(), 64);
    assert_eq!(answer.for_upstream[1].1, b"\xe9");
}

#[test]
fn a_unit_is_so_many_seconds_where_it_has_one_length() {
    let seconds = [
        None,
        Some(1),
        Some(60),
        Some(3600),
        Some(86_400),
        None,
        None,
        Some(604_800),
        None,
    ];
    for (unit, expected) in (0..).zip(seconds) {
        assert_eq!(proto::unit_seconds(unit), expected, "{unit}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
        let _ = Answer::read(&bytes);
        let _ = text(&bytes);
    }

    #[test]
    fn any_period_is_a_duration(seconds: i64, nanos: i32) {
        let response = RateLimitResponse {
            overall_code: OVER_LIMIT,
            statuses: vec![
                DescriptorStatus { duration_until_reset: Some(Period { seconds, nanos }), ..status(OVER_LIMIT, 0) },
                status(proto::OK, 0),
            ],
            ..RateLimitResponse::default()
        };
        prop_assert!(decided(&response).is_some());
    }
}
