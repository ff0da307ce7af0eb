//! The tour: what each filter shows of itself.
//!
//! A filter contributes one function here and one row in [`chapters`]. Its steps run against
//! `envoy-configs/all-filters.yaml`, or against the filter's own sample where that does not exist.

use super::step::{Step, Want};

/// The steps of one filter.
pub(super) struct Chapter {
    /// The filter.
    pub(super) filter: &'static str,
    /// Its steps, in order.
    pub(super) steps: Vec<Step>,
}

/// All chapters, in the order in which a request passes the filters.
pub(super) fn chapters() -> Vec<Chapter> {
    vec![Chapter {
        filter: "header-rewrite",
        steps: header_rewrite(),
    }]
}

fn header_rewrite() -> Vec<Step> {
    vec![
        Step::get(
            "path, host and headers of an API request are rewritten",
            "/api/v1/items?page=2",
        )
        .with("x-token", "t-1")
        .with("cookie", "theme=dark; session=secret")
        .reaches_upstream_at("/v1/svc/items?page=2")
        .reaches_upstream(":authority", Want::Is("backend.internal"))
        .reaches_upstream("x-tenant", Want::Is("public"))
        .reaches_upstream("x-api-token", Want::Is("t-1"))
        .reaches_upstream("x-token", Want::Absent)
        .reaches_upstream("cookie", Want::Is("theme=dark; session=redacted")),
        Step::get("a header that only the proxy may set is removed", "/")
            .with("x-internal-admin", "true")
            .reaches_upstream_at("/")
            .reaches_upstream("x-internal-admin", Want::Absent),
        Step::get("every answer carries security headers", "/")
            .answers("strict-transport-security", Want::Present)
            .answers("x-content-type-options", Want::Is("nosniff"))
            .answers("x-frame-options", Want::Is("DENY")),
        Step::get("a server error is not cached", "/api/v1/broken")
            .with("x-echo-status", "503")
            .status(503)
            .answers("cache-control", Want::Is("no-store")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::FILTERS;

    #[test]
    fn every_filter_has_its_chapter() {
        for filter in FILTERS {
            let chapters = chapters();
            let chapter = chapters
                .iter()
                .find(|chapter| chapter.filter == filter.name);
            assert!(
                chapter.is_some_and(|chapter| !chapter.steps.is_empty()),
                "{}",
                filter.name
            );
        }
    }
}
