//! Why a token is not valid. A requirement turns this into a refusal.

use crate::claims::Claims;
use crate::reason::Reason;
use crate::requirement::About;
use std::rc::Rc;

/// Why a token is rejected, and whether other keys may change that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) reason: Reason,
    pub(super) may_change: bool,
    pub(super) about: Option<Rc<About>>,
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            may_change: false,
            about: None,
        }
    }
}

impl Failure {
    /// Adds what the token says about itself.
    #[cold]
    pub(super) fn of(self, kid: Option<&str>, claims: &Claims) -> Self {
        let about = About {
            kid: kid.map(str::to_owned),
            issuer: claims.text("iss").map(str::to_owned),
            issued: claims.issued(),
        };
        Self {
            about: Some(Rc::new(about)),
            ..self
        }
    }
}
