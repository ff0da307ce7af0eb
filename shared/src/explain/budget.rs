//! Limits the number of log lines that a filter writes per second.

use crate::host;
use log::Level;
use std::cell::RefCell;
use std::time::Duration;

/// Maximum number of lines per second, for each filter and worker.
const MAX_LINES_PER_SECOND: u32 = 10;

/// Writes a line unless the limit is reached, and adds how many lines were suppressed since the
/// last one.
pub(super) fn write_line(
    filter: &'static str,
    level: Level,
    now: Duration,
    line: impl FnOnce() -> String,
) {
    let Some(suppressed) = take_line(filter, now) else {
        return;
    };
    if !host::is_logged(level) {
        return;
    }
    let mut line = line();
    if suppressed > 0 {
        line.push_str(" suppressed=");
        line.push_str(&suppressed.to_string());
    }
    log::log!(level, "{filter}: {line}");
}

/// The lines of a filter in the current second.
struct Budget {
    filter: &'static str,
    second: u64,
    lines: u32,
    suppressed: u64,
}

thread_local! {
    static BUDGETS: RefCell<Vec<Budget>> = const { RefCell::new(Vec::new()) };
}

/// Takes one line from the filter's budget and returns how many lines were suppressed since the
/// last one. Returns `None` if the budget is used up.
fn take_line(filter: &'static str, now: Duration) -> Option<u64> {
    BUDGETS.with_borrow_mut(|budgets| {
        if !budgets.iter().any(|budget| budget.filter == filter) {
            budgets.push(Budget {
                filter,
                second: u64::MAX,
                lines: 0,
                suppressed: 0,
            });
        }
        let budget = budgets.iter_mut().find(|budget| budget.filter == filter)?;
        if budget.second != now.as_secs() {
            budget.second = now.as_secs();
            budget.lines = 0;
            // Envoy's log level may change at run time.
            host::adopt_log_level();
        }
        if budget.lines >= MAX_LINES_PER_SECOND {
            budget.suppressed = budget.suppressed.saturating_add(1);
            return None;
        }
        budget.lines = budget.lines.saturating_add(1);
        Some(std::mem::take(&mut budget.suppressed))
    })
}
