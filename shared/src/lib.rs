//! filter-kit.
