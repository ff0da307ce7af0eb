//! Limits other than a fixed quota of requests: quotas from a header, responses, requests in
//! progress, and limits that allow nothing.

use super::answers::standing;
use super::{Decision, Pending};
use crate::fields::Standing;
use crate::key::Key;
use crate::limit::Charge;
use crate::limiter::Limiter;
use crate::limits::{Counted, Table};
use crate::quota::Left;
use crate::reason::Reason;
use filter_kit::request::Request;
use filter_kit::store::{CasStore, LeaseTable, Leased};
use std::rc::Rc;
use std::time::Duration;

impl Decision {
    /// Charges a key at such a limit. Returns whether the limit refuses the request, or would.
    #[inline(never)]
    pub(super) fn charge_apart(
        &mut self,
        (index, counted): (usize, &Counted),
        key: &Key<'_>,
        (request, cost): (&Request, u32),
        (store, now): (&impl CasStore, Duration),
    ) -> bool {
        match &counted.table {
            Table::Buckets(buckets) => {
                let quota = counted.limit.allowance.quota(request);
                let limiter = quota.map(|quota| Limiter::new(quota, Rc::clone(buckets)));
                self.charge_own(
                    (index, counted),
                    key,
                    (limiter.as_ref(), cost),
                    (store, now),
                )
            }
            Table::Leases(table, most) => {
                self.lease((index, counted), key, (table, *most), (store, now))
            }
            Table::Requests(_) | Table::None => self.refuse_all((index, counted)),
        }
    }

    /// Charges a key with a quota specific to the request, or leaves that to the response. Returns
    /// whether the limit refuses the request, or would.
    fn charge_own(
        &mut self,
        (index, counted): (usize, &Counted),
        key: &Key<'_>,
        (limiter, cost): (Option<&Limiter>, u32),
        (store, now): (&impl CasStore, Duration),
    ) -> bool {
        let limit = &counted.limit;
        let Some(limiter) = limiter else {
            return self.refuse_all((index, counted));
        };
        let quota = limiter.quota();
        let is_later = limit.charge != Charge::OnRequest;
        let check = key.with_bytes(|key| {
            if is_later {
                limiter.look_ahead(store, key, now)
            } else {
                limiter.check(store, key, cost, now)
            }
        });
        let refuses = self.charged(index, limit, check);
        if let Some(last) = self.standings.last_mut()
            && last.limit == index
        {
            *last = standing(index, counted, Some(quota), last.left);
        }
        if is_later && !(refuses && limit.mode.is_enforced()) {
            let pending = Pending {
                limit: index,
                key: key.with_bytes(<[u8]>::to_vec),
                quota: *quota,
                cost,
            };
            self.later().charges.push(pending);
        }
        refuses
    }

    /// Acquires a lease for a key. Returns whether the limit refuses the request, or would.
    fn lease(
        &mut self,
        (index, counted): (usize, &Counted),
        key: &Key<'_>,
        (table, most): (&LeaseTable, u32),
        (store, now): (&impl CasStore, Duration),
    ) -> bool {
        let limit = &counted.limit;
        let leased = key.with_bytes(|key| table.acquire(store, key, most, now));
        let (under_way, reason) = match leased {
            Leased::Lease { lease, under_way } => {
                self.later().leases.push(lease);
                (Some(under_way), None)
            }
            Leased::Full => (Some(most), Some(Reason::TooManyAtOnce)),
            Leased::Crowded => (None, Some(Reason::Crowded)),
            Leased::Contended => (None, Some(Reason::Contended)),
        };
        if let Some(under_way) = under_way
            && limit.mode.is_enforced()
        {
            let left = Left {
                remaining: most.saturating_sub(under_way).into(),
                reset: Duration::from_secs(reason.is_some().into()),
            };
            self.stand(Standing::new(index, left), reason.is_some());
        }
        self.conclude(index, limit, reason)
    }

    /// Refuses at a limit that allows nothing.
    fn refuse_all(&mut self, (index, counted): (usize, &Counted)) -> bool {
        let limit = &counted.limit;
        if limit.mode.is_enforced() {
            let left = Left {
                remaining: 0,
                reset: Duration::ZERO,
            };
            self.stand(standing(index, counted, None, left), true);
        }
        self.conclude(index, limit, Some(Reason::NoneAllowed))
    }
}
