//! What the program `filter-catalog` does, for people who run the filters: check configurations
//! before Envoy sees them, print their schemas, explain what a filter answered, and sign tokens to
//! try the samples with.
//!
//! | Module | Holds |
//! |---|---|
//! | [`catalog`] | the one list of filters |
//! | [`explain`] | what a reason in an access log means |
//! | [`validate`] | configurations in Envoy's and Kubernetes' files, checked with the filters' own parsers |
//! | [`token`] | tokens signed with the public test keys |

pub mod catalog;
pub mod explain;
mod nearest;
mod schema;
pub mod token;
pub mod validate;
