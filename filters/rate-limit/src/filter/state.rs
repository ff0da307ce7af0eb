//! What a request leaves for its response, for the answer of the rate limit service, and for its
//! end.

use super::held::Held;
use crate::decision::{Decision, Later, Question};
use crate::few::Few;
use crate::fields::Standing;
use filter_kit::values::HeaderName;

/// What a request leaves for its response, or for the answer of the rate limit service.
#[derive(Debug, Default)]
pub struct State {
    /// For the fields.
    pub(super) standings: Few<Standing>,
    /// Most requests leave nothing else.
    pub(super) rest: Option<Box<Rest>>,
}

/// What few requests leave.
#[derive(Debug, Default)]
pub(super) struct Rest {
    pub(super) asked: Option<Asked>,
    /// What is left to do when the response comes and when it ends.
    pub(super) held: Option<Held>,
}

impl State {
    pub(super) fn rest(&mut self) -> &mut Rest {
        self.rest.get_or_insert_default()
    }

    /// Notes what is left to do when the response comes and when it ends.
    #[inline(never)]
    pub(super) fn hold(&mut self, later: Later) {
        self.rest().held = Some(Held::new(later));
    }

    /// Whether the response is to be looked at.
    pub(super) fn has_news(&self) -> bool {
        !self.standings.is_empty() || self.rest.is_some()
    }
}

/// What a request leaves that the rate limit service is asked about.
#[derive(Debug)]
pub(super) enum Asked {
    /// It waits for the answer.
    Waits(Decision, Vec<Question>),
    /// Headers of the answer, for the response.
    Answered(Vec<(HeaderName, Vec<u8>)>),
}
