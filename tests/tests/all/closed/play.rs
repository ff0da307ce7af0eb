//! Plays the client against the Envoy of a sample, over HTTP/1.1 in raw bytes and over HTTP/2.

use std::{fmt::Write as _, time::Instant};

use e2e::{
    Client, EchoedRequest, Envoy, Headers,
    client::{Version, raw},
};

use super::{
    attempt::{Attempt, Must, Request},
    start::Start,
};

/// What a sample promises.
pub(crate) struct Promise {
    pub(crate) says: &'static str,
    /// How clients try to bypass it.
    pub(crate) attempts: Vec<Attempt>,
}

/// A sample with its promises.
pub(crate) struct Closed {
    /// Its file in `envoy-configs/`.
    pub(crate) sample: &'static str,
    pub(crate) start: Start,
    pub(crate) promises: Vec<Promise>,
}

/// A response; `None` if Envoy has reset the stream or closed the connection.
type Outcome = Option<(u16, Headers)>;

/// Plays all attempts of all samples. Fails with everything that went wrong.
#[track_caller]
pub(crate) fn play(samples: impl IntoIterator<Item = Closed>) {
    let failures: String = samples.into_iter().map(|closed| faults(&closed)).collect();
    assert!(failures.is_empty(), "\n{failures}");
}

/// Uses a separate Envoy for each protocol.
fn faults(closed: &Closed) -> String {
    let mut faults = String::new();
    for version in [Version::Http1, Version::Http2] {
        let running = (closed.start)(closed.sample);
        let attempts = closed.promises.iter().flat_map(|promise| {
            let attempts = promise.attempts.iter();
            attempts.map(|attempt| (promise.says, attempt))
        });
        for (number, (says, attempt)) in attempts.enumerate() {
            let source = format!("127.0.1.{}", number + 1);
            if let Err(fault) = try_once(&running.envoy, version, &source, attempt) {
                let sample = closed.sample;
                let what = &attempt.what;
                let _ = writeln!(faults, "{sample}: {says}\n  {version:?}: {what}\n  {fault}");
            }
        }
    }
    faults
}

fn try_once(
    envoy: &Envoy,
    version: Version,
    source: &str,
    attempt: &Attempt,
) -> Result<(), String> {
    let requests = attempt
        .requests
        .iter()
        .filter(|request| request.is_for(version));
    let upstream = envoy.upstream();
    let (before, begin) = (upstream.count(), Instant::now());
    for request in requests {
        let asked = upstream.count();
        let outcome = match version {
            Version::Http1 => over_http1(envoy, source, request),
            Version::Http2 => over_http2(envoy, source, request),
        };
        let has_reached = upstream.count() > asked;
        let reached = has_reached.then(|| upstream.last_request()).flatten();
        judge(&attempt.must, outcome, reached)?;
    }
    let reached = upstream.count() - before;
    match attempt.must {
        Must::Limit(quota) if reached > quota.in_time(begin.elapsed()) => Err(format!(
            "{reached} reached the upstream in {:?}, of {} at once",
            begin.elapsed(),
            quota.burst
        )),
        _ => Ok(()),
    }
}

fn judge(must: &Must, outcome: Outcome, reached: Option<EchoedRequest>) -> Result<(), String> {
    let status = outcome.as_ref().map(|(status, _)| *status);
    match must {
        Must::Answer(expected) if status == Some(*expected) && reached.is_none() => Ok(()),
        Must::Refuse if reached.is_none() && status.is_none_or(|status| status >= 300) => Ok(()),
        Must::Answer(_) | Must::Refuse => Err(match reached {
            Some(seen) => format!("{status:?}, served as {}", seen.path),
            None => format!("{status:?}"),
        }),
        Must::Reach { path, fields } => {
            let seen = reached.ok_or_else(|| format!("{status:?}, and not served"))?;
            match path {
                Some(path) if seen.path != *path => Err(format!("{} at the upstream", seen.path)),
                _ => compare(fields, &seen.headers),
            }
        }
        Must::Carry(fields) => match outcome {
            Some((_, headers)) => compare(fields, &headers),
            None => Err("no answer".into()),
        },
        Must::Limit(_) => Ok(()),
    }
}

fn compare(expected: &[(&str, Option<&str>)], headers: &Headers) -> Result<(), String> {
    for (name, value) in expected {
        let found = headers.all(name);
        if found != Vec::from_iter(*value) {
            return Err(format!("{name}: {found:?}, not {value:?}"));
        }
    }
    Ok(())
}

fn over_http1(envoy: &Envoy, source: &str, request: &Request) -> Outcome {
    let Request {
        method,
        target,
        host,
        ..
    } = request;
    let mut text = format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\n");
    for (name, value) in &request.fields {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    text.push_str("\r\n");
    let mut connection = raw::Connection::open_from(source, envoy.address());
    connection.send(text);
    let answer = match method.as_str() {
        "HEAD" => connection.answer_to_head(),
        _ => connection.answer(),
    };
    match answer {
        raw::Answer::Response(response) => Some((response.status, response.headers)),
        raw::Answer::Closed => None,
    }
}

fn over_http2(envoy: &Envoy, source: &str, request: &Request) -> Outcome {
    let client = Client::http2().source(source);
    let sent = client
        .request(&request.method, envoy.url(&request.target))
        .host(&request.host)
        .headers(
            request
                .fields
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        )
        .try_send();
    match sent {
        Ok(answer) => Some((answer.status, answer.headers)),
        // Envoy has rejected the request; any other error means that this client cannot send it.
        Err(error) if error.is::<hyper::Error>() => None,
        Err(error) => panic!("{request}: {error:#}"),
    }
}
