//! The responses of an upstream.

use std::time::Duration;

use crate::{
    echo::EchoedRequest,
    headers::{Headers, to_bytes},
};

/// A response of the upstream.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// The status; the default is 200.
    pub status: u16,
    /// Header fields, Latin-1 as in [`Headers`].
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    /// Trailers; HTTP/2 only.
    pub trailers: Option<Headers>,
    /// Delay of the response; zero by default.
    pub delay: Duration,
    /// Closes the connection instead of answering.
    pub abort: bool,
}

impl Reply {
    /// Creates a reply with this status and no body.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// Creates a reply with status 200 and a JSON body.
    pub fn json(body: impl Into<String>) -> Self {
        Self::new(200)
            .header("content-type", "application/json")
            .body(body.into())
    }

    /// Creates a reply that closes the connection instead.
    pub fn abort() -> Self {
        Self {
            abort: true,
            ..Self::new(200)
        }
    }

    /// Sets the status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a header field.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.0.push((name.to_string(), value.to_string()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Adds a trailer.
    #[must_use]
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        self.trailers
            .get_or_insert_default()
            .0
            .push((name.to_string(), value.to_string()));
        self
    }

    /// Delays the response.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Returns the echo: the request as JSON, as [`EchoedRequest`] writes it. The request controls
    /// it:
    ///
    /// | Header of the request | Effect |
    /// |---|---|
    /// | `x-echo-status: 503` | sets the status |
    /// | `x-echo-set: name: value` | adds a header field; repeatable |
    /// | `x-echo-trailer: name: value` | adds a trailer; repeatable |
    /// | `x-echo-body: text` | replaces the JSON |
    /// | `x-echo-delay: 250ms` | waits first; `ms` or `s` |
    ///
    /// The response to a gRPC request is one message, the JSON, and `grpc-status: 0`.
    pub fn to(request: &EchoedRequest) -> Self {
        let control = |name: &str| request.headers.all(name).first().copied();
        let mut reply = Self::new(200);
        let json = serde_json::to_vec(request).expect("a request is plain data");
        let body = control("x-echo-body").map_or(json, to_bytes);
        let is_grpc =
            control("content-type").is_some_and(|kind| kind.starts_with("application/grpc"));
        reply = if is_grpc {
            let mut message = vec![0];
            message.extend(
                u32::try_from(body.len())
                    .expect("a small body")
                    .to_be_bytes(),
            );
            message.extend(body);
            reply
                .header("content-type", "application/grpc")
                .trailer("grpc-status", "0")
                .body(message)
        } else if control("x-echo-body").is_some() {
            reply.header("content-type", "text/plain").body(body)
        } else {
            reply.header("content-type", "application/json").body(body)
        };
        for field in request.headers.all("x-echo-set") {
            let (name, value) = split(field);
            reply = reply.header(name, value);
        }
        for field in request.headers.all("x-echo-trailer") {
            let (name, value) = split(field);
            reply = reply.trailer(name, value);
        }
        if let Some(status) = control("x-echo-status") {
            reply.status = status.parse().unwrap_or(500);
        }
        if let Some(delay) = control("x-echo-delay") {
            reply.delay = duration(delay).unwrap_or_default();
        }
        reply
    }
}

fn split(field: &str) -> (&str, &str) {
    let (name, value) = field.split_once(':').unwrap_or((field, ""));
    (name.trim(), value.trim())
}

fn duration(text: &str) -> Option<Duration> {
    match text.strip_suffix("ms") {
        Some(millis) => Some(Duration::from_millis(millis.parse().ok()?)),
        None => Some(Duration::from_secs(text.strip_suffix('s')?.parse().ok()?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> EchoedRequest {
        let own = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        EchoedRequest {
            headers: Headers(headers.iter().map(own).collect()),
            ..Default::default()
        }
    }

    #[test]
    fn the_request_steers_the_echo() {
        let reply = Reply::to(&request(&[
            ("x-echo-status", "503"),
            ("x-echo-set", "x-a: 1:2"),
            ("x-echo-set", "x-a: \u{e9}"),
            ("x-echo-delay", "250ms"),
            ("x-echo-body", "\u{ff}"),
        ]));
        assert_eq!(
            (reply.status, reply.delay),
            (503, Duration::from_millis(250))
        );
        assert_eq!(reply.headers.all("x-a"), ["1:2", "\u{e9}"]);
        assert_eq!(reply.body, [0xff]);
    }

    #[test]
    fn a_grpc_call_gets_one_message_and_its_status_after_it() {
        let reply = Reply::to(&request(&[
            ("content-type", "application/grpc+proto"),
            ("x-echo-body", "ab"),
        ]));
        assert_eq!(reply.body, b"\0\0\0\0\x02ab");
        assert_eq!(reply.trailers.unwrap().get("grpc-status"), Some("0"));
    }
}
