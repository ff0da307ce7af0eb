//! The fixed set of counters of a filter.
//!
//! A filter declares its events once, with [`counters!`](crate::counters). Names, documentation and
//! the host's counters are derived from that. For names that come from a configuration (limits,
//! providers), add [`crate::host::Counter`]s when it is loaded, never per request: Envoy keeps a
//! counter forever.

#[cfg(doc)]
use crate::host::Counters;

/// An event that a filter counts.
pub trait Event: Copy + 'static {
    /// All events, in the order of their declaration.
    const ALL: &'static [Self];

    /// Returns the counter's name, such as `header_rewrite.request.changed_total`. Envoy shows it
    /// as `wasmcustom.<name>`.
    fn name(self) -> &'static str;

    /// Returns the name of the counter for report mode; `None` if there is only one counter.
    fn reported_name(self) -> Option<&'static str>;

    /// Returns what is counted, in one sentence.
    fn help(self) -> &'static str;

    /// Returns the index in [`Event::ALL`].
    fn index(self) -> usize;
}

/// Returns the names of all counters of these events, those for report mode last.
pub fn names<E: Event>() -> impl Iterator<Item = &'static str> {
    let own = E::ALL.iter().map(|event| event.name());
    own.chain(E::ALL.iter().filter_map(|event| event.reported_name()))
}

/// Declares the events of a filter as an enum that implements [`Event`](crate::metrics::Event). A
/// second name is the counter for report mode, which [`Counters::count`] uses in that mode.
///
/// ```
/// use filter_kit::metrics::Event as _;
///
/// filter_kit::counters! {
///     /// What the filter counts.
///     pub enum Event in "cors" {
///         /// Preflights that were allowed.
///         PreflightAllowed => "preflight.allowed_total" | "reported.preflight_allowed_total",
///         /// Requests of an allowed origin.
///         Allowed => "request.allowed_total",
///     }
/// }
///
/// assert_eq!(Event::PreflightAllowed.name(), "cors.preflight.allowed_total");
/// assert_eq!(Event::PreflightAllowed.reported_name(), Some("cors.reported.preflight_allowed_total"));
/// assert_eq!(Event::Allowed.reported_name(), None);
/// assert_eq!(Event::Allowed.help(), "Requests of an allowed origin.");
/// assert_eq!(Event::ALL.len(), 2);
/// ```
#[macro_export]
macro_rules! counters {
    (
        $(#[$meta:meta])*
        pub enum $event:ident in $prefix:literal {
            $($(#[doc = $help:literal])+ $variant:ident => $name:literal $(| $reported:literal)?,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $event {
            $($(#[doc = $help])+ $variant,)+
        }

        impl $crate::metrics::Event for $event {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($prefix, ".", $name),)+
                }
            }

            fn reported_name(self) -> Option<&'static str> {
                match self {
                    $($(Self::$variant => Some(concat!($prefix, ".", $reported)),)?)+
                    #[allow(unreachable_patterns, reason = "every event may have a second name")]
                    _ => None,
                }
            }

            fn help(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($help),+).trim_ascii(),)+
                }
            }

            fn index(self) -> usize {
                self as usize
            }
        }
    };
}
