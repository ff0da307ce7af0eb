//! Which buckets are charged, and what is advertised about them.

use super::*;

/// Decides with one limit of a plugin, in a store.
fn decide_in(store: &MemoryStore, plugin: &str, limit: &str, request: &Request) -> Verdict {
    let json = format!(r#"{{"limits": [{limit}]}}"#);
    let config: Config = config::load(json.as_bytes(), &Env::new()).unwrap();
    let limits = Limits::new(config.limits, vec![], &tables(plugin, 1), store);
    let checks = Checks {
        mode: config.mode,
        looks_at_host: false,
    };
    decide(&limits, request, checks, store, || NOW).verdict
}

// A bucket belongs to a plugin (its name and `root_id`), a limit, its quota and a key. Plugins that
// share a `vm_id` have separate buckets. After a reload, a limit with new numbers starts with full
// buckets, and unchanged limits keep their counts.
#[test]
fn a_bucket_belongs_to_plugin_limit_quota_and_key() {
    let a = r#"{"name": "a", "requests": 1, "per": "1h", "key": [{"header": "x"}]}"#;
    let store = MemoryStore::default();
    let get = request("GET", "/")
        .header("x", "1")
        .header("y", "1")
        .build();
    assert_eq!(decide_in(&store, "p", a, &get), Verdict::Pass);
    for (plugin, limit, is_same) in [
        ("p", a, true),
        ("q", a, false),
        (
            "p",
            r#"{"name": "b", "requests": 1, "per": "1h", "key": [{"header": "x"}]}"#,
            false,
        ),
        (
            "p",
            r#"{"name": "a", "requests": 2, "per": "1h", "key": [{"header": "x"}]}"#,
            false,
        ),
        (
            "p",
            r#"{"name": "a", "requests": 1, "per": "2h", "key": [{"header": "x"}]}"#,
            false,
        ),
        (
            "p",
            r#"{"name": "a", "requests": 1, "per": "1h", "burst": 2, "key": [{"header": "x"}]}"#,
            false,
        ),
        (
            "p",
            r#"{"name": "a", "requests": 1, "per": "1h", "key": [{"header": "y"}]}"#,
            false,
        ),
        (
            "p",
            r#"{"name": "a", "requests": 1, "per": "1h", "key": [{"header": "x"}], "cost": 1, "burst": 1,
            "match": {"methods": ["GET"]}, "missing_key": "skip"}"#,
            true,
        ),
    ] {
        let verdict = decide_in(&store, plugin, limit, &get);
        assert_eq!(verdict == Verdict::Pass, !is_same, "{plugin} {limit}");
    }
    assert_ne!(decide_in(&store, "p", a, &get), Verdict::Pass, "untouched");
}

const BY_USER: &str = r#"{"limits": [
    {"name": "first", "requests": 100, "per": "1h"},
    {"name": "a", "key": [{"cookie": "session"}], "requests": 2, "per": "1h"},
    {"name": "last", "requests": 100, "per": "1h"}]}"#;

fn with_sessions(sessions: &[&str]) -> Request {
    let cookies = |request: filter_kit::testing::RequestBuilder, value: &&str| {
        request.header("cookie", format!("session={value}"))
    };
    sessions.iter().fold(request("GET", "/"), cookies).build()
}

// The buckets are charged in order, up to the first that refuses.
#[test]
fn a_repeated_part_charges_the_bucket_of_each_value() {
    let world = World::new(BY_USER);
    let charge = |sessions: &[&str]| {
        let decision = world.decide(&with_sessions(sessions));
        let passed = decision.verdict == Verdict::Pass;
        let outcome = if passed {
            Outcome::Passed
        } else {
            Outcome::Refused
        };
        assert_eq!(
            decision.outcomes[1],
            (1, outcome),
            "one outcome for the limit"
        );
        assert_eq!(decision.outcomes.len(), if passed { 3 } else { 2 });
        (passed, decision.standings[1].left.remaining)
    };
    assert_eq!(charge(&["alice", "bob", "alice"]), (true, 1));
    assert_eq!(charge(&["alice"]), (true, 0));
    // One is left in bob's bucket. It is not charged, because alice's bucket refuses first.
    assert_eq!(charge(&["alice", "bob"]), (false, 0));
    assert_eq!(charge(&["bob"]), (true, 0));
    // Carol's bucket is charged, then bob's refuses.
    assert_eq!(charge(&["carol", "bob", "dave"]), (false, 0));
    assert_eq!(charge(&["carol", "dave"]), (true, 0));
    assert_eq!(charge(&["dave"]), (true, 0));
    // An empty value counts as missing.
    assert_eq!(charge(&["", "erin"]), (true, 1));
    assert_eq!(charge(&[]), (true, 0));
    assert_eq!(charge(&["frank", ""]), (false, 0));
}

