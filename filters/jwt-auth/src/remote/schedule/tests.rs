use super::*;
use crate::remote::tests::source;

const NOW: Duration = Duration::from_secs(1_700_000_000);

fn ago(seconds: u64) -> Duration {
    NOW - Duration::from_secs(seconds)
}

fn fetched(seconds_ago: u64) -> State {
    State {
        keys: 1,
        fetched: ago(seconds_ago),
        ended: ago(seconds_ago),
        ..State::default()
    }
}

#[test]
fn a_fetch_is_due_without_keys_with_old_ones_and_for_an_unknown_key_after_the_interval() {
    let source = source();
    let failed = |state: State, retry_in: Duration| State {
        failures: 1,
        retry_at: NOW + retry_in,
        ..state
    };
    let leased = |state: State, until: Duration| State {
        holder: 7,
        lease_until: until,
        ..state
    };
    let (second, zero) = (Duration::from_secs(1), Duration::ZERO);
    for (what, state, fresh, other) in [
        ("none", State::default(), true, true),
        ("new", fetched(0), false, false),
        ("within the interval", fetched(29), false, false),
        ("after the interval", fetched(30), false, true),
        ("before the refresh", fetched(599), false, true),
        ("at the refresh", fetched(600), true, true),
        ("too old", fetched(86_401), true, true),
        (
            "none, in the pause",
            failed(State::default(), second),
            false,
            false,
        ),
        (
            "none, after the pause",
            failed(State::default(), zero),
            true,
            true,
        ),
        (
            "old, in the pause",
            failed(fetched(700), second),
            false,
            false,
        ),
        (
            "old, after the pause",
            failed(fetched(700), zero),
            true,
            true,
        ),
        (
            "good, after the pause",
            failed(fetched(100), zero),
            false,
            true,
        ),
        (
            "under way",
            leased(fetched(700), NOW + second),
            false,
            false,
        ),
        ("given up", leased(fetched(700), NOW), true, true),
        (
            "a lease of another time",
            leased(fetched(700), NOW + second * 60),
            true,
            true,
        ),
        (
            "a pause of another time",
            failed(fetched(700), second * 61),
            true,
            true,
        ),
    ] {
        assert_eq!(source.is_due(&state, NOW, Want::Fresh), fresh, "{what}");
        assert_eq!(source.is_due(&state, NOW, Want::Other), other, "{what}");
    }
    let mut future = fetched(0);
    future.fetched = NOW + second;
    assert!(
        !source.is_due(&future, NOW, Want::Fresh),
        "another worker's clock"
    );
    future.fetched = NOW + second * 3600;
    assert!(
        source.is_due(&future, NOW, Want::Fresh),
        "a clock that was set back"
    );
    assert!(source.is_usable(&future, NOW));
}

#[test]
fn keys_serve_until_they_are_too_old() {
    let source = source();
    assert!(!source.is_usable(&State::default(), NOW));
    for (age, usable) in [(0, true), (86_400, true), (86_401, false)] {
        assert_eq!(source.is_usable(&fetched(age), NOW), usable, "{age}");
    }
}

#[test]
fn the_next_fetch_is_awaited_for_as_long_as_it_takes() {
    let source = source();
    let retry = |state: State, millis: u64| State {
        failures: 3,
        retry_at: NOW + Duration::from_millis(millis),
        ..state
    };
    for (state, millis) in [
        (State::default(), 0),
        (retry(State::default(), 300), 300),
        (fetched(100), 500_000),
        (fetched(700), 0),
        (retry(fetched(700), 300), 300),
        (retry(fetched(100), 300), 500_000),
    ] {
        assert_eq!(source.due_in(&state, NOW), Duration::from_millis(millis));
    }
}

#[test]
fn pauses_double_up_to_a_bound_and_differ_by_chance() {
    let source = source();
    for (failures, has_keys, longest) in [
        (1, true, 250),
        (2, true, 500),
        (5, true, 4000),
        (9, true, 60_000),
        (u32::MAX, true, 60_000),
        (1, false, 250),
        (3, false, 1000),
        (u32::MAX, false, 1000),
    ] {
        let pause = |random| source.pause(failures, has_keys, random).as_millis();
        assert_eq!(pause(0), longest / 2, "{failures}");
        let half = u64::try_from(longest / 2).unwrap();
        assert_eq!(pause(half), longest, "{failures}");
        assert!((0..1000).all(|random| (longest / 2..=longest).contains(&pause(random * 7919))));
    }
}
