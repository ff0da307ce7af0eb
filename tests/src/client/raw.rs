//! Bytes over TCP, for what an HTTP client would not send: malformed requests, smuggling, upgrades.

use std::{
    io::{ErrorKind, Read, Write},
    net::{IpAddr, SocketAddr, TcpStream},
    time::Duration,
};

use tokio::net::TcpSocket;

use super::TIMEOUT;
use crate::{
    echo::EchoedRequest,
    headers::{Headers, from_bytes},
    runtime,
};

/// The server's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A response.
    Response(RawResponse),
    /// The server closed the connection without a response.
    Closed,
}

/// A response as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawResponse {
    /// The status.
    pub status: u16,
    /// Header fields, with names in their original case.
    pub headers: Headers,
    /// The body, with chunks joined.
    pub body: Vec<u8>,
}

/// Sends the bytes on a new connection and reads one answer.
///
/// # Panics
/// If the server cannot be reached, does not answer in 10 s or does not use HTTP/1.
#[track_caller]
pub fn send(server: SocketAddr, bytes: impl AsRef<[u8]>) -> Answer {
    Connection::open(server).send(bytes).answer()
}

/// A TCP connection to an HTTP/1 server.
pub struct Connection {
    stream: TcpStream,
    /// Bytes that were read but are not yet part of an answer.
    read: Vec<u8>,
}

impl Connection {
    /// Connects.
    ///
    /// # Panics
    /// If the server cannot be reached.
    #[track_caller]
    pub fn open(server: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&server, TIMEOUT)
            .unwrap_or_else(|error| panic!("cannot connect to {server}: {error}"));
        Self::over(stream)
    }

    /// Like [`Connection::open`], but from this IPv4 address, so that the server sees another
    /// client.
    ///
    /// # Panics
    /// If it is not an address, or the server cannot be reached from it.
    #[track_caller]
    pub fn open_from(source: &str, server: SocketAddr) -> Self {
        let source: IpAddr = source.parse().expect("the source is an IP address");
        let connect = async {
            let socket = TcpSocket::new_v4()?;
            socket.bind((source, 0).into())?;
            socket.connect(server).await?.into_std()
        };
        let stream = runtime::block_on(connect)
            .unwrap_or_else(|error| panic!("cannot connect to {server} from {source}: {error}"));
        stream.set_nonblocking(false).expect("a TCP socket");
        Self::over(stream)
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a TCP socket");
        Self {
            stream,
            read: Vec::new(),
        }
        .timeout(TIMEOUT)
    }

    /// Sets the timeout of a read; the default is 10 s.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.stream
            .set_read_timeout(Some(timeout))
            .expect("a timeout above zero");
        self
    }

    /// Sends the bytes. If the server has closed the connection, the answer shows it.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let _ = self.stream.write_all(bytes.as_ref());
        self
    }

    /// Reads one answer by its length. Reads to the end of the connection only if it has no length.
    /// Interim responses (`100 Continue`) are skipped.
    ///
    /// # Panics
    /// If nothing arrives in time, or it is not HTTP/1.
    #[track_caller]
    pub fn answer(&mut self) -> Answer {
        self.read_answer(true)
    }

    /// Like [`Connection::answer`], for a HEAD request: the response has no body, whatever its
    /// length says.
    ///
    /// # Panics
    /// If nothing arrives in time, or it is not HTTP/1.
    #[track_caller]
    pub fn answer_to_head(&mut self) -> Answer {
        self.read_answer(false)
    }

    #[track_caller]
    fn read_answer(&mut self, with_body: bool) -> Answer {
        let Some(mut response) = self.read_head() else {
            return Answer::Closed;
        };
        let length = response
            .headers
            .all("content-length")
            .first()
            .map(|length| length.parse());
        response.body = match (response.status, length) {
            (100, _) => return self.read_answer(with_body),
            (101 | 204 | 304, _) => Vec::new(),
            _ if !with_body => Vec::new(),
            (_, Some(length)) => self.exactly(length.expect("content-length is a number")),
            _ if response.headers.all("transfer-encoding") == ["chunked"] => self.read_chunks(),
            _ => {
                while self.more() {}
                std::mem::take(&mut self.read)
            }
        };
        Answer::Response(response)
    }

    #[track_caller]
    fn read_head(&mut self) -> Option<RawResponse> {
        let head = self.until(b"\r\n\r\n")?;
        let text = from_bytes(&head);
        let mut lines = text.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok());
        let status = status.unwrap_or_else(|| panic!("not an HTTP/1 answer: {text:?}"));
        let fields = lines.filter_map(|line| line.split_once(':'));
        let headers = fields
            .map(|(name, value)| (name.to_string(), value.trim().to_string()))
            .collect();
        Some(RawResponse {
            status,
            headers: Headers(headers),
            body: Vec::new(),
        })
    }

    #[track_caller]
    fn read_chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let line = from_bytes(&self.until(b"\r\n").expect("a chunk size"));
            let size = line.split(';').next().unwrap_or_default().trim();
            let size =
                usize::from_str_radix(size, 16).unwrap_or_else(|_| panic!("chunk size {line:?}"));
            if size == 0 {
                while self
                    .until(b"\r\n")
                    .is_some_and(|trailer| !trailer.is_empty())
                {}
                return body;
            }
            body.extend(self.exactly(size));
            self.exactly(2);
        }
    }

    /// Returns the next `count` bytes, for example after an upgrade.
    ///
    /// # Panics
    /// If the connection ends before, or nothing arrives in time.
    #[track_caller]
    pub fn exactly(&mut self, count: usize) -> Vec<u8> {
        while self.read.len() < count {
            assert!(
                self.more(),
                "the connection ended {} bytes early",
                count - self.read.len()
            );
        }
        self.read.drain(..count).collect()
    }

    /// Whether the server closes the connection without sending another byte, within the timeout.
    pub fn is_closed(&mut self) -> bool {
        self.read.is_empty() && matches!(self.stream.read(&mut [0; 1]), Ok(0))
    }

    /// Returns the bytes before `end`; `None` at the end of the connection.
    #[track_caller]
    fn until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            if let Some(at) = self
                .read
                .windows(end.len())
                .position(|window| window == end)
            {
                let mut found: Vec<u8> = self.read.drain(..at + end.len()).collect();
                found.truncate(at);
                return Some(found);
            }
            if !self.more() {
                assert!(
                    self.read.is_empty(),
                    "the answer broke off: {:?}",
                    from_bytes(&self.read)
                );
                return None;
            }
        }
    }

    /// Reads more bytes. Returns false at the end of the connection.
    #[track_caller]
    fn more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(count) => {
                self.read.extend(&buffer[..count]);
                count > 0
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("no answer in time; so far: {:?}", from_bytes(&self.read))
            }
            // Reset: the server closed the connection before it had read all of our bytes.
            Err(_) => false,
        }
    }
}

impl Answer {
    /// Returns the response.
    ///
    /// # Panics
    /// If the connection was closed instead.
    #[track_caller]
    pub fn response(self) -> RawResponse {
        match self {
            Self::Response(response) => response,
            Self::Closed => panic!("the server closed the connection without an answer"),
        }
    }

    /// Returns the status; `None` if the connection was closed.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Response(response) => Some(response.status),
            Self::Closed => None,
        }
    }
}

impl RawResponse {
    /// See [`Headers::get`].
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// Returns the body as text. Bytes that are not UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns what the echo upstream received.
    ///
    /// # Panics
    /// If the response is not the echo's.
    #[track_caller]
    pub fn echo(&self) -> EchoedRequest {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{} and no echo: {:?}", self.status, self.text()))
    }
}
