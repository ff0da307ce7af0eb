use super::*;
use crate::remote::tests::source;
use filter_kit::store::MemoryStore;
use proptest::prelude::*;

const NOW: Duration = Duration::from_secs(1_700_000_000);
const SECOND: Duration = Duration::from_secs(1);

#[test]
fn one_of_all_workers_gets_the_lease_and_its_outcome_is_everybodys() {
    let (store, source) = (MemoryStore::default(), source());
    let shared = Shared {
        store: &store,
        source: &source,
        name: "corp",
    };
    let claims = (1..=16).filter(|holder| shared.claim(NOW, Want::Fresh, *holder));
    assert_eq!(claims.collect::<Vec<_>>(), [1]);
    assert!(!shared.finish(NOW, 2, Some(b"not mine"), 0));
    assert!(shared.finish(NOW + SECOND, 1, Some(b"keys"), 0));
    assert_eq!(shared.keys(), b"keys");
    let state = shared.state();
    assert_eq!(
        (state.keys, state.fetched, state.holder),
        (1, NOW + SECOND, 0)
    );
    assert!(!shared.finish(NOW, 1, None, 0), "once");
    assert_eq!(store.keys(), 2);
}

#[test]
fn the_same_keys_keep_their_number_and_others_get_another() {
    let (store, source) = (MemoryStore::default(), source());
    let shared = Shared {
        store: &store,
        source: &source,
        name: "corp",
    };
    let mut now = NOW;
    for (body, number) in [("a", 1), ("a", 1), ("b", 2), ("a", 3)] {
        now += source.refresh;
        assert!(shared.claim(now, Want::Fresh, 1));
        assert!(shared.finish(now, 1, Some(body.as_bytes()), 0));
        assert_eq!(
            (shared.state().keys, shared.state().fetched),
            (number, now),
            "{body}"
        );
    }
    assert_eq!((next_number(0), next_number(u32::MAX)), (1, 1));
}

#[test]
fn a_failure_keeps_the_keys_and_the_lease_of_a_dead_worker_runs_out() {
    let (store, source) = (MemoryStore::default(), source());
    let shared = Shared {
        store: &store,
        source: &source,
        name: "corp",
    };
    assert!(shared.claim(NOW, Want::Fresh, 1) && shared.finish(NOW, 1, Some(b"old"), 0));
    let later = NOW + source.refresh;
    assert!(shared.claim(later, Want::Fresh, 1) && shared.finish(later, 1, None, 0));
    let state = shared.state();
    assert_eq!((state.keys, state.fetched, state.failures), (1, NOW, 1));
    assert_eq!(shared.keys(), b"old");
    assert!(!shared.claim(later, Want::Fresh, 2), "in the pause");
    let retry = state.retry_at;
    assert!(shared.claim(retry, Want::Fresh, 2));
    assert!(!shared.claim(retry + SECOND * 5, Want::Fresh, 3));
    assert!(shared.claim(retry + SECOND * 6, Want::Fresh, 3));
    assert!(!shared.finish(retry + SECOND * 6, 2, Some(b"late"), 0));
    assert!(shared.finish(retry + SECOND * 6, 3, Some(b"new"), 0));
    assert_eq!(
        (shared.keys(), shared.state().failures),
        (b"new".to_vec(), 0)
    );
}

proptest! {
    #[test]
    fn a_state_is_read_as_it_was_written(keys: u32, fetched: u64, until: u64, holder: u64, failures: u32) {
        let state = State {
            keys,
            fetched: Duration::from_millis(fetched),
            lease_until: Duration::from_millis(until),
            holder,
            failures,
            ..State::default()
        };
        prop_assert_eq!(State::read(&state.write()), Some(state));
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
        let _ = State::read(&bytes);
    }
}
