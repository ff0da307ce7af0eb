//! Runs a whole filter natively on a scripted host.

use super::{LocalAnswer, ScriptedHost};
use crate::pipeline::{Filter, Next, Root, Stream};

/// A filter on one worker.
pub struct Run<F: Filter> {
    root: Root<F>,
    host: ScriptedHost,
    next: u32,
}

/// What happened to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It continued, with these headers.
    Continued(Vec<(Vec<u8>, Vec<u8>)>),
    /// The filter answered with a local reply.
    Replied(LocalAnswer),
    /// It waits.
    Waits,
}

/// A request in progress.
pub struct Exchange<F: Filter> {
    host: ScriptedHost,
    stream: Stream<F>,
}

impl<F: Filter> Run<F> {
    /// Loads a configuration on the thread's host; `None` if the filter rejects it.
    #[must_use]
    pub fn start(host: &ScriptedHost, configuration: &str) -> Option<Self> {
        host.set_configuration(configuration.as_bytes());
        let mut root = Root::new(1);
        let is_valid = root.configure();
        is_valid.then(|| Self {
            root,
            host: host.clone(),
            next: 2,
        })
    }

    /// Sends the headers of a request, pseudo-headers first, and returns what happened to it.
    pub fn request<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        &mut self,
        headers: &[(N, V)],
    ) -> (Exchange<F>, Answer) {
        self.head(headers, false)
    }

    /// Like [`Run::request`]. `has_more` says whether a body follows.
    pub fn head<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        &mut self,
        headers: &[(N, V)],
        has_more: bool,
    ) -> (Exchange<F>, Answer) {
        let pairs = headers
            .iter()
            .map(|(name, value)| (name.as_ref().to_vec(), value.as_ref().to_vec()))
            .collect();
        self.host.begin_request(pairs);
        let context = self.next;
        self.next = self.next.wrapping_add(1);
        #[allow(clippy::expect_used, reason = "a `Run` has a valid configuration")]
        let mut stream = self.root.stream(context).expect("a configuration");
        let action = stream.on_request(has_more);
        let host = self.host.clone();
        let exchange = Exchange { host, stream };
        let answer = exchange.settle(action);
        (exchange, answer)
    }

    /// Ticks the root context.
    pub fn tick(&mut self) {
        self.root.on_tick();
    }

    /// Answers an HTTP call; `None` makes it fail.
    pub fn answer_http(&mut self, token: u32, answer: Option<(u16, &[u8])>) {
        let (headers, size) = match answer {
            Some((status, body)) => {
                self.host.set_http_answer(status, body);
                (1, body.len())
            }
            None => (0, 0),
        };
        self.root.on_http_answer(token, headers, size);
        self.host.end_http_answer();
    }
}

impl<F: Filter> Exchange<F> {
    fn settle(&self, action: Next) -> Answer {
        if let Some(reply) = self.host.take_local() {
            self.host.end_request();
            return Answer::Replied(reply);
        }
        if action == Next::Continue || self.host.is_resumed() {
            return Answer::Continued(self.host.end_request());
        }
        Answer::Waits
    }

    /// Returns what happened to a waiting request after its root context was called.
    #[must_use]
    pub fn now(&self) -> Answer {
        self.settle(Next::Pause)
    }

    /// Sends a part of the body, as Envoy does with `allow_on_headers_stop_iteration`. Returns
    /// whether it continues.
    pub fn body(&mut self) -> bool {
        self.stream.hold() == Next::Continue
    }

    /// Sends the request's trailers through the filter, and returns the result.
    pub fn trailers<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        &mut self,
        trailers: &[(N, V)],
    ) -> Vec<(Vec<u8>, Vec<u8>)> {
        let pairs = trailers
            .iter()
            .map(|(name, value)| (name.as_ref().to_vec(), value.as_ref().to_vec()))
            .collect();
        self.host.begin_trailers(pairs);
        self.stream.on_request_trailers();
        self.host.end_trailers()
    }

    /// Answers a gRPC call; `None` makes it fail.
    pub fn answer_grpc(&mut self, token: u32, answer: Option<&[u8]>) -> Answer {
        let message = answer.unwrap_or_default();
        self.host.set_grpc_answer(message);
        let status = if answer.is_some() { 0 } else { 14 };
        self.stream.on_grpc_answer(token, status, message.len());
        self.settle(Next::Pause)
    }

    /// Sends the response headers through the filter, and returns the result.
    pub fn response<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        &mut self,
        headers: &[(N, V)],
    ) -> Vec<(Vec<u8>, Vec<u8>)> {
        let pairs = headers
            .iter()
            .map(|(name, value)| (name.as_ref().to_vec(), value.as_ref().to_vec()))
            .collect();
        self.host.begin_response(pairs);
        self.stream.on_response();
        self.host.end_response()
    }
}
