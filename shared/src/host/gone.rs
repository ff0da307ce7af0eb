//! Contexts that the host has given up.
//!
//! Envoy says so with `proxy_on_delete`, for which it enters the VM once more for each request: a
//! tenth of what cors or header-rewrite costs. A filter that gives something back when a stream ends
//! exports it. The others do not. Instead each new stream looks at two older contexts, and the SDK
//! forgets those that the host does not know any more: at any time there are at most as many of
//! these as there are streams, and a few.

use std::collections::VecDeque;

/// How many contexts a new one looks at. With two, those that are gone are found as fast as they
/// come while half of all contexts are live, and faster while fewer are.
const LOOKS: usize = 2;

/// The contexts of streams, in the order in which they are looked at.
#[derive(Default)]
pub(crate) struct Streams {
    contexts: VecDeque<u32>,
}

/// What there is to do about contexts.
pub(crate) trait Contexts {
    /// Whether the host knows a context.
    fn is_known(&mut self, context: u32) -> bool;
    /// Frees what is kept for a context.
    fn forget(&mut self, context: u32);
}

impl Streams {
    /// Notes a new context, and forgets some of those before it that are gone.
    pub(crate) fn add(&mut self, context: u32, host: &mut impl Contexts) {
        for _ in 0..LOOKS.min(self.contexts.len()) {
            let Some(other) = self.contexts.pop_front() else {
                break;
            };
            if host.is_known(other) {
                self.contexts.push_back(other);
            } else {
                host.forget(other);
            }
        }
        self.contexts.push_back(context);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[derive(Default)]
    struct Host {
        live: BTreeSet<u32>,
        kept: BTreeSet<u32>,
        looks: usize,
    }

    impl Contexts for Host {
        fn is_known(&mut self, context: u32) -> bool {
            self.looks += 1;
            self.live.contains(&context)
        }

        fn forget(&mut self, context: u32) {
            assert!(self.kept.remove(&context), "{context} is forgotten twice");
            assert!(!self.live.contains(&context), "{context} is live");
        }
    }

    /// Runs streams of which so many are live at a time, as those that last for `lasts` turns.
    fn run(turns: u32, lasts: impl Fn(u32) -> u32) -> Host {
        let mut host = Host::default();
        let mut streams = Streams::default();
        let mut ends: Vec<(u32, u32)> = Vec::new();
        for turn in 0..turns {
            host.live.insert(turn);
            host.kept.insert(turn);
            streams.add(turn, &mut host);
            ends.push((turn + lasts(turn), turn));
            ends.retain(|(end, context)| {
                if *end > turn {
                    return true;
                }
                host.live.remove(context);
                false
            });
            let live = host.live.len();
            assert!(
                host.kept.len() <= 2 * live + 3,
                "{} kept of {live}",
                host.kept.len()
            );
        }
        host
    }

    #[test]
    fn what_is_gone_is_forgotten_as_fast_as_it_comes() {
        let host = run(1000, |_| 0);
        assert!(host.kept.len() <= 3, "{:?}", host.kept);
        assert!(host.looks <= 2 * 1000);
        // Long ones among short ones, and all of them long.
        run(10_000, |n| if n % 10 == 0 { 2000 } else { 1 });
        run(5000, |_| 400);
    }
}