#[test]
fn more_than_four_values_are_refused_and_nothing_is_charged() {
    let world = World::new(BY_USER);
    let four = with_sessions(&["a", "b", "c", "d"]);
    let five = with_sessions(&["a", "b", "c", "d", "e"]);
    for _ in 0..3 {
        let decision = world.decide(&five);
        assert_eq!(refused(&decision), Some((Some(1), &Reason::RepeatedKey)));
        assert_eq!(decision.incidents.missing_keys, 0);
    }
    assert_eq!(world.decide(&four).verdict, Verdict::Pass);
    assert_eq!(world.decide(&four).standings[1].left.remaining, 0);
    let report =
        World::new(&BY_USER.replace(r#""name": "a","#, r#""name": "a", "mode": "report","#));
    let decision = report.decide(&five);
    assert_eq!(decision.verdict, Verdict::Pass);
    assert_eq!(decision.outcomes[1], (1, Outcome::Reported));
}

#[test]
fn in_report_mode_no_bucket_is_charged_after_one_that_would_refuse() {
    let world =
        World::new(&BY_USER.replace(r#""name": "a","#, r#""name": "a", "mode": "report","#));
    let outcome = |sessions: &[&str]| world.decide(&with_sessions(sessions)).outcomes[1].1;
    assert_eq!(outcome(&["alice"]), Outcome::Passed);
    assert_eq!(outcome(&["alice"]), Outcome::Passed);
    assert_eq!(outcome(&["bob", "alice", "carol"]), Outcome::Reported);
    let outcomes = ["bob", "bob", "carol", "carol"].map(|user| outcome(&[user]));
    let (passed, reported) = (Outcome::Passed, Outcome::Reported);
    assert_eq!(outcomes, [passed, reported, passed, passed]);
}

#[test]
fn what_a_repeated_part_lacks_is_skipped_or_refused() {
    for (missing, is_refused) in [("skip", false), ("refuse", true)] {
        let limit = format!(r#""missing_key": "{missing}", "name": "a","#);
        let world = World::new(&BY_USER.replace(r#""name": "a","#, &limit));
        let decision = world.decide(&with_sessions(&["", "alice"]));
        let reason = refused(&decision).map(|(_, reason)| reason.clone());
        assert_eq!(
            reason,
            is_refused.then_some(Reason::MissingKey),
            "{missing}"
        );
        let missing_keys = u32::from(is_refused);
        assert_eq!(decision.incidents.missing_keys, missing_keys, "{missing}");
        let left = world.decide(&with_sessions(&["alice"])).standings[1].left;
        assert_eq!(left.remaining, if is_refused { 1 } else { 0 }, "{missing}");
    }
}

#[test]
fn the_service_is_asked_about_each_value() {
    let world = World::new(&SERVICE.replace("\"allow\"", "\"process\""));
    let two = request("GET", "/")
        .header("x-user", "a")
        .header("x-user", "b")
        .build();
    let asked = |decision: &Decision| match &decision.verdict {
        Verdict::Ask(questions) => questions.clone(),
        _ => Vec::new(),
    };
    let decision = world.decide(&two);
    let questions = asked(&decision);
    let values: Vec<_> = questions
        .iter()
        .map(|question| {
            (
                question.limit,
                question.entries.first().map(|e| e.value.clone()),
            )
        })
        .collect();
    let value = |text: &str| Some(text.as_bytes().to_vec());
    assert_eq!(values, [(1, value("a")), (1, value("b")), (3, None)]);
    // If the service does not answer, this process counts each bucket.
    let surroundings = (&world.store, NOW);
    let decision = without_service(
        decision,
        &questions,
        &world.limits,
        OnError::Process,
        surroundings,
    );
    assert_eq!(decision.verdict, Verdict::Pass);
    let passed = Outcome::Passed;
    assert_eq!(decision.outcomes, [(0, passed), (1, passed), (3, passed)]);
    let b = request("GET", "/").header("x-user", "b").build();
    let decision = world.decide(&b);
    let questions = asked(&decision);
    let decision = without_service(
        decision,
        &questions,
        &world.limits,
        OnError::Process,
        surroundings,
    );
    assert_eq!(refused(&decision).map(|(limit, _)| limit), Some(Some(1)));
}

#[test]
fn the_limit_that_refuses_is_told_also_where_the_cost_is_beyond_its_burst() {
    let world = World::new(
        r#"{"limits": [{"name": "user", "requests": 4, "per": "1m"},
            {"name": "spend", "requests": 10, "per": "1h", "cost": {"header": "x-cost"}}]}"#,
    );
    let cost = |cost: &str| request("GET", "/").header("x-cost", cost).build();
    assert_eq!(world.decide(&cost("3")).verdict, Verdict::Pass);
    let decision = world.decide(&cost("11"));
    assert_eq!(refused(&decision), Some((Some(1), &Reason::TooCostly)));
    assert_eq!(world.advertised(&decision), ["user", "spend"]);
    assert_eq!(
        decision.standings[1].left.remaining, 7,
        "nothing was charged"
    );
    assert_eq!(Reason::TooCostly.retry_after(), None);
}
