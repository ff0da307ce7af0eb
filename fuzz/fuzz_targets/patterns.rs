//! Regular expressions and their limits: the first line is the pattern, the rest a text. A search
//! takes no longer than its work predicts and reads no further than its reach, and a pattern knows
//! what it may begin with.
#![no_main]

use catalog_fuzz::work;
use filter_kit::values::{Anchoring, Pattern};
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

/// For a byte of work in two searches, in code with libFuzzer's counters.
const MAX_NANOSECONDS: u64 = 3000;
/// The fixed cost of a search, such as the allocations of the first one.
const FIXED: Duration = Duration::from_millis(40);

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |b| *b == b'\n');
    let pattern = parts.next().unwrap_or_default();
    let text = parts.next().unwrap_or_default();
    let Ok(pattern) = std::str::from_utf8(pattern) else {
        return;
    };
    let text = &text[..text.len().min(8192)];
    if let Ok(whole) = Pattern::new(pattern, Anchoring::Whole) {
        if whole.is_match(text) {
            match text.first() {
                Some(byte) => assert!(
                    whole.may_begin_with(*byte),
                    "{pattern} begins with {byte:#x}"
                ),
                None => assert_eq!(whole.captures(text).map(|found| found[0].len()), Some(0)),
            }
        }
        check_work(&whole, text);
    }
    if let Ok(part) = Pattern::new(pattern, Anchoring::Part) {
        check_work(&part, text);
        let first = part
            .captures(text)
            .map(|found| found.get(0).unwrap().range());
        if let (Some(first), Some(reach)) = (first, part.reach()) {
            // Bytes beyond its reach may be anything. A look-around for the end of the text looks
            // at one more byte, to see whether the text continues.
            let end = first.end.saturating_add(reach).saturating_add(1);
            let looks = pattern.contains(['$', '\\']);
            if let (Some(read), false) = (text.get(..end), looks) {
                for beyond in [&b""[..], b"\0\n<>ab01"] {
                    let other = [read, beyond].concat();
                    let found = part
                        .captures(&other)
                        .map(|found| found.get(0).unwrap().range());
                    assert_eq!(found, Some(first.clone()), "{pattern} reads beyond {reach}");
                }
            }
        }
    }
});

fn check_work(pattern: &Pattern, text: &[u8]) {
    let work = u64::try_from(pattern.work(text.len())).unwrap();
    let bound = FIXED + Duration::from_nanos(work.saturating_mul(MAX_NANOSECONDS));
    let spent = work::least(bound, || {
        std::hint::black_box(pattern.is_match(text));
        std::hint::black_box(pattern.captures(text));
    });
    assert!(spent <= bound, "{spent:?} for {work} bytes of work");
}
