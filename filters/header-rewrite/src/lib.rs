//! header-rewrite.
