//! The program `filter-catalog`, for people who run the filters: it checks configurations before
//! Envoy loads them, prints their schemas, explains the filters' responses, and signs tokens for
//! trying the samples.
//!
//! | Module | Contents |
//! |---|---|
//! | [`catalog`] | the list of all filters |
//! | [`explain`] | what a reason in an access log means |
//! | [`validate`] | checks configurations in Envoy and Kubernetes files with the filters' own parsers |
//! | [`token`] | tokens signed with the public test keys |

pub mod catalog;
pub mod explain;
mod nearest;
mod schema;
pub mod token;
pub mod validate;
