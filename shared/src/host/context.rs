//! Contexts: acting for another one, resuming its request, and the clock of a root context.

use super::abi;
use std::time::Duration;

/// Acts for another context: what `act` asks of the host is done for it. `None` where it is gone.
/// Afterwards the host acts for `own` again, the context whose callback this is.
///
/// This is how a root context answers or resumes a request that waits. No HTTP call may be made in
/// `act`.
pub(crate) fn act_for<T>(context: u32, own: u32, act: impl FnOnce() -> T) -> Option<T> {
    abi::set_effective_context(context).ok()?;
    let done = act();
    if let Err(status) = abi::set_effective_context(own) {
        log::error!("the host does not know the context {own} whose callback this is: {status:?}");
    }
    Some(done)
}

/// Lets a paused request go on. Only for one that is paused, and once: its headers cannot be read
/// or edited afterwards.
pub(crate) fn resume_request() {
    if let Err(status) = abi::resume_request() {
        log::error!("the host refused to resume a request: {status:?}");
    }
}

/// Calls `on_tick` of the root context every so often, from now on; `None`: no more. Only in a
/// callback of the root context, or acting for it.
pub(crate) fn tick_every(period: Option<Duration>) {
    // Less than a millisecond would be none at all.
    let milliseconds = period.map_or(0, |p| {
        u32::try_from(p.as_millis()).unwrap_or(u32::MAX).max(1)
    });
    if let Err(status) = abi::set_tick(milliseconds) {
        log::error!("the host refused to set the period of ticks: {status:?}");
    }
}
