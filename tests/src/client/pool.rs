//! Connections that a client keeps open.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpSocket, TcpStream};

use super::Version;

/// The body of a request.
pub(crate) type Body = Full<Bytes>;

/// Idle connections by server, and how to open more.
pub(crate) struct Pool {
    pub(super) version: Version,
    pub(super) reuse: bool,
    pub(super) source: Option<IpAddr>,
    pub(super) idle: Mutex<HashMap<SocketAddr, Vec<Connection>>>,
}

/// An open connection, ready for a request.
pub(crate) enum Connection {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

impl Pool {
    pub(super) fn new(version: Version) -> Self {
        Self {
            version,
            reuse: true,
            source: None,
            idle: Mutex::default(),
        }
    }

    /// Returns an empty pool with the same settings.
    pub(super) fn settings(&self) -> Self {
        Self {
            reuse: self.reuse,
            source: self.source,
            ..Self::new(self.version)
        }
    }

    /// Returns an idle connection, or opens a new one.
    pub(crate) async fn take(&self, server: SocketAddr) -> Result<Connection> {
        // The lock is released before waiting.
        let next = || self.idle().get_mut(&server).and_then(Vec::pop);
        while let Some(mut connection) = next() {
            if connection.ready().await {
                self.share(server, &connection);
                return Ok(connection);
            }
        }
        let connection = self.connect(server).await?;
        self.share(server, &connection);
        Ok(connection)
    }

    /// Keeps the connection for the next request, once its response has been read to the end.
    pub(crate) fn give_back(&self, server: SocketAddr, connection: Connection) {
        if self.reuse && matches!(connection, Connection::Http1(_)) {
            self.idle().entry(server).or_default().push(connection);
        }
    }

    /// An HTTP/2 connection serves many requests at once, so it stays in the pool while in use.
    fn share(&self, server: SocketAddr, connection: &Connection) {
        if let Connection::Http2(sender) = connection
            && self.reuse
        {
            self.idle()
                .insert(server, vec![Connection::Http2(sender.clone())]);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, HashMap<SocketAddr, Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(&self, server: SocketAddr) -> Result<Connection> {
        let stream = self
            .open(server)
            .await
            .with_context(|| format!("cannot connect to {server}"))?;
        stream.set_nodelay(true)?;
        let io = TokioIo::new(stream);
        // The connection's own future ends with it; its errors are also reported by the request.
        match self.version {
            Version::Http1 => {
                let (sender, connection) = http1::Builder::new().handshake(io).await?;
                tokio::spawn(connection);
                Ok(Connection::Http1(sender))
            }
            Version::Http2 => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
                tokio::spawn(connection);
                Ok(Connection::Http2(sender))
            }
        }
    }

    async fn open(&self, server: SocketAddr) -> std::io::Result<TcpStream> {
        let Some(source) = self.source else {
            return TcpStream::connect(server).await;
        };
        let socket = if server.is_ipv4() {
            TcpSocket::new_v4()
        } else {
            TcpSocket::new_v6()
        }?;
        socket.bind((source, 0).into())?;
        socket.connect(server).await
    }
}

impl Connection {
    async fn ready(&mut self) -> bool {
        match self {
            Self::Http1(sender) => sender.ready().await.is_ok(),
            Self::Http2(sender) => sender.ready().await.is_ok(),
        }
    }

    pub(crate) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> hyper::Result<http::Response<Incoming>> {
        match self {
            Self::Http1(sender) => sender.send_request(request).await,
            Self::Http2(sender) => sender.send_request(request).await,
        }
    }
}
