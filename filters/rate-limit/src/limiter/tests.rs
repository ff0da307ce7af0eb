use super::*;
use filter_kit::store::MemoryStore;
use governor::state::keyed::HashMapStateStore;
use proptest::prelude::*;

const START: Duration = Duration::from_secs(1_700_000_000);

fn limiter(store: &MemoryStore, requests: u32, per: Duration, burst: u32) -> Limiter {
    let some = |n| NonZeroU32::new(n).unwrap();
    let quota = Quota::new(some(requests), per, some(burst)).unwrap();
    Limiter::new(quota, Rc::new(SlotTable::new(store, "t", 1000, [1; 16])))
}

fn passes(check: Check) -> bool {
    matches!(check, Check::Charged { .. })
}

#[test]
fn a_burst_passes_and_then_one_request_an_interval() {
    let store = MemoryStore::default();
    let limiter = limiter(&store, 60, Duration::from_secs(60), 5);
    for n in 0..5 {
        let Check::Charged { left, .. } = limiter.check(&store, b"a", 1, START) else {
            panic!("request {n} is within the burst")
        };
        assert_eq!(left.remaining, 4 - n);
        assert_eq!(left.reset, Duration::from_secs(n + 1));
    }
    let refused = limiter.check(&store, b"a", 1, START + Duration::from_millis(250));
    let Check::UsedUp { left, wait } = refused else {
        panic!("the burst is used up, but {refused:?}")
    };
    assert_eq!(wait, Duration::from_millis(750));
    assert_eq!(
        (left.remaining, left.reset),
        (0, Duration::from_millis(4750))
    );
    let second = START + Duration::from_secs(1);
    assert!(passes(limiter.check(&store, b"a", 1, second)));
    assert!(!passes(limiter.check(&store, b"a", 1, second)));
    assert!(
        passes(limiter.check(&store, b"b", 1, second)),
        "another key"
    );
}

#[test]
fn exactly_the_wait_lets_a_request_of_that_cost_through() {
    let store = MemoryStore::default();
    let limiter = limiter(&store, 10, Duration::from_secs(100), 10);
    assert!(passes(limiter.check(&store, b"a", 10, START)));
    for cost in 1..=10 {
        let Check::UsedUp { wait, .. } = limiter.check(&store, b"a", cost, START) else {
            panic!("used up")
        };
        assert_eq!(wait, Duration::from_secs(10 * u64::from(cost)));
    }
    let wait = Duration::from_secs(30);
    let just_before = START + wait - Duration::from_nanos(1);
    assert!(!passes(limiter.check(&store, b"a", 3, just_before)));
    assert!(passes(limiter.check(&store, b"a", 3, START + wait)));
}

#[test]
fn costs_of_nothing_and_of_more_than_the_burst() {
    let store = MemoryStore::default();
    let limiter = limiter(&store, 10, Duration::from_secs(10), 5);
    for _ in 0..100 {
        assert!(passes(limiter.check(&store, b"a", 0, START)));
    }
    assert_eq!(store.keys(), 1, "nothing but the seed was written");
    assert!(passes(limiter.check(&store, b"a", 5, START)));
    for cost in [6, u32::MAX] {
        let left = Left {
            remaining: 0,
            reset: Duration::from_secs(5),
        };
        let check = limiter.check(&store, b"a", cost, START);
        assert_eq!(check, Check::TooCostly { left });
    }
    let Check::Charged { left, .. } = limiter.check(&store, b"a", 0, START) else {
        panic!("a cost of nothing passes even an empty bucket")
    };
    assert_eq!(left.remaining, 0);
}

#[test]
fn a_clock_that_is_set_back_locks_out_no_longer_than_a_bucket_takes_to_fill_up() {
    let store = MemoryStore::default();
    let limiter = limiter(&store, 10, Duration::from_secs(10), 10);
    assert!(passes(limiter.check(&store, b"a", 10, START)));
    let back = START - Duration::from_secs(3600);
    let Check::UsedUp { wait, left } = limiter.check(&store, b"a", 1, back) else {
        panic!("the bucket is empty")
    };
    assert_eq!(wait, Duration::from_secs(1));
    assert_eq!(left.reset, Duration::from_secs(10));
    let next = back + Duration::from_secs(1);
    assert!(
        passes(limiter.check(&store, b"a", 1, next)),
        "it has begun to fill up"
    );
    assert!(!passes(limiter.check(&store, b"a", 1, next)));
    let full = back + Duration::from_secs(11);
    assert!(passes(limiter.check(&store, b"a", 10, full)));
    assert!(
        passes(limiter.check(&store, b"c", 1, Duration::ZERO)),
        "a host without a clock"
    );
    assert!(
        passes(limiter.check(&store, b"d", 1, Duration::MAX)),
        "a host whose clock is at its end"
    );
}

