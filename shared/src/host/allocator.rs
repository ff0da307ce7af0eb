//! The allocator of a module.
//!
//! Each request allocates some small blocks and frees them, so it shows in the cost of a request:
//! wasi-libc's allocator takes about a thousand instructions for one and its release, talc some
//! three hundred. So what is freed is kept in lists by size and given again, in some thirty; talc
//! has the rest. A module's memory never shrinks, so what is kept costs nothing that was not in use
//! at once before.

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

/// Sizes of kept blocks: each multiple of 16 bytes up to this one; then each power of two.
const LARGEST_STEP: usize = 256;
/// The largest kept block.
const LARGEST: usize = 4096;
/// What every kept block is aligned to.
const ALIGN: usize = 8;
/// How many sizes there are.
const SIZES: usize = 20;

/// An allocator that keeps what is freed.
struct Kept<A> {
    rest: A,
    /// The last block of each size that was freed.
    lists: UnsafeCell<[*mut Free; SIZES]>,
}

/// The beginning of a block that is free: the block that was freed before it.
struct Free(*mut Free);

// SAFETY: a module of Proxy-Wasm has one thread; the tests use an allocator from one thread only.
unsafe impl<A> Sync for Kept<A> {}

/// The list of a layout, and the size of its blocks; `None` where they are not kept.
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

/// The layout of a kept block.
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

    /// The beginning of a list.
    fn list(&self, at: usize) -> Option<*mut *mut Free> {
        // SAFETY: there is one thread, and no reference into the lists lives longer than this
        // statement.
        let lists = unsafe { &mut *self.lists.get() };
        lists.get_mut(at).map(ptr::from_mut)
    }
}

// SAFETY: a block comes from `rest` with its list's size and alignment, which are no less than
// those asked for, and goes to no one else until it is freed; where a layout has no list, `rest`
// does all.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Kept<A> {
    // Not in place: there are thousands of calls in a module.
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let kept = place(layout).and_then(|(at, size)| Some((self.list(at)?, size)));
        let Some((list, size)) = kept else {
            // SAFETY: the caller's contract.
            return unsafe { self.rest.alloc(layout) };
        };
        // SAFETY: the list is in `self`; a block in it is free, large enough for its beginning, and
        // aligned for it.
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
            // SAFETY: the caller's contract: it was allocated with this layout, so by `rest`.
            return unsafe { self.rest.dealloc(pointer, layout) };
        };
        // SAFETY: the list is in `self`; the block has its list's size and alignment, and its user
        // has given it up.
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
                // SAFETY: the caller's contract: it was allocated with this layout, so by `rest`.
                unsafe { self.rest.realloc(pointer, layout, size) }
            }
            (Some((old, _)), Some((new, _))) if old == new => pointer,
            _ => {
                // SAFETY: the caller's contract; both blocks have at least as many bytes as are
                // copied, and they are two.
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
