//! What a request keeps for its response, for the answer of the rate limit service, and for its
//! end.

use super::held::Held;
use crate::decision::{Decision, Later, Question};
use crate::few::Few;
use crate::fields::Standing;
use filter_kit::values::HeaderName;

/// What a request keeps for its response, or for the answer of the rate limit service.
#[derive(Debug, Default)]
pub struct State {
    /// For the fields.
    pub(super) standings: Few<Standing>,
    /// Not needed by most requests.
    pub(super) rest: Option<Box<Rest>>,
}

/// What only few requests keep.
#[derive(Debug, Default)]
pub(super) struct Rest {
    pub(super) asked: Option<Asked>,
    /// What remains to be done when the response arrives and when the request ends.
    pub(super) held: Option<Held>,
}

impl State {
    pub(super) fn rest(&mut self) -> &mut Rest {
        self.rest.get_or_insert_default()
    }

    /// Stores what remains to be done when the response arrives and when the request ends.
    #[inline(never)]
    pub(super) fn hold(&mut self, later: Later) {
        self.rest().held = Some(Held::new(later));
    }

    /// Whether the response has to be examined.
    pub(super) fn has_news(&self) -> bool {
        !self.standings.is_empty() || self.rest.is_some()
    }
}

/// What is kept for a request about which the rate limit service is asked.
#[derive(Debug)]
pub(super) enum Asked {
    /// The request waits for the answer.
    Waits(Decision, Vec<Question>),
    /// Headers of the answer, for the response.
    Answered(Vec<(HeaderName, Vec<u8>)>),
}
