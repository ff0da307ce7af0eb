//! Replies defined in the configuration.

use super::{Body, LocalReply};
use crate::config::{At, Env, Invalid, each};
use crate::template::{Scope, Template, Values};
use crate::values::{HeaderName, Status, is_header_value};
use serde::Deserialize;

/// A reply as written. What is omitted stays as the filter makes it.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a reply, as {status: 429, body: \"…\"}"
)]
pub struct RawReply {
    /// The HTTP status.
    pub status: Option<Status>,
    /// The body, a template. Without a `content-type` among `headers` it is `text/plain`.
    pub body: Option<String>,
    /// Headers to add; values are templates. A header whose value is missing is omitted.
    pub headers: Option<Vec<RawReplyHeader>>,
}

/// A header of a reply as written.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a header, as {name: x-why, value: text}"
)]
pub struct RawReplyHeader {
    /// The header's name.
    pub name: HeaderName,
    /// Its value, a template.
    pub value: String,
}

/// A reply of the configuration, ready to be expanded.
#[derive(Debug, Clone, Default)]
pub struct ReplyTemplate {
    status: Option<Status>,
    body: Option<Template>,
    headers: Vec<(HeaderName, Template)>,
}

impl RawReply {
    /// Checks the templates.
    ///
    /// # Errors
    /// [`Invalid`] below the reply.
    pub fn build(self, scope: Scope<'_>, env: &Env) -> Result<ReplyTemplate, Invalid> {
        let body = self
            .body
            .map(|text| Template::parse_multiline(&text, scope, env).at("body"))
            .transpose()?;
        let headers = each(
            "headers",
            self.headers.into_iter().flatten(),
            |header| match header.name.as_str() {
                "content-length" | "transfer-encoding" | "connection" => {
                    let reason = format!("\"{}\" is set by Envoy", header.name);
                    Err(Invalid::new(reason).at("name"))
                }
                _ => Template::parse(&header.value, scope, env)
                    .map(|template| (header.name, template))
                    .at("value"),
            },
        )?;
        Ok(ReplyTemplate {
            status: self.status,
            body,
            headers,
        })
    }
}

impl ReplyTemplate {
    /// Changes a reply as configured. A body or a header without a value stays unchanged.
    pub fn apply(&self, reply: &mut LocalReply, values: &Values<'_>) {
        if let Some(status) = self.status {
            reply.status = status.get();
        }
        if let Some(Ok(body)) = self.body.as_ref().map(|template| template.expand(values)) {
            reply.body = Body::Raw(body);
        }
        for (name, template) in &self.headers {
            if let Ok(value) = template.expand(values)
                && is_header_value(&value)
            {
                reply.headers.retain(|(n, _)| n != name);
                reply.headers.push((name.clone(), value));
            }
        }
    }

    /// Whether the result depends on the host. If so, a request with a malformed host has to be
    /// refused.
    #[must_use]
    pub fn looks_at_host(&self) -> bool {
        let headers = self.headers.iter().map(|(_, template)| template);
        self.body.iter().chain(headers).any(Template::looks_at_host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::GrpcStatus;
    use crate::testing::request;

    fn built(json: &str) -> Result<ReplyTemplate, Invalid> {
        let raw: RawReply = serde_json::from_str(json).unwrap();
        raw.build(
            Scope {
                extra: &["limit.name"],
                ..Scope::default()
            },
            &Env::new(),
        )
    }

    #[test]
    fn what_the_configuration_sets_replaces_what_the_filter_makes() {
        let template = built(
            r#"{"status": 420, "body": "{\"limit\": \"${limit.name}\"}\n", "headers": [
                {"name": "x-why", "value": "${limit.name}"}, {"name": "x-gone", "value": "${request.header.none}"}]}"#,
        )
        .unwrap();
        let head = request("GET", "/").build();
        let mut reply = LocalReply::new(
            429,
            GrpcStatus::ResourceExhausted,
            "rate_limited",
            "Slow down.",
        );
        template.apply(
            &mut reply,
            &Values {
                request: Some(&head),
                extra: &[("limit.name", b"per-client")],
                ..Values::default()
            },
        );
        assert_eq!(reply.status, 420);
        assert_eq!(
            reply.body,
            Body::Raw(b"{\"limit\": \"per-client\"}\n".to_vec())
        );
        assert_eq!(
            reply.headers,
            [(HeaderName::new("x-why").unwrap(), b"per-client".to_vec())]
        );
    }

    #[test]
    fn errors_name_the_place() {
        for (json, error) in [
            (r#"{"body": "${nope}"}"#, "body: ${nope} is not a variable"),
            (
                r#"{"headers": [{"name": "a", "value": "${nope}"}]}"#,
                "headers[0].value: ${nope} is not a variable",
            ),
            (
                r#"{"headers": [{"name": "content-length", "value": "1"}]}"#,
                "headers[0].name: \"content-length\" is set by Envoy",
            ),
        ] {
            let got = built(json).unwrap_err().to_string();
            assert!(got.starts_with(error), "{got}");
        }
    }
}
