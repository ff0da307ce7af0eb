//! The verdict on a request: first with this worker's keys, then with those of other workers.

use super::JwtAuth;
use crate::decision::{Accepted, KeyState, Moment};
use crate::events::Event;
use crate::provider::Keys;
use crate::reason::Reason;
use crate::remote::keyring::View;
use crate::requirement::Refusal;
use crate::rules::Requirements;
use filter_kit::host::{self, SharedData};
use filter_kit::request::Request;
use std::rc::Rc;
use std::time::Duration;

/// The verdict on a request.
pub(super) enum Verdict {
    Pass(Vec<Accepted>, Event),
    Refuse(Refusal),
    /// The provider's keys may soon be available.
    Wait(Refusal),
}

impl JwtAuth {
    /// Decides with the keys of this worker and, if they are not enough, with those known to other
    /// workers.
    pub(super) fn judge(&self, request: &Request, is_patient: bool) -> Verdict {
        let now = request.now();
        let Ok(requirements) = self.rules.requirements(request) else {
            return Verdict::Refuse(Refusal::of(Reason::AmbiguousPath));
        };
        let mut verdict = self.verify(&requirements, request, now, View::Guess, true);
        if verdict.as_ref().is_err_and(|refusal| refusal.may_change) {
            // Rare, so it is worth looking at what the other workers know.
            self.keyring.look(&SharedData);
            verdict = self.verify(&requirements, request, now, View::Known, true);
        }
        if let Err(refusal) = &verdict
            && refusal.may_change
        {
            self.keyring.want_other(refusal.provider);
            if is_patient {
                return Verdict::Wait(refusal.clone());
            }
            verdict = self.verify(&requirements, request, now, View::Known, false);
        }
        let is_nothing = requirements.is_nothing();
        if self.authenticator.was_hit() {
            self.counters.increment(Event::CacheHit);
        } else if !is_nothing {
            self.counters.increment(Event::CacheMiss);
        }
        match verdict {
            Err(refusal) => Verdict::Refuse(refusal),
            Ok(none) if is_nothing => Verdict::Pass(none, Event::AllowedNothing),
            Ok(none) if none.is_empty() => Verdict::Pass(none, Event::AllowedWithout),
            Ok(accepted) => Verdict::Pass(accepted, Event::AllowedToken),
        }
    }

    fn verify(
        &self,
        requirements: &Requirements<'_>,
        request: &Request,
        now: Duration,
        view: View,
        patient: bool,
    ) -> Result<Vec<Accepted>, Refusal> {
        let providers = self.authenticator.providers();
        let moment = Moment {
            now,
            clock: &host::now,
            keys: &|provider| match providers.get(provider).map(|p| &p.keys) {
                Some(Keys::Fixed(set)) => KeyState::Here {
                    set: Rc::clone(set),
                    may_change: false,
                },
                Some(Keys::Remote(_)) => self.keyring.keys(provider, now, view),
                None => KeyState::NotHere { may_change: false },
            },
            patient,
        };
        self.authenticator.decide(requirements, request, &moment)
    }
}
