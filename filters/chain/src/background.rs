//! Background work of the items: one timer and one set of calls for all.

use crate::filter::Chain;
use filter_kit::host::{CallFailure, CallId, HttpAnswer};
use filter_kit::pipeline::Background;
use std::time::Duration;

impl Chain {
    fn backgrounds(&self) -> impl Iterator<Item = &dyn Background> {
        self.items.iter().filter_map(|item| item.background())
    }
}

impl Background for Chain {
    fn max_waiting(&self) -> usize {
        let bounds = self
            .backgrounds()
            .map(|background| background.max_waiting());
        bounds.fold(0, usize::saturating_add)
    }

    fn on_wait(&self) {
        let item = self.items.get(self.waits_for.get());
        if let Some(background) = item.and_then(|item| item.background()) {
            background.on_wait();
        }
    }

    fn on_tick(&self, now: Duration) {
        for background in self.backgrounds() {
            background.on_tick(now);
        }
    }

    /// Each item recognizes its own calls.
    fn on_answer(&self, call: CallId, answer: Result<HttpAnswer, CallFailure>, now: Duration) {
        for background in self.backgrounds() {
            background.on_answer(call, answer.clone(), now);
        }
    }

    fn max_answer_bytes(&self) -> usize {
        let bounds = self
            .backgrounds()
            .map(|background| background.max_answer_bytes());
        bounds.max().unwrap_or(0)
    }

    /// Each of these numbers only grows, so the sum changes whenever one does.
    fn news(&self) -> u64 {
        let news = self.backgrounds().map(|background| background.news());
        news.fold(0, u64::wrapping_add)
    }

    fn tick_in(&self, now: Duration, is_anyone_waiting: bool) -> Option<Duration> {
        let periods = self
            .backgrounds()
            .filter_map(|background| background.tick_in(now, is_anyone_waiting));
        periods.min()
    }
}