#[test]
fn a_worker_that_was_held_up_frees_no_bucket() {
    let store = MemoryStore::default();
    let limiter = limiter(&store, 1000, Duration::from_secs(1), 1);
    let later = START + Duration::from_millis(5);
    assert!(passes(limiter.check(&store, b"a", 1, later)));
    // Its clock was read before that request, by more than the bucket takes to fill up.
    assert!(!passes(limiter.check(&store, b"a", 1, START)));
    assert!(!passes(limiter.check(&store, b"a", 1, later)));
    let next = later + Duration::from_millis(1);
    assert!(passes(limiter.check(&store, b"a", 1, next)));
}

#[test]
fn workers_with_their_own_limiters_share_a_quota() {
    let store = MemoryStore::default();
    let workers: Vec<_> = (0..4)
        .map(|_| limiter(&store, 50, Duration::from_secs(3600), 50))
        .collect();
    let passed = (0..5000_u64)
        .filter(|n| {
            let worker = &workers[(n % 4) as usize];
            let now = START + Duration::from_micros(*n);
            passes(worker.check(&store, b"a", 1, now))
        })
        .count();
    assert_eq!(passed, 50);
}

#[test]
fn a_limiter_of_another_quota_goes_on_where_the_last_one_stopped() {
    let store = MemoryStore::default();
    let hour = Duration::from_secs(3600);
    let strict = limiter(&store, 10, hour, 10);
    assert!(passes(strict.check(&store, b"a", 10, START)));
    let same = limiter(&store, 10, hour, 10);
    assert!(!passes(same.check(&store, b"a", 1, START)));
    let wide = limiter(&store, 3600, hour, 3600);
    assert!(!passes(wide.check(&store, b"a", 1, START)));
    assert!(passes(wide.check(
        &store,
        b"a",
        1,
        START + Duration::from_secs(1)
    )));
}

proptest! {
    /// Whatever arrives when, within any period no more requests pass than the burst plus what was
    /// refilled in it.
    #[test]
    fn no_more_passes_than_the_quota(
        requests in 1_u32..50, burst in 1_u32..50,
        arrivals in prop::collection::vec((0_u64..3000, 0_u32..4), 1..200)
    ) {
        let store = MemoryStore::default();
        let per = Duration::from_secs(10);
        let limiter = limiter(&store, requests, per, burst);
        let (mut now, mut passed) = (START, 0_u64);
        for (wait_ms, cost) in arrivals {
            now += Duration::from_millis(wait_ms);
            if passes(limiter.check(&store, b"a", cost, now)) {
                passed += u64::from(cost);
            }
            let elapsed = (now - START).as_nanos();
            let interval = 10_000_000_000_u128 / u128::from(requests);
            let allowed = u128::from(burst) + elapsed / interval;
            prop_assert!(u128::from(passed) <= allowed, "{passed} of {allowed}");
        }
    }

    /// The table that workers share and governor's own in-memory store give the same results.
    #[test]
    fn shared_buckets_behave_as_governors_own(
        requests in 1_u32..20, burst in 1_u32..20,
        arrivals in prop::collection::vec((0_u64..2000, 0_u8..3, 1_u32..4), 1..100)
    ) {
        let store = MemoryStore::default();
        let ours = limiter(&store, requests, Duration::from_secs(10), burst);
        let mut now = START;
        let mut own = HashMapStateStore::<Vec<u8>>::default();
        for (wait_ms, key, cost) in arrivals {
            now += Duration::from_millis(wait_ms);
            if cost > burst {
                continue;
            }
            let key = vec![key];
            let check = ours.check(&store, &key, cost, now);
            let clock = Bucket::default();
            let quota = ours.quota().governor().unwrap();
            let theirs = RateLimiter::<_, _, _, NoOpMiddleware<Instant>>::new(quota, own, clock.clone());
            clock.set(Instant::at(now), None);
            let expected = theirs.check_key_n(&key, NonZeroU32::new(cost).unwrap()).unwrap();
            match (check, expected) {
                (Check::Charged { .. }, Ok(())) => {}
                (Check::UsedUp { wait, .. }, Err(not_until)) => {
                    prop_assert_eq!(wait, not_until.wait_time_from(Instant::at(now)));
                }
                (check, expected) => prop_assert!(false, "{:?} {:?}", check, expected),
            }
            own = theirs.into_state_store();
        }
    }
}
