//! What a client sends to bypass a promise, and the required result.

use std::{fmt, time::Duration};

use e2e::client::Version;

/// A request as the client writes it.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) host: String,
    pub(crate) fields: Vec<(String, String)>,
    /// The only protocol that can carry it; `None` for both.
    pub(crate) only: Option<Version>,
}

/// Requests, sent one after another over each protocol, from an address that no other attempt uses.
#[derive(Clone)]
pub(crate) struct Attempt {
    pub(crate) what: String,
    pub(crate) requests: Vec<Request>,
    pub(crate) must: Must,
}

/// The required result of the requests of an attempt.
#[derive(Clone)]
pub(crate) enum Must {
    /// Each gets this status, without reaching the upstream.
    Answer(u16),
    /// Each is refused without reaching the upstream, whatever the status. Over HTTP/2, Envoy may
    /// reset the stream.
    Refuse,
    /// Each is served, and the upstream sees this path and these fields; a field without value must
    /// be missing.
    Reach {
        path: Option<&'static str>,
        fields: Vec<(&'static str, Option<&'static str>)>,
    },
    /// Each response, whoever sends it, has these fields.
    Carry(Vec<(&'static str, Option<&'static str>)>),
    /// At most this many of them reach the upstream.
    Limit(Quota),
}

/// What a limit allows: a burst, and what is refilled meanwhile.
#[derive(Clone, Copy)]
pub(crate) struct Quota {
    pub(crate) burst: u64,
    pub(crate) per_minute: u64,
}

impl Quota {
    /// Returns how many may pass in that time.
    pub(crate) fn in_time(self, time: Duration) -> u64 {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.burst + millis * self.per_minute / 60_000
    }
}

pub(crate) fn request(method: &str, target: impl Into<String>) -> Request {
    Request {
        method: method.into(),
        target: target.into(),
        host: "shop.example.com".into(),
        fields: Vec::new(),
        only: None,
    }
}

pub(crate) fn get(target: impl Into<String>) -> Request {
    request("GET", target)
}

impl Request {
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    pub(crate) fn host(self, host: &str) -> Self {
        Self {
            host: host.into(),
            ..self
        }
    }

    /// For requests that an HTTP/2 client cannot send.
    pub(crate) fn http1(self) -> Self {
        Self {
            only: Some(Version::Http1),
            ..self
        }
    }

    /// For requests that Envoy rejects over HTTP/1.1.
    pub(crate) fn http2(self) -> Self {
        Self {
            only: Some(Version::Http2),
            ..self
        }
    }

    pub(crate) fn is_for(&self, version: Version) -> bool {
        self.only.is_none_or(|only| only == version)
    }

    pub(crate) fn answered(self, status: u16) -> Attempt {
        attempt(self, Must::Answer(status))
    }

    pub(crate) fn refused(self) -> Attempt {
        attempt(self, Must::Refuse)
    }

    pub(crate) fn reaches(self, fields: &[(&'static str, Option<&'static str>)]) -> Attempt {
        let fields = fields.to_vec();
        attempt(self, Must::Reach { path: None, fields })
    }

    pub(crate) fn reaches_at(self, path: &'static str) -> Attempt {
        let (path, fields) = (Some(path), Vec::new());
        attempt(self, Must::Reach { path, fields })
    }

    pub(crate) fn carries(self, fields: &[(&'static str, Option<&'static str>)]) -> Attempt {
        attempt(self, Must::Carry(fields.to_vec()))
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of {}", self.method, self.target, self.host)?;
        for (name, value) in &self.fields {
            // The rest of a token is not informative.
            write!(f, ", {name}: {:.30}", value)?;
        }
        Ok(())
    }
}

impl Attempt {
    /// Adds a field to each request.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        let field = (name.to_string(), value.into());
        for request in &mut self.requests {
            request.fields.push(field.clone());
        }
        self
    }
}

fn attempt(request: Request, must: Must) -> Attempt {
    Attempt {
        what: request.to_string(),
        requests: vec![request],
        must,
    }
}

/// Creates many requests, each from its number, of which only the quota may reach the upstream.
pub(crate) fn flood(
    what: &str,
    quota: Quota,
    count: usize,
    make: impl Fn(usize) -> Request,
) -> Attempt {
    Attempt {
        what: what.into(),
        requests: (0..count).map(make).collect(),
        must: Must::Limit(quota),
    }
}
