//! The memory that the cache counts for a token is what the token takes, measured by a counting
//! allocator.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unsafe_code,
    reason = "a failed assumption is a failed test; an allocator is unsafe by nature"
)]

use jwt_auth::json;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    /// The memory of this thread only, because other threads of the test harness allocate too.
    static HELD: Cell<usize> = const { Cell::new(0) };
}

fn held() -> usize {
    HELD.get()
}

// SAFETY: each call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = HELD
            .try_with(|held| held.set(held.get().wrapping_add(json::block_bytes(layout.size()))));
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let _ = HELD
            .try_with(|held| held.set(held.get().wrapping_sub(json::block_bytes(layout.size()))));
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn claims_take_as_much_memory_as_is_counted_whatever_their_shape() {
    let list = |item: &str, times: usize| vec![item; times].join(",");
    for json in [
        r#"{"iss":"https://issuer.example","sub":"alice","exp":1700000000,"roles":["a","b"]}"#
            .to_owned(),
        format!(r#"{{"a":[{}]}}"#, list("[0]", 1000)),
        format!(r#"{{"a":[{}]}}"#, list("[[]]", 1000)),
        format!(r#"{{"a":[{}]}}"#, list(r#"{"b":0}"#, 1000)),
        format!(r#"{{"a":[{}]}}"#, list(r#""""#, 1000)),
        format!(r#"{{"a":[{}]}}"#, list("1.5", 1000)),
        format!(r#"{{"a":{}0{}}}"#, "[".repeat(100), "]".repeat(100)),
        format!(r#"{{"a":"{}"}}"#, "x".repeat(7000)),
        format!(
            r#"{{{}}}"#,
            (0..500)
                .map(|n| format!("\"{n}\":{n}"))
                .collect::<Vec<_>>()
                .join(",")
        ),
    ] {
        let before = held();
        let object = json::object(json.as_bytes()).unwrap();
        let held = held().wrapping_sub(before);
        assert_eq!(object.heap_bytes(), held, "{}", json.get(..40).unwrap());
    }
}
