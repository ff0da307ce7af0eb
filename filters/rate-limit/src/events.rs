//! What is counted, beside what each limit counts for itself: `rate_limit.passed.NAME_total`, `rate_limit.refused.NAME_total` and
//! `rate_limit.reported.NAME_total`.

filter_kit::counters! {
    /// What the filter counts.
    pub enum Event in "rate_limit" {
        /// Requests that `exempt` let pass uncounted.
        Exempt => "exempt_total",
        /// Requests that lacked a part of a limit's key, once for each such limit.
        MissingKey => "missing_key_total",
        /// Buckets that were forgotten since a limit's table was full; raise `max_keys` where this grows.
        Evicted => "evicted_total",
        /// Requests that were refused, or would have been, since too many workers changed the same buckets at the same time.
        Contended => "contended_total",
        /// Requests that were refused with 400 since the spellings of their path fall under different limits.
        RefusedAmbiguousPath => "refused.ambiguous_path_total",
        /// Report mode: requests that would have been refused since the spellings of their path fall under different limits.
        ReportedAmbiguousPath => "reported.ambiguous_path_total",
        /// Answers of the rate limit service that let a request pass.
        ServiceOk => "service.ok_total",
        /// Answers of the rate limit service that a limit is used up.
        ServiceOverLimit => "service.over_limit_total",
        /// Requests for which the rate limit service had no answer, or not in time.
        ServiceError => "service.error_total",
    }
}
