//! Contexts: acting for another context, resuming its request, and the timer of a root context.

use super::abi;
use std::time::Duration;

/// Acts for another context: host calls in `act` apply to it. Afterwards the host acts for `own`
/// again, the context whose callback is running. Returns `None` if the other context no longer
/// exists.
///
/// A root context uses this to answer or resume a waiting request. `act` must not make an HTTP
/// call.
pub(crate) fn act_for<T>(context: u32, own: u32, act: impl FnOnce() -> T) -> Option<T> {
    abi::set_effective_context(context).ok()?;
    let done = act();
    if let Err(status) = abi::set_effective_context(own) {
        log::error!("the host does not know the context {own} whose callback this is: {status:?}");
    }
    Some(done)
}

/// Resumes a paused request. Call it once, and only for a paused request. The request's headers
/// cannot be read or edited afterwards.
pub(crate) fn resume_request() {
    if let Err(status) = abi::resume_request() {
        log::error!("the host refused to resume a request: {status:?}");
    }
}

/// Sets how often the host calls `on_tick` of the root context; `None` stops the timer. Call it
/// only in a callback of the root context, or acting for it.
pub(crate) fn tick_every(period: Option<Duration>) {
    // The host would read 0 milliseconds as "never".
    let milliseconds = period.map_or(0, |p| {
        u32::try_from(p.as_millis()).unwrap_or(u32::MAX).max(1)
    });
    if let Err(status) = abi::set_tick(milliseconds) {
        log::error!("the host refused to set the period of ticks: {status:?}");
    }
}
