//! How many requests a limit allows.

use crate::cost::read_number;
use crate::quota::Quota;
use filter_kit::request::Request;
use filter_kit::values::HeaderName;
use std::num::NonZeroU32;
use std::time::Duration;

/// How many requests a limit allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowance {
    /// A quota, the same for all requests.
    Quota(Quota),
    /// A quota from a request header.
    OfHeader(HeaderQuota),
    /// This many at the same time.
    Concurrent(NonZeroU32),
    /// None. The window is used only for the fields of a refusal.
    Nothing(Duration),
    /// Decided by the rate limit service.
    OfService,
}

/// A quota from a request header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderQuota {
    /// The header that contains `requests`, in decimal digits; 0 allows none.
    pub header: HeaderName,
    /// `requests` if the header is missing, repeated or not a number.
    pub default: u32,
    /// The highest value that is accepted from the header.
    pub max: u32,
    /// The window.
    pub per: Duration,
    /// How many may arrive at once; `None`: as many as in the window.
    pub burst: Option<NonZeroU32>,
}

impl Allowance {
    /// Returns the quota of a request; `None` if it has none in a window.
    #[must_use]
    pub fn quota(&self, request: &Request) -> Option<Quota> {
        match self {
            Self::Quota(quota) => Some(*quota),
            Self::OfHeader(quota) => quota.of(request),
            Self::Concurrent(_) | Self::Nothing(_) | Self::OfService => None,
        }
    }

    /// Returns the window of a quota.
    #[must_use]
    pub fn per(&self) -> Option<Duration> {
        match self {
            Self::Quota(quota) => Some(quota.per()),
            Self::OfHeader(quota) => Some(quota.per),
            Self::Nothing(per) => Some(*per),
            Self::Concurrent(_) | Self::OfService => None,
        }
    }
}

impl HeaderQuota {
    /// Returns the quota for this number of requests; `None` allows none.
    ///
    /// # Errors
    /// As [`Quota::new`].
    pub fn with(&self, requests: u32) -> Result<Option<Quota>, String> {
        let Some(requests) = NonZeroU32::new(requests) else {
            return Ok(None);
        };
        let burst = self.burst.unwrap_or(requests);
        Quota::new(requests, self.per, burst).map(Some)
    }

    fn of(&self, request: &Request) -> Option<Quota> {
        let value = request.headers().only(self.header.as_str());
        let requests = value.and_then(read_number).unwrap_or(self.default);
        // All numbers from 1 to `max` were checked at load, by checking both ends.
        self.with(requests.min(self.max)).ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use filter_kit::testing::request;

    #[test]
    fn a_header_gives_the_quota_up_to_a_maximum() {
        let quota = HeaderQuota {
            header: HeaderName::from_static("x-quota"),
            default: 100,
            max: 1000,
            per: Duration::from_secs(60),
            burst: None,
        };
        let burst = HeaderQuota {
            burst: NonZeroU32::new(5),
            ..quota.clone()
        };
        for (value, requests) in [
            ("7", Some(7)),
            (" 7 ", Some(7)),
            ("1000", Some(1000)),
            ("1001", Some(1000)),
            ("99999999999999999999", Some(1000)),
            ("0", None),
            ("-1", Some(100)),
            ("ten", Some(100)),
            ("", Some(100)),
        ] {
            let request = request("GET", "/").header("x-quota", value).build();
            let of = |quota: &HeaderQuota| Allowance::OfHeader(quota.clone()).quota(&request);
            let given = of(&quota).map(|quota| (quota.requests(), quota.burst()));
            assert_eq!(given, requests.map(|n| (n, n)), "{value:?}");
            let given = of(&burst).map(|quota| (quota.requests(), quota.burst()));
            assert_eq!(given, requests.map(|n| (n, 5)), "{value:?}");
        }
        let repeated = request("GET", "/")
            .header("x-quota", "900")
            .header("x-quota", "900");
        let of = |request| Allowance::OfHeader(quota.clone()).quota(&request);
        assert_eq!(
            of(repeated.build()).map(|quota| quota.requests()),
            Some(100)
        );
        assert_eq!(
            of(request("GET", "/").build()).map(|q| q.requests()),
            Some(100)
        );
    }
}
