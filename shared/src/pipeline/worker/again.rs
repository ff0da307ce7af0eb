//! Requests that have waited. They are decided again when their call is answered, when there is
//! news, or when their time is over.

use super::{Outcome, Worker, client_of};
use crate::host;
use crate::pipeline::waiting::Place;
use crate::pipeline::{Filter, Flow, MAX_WAITS, Wait, Wake};
use crate::reply::LocalReply;
use std::rc::Rc;
use std::time::Duration;

impl<F: Filter> Worker<F> {
    /// Decides again on a request that waits for a call. Must be called in `on_grpc_call_response`
    /// of its stream.
    pub(in crate::pipeline) fn on_answer(
        &self,
        place: &Place<F::State>,
        answer: Option<Vec<u8>>,
    ) -> Option<Outcome<F::State>> {
        let (mut request, mut state) = place.take()?;
        request.wake();
        let wake = Wake::Answer(answer);
        let flow = self.filter.on_resume(&mut request, &mut state, wake);
        Some(self.follow(flow, place.stream, request, state))
    }

    /// Decides again on waiting requests if there is news, or if their time is over. Must be called
    /// in a callback of the root context.
    pub(super) fn see_to_waiting(&self, now: Duration) {
        let Some(background) = self.filter.background() else {
            return;
        };
        let news = background.news();
        let is_new = self.considered.replace(news) != news;
        for place in self.waiting.take() {
            let is_over = now >= place.until.get();
            if is_new || is_over {
                let wake = if is_over { Wake::TimeUp } else { Wake::News };
                // Does nothing if the stream has ended.
                host::act_for(place.stream, self.root, || self.reconsider(&place, wake));
            } else {
                self.waiting.admit(&place);
            }
        }
        let next = background.tick_in(now, !self.waiting.is_empty());
        self.tick_every(next);
    }

    /// Must be called acting for the stream.
    fn reconsider(&self, place: &Rc<Place<F::State>>, wake: Wake) {
        let Some((mut request, mut state)) = place.take() else {
            return;
        };
        request.wake();
        let mut flow = self.filter.on_resume(&mut request, &mut state, wake);
        for _ in 0..MAX_WAITS {
            match flow {
                Flow::Wait(wait) => match self.admit_again(place, wait) {
                    Ok((until, call)) => {
                        place.put_back(until, call, request, state);
                        if call.is_none() {
                            self.waiting.admit(place);
                        }
                        return;
                    }
                    Err(wake) => flow = self.filter.on_resume(&mut request, &mut state, wake),
                },
                Flow::Continue => {
                    self.write(&request);
                    place.leave(state);
                    host::resume_request();
                    return;
                }
                Flow::Reply(_) => break,
            }
        }
        let reply = match flow {
            Flow::Reply(reply) => reply,
            Flow::Continue | Flow::Wait(_) => LocalReply::unavailable(),
        };
        self.explain(&reply, &request);
        host::send(&reply, client_of(&mut request));
        place.answer();
        place.leave(state);
    }

    /// Lets a request wait again: for the same news, with its original time limit, or for something
    /// else.
    fn admit_again(
        &self,
        place: &Place<F::State>,
        wait: Wait,
    ) -> Result<(Duration, Option<u32>), Wake> {
        match wait {
            Wait::News(until) if until == place.until.get() => {
                if host::now() < until {
                    Ok((until, None))
                } else {
                    Err(Wake::TimeUp)
                }
            }
            other => self.admit(other),
        }
    }
}
