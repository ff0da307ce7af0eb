//! Scripts: what a client, an upstream, key servers and a clock do to a filter. A script is text,
//! so that seeds can be written and findings read; any bytes are a valid script.
//!
//! | Line | Meaning |
//! |---|---|
//! | `@3` | the fourth of the target's configurations; `@3*`: and a log of debug level; in the first line only |
//! | `>GET /path host` | a request; the lines `name: value` after it are its headers |
//! | `+GET /path host` | a request with a body |
//! | `<200` | its response; the lines `name: value` after it are its headers |
//! | `~` | trailers of the request; the lines `name: value` after it |
//! | `.` | a part of the body |
//! | `=30` | thirty seconds pass |
//! | `!` | the clock ticks |
//! | `?200 body` | the answer to the oldest HTTP call; `?-`: it fails |
//! | `&%08%01` | the answer to the oldest gRPC call, percent-encoded; `&-`: it fails |
//! | `$source.address=10.0.0.1:5` | a property |
//! | `#101` | of the next host calls that can fail, the first and the third do |
//! | `x` | the stream ends |
//!
//! `{hs256}` and the other names of [`TOKENS`](crate::tokens::TOKENS) are replaced with tokens,
//! `{jwks}` and `{discovery}` with documents of a key server.

use crate::reference::{is_name, is_value};
use crate::tokens::{self, DISCOVERY, JWKS};

/// Headers as pairs.
pub type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// Further lines are ignored, to keep runs short.
const MAX_LINES: usize = 256;

/// A step of a script.
#[derive(Debug, Clone)]
pub enum Step {
    /// The headers of a request, pseudo-headers first, and whether a body follows.
    Request(Pairs, bool),
    /// The headers of a response.
    Response(Pairs),
    /// The trailers of the request.
    Trailers(Pairs),
    /// A part of its body.
    Body,
    /// Time passes, in seconds.
    Wait(u64),
    /// The clock ticks.
    Tick,
    /// The answer to the oldest HTTP call.
    HttpAnswer(Option<(u16, Vec<u8>)>),
    /// The answer to the oldest gRPC call.
    GrpcAnswer(Option<Vec<u8>>),
    /// A property, with its path joined by NUL.
    Property(String, Vec<u8>),
    /// Host calls fail.
    Faults(Vec<bool>),
    /// The stream ends.
    End,
}

/// A parsed script.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// The index of the configuration.
    pub configuration: usize,
    /// Whether the log is of debug level.
    pub is_debug: bool,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// Parses a script.
#[must_use]
pub fn read(text: &[u8]) -> Script {
    let mut lines = text.split(|b| *b == b'\n').take(MAX_LINES).peekable();
    let mut script = Script::default();
    if let Some([b'@', number_of @ ..]) = lines.peek() {
        let digits = number_of.strip_suffix(b"*").unwrap_or(number_of);
        script.is_debug = digits.len() < number_of.len();
        script.configuration = usize::try_from(number(digits)).unwrap_or(0);
        lines.next();
    }
    let steps = &mut script.steps;
    for line in lines {
        match step(line) {
            Some(step) => steps.push(step),
            None => header(line, steps.last_mut()),
        }
    }
    script
}

fn step(line: &[u8]) -> Option<Step> {
    let (first, rest) = line.split_first()?;
    Some(match first {
        b'>' | b'+' => Step::Request(head(rest)?, *first == b'+'),
        b'<' => Step::Response(vec![(
            b":status".to_vec(),
            status(rest).to_string().into_bytes(),
        )]),
        b'~' => Step::Trailers(Vec::new()),
        b'.' => Step::Body,
        b'=' => Step::Wait(number(rest)),
        b'!' => Step::Tick,
        b'?' if rest.starts_with(b"-") => Step::HttpAnswer(None),
        b'?' => {
            let (code, body) = split(rest, b' ');
            Step::HttpAnswer(Some((status(code), document(body))))
        }
        b'&' if rest.starts_with(b"-") => Step::GrpcAnswer(None),
        b'&' => Step::GrpcAnswer(Some(percent_encoding::percent_decode(rest).collect())),
        b'$' => {
            let (path, value) = split(rest, b'=');
            let path = String::from_utf8_lossy(path).replace('.', "\0");
            Step::Property(path, value.to_vec())
        }
        b'#' => Step::Faults(rest.iter().take(64).map(|b| *b == b'1').collect()),
        b'x' if rest.is_empty() => Step::End,
        _ => return None,
    })
}

/// Adds a header to the previous step. Leaves out what Envoy would reject.
fn header(line: &[u8], step: Option<&mut Step>) {
    let Some(Step::Request(pairs, _) | Step::Response(pairs) | Step::Trailers(pairs)) = step else {
        return;
    };
    let Some(colon) = line.iter().position(|b| *b == b':') else {
        return;
    };
    let name = line[..colon].to_ascii_lowercase();
    let value = tokens::expanded(line[colon + 1..].trim_ascii());
    if is_name(&name) && is_value(&value) {
        pairs.push((name, value));
    }
}

/// Parses `GET /path host`.
fn head(line: &[u8]) -> Option<Pairs> {
    let mut words = line.splitn(3, |b| *b == b' ');
    let mut pairs: Pairs = vec![(b":scheme".to_vec(), b"https".to_vec())];
    for name in [":method", ":path", ":authority"] {
        // CONNECT has no path, and HTTP/1.0 no host. In a path, only the query may contain a token,
        // because the log contains the part before it.
        let word = words.next().map(|word| match name {
            ":path" => {
                let query = word.iter().position(|b| *b == b'?').unwrap_or(word.len());
                let (path, query) = word.split_at(query);
                [path, &tokens::expanded(query)].concat()
            }
            _ => word.to_vec(),
        });
        match word {
            Some(word) if word.is_empty() => {}
            Some(word) if is_value(&word) => pairs.push((name.into(), word)),
            Some(_) => return None,
            None => {}
        }
    }
    Some(pairs)
}

fn split(text: &[u8], at: u8) -> (&[u8], &[u8]) {
    let mut parts = text.splitn(2, |b| *b == at);
    (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    )
}

fn number(digits: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(digits);
    text.trim().parse().unwrap_or(1).min(100_000_000)
}

fn status(digits: &[u8]) -> u16 {
    match number(digits) {
        code @ 100..=599 => u16::try_from(code).unwrap_or(200),
        _ => 200,
    }
}

fn document(body: &[u8]) -> Vec<u8> {
    match body {
        b"{jwks}" => JWKS.into(),
        b"{discovery}" => DISCOVERY.into(),
        other => other.to_vec(),
    }
}
