//! A request under construction.

use std::net::SocketAddr;

use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Uri, header};
use http_body_util::BodyExt;

use super::{Client, Response, Version, pool::Body};
use crate::{headers::Headers, runtime};

/// A request; ends with [`RequestBuilder::send`].
#[must_use = "a request goes out when sent"]
pub struct RequestBuilder {
    client: Client,
    parts: Result<Parts>,
}

/// The content of the request, independent of the protocol.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) method: http::Method,
    pub(crate) server: SocketAddr,
    pub(crate) path: String,
    pub(crate) host: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl RequestBuilder {
    pub(super) fn new(client: Client, method: &str, url: &str) -> Self {
        Self {
            client,
            parts: Parts::new(method, url),
        }
    }

    /// Adds a field. The value is text or bytes, including `0x80`–`0xFF`; text is sent as UTF-8.
    pub fn header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref().to_vec();
        self.with(|parts| parts.add(name, &value))
    }

    /// Adds several fields.
    pub fn headers<'a>(self, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        fields
            .into_iter()
            .fold(self, |request, (name, value)| request.header(name, value))
    }

    /// Sets `host` or `:authority`. The default is the address connected to.
    pub fn host(self, host: &str) -> Self {
        self.with(|parts| {
            parts.host = host.to_string();
            Ok(())
        })
    }

    /// Sets the body. Its length is sent.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        self.with(|parts| {
            parts.body = body.into();
            Ok(())
        })
    }

    fn with(mut self, change: impl FnOnce(&mut Parts) -> Result<()>) -> Self {
        if let Ok(parts) = &mut self.parts
            && let Err(error) = change(parts)
        {
            self.parts = Err(error);
        }
        self
    }

    /// Sends the request and reads the response to its end.
    ///
    /// # Panics
    /// If there is no response, or the request cannot be written as HTTP.
    #[track_caller]
    pub fn send(self) -> Response {
        match self.try_send() {
            Ok(response) => response,
            Err(error) => panic!("{error:#}"),
        }
    }

    /// Like [`RequestBuilder::send`].
    ///
    /// # Errors
    /// If there is no response in time, or the request cannot be written as HTTP.
    pub fn try_send(self) -> Result<Response> {
        let Self { client, parts } = self;
        let parts = parts?;
        let what = format!("{} {} from {}", parts.method, parts.path, parts.server);
        runtime::block_on(async {
            tokio::time::timeout(client.timeout, exchange(&client, &parts))
                .await
                .map_err(|_| anyhow!("no answer in {:?}", client.timeout))?
        })
        .context(what)
    }
}

impl Parts {
    pub(crate) fn new(method: &str, url: &str) -> Result<Self> {
        let rest = url
            .strip_prefix("http://")
            .with_context(|| format!("{url} does not begin with http://"))?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        Ok(Self {
            method: method
                .parse()
                .with_context(|| format!("{method:?} is not a method"))?,
            server: host
                .parse()
                .with_context(|| format!("{host} is not address:port"))?,
            path: if path.starts_with('/') {
                path.to_string()
            } else {
                format!("/{path}")
            },
            host: host.to_string(),
            headers: http::HeaderMap::new(),
            body: Bytes::new(),
        })
    }

    pub(crate) fn add(&mut self, name: &str, value: &[u8]) -> Result<()> {
        let value = HeaderValue::from_bytes(value).with_context(|| {
            format!(
                "{:?} cannot be the value of {name}",
                String::from_utf8_lossy(value)
            )
        })?;
        self.headers.append(HeaderName::try_from(name)?, value);
        Ok(())
    }

    /// Returns the request in the form of the protocol.
    fn build(&self, version: Version) -> Result<Request<Body>> {
        let mut request = Request::new(Body::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.headers_mut() = self.headers.clone();
        let path = self.path.as_str();
        *request.uri_mut() = match version {
            Version::Http1 => {
                if !self.headers.contains_key(header::HOST) {
                    request
                        .headers_mut()
                        .insert(header::HOST, self.host.parse()?);
                }
                path.parse()
            }
            Version::Http2 => {
                *request.version_mut() = http::Version::HTTP_2;
                Uri::builder()
                    .scheme("http")
                    .authority(self.host.as_str())
                    .path_and_query(path)
                    .build()
                    .map_err(|_| "?".parse::<Uri>().expect_err("not a path"))
            }
        }
        .with_context(|| format!("{path:?} cannot be written by this client; use raw"))?;
        Ok(request)
    }
}

/// Sends one request and reads its response.
pub(crate) async fn exchange(client: &Client, parts: &Parts) -> Result<Response> {
    let pool = &client.pool;
    let request = parts.build(pool.version)?;
    let mut connection = pool.take(parts.server).await?;
    let (head, body) = connection.send(request).await?.into_parts();
    let body = body.collect().await.context("the answer broke off")?;
    let response = Response {
        status: head.status.as_u16(),
        version: format!("{:?}", head.version),
        headers: Headers::from(&head.headers),
        trailers: body.trailers().map(Headers::from),
        body: body.to_bytes().to_vec(),
    };
    pool.give_back(parts.server, connection);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_without_changing_its_path() {
        let cases = [
            ("http://127.0.0.1:80", "/"),
            ("http://127.0.0.1:80?a=b", "/?a=b"),
            (
                "http://127.0.0.1:80/a//../b;c/%2e?d=/",
                "/a//../b;c/%2e?d=/",
            ),
        ];
        for (url, path) in cases {
            assert_eq!(Parts::new("GET", url).unwrap().path, path, "{url}");
        }
    }

    #[test]
    fn a_value_that_no_header_can_carry_is_refused() {
        let error = Client::http1()
            .get("http://127.0.0.1:1/")
            .header("x-a", "1\n2")
            .try_send();
        assert!(error.is_err_and(|error| error.to_string().contains("cannot be the value of x-a")));
    }
}
