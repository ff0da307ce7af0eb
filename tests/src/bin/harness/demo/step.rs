//! One step of the tour: a request, its expected response, and how both are shown.

use e2e::{Client, Envoy, Response};

use crate::term;

/// A request with its expected response.
pub(super) struct Step {
    title: &'static str,
    method: &'static str,
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    status: u16,
    answer: Vec<(&'static str, Want)>,
    upstream: Vec<(&'static str, Want)>,
    upstream_path: Option<&'static str>,
}

/// The expected value of a header.
pub(super) enum Want {
    /// Present once, with this value.
    Is(&'static str),
    /// Present, with any value.
    Present,
    /// Missing.
    Absent,
}

/// The observed value, how to show it, and what was expected instead.
struct Observed {
    shown: String,
    mistake: Option<String>,
}

impl Step {
    /// Creates a GET request that gets status 200.
    pub(super) fn get(title: &'static str, path: &'static str) -> Step {
        Step::request(title, "GET", path)
    }

    /// Creates a request that gets status 200.
    pub(super) fn request(title: &'static str, method: &'static str, path: &'static str) -> Step {
        Step {
            title,
            method,
            path,
            headers: Vec::new(),
            status: 200,
            answer: Vec::new(),
            upstream: Vec::new(),
            upstream_path: None,
        }
    }

    /// Adds a header to the request.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Step {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets the expected status.
    pub(super) fn status(self, status: u16) -> Step {
        Step { status, ..self }
    }

    /// Expects a header of the response.
    pub(super) fn answers(mut self, name: &'static str, want: Want) -> Step {
        self.answer.push((name, want));
        self
    }

    /// Expects a header of the request at the upstream; `:authority` is the host.
    pub(super) fn reaches_upstream(mut self, name: &'static str, want: Want) -> Step {
        self.upstream.push((name, want));
        self
    }

    /// Expects the path and query at the upstream.
    pub(super) fn reaches_upstream_at(self, path: &'static str) -> Step {
        Step {
            upstream_path: Some(path),
            ..self
        }
    }

    /// Sends the request, prints it with its response, and returns whether the response is as
    /// expected.
    pub(super) fn run(&self, envoy: &Envoy) -> bool {
        println!("\n  {}", self.title);
        print_block("→", &self.request_lines());
        let mut request = Client::http1().request(self.method, envoy.url(self.path));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        match request.try_send() {
            Ok(answer) => self.print_answer(&answer),
            Err(error) => {
                println!("    {}", term::red(format!("✗ no answer: {error:#}")));
                false
            }
        }
    }

    fn request_lines(&self) -> Vec<String> {
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}"));
        std::iter::once(format!("{} {}", self.method, self.path))
            .chain(headers)
            .collect()
    }

    fn print_answer(&self, answer: &Response) -> bool {
        let from_envoy = self.seen_by_client(answer);
        let at_upstream = self.seen_by_upstream(answer);
        print_block(
            "←",
            &from_envoy
                .iter()
                .map(|seen| seen.shown.clone())
                .collect::<Vec<_>>(),
        );
        if !at_upstream.is_empty() {
            print_block(
                "  upstream saw",
                &at_upstream
                    .iter()
                    .map(|seen| seen.shown.clone())
                    .collect::<Vec<_>>(),
            );
        }
        let mistakes: Vec<&String> = from_envoy
            .iter()
            .chain(&at_upstream)
            .filter_map(|seen| seen.mistake.as_ref())
            .collect();
        for mistake in &mistakes {
            println!("    {}", term::red(format!("✗ {mistake}")));
        }
        mistakes.is_empty()
    }

    fn seen_by_client(&self, answer: &Response) -> Vec<Observed> {
        let status = Observed {
            shown: answer.status.to_string(),
            mistake: (answer.status != self.status)
                .then(|| format!("expected status {}, got {}", self.status, answer.status)),
        };
        let headers = self
            .answer
            .iter()
            .map(|(name, want)| want.compare(name, &answer.headers_all(name)));
        std::iter::once(status).chain(headers).collect()
    }

    fn seen_by_upstream(&self, answer: &Response) -> Vec<Observed> {
        if self.upstream.is_empty() && self.upstream_path.is_none() {
            return Vec::new();
        }
        let Ok(request) = serde_json::from_slice::<e2e::EchoedRequest>(&answer.body) else {
            let mistake = Some("expected the upstream's echo, got another answer".to_owned());
            return vec![Observed {
                shown: "nothing".to_owned(),
                mistake,
            }];
        };
        let path = Observed {
            shown: format!("{} {}", request.method, request.path),
            mistake: self
                .upstream_path
                .filter(|path| *path != request.path)
                .map(|path| format!("expected path {path}, got {}", request.path)),
        };
        let headers = self.upstream.iter().map(|(name, want)| match *name {
            ":authority" => want.compare("host", &[&request.authority]),
            name => want.compare(name, &request.headers_all(name)),
        });
        std::iter::once(path).chain(headers).collect()
    }
}

impl Want {
    fn compare(&self, name: &str, values: &[&str]) -> Observed {
        let shown = match values {
            [] => format!("no {name}"),
            values => format!("{name}: {}", values.join(", ")),
        };
        let (fits, expected) = match self {
            Want::Is(value) => (values == [*value], format!("{name}: {value}")),
            Want::Present => (!values.is_empty(), format!("a header {name}")),
            Want::Absent => (values.is_empty(), format!("no {name}")),
        };
        Observed {
            mistake: (!fits).then(|| format!("expected {expected}, got {shown}")),
            shown,
        }
    }
}

/// Prints aligned lines after a sign.
fn print_block(sign: &str, lines: &[String]) {
    let indent = " ".repeat(sign.chars().count());
    for (number, line) in lines.iter().enumerate() {
        let lead = if number == 0 { sign } else { &indent };
        println!("    {} {line}", term::dim(lead));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_as_wanted_or_the_mistake_names_both() {
        let cases: &[(Want, &[&str], Option<&str>)] = &[
            (Want::Is("a"), &["a"], None),
            (Want::Is("a"), &["b"], Some("expected x: a, got x: b")),
            (
                Want::Is("a"),
                &["a", "a"],
                Some("expected x: a, got x: a, a"),
            ),
            (Want::Is("a"), &[], Some("expected x: a, got no x")),
            (Want::Present, &["b"], None),
            (Want::Present, &[], Some("expected a header x, got no x")),
            (Want::Absent, &[], None),
            (Want::Absent, &["b"], Some("expected no x, got x: b")),
        ];
        for (want, values, mistake) in cases {
            assert_eq!(want.compare("x", values).mistake.as_deref(), *mistake);
        }
    }

    #[test]
    fn a_wrong_status_or_a_missing_echo_fails_a_step() {
        let answer = Response {
            status: 503,
            version: "HTTP/1.1".to_owned(),
            headers: e2e::Headers::default(),
            body: b"no healthy upstream".to_vec(),
            trailers: None,
        };
        let mistakes = |step: Step| -> Vec<String> {
            let seen = step
                .seen_by_client(&answer)
                .into_iter()
                .chain(step.seen_by_upstream(&answer));
            seen.filter_map(|seen| seen.mistake).collect()
        };
        assert_eq!(
            mistakes(Step::get("t", "/")),
            ["expected status 200, got 503"]
        );
        assert_eq!(
            mistakes(Step::get("t", "/").status(503).reaches_upstream_at("/x")),
            ["expected the upstream's echo, got another answer"]
        );
    }
}
