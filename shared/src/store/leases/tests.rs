use super::*;
use crate::store::{Conflict, Expected, MemoryStore, Stored};
use proptest::prelude::*;
use std::cell::Cell;

const SEED: [u8; 16] = [7; 16];
const START: Duration = Duration::from_secs(1_700_000_000);

struct Worker {
    holder: Rc<Holder>,
    table: LeaseTable,
}

fn worker(store: &impl CasStore, id: u64, max_keys: u32) -> Worker {
    let holder = Rc::new(Holder::new(id));
    let table = LeaseTable::new(store, "t", max_keys, SEED, Rc::clone(&holder));
    Worker { holder, table }
}

fn lease(leased: Leased) -> Option<(Lease, u32)> {
    match leased {
        Leased::Lease { lease, under_way } => Some((lease, under_way)),
        _ => None,
    }
}

#[test]
fn as_many_leases_as_may_be_are_given_over_all_workers_and_one_given_back_is_free_again() {
    let store = MemoryStore::default();
    let workers = [1, 2, 3].map(|id| worker(&store, id, 100));
    let mut leases = Vec::new();
    for n in 0..10 {
        let worker = &workers[n % 3];
        let (lease, under_way) = lease(worker.table.acquire(&store, b"k", 10, START)).unwrap();
        assert_eq!(under_way as usize, n + 1);
        leases.push((n % 3, lease));
    }
    for worker in &workers {
        assert_eq!(worker.table.acquire(&store, b"k", 10, START), Leased::Full);
    }
    assert!(lease(workers[0].table.acquire(&store, b"other", 10, START)).is_some());
    let (at, given) = leases.pop().unwrap();
    workers[at].holder.release(&store, given);
    let (_, under_way) = lease(workers[1].table.acquire(&store, b"k", 10, START)).unwrap();
    assert_eq!(under_way, 10);
}

#[test]
fn leases_of_a_vm_that_is_gone_expire_and_those_that_are_renewed_do_not() {
    let store = MemoryStore::default();
    let (gone, alive) = (worker(&store, 1, 100), worker(&store, 2, 100));
    for worker in [&gone, &alive] {
        assert!(lease(worker.table.acquire(&store, b"k", 2, START)).is_some());
    }
    assert_eq!(alive.holder.tick_in(), Some(Duration::from_millis(200)));
    let at = |seconds: u64| START + Duration::from_secs(seconds);
    for seconds in (2..10).step_by(2) {
        alive.holder.tick(&store, at(seconds));
        let third = worker(&store, 100 + seconds, 100);
        assert_eq!(
            third.table.acquire(&store, b"k", 2, at(seconds)),
            Leased::Full,
            "{seconds}"
        );
    }
    let third = worker(&store, 3, 100);
    let (_, under_way) = lease(third.table.acquire(&store, b"k", 2, at(10))).unwrap();
    assert_eq!(under_way, 2, "its own and the one that was renewed");
    assert_eq!(third.table.acquire(&store, b"k", 2, at(10)), Leased::Full);
}

#[test]
fn a_clock_that_is_set_back_frees_what_nobody_renews() {
    let store = MemoryStore::default();
    let gone = worker(&store, 1, 100);
    assert!(lease(gone.table.acquire(&store, b"k", 1, START)).is_some());
    let other = worker(&store, 2, 100);
    let hour = Duration::from_secs(3600);
    assert!(lease(other.table.acquire(&store, b"k", 1, START - hour)).is_some());
    other.holder.tick(&store, START - 2 * hour);
    let third = worker(&store, 3, 100);
    assert_eq!(
        third.table.acquire(&store, b"k", 1, START - 2 * hour),
        Leased::Full
    );
}

#[test]
fn a_holder_without_leases_asks_for_no_ticks() {
    let store = MemoryStore::default();
    let worker = worker(&store, 1, 100);
    assert_eq!(worker.holder.tick_in(), None);
    let (lease, _) = lease(worker.table.acquire(&store, b"k", 1, START)).unwrap();
    assert!(worker.holder.tick_in().is_some());
    worker.holder.release(&store, lease);
    assert_eq!(worker.holder.tick_in(), None);
}

