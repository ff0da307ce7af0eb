//! The server behind [`super::Upstream`]: connections, requests, tunnels.

use std::{convert::Infallible, net::TcpListener, sync::Arc};

use anyhow::{Result, ensure};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version, header,
};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{body::Incoming, service::service_fn, upgrade};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{io, net::TcpListener as TokioListener};

use super::{Reply, Shared};
use crate::{
    echo::EchoedRequest,
    headers::{Headers, from_bytes, to_bytes},
};

type Body = BoxBody<Bytes, Infallible>;

/// Serves until its runtime ends.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let listener = TokioListener::from_std(listener).expect("a listening socket");
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new());
    server
        .http2()
        .timer(TokioTimer::new())
        .enable_connect_protocol();
    let server = Arc::new(server);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (server, shared) = (Arc::clone(&server), Arc::clone(&shared));
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
            // An error here means that a client disconnected, or that a reply aborts.
            let _ = server
                .serve_connection_with_upgrades(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(mut request: Request<Incoming>, shared: Arc<Shared>) -> Result<Response<Body>> {
    let is_tunnel = request.method() == Method::CONNECT
        || request
            .headers()
            .get(header::UPGRADE)
            .is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let tunnel = is_tunnel.then(|| upgrade::on(&mut request));
    let (head, body) = request.into_parts();
    let mut seen = seen(&head);
    let Some(tunnel) = tunnel else {
        let body = body.collect().await?;
        seen.trailers = body.trailers().map(Headers::from);
        seen.body = text(&body.to_bytes());
        let _under_way = shared.begin();
        return respond(shared.answer(seen)).await;
    };
    shared.answer(seen);
    tokio::spawn(async move {
        if let Ok(upgraded) = tunnel.await {
            let (mut from, mut to) = io::split(TokioIo::new(upgraded));
            // Ends when either side disconnects.
            let _ = io::copy(&mut from, &mut to).await;
        }
    });
    let mut response = Response::new(BoxBody::default());
    if head.method != Method::CONNECT {
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        response
            .headers_mut()
            .insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
    Ok(response)
}

fn seen(head: &http::request::Parts) -> EchoedRequest {
    let uri = &head.uri;
    let host = || {
        head.headers
            .get(header::HOST)
            .map(|host| from_bytes(host.as_bytes()))
    };
    EchoedRequest {
        method: head.method.to_string(),
        path: uri
            .path_and_query()
            .map_or_else(|| uri.to_string(), ToString::to_string),
        authority: uri
            .authority()
            .map(ToString::to_string)
            .or_else(host)
            .unwrap_or_default(),
        scheme: uri
            .scheme_str()
            .filter(|_| head.version == Version::HTTP_2)
            .map(ToString::to_string),
        version: format!("{:?}", head.version),
        headers: Headers::from(&head.headers),
        body: String::new(),
        trailers: None,
    }
}

fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| from_bytes(bytes), ToString::to_string)
}

async fn respond(reply: Reply) -> Result<Response<Body>> {
    tokio::time::sleep(reply.delay).await;
    ensure!(!reply.abort, "told to cut the connection");
    let trailers = reply.trailers.as_ref().map(fields);
    let body = Full::new(Bytes::from(reply.body));
    let mut response = Response::new(match trailers {
        Some(trailers) => body.with_trailers(async { Some(Ok(trailers)) }).boxed(),
        None => body.boxed(),
    });
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = fields(&reply.headers);
    Ok(response)
}

/// Leaves out what is not a valid header field.
fn fields(headers: &Headers) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers.iter() {
        if let (Ok(name), Ok(value)) = (
            name.parse::<HeaderName>(),
            HeaderValue::from_bytes(&to_bytes(value)),
        ) {
            map.append(name, value);
        }
    }
    map
}
