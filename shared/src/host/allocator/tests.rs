use super::*;
use proptest::prelude::*;
use std::alloc::System;

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

#[test]
fn a_block_has_room_for_all_sizes_of_its_list() {
    let mut lists = [false; SIZES];
    for size in 0..=LARGEST {
        let (at, room) = place(layout(size, 8)).unwrap();
        lists[at] = true;
        assert!(room >= size && block(room).size() == room, "{size}");
        assert_eq!(place(layout(room, 1)), Some((at, room)), "{size}");
        assert!(room < size.max(1) * 2 + 16, "{size}");
    }
    assert_eq!(lists, [true; SIZES]);
    assert_eq!(place(layout(LARGEST + 1, 8)), None);
    assert_eq!(place(layout(16, 16)), None);
}

#[test]
fn a_block_that_was_freed_is_given_again() {
    let kept = Kept::new(System);
    // SAFETY: each block is freed once, with its layout.
    unsafe {
        let first = kept.alloc(layout(20, 4));
        let second = kept.alloc(layout(20, 4));
        assert_ne!(first, second);
        kept.dealloc(first, layout(20, 4));
        assert_eq!(kept.alloc(layout(31, 8)), first);
        assert_eq!(kept.realloc(second, layout(20, 4), 32), second);
        kept.dealloc(first, layout(31, 8));
        kept.dealloc(second, layout(32, 4));
    }
}

/// A block in use, and the byte with which it is filled.
type Used = (*mut u8, Layout, u8);

fn is_whole((pointer, layout, byte): &Used, bytes: usize) -> bool {
    // SAFETY: the block is in use and was filled.
    let block = unsafe { std::slice::from_raw_parts(*pointer, layout.size().min(bytes)) };
    block.iter().all(|b| b == byte)
}

proptest! {
    #[test]
    fn no_block_is_given_twice_and_none_loses_what_it_holds(
        steps in prop::collection::vec((0..3_u8, 0..40_usize, 1..6000_usize, 0..5_u32), 1..200),
    ) {
        let kept = Kept::new(System);
        let mut used: Vec<Used> = Vec::new();
        for (n, (kind, at, size, align)) in steps.into_iter().enumerate() {
            let byte = u8::try_from(n % 251).unwrap();
            // SAFETY: each block is used with its layout, within its size, and freed once.
            unsafe {
                match kind {
                    0 => {
                        let layout = layout(size, 1 << align);
                        let pointer = kept.alloc(layout);
                        prop_assert_eq!(pointer as usize % layout.align(), 0);
                        pointer.write_bytes(byte, size);
                        used.push((pointer, layout, byte));
                    }
                    1 if at < used.len() => {
                        let block = used.swap_remove(at);
                        prop_assert!(is_whole(&block, usize::MAX));
                        kept.dealloc(block.0, block.1);
                    }
                    2 if at < used.len() => {
                        let (pointer, old, byte) = used.swap_remove(at);
                        let pointer = kept.realloc(pointer, old, size);
                        let block = (pointer, layout(size, old.align()), byte);
                        prop_assert!(is_whole(&block, old.size()));
                        pointer.write_bytes(byte, size);
                        used.push(block);
                    }
                    _ => {}
                }
            }
        }
        for block in used {
            prop_assert!(is_whole(&block, usize::MAX));
            // SAFETY: as above.
            unsafe { kept.dealloc(block.0, block.1) };
        }
    }
}