#[test]
fn a_table_full_of_requests_under_way_refuses_new_keys_and_stays_as_large_as_it_is() {
    let store = MemoryStore::default();
    let worker = worker(&store, 1, 16);
    let mut leases = Vec::new();
    for n in 0..16_u32 {
        leases.extend(lease(worker.table.acquire(
            &store,
            &n.to_le_bytes(),
            5,
            START,
        )));
    }
    assert_eq!(leases.len(), 16);
    let before = (store.keys(), store.bytes());
    for n in 16..1000_u32 {
        let leased = worker.table.acquire(&store, &n.to_le_bytes(), 5, START);
        assert_eq!(leased, Leased::Crowded);
    }
    assert!(lease(worker.table.acquire(&store, &3_u32.to_le_bytes(), 5, START)).is_some());
    assert_eq!((store.keys(), store.bytes()), before);
    for (lease, _) in leases {
        worker.holder.release(&store, lease);
    }
    assert!(lease(worker.table.acquire(&store, b"new", 5, START)).is_some());
}

/// A store in which another worker wins the first few races.
struct Raced<'s> {
    store: &'s MemoryStore,
    races: Cell<u32>,
}

impl CasStore for Raced<'_> {
    fn load(&self, key: &str) -> Option<Stored> {
        self.store.load(key)
    }

    fn store(&self, key: &str, value: &[u8], expected: Expected) -> Result<(), Conflict> {
        match self.races.get().checked_sub(1) {
            Some(left) => {
                self.races.set(left);
                Err(Conflict)
            }
            None => self.store.store(key, value, expected),
        }
    }
}

#[test]
fn a_lease_that_cannot_be_given_back_now_is_given_back_at_the_next_tick() {
    let memory = MemoryStore::default();
    let worker = worker(&memory, 1, 100);
    let (first, _) = lease(worker.table.acquire(&memory, b"k", 1, START)).unwrap();
    let raced = Raced {
        store: &memory,
        races: Cell::new(MAX_ATTEMPTS),
    };
    worker.holder.release(&raced, first);
    let other = self::worker(&memory, 2, 100);
    assert_eq!(other.table.acquire(&memory, b"k", 1, START), Leased::Full);
    assert!(worker.holder.tick_in().is_some());
    worker.holder.tick(&raced, START);
    assert_eq!(worker.holder.tick_in(), None);
    assert!(lease(worker.table.acquire(&memory, b"k", 1, START)).is_some());
    raced.races.set(10 * MAX_ATTEMPTS);
    assert_eq!(
        worker.table.acquire(&raced, b"j", 1, START),
        Leased::Contended
    );
}

#[test]
fn a_lease_that_is_given_back_later_is_free_after_the_next_tick_or_for_the_next_of_its_holder() {
    let store = MemoryStore::default();
    let (own, other) = (worker(&store, 1, 100), worker(&store, 2, 100));
    let (first, _) = lease(own.table.acquire(&store, b"k", 1, START)).unwrap();
    own.holder.release_later(first);
    assert_eq!(other.table.acquire(&store, b"k", 1, START), Leased::Full);
    let (second, _) = lease(own.table.acquire(&store, b"k", 1, START)).unwrap();
    own.holder.release_later(second);
    own.holder.tick(&store, START);
    assert_eq!(own.holder.tick_in(), None);
    assert!(lease(other.table.acquire(&store, b"k", 1, START)).is_some());
}

proptest! {
    #[test]
    fn never_more_than_may_be_are_under_way(steps in prop::collection::vec((0..4_usize, 0..3_u8, prop::bool::ANY), 0..200)) {
        let store = MemoryStore::default();
        let workers = [1, 2, 3, 4].map(|id| worker(&store, id, 32));
        let mut held: Vec<(usize, u8, Lease)> = Vec::new();
        for (at, key, takes) in steps {
            if takes {
                let leased = workers[at].table.acquire(&store, &[key], 5, START);
                let before = held.iter().filter(|(_, other, _)| *other == key).count();
                prop_assert_eq!(lease(leased.clone()).is_some(), before < 5);
                held.extend(lease(leased).map(|(lease, _)| (at, key, lease)));
            } else if let Some(place) = held.iter().position(|(other, _, _)| *other == at) {
                let (_, _, lease) = held.remove(place);
                workers[at].holder.release(&store, lease);
            }
        }
    }

    #[test]
    fn any_bytes_in_the_store_are_read_without_panic(bytes: Vec<u8>) {
        let store = MemoryStore::default();
        store.store("kit1/holders", &bytes, Expected::Absent).unwrap();
        store.store("kit1/t/0", &bytes, Expected::Absent).unwrap();
        let worker = worker(&store, 1, 1);
        let _ = worker.table.acquire(&store, b"k", 5, START);
    }
}
