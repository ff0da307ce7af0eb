use super::*;
use crate::store::{Conflict, MemoryStore, SEED, Stored};
use proptest::prelude::*;
use std::cell::Cell;
use std::collections::HashMap;
use std::convert::Infallible;

fn table(store: &MemoryStore, max_keys: u32) -> SlotTable {
    SlotTable::new(store, "t", max_keys, [7; 16])
}

fn set(table: &SlotTable, store: &MemoryStore, key: &[u8], number: u64) -> bool {
    let update = table.update(store, key, |_| Ok::<_, Infallible>(((), number)));
    match update.unwrap() {
        Update::Done { evicted, .. } => evicted,
        Update::Contended => panic!("no one else writes"),
    }
}

#[test]
fn a_number_is_found_again_and_an_error_changes_nothing() {
    let store = MemoryStore::default();
    let table = table(&store, 100);
    assert_eq!(table.get(&store, b"a"), None);
    set(&table, &store, b"a", 5);
    assert_eq!(table.get(&store, b"a"), Some(5));
    let refused = table.update(&store, b"a", |n| {
        assert_eq!(n, Some(5));
        Err::<((), u64), _>("no")
    });
    assert_eq!(refused, Err("no"));
    assert_eq!(table.get(&store, b"a"), Some(5));
}

#[test]
fn the_table_never_grows_beyond_its_slots() {
    for max_keys in [1_u32, 2, 15, 16, 17, 100, 1000] {
        let store = MemoryStore::default();
        let table = table(&store, max_keys);
        for n in 0..10_000_u64 {
            set(&table, &store, &n.to_le_bytes(), n);
        }
        let seed = SEED.len() + 16;
        let names = store.keys() * "kit1/t/00".len();
        assert!(
            store.bytes() <= seed + names + max_keys as usize * SLOT_BYTES,
            "{max_keys}: {} bytes in {} keys",
            store.bytes(),
            store.keys()
        );
    }
}

#[test]
fn a_full_neighbourhood_forgets_the_least_number() {
    let store = MemoryStore::default();
    let table = table(&store, 16);
    for n in 0..16_u64 {
        assert!(!set(&table, &store, &n.to_le_bytes(), 100 + n));
    }
    assert!(set(&table, &store, b"new", 500));
    assert_eq!(table.get(&store, &0_u64.to_le_bytes()), None);
    assert_eq!(table.get(&store, &1_u64.to_le_bytes()), Some(101));
    assert_eq!(table.get(&store, b"new"), Some(500));
}

#[test]
fn a_number_far_ahead_outlives_a_flood_of_others() {
    let store = MemoryStore::default();
    let table = table(&store, 1000);
    set(&table, &store, b"busy", 1_000_000);
    for n in 0..100_000_u64 {
        set(&table, &store, &n.to_le_bytes(), n);
    }
    assert_eq!(table.get(&store, b"busy"), Some(1_000_000));
}

#[test]
fn few_keys_are_forgotten_while_the_table_is_half_full() {
    let store = MemoryStore::default();
    let table = table(&store, 16_000);
    let evictions = (0..8000_u64)
        .filter(|n| set(&table, &store, &n.to_le_bytes(), 1))
        .count();
    assert!(evictions < 40, "{evictions} of 8000");
}

#[test]
fn tables_of_two_seeds_or_names_are_two_tables() {
    let store = MemoryStore::default();
    let one = table(&store, 16);
    let same = SlotTable::new(&store, "t", 16, [9; 16]);
    let other = SlotTable::new(&store, "u", 16, [7; 16]);
    set(&one, &store, b"a", 5);
    assert_eq!(same.get(&store, b"a"), Some(5), "the first seed counts");
    assert_eq!(other.get(&store, b"a"), None);
    let elsewhere = MemoryStore::default();
    let seeded = SlotTable::new(&elsewhere, "t", 160_000, [9; 16]);
    assert_ne!(seeded.place(b"a"), table(&store, 160_000).place(b"a"));
}

#[test]
fn the_workers_agree_on_the_names_of_tables() {
    let store = MemoryStore::default();
    let name = |bytes: &[u8], seed: u8| SlotTable::name_for(&store, bytes, [seed; 16]);
    assert_eq!(name(b"a", 1), name(b"a", 2), "the first seed counts");
    assert_ne!(name(b"a", 1), name(b"b", 1));
    assert_eq!(name(b"a", 1).len(), 16);
}

/// A store in which another worker wins a given number of races.
struct Contended {
    store: MemoryStore,
    left: Cell<u32>,
}

impl CasStore for Contended {
    fn load(&self, key: &str) -> Option<Stored> {
        self.store.load(key)
    }

    fn store(&self, key: &str, value: &[u8], expected: Expected) -> Result<(), Conflict> {
        if key != SEED && self.left.get() > 0 {
            self.left.set(self.left.get() - 1);
            return Err(Conflict);
        }
        self.store.store(key, value, expected)
    }
}

#[test]
fn lost_races_are_tried_again_and_given_up_in_the_end() {
    for (lost, contended) in [(0, false), (MAX_ATTEMPTS - 1, false), (MAX_ATTEMPTS, true)] {
        let store = Contended {
            store: MemoryStore::default(),
            left: Cell::new(lost),
        };
        let table = SlotTable::new(&store, "t", 16, [7; 16]);
        let update = table
            .update(&store, b"a", |n| {
                Ok::<_, Infallible>(((), n.unwrap_or(0) + 1))
            })
            .unwrap();
        assert_eq!(update == Update::Contended, contended, "{lost}");
        assert_eq!(table.get(&store, b"a"), (!contended).then_some(1));
    }
}

#[test]
fn bytes_of_another_program_are_read_as_far_as_they_go() {
    let store = MemoryStore::default();
    let table = table(&store, 4);
    let (name, _) = table.place(b"a");
    for foreign in [&b"x"[..], &[1; 15], &[2; 33], &[3; 1000]] {
        let expected = store
            .load(&name)
            .map_or(Expected::Absent, |s| Expected::Version(s.version));
        store.store(&name, foreign, expected).unwrap();
        set(&table, &store, b"a", u64::MAX);
        assert_eq!(table.get(&store, b"a"), Some(u64::MAX));
        assert!(store.load(&name).unwrap().value.len() <= 4 * SLOT_BYTES);
    }
}

proptest! {
    /// As long as nothing is evicted, the table is a map.
    #[test]
    fn a_table_with_room_behaves_as_a_map(
        writes in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..3), any::<u64>()), 0..60)
    ) {
        let store = MemoryStore::default();
        let table = table(&store, 100_000);
        let mut map = HashMap::new();
        for (key, number) in writes {
            let before = map.insert(key.clone(), number);
            let seen = table.update(&store, &key, |n| Ok::<_, Infallible>((n, number))).unwrap();
            prop_assert_eq!(seen, Update::Done { value: before, evicted: false });
        }
        for (key, number) in &map {
            prop_assert_eq!(table.get(&store, key), Some(*number));
        }
    }
}
