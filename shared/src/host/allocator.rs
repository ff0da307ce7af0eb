//! The allocator of a module.
//!
//! Each request allocates and frees some small blocks, so the allocator affects the cost of a
//! request. One allocation and its release take about a thousand instructions with wasi-libc's
//! allocator and about three hundred with talc. Freed blocks are therefore kept in lists by size
//! and reused, which takes about thirty; everything else is left to talc. The memory of a module
//! never shrinks, so kept blocks cost nothing beyond what was once in use at the same time.

#![allow(
    unsafe_code,
    reason = "an allocator hands out pointers; each use states why it is sound"
)]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::ptr::{self, null_mut};

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: Kept<talc::wasm::WasmDynamicTalc> =
    Kept::new(talc::wasm::new_wasm_dynamic_allocator());

/// Kept blocks have these sizes: every multiple of 16 bytes up to this one, then every power of
/// two.
const LARGEST_STEP: usize = 256;
/// The size of the largest kept block, in bytes.
const LARGEST: usize = 4096;
/// The alignment of every kept block, in bytes.
const ALIGN: usize = 8;
/// The number of sizes.
const SIZES: usize = 20;

/// An allocator that keeps freed blocks.
struct Kept<A> {
    rest: A,
    /// For each size, the block that was freed last.
    lists: UnsafeCell<[*mut Free; SIZES]>,
}

/// The start of a free block: a pointer to the block that was freed before it.
struct Free(*mut Free);

// SAFETY: a Proxy-Wasm module has one thread, and each test uses its allocator from one thread
// only.
unsafe impl<A> Sync for Kept<A> {}

/// Returns the list for a layout, and the size of its blocks; `None` if such blocks are not kept.
fn place(layout: Layout) -> Option<(usize, usize)> {
    if layout.align() > ALIGN {
        return None;
    }
    let size = layout.size().max(1);
    if size <= LARGEST_STEP {
        let step = size.wrapping_add(15) / 16;
        return Some((step.wrapping_sub(1), step.wrapping_mul(16)));
    }
    if size > LARGEST {
        return None;
    }
    let power = size.next_power_of_two();
    // 512 follows the sixteen steps.
    let list = power.trailing_zeros().wrapping_add(7);
    Some((usize::try_from(list).ok()?, power))
}

/// Returns the layout of a kept block.
fn block(size: usize) -> Layout {
    Layout::from_size_align(size, ALIGN).unwrap_or(Layout::new::<u64>())
}

impl<A: GlobalAlloc> Kept<A> {
    const fn new(rest: A) -> Self {
        Self {
            rest,
            lists: UnsafeCell::new([null_mut(); SIZES]),
        }
    }

    /// Returns a pointer to the head of a list.
    fn list(&self, at: usize) -> Option<*mut *mut Free> {
        // SAFETY: there is one thread, and no reference into the lists outlives this statement.
        let lists = unsafe { &mut *self.lists.get() };
        lists.get_mut(at).map(ptr::from_mut)
    }
}

// SAFETY: a block comes from `rest` with the size and alignment of its list, which are at least
// those requested, and is not handed out again until it is freed. If a layout has no list, `rest`
// does everything.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Kept<A> {
    // Not inlined: a module has thousands of calls.
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let kept = place(layout).and_then(|(at, size)| Some((self.list(at)?, size)));
        let Some((list, size)) = kept else {
            // SAFETY: the caller's contract.
            return unsafe { self.rest.alloc(layout) };
        };
        // SAFETY: the list is in `self`; a block in it is free, and large enough and aligned for a
        // `Free`.
        unsafe {
            let first = *list;
            if first.is_null() {
                return self.rest.alloc(block(size));
            }
            *list = (*first).0;
            first.cast()
        }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let Some(list) = place(layout).and_then(|(at, _)| self.list(at)) else {
            // SAFETY: the caller's contract: the block was allocated with this layout, so by
            // `rest`.
            return unsafe { self.rest.dealloc(pointer, layout) };
        };
        // SAFETY: the list is in `self`; the block has the size and alignment of its list, and its
        // owner has given it up.
        unsafe {
            #[expect(clippy::cast_ptr_alignment, reason = "kept blocks are aligned for it")]
            let first = pointer.cast::<Free>();
            first.write(Free(*list));
            *list = first;
        }
    }

    #[inline(never)]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Ok(wanted) = Layout::from_size_align(size, layout.align()) else {
            return null_mut();
        };
        match (place(layout), place(wanted)) {
            (None, None) => {
                // SAFETY: the caller's contract: the block was allocated with this layout, so by
                // `rest`.
                unsafe { self.rest.realloc(pointer, layout, size) }
            }
            (Some((old, _)), Some((new, _))) if old == new => pointer,
            _ => {
                // SAFETY: the caller's contract; both blocks are at least as long as what is
                // copied, and they do not overlap.
                unsafe {
                    let moved = self.alloc(wanted);
                    if !moved.is_null() {
                        let bytes = layout.size().min(size);
                        ptr::copy_nonoverlapping(pointer, moved, bytes);
                        self.dealloc(pointer, layout);
                    }
                    moved
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
