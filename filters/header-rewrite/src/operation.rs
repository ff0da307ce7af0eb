//! The operations.
//!
//! In requests, an operation that writes or removes a name also removes every other spelling that a
//! server may read as the same name.

mod change;
mod header;
mod host;
mod message;
mod name;
mod path;
mod plan;
mod query;
mod replace;
mod request;
mod response;
mod target;
mod when;

pub(crate) use change::Change;
pub(crate) use header::HeaderOperation;
pub(crate) use host::is_authority;
pub(crate) use message::Message;
pub(crate) use name::{FRAMING, NameSelector};
pub(crate) use name::{is_removable, set_alone};
pub(crate) use path::{NewPrefix, PathRewrite, Place};
pub(crate) use plan::{Look, RemovedFirst, remove_first};
pub(crate) use query::QueryEdit;
pub(crate) use replace::{Budget, Replacement, TooCostly};
pub(crate) use request::RequestOperation;
pub(crate) use response::{Exchange, Kept, ResponseOperation};
pub(crate) use target::TargetOperation;
pub(crate) use when::When;
