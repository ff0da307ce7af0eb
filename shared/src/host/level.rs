//! The log level of the host.

use super::abi;
use log::Level;
use std::cell::Cell;

thread_local! {
    static LEVEL: Cell<Level> = const { Cell::new(Level::Info) };
}

/// Reads the host's log level. Must not be called while a module starts, because Envoy's
/// `_initialize` does not allow it.
pub(crate) fn adopt_log_level() {
    // The ABI's numbers start at 0 for trace.
    let level = match abi::log_level() {
        Some(0) => Level::Trace,
        Some(1) => Level::Debug,
        Some(3) => Level::Warn,
        Some(4 | 5) => Level::Error,
        _ => Level::Info,
    };
    LEVEL.set(level);
    #[cfg(target_arch = "wasm32")]
    log::set_max_level(level.to_level_filter());
}

/// Whether each decision is logged. Not at level trace: Envoy logs every host call there, and these
/// lines would add more calls.
pub(crate) fn tells_decisions() -> bool {
    LEVEL.get() == Level::Debug
}

/// Whether the host logs this level, according to the last known setting.
pub(crate) fn is_logged(level: Level) -> bool {
    level <= LEVEL.get()
}
