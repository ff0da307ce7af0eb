//! Which lines of the log the host keeps.

use super::abi;
use log::Level;
use std::cell::Cell;

thread_local! {
    static LEVEL: Cell<Level> = const { Cell::new(Level::Info) };
}

/// Asks the host which lines it keeps. Not while a module starts: Envoy's `_initialize` must not
/// ask.
pub(crate) fn adopt_log_level() {
    // The numbers of the ABI: trace is 0.
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

/// Whether each decision has its line. At trace, where Envoy logs each call of the host, these
/// would add calls of their own.
pub(crate) fn tells_decisions() -> bool {
    LEVEL.get() == Level::Debug
}

/// Whether the host keeps lines of this level, as far as is known.
pub(crate) fn is_logged(level: Level) -> bool {
    level <= LEVEL.get()
}
