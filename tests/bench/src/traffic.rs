//! Requests over open connections, one at a time on each, and an upstream that accepts and sends
//! large bodies.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// Number of concurrent requests. More than one, so that Envoy does not go to sleep between two.
const CONNECTIONS: usize = 4;
const TIMEOUT: Duration = Duration::from_secs(30);

/// Connections to a listener.
pub(crate) struct Pool {
    connections: Vec<Connection>,
    next: usize,
}

/// A response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The headers, in lower case.
    pub(crate) head: String,
}

struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Pool {
    pub(crate) fn open(address: SocketAddr) -> Result<Self> {
        let connections = (0..CONNECTIONS).map(|_| Connection::open(address));
        Ok(Self {
            connections: connections.collect::<Result<_>>()?,
            next: 0,
        })
    }

    /// Sends `count` of these requests in turn, starting where it last stopped. Each must get a
    /// response with this status.
    pub(crate) fn send(&mut self, requests: &[Vec<u8>], count: usize, status: u16) -> Result<()> {
        let mut left = count;
        while left > 0 {
            let batch = left.min(self.connections.len());
            for connection in &mut self.connections[..batch] {
                connection
                    .stream
                    .write_all(&requests[self.next % requests.len()])?;
                self.next += 1;
            }
            for connection in &mut self.connections[..batch] {
                let answer = connection.answer()?;
                ensure!(
                    answer.status == status,
                    "{} instead of {status}: {}",
                    answer.status,
                    answer.head
                );
            }
            left -= batch;
        }
        Ok(())
    }

    /// Sends one request.
    pub(crate) fn ask(&mut self, request: &[u8]) -> Result<Answer> {
        let connection = self.connections.first_mut().context("no connection")?;
        connection.stream.write_all(request)?;
        connection.answer()
    }

    /// Sends a request with a body of `size` bytes.
    pub(crate) fn upload(&mut self, path: &str, headers: &str, size: usize) -> Result<Answer> {
        let connection = self.connections.first_mut().context("no connection")?;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: a.example\r\n{headers}content-length: {size}\r\n\r\n"
        );
        connection.stream.write_all(head.as_bytes())?;
        give(&mut connection.stream, size)?;
        connection.answer()
    }
}

impl Connection {
    fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        Ok(Self {
            stream,
            read: Vec::new(),
        })
    }

    /// Reads a response. Its body, which must have a length, is read and dropped.
    fn answer(&mut self) -> Result<Answer> {
        let end = loop {
            if let Some(end) = end_of_head(&self.read) {
                break end;
            }
            let mut buffer = [0; 4096];
            let count = self.stream.read(&mut buffer).context("no answer in time")?;
            ensure!(count > 0, "the connection was closed without an answer");
            self.read.extend_from_slice(&buffer[..count]);
        };
        let head = String::from_utf8_lossy(&self.read[..end]).to_ascii_lowercase();
        let status = head.get(9..12).and_then(|status| status.parse().ok());
        let status = status.with_context(|| format!("not an HTTP/1 answer: {head}"))?;
        let length = content_length(&head).unwrap_or(0);
        let there = (self.read.len() - end).min(length);
        self.read.drain(..end + there);
        take(&mut self.stream, length - there)?;
        Ok(Answer { status, head })
    }
}

/// Returns where the headers of a message end.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map(|at| at + 4)
}

/// Returns the length of the body, given headers in lower case.
fn content_length(head: &str) -> Option<usize> {
    head.lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
}

fn take(stream: &mut TcpStream, mut size: usize) -> Result<()> {
    let mut buffer = vec![0; 256 * 1024];
    while size > 0 {
        let most = size.min(buffer.len());
        match stream.read(&mut buffer[..most])? {
            0 => bail!("the connection ended {size} bytes early"),
            count => size -= count,
        }
    }
    Ok(())
}

fn give(stream: &mut TcpStream, mut size: usize) -> Result<()> {
    let buffer = vec![b'x'; 256 * 1024];
    while size > 0 {
        let part = size.min(buffer.len());
        stream.write_all(&buffer[..part])?;
        size -= part;
    }
    Ok(())
}

/// Starts an upstream that accepts any body, and sends as many bytes as the path says: `/1000`,
/// none for `/a`. It runs until the process ends.
pub(crate) fn upstream() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    });
    Ok(port)
}

/// Serves a connection until it ends.
fn serve(mut stream: TcpStream) -> Result<()> {
    let mut read = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = end_of_head(&read) {
                break end;
            }
            let mut buffer = [0; 4096];
            match stream.read(&mut buffer)? {
                0 => return Ok(()),
                count => read.extend_from_slice(&buffer[..count]),
            }
        };
        let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
        let there = read.len() - end;
        read.clear();
        take(
            &mut stream,
            content_length(&head).unwrap_or(0).saturating_sub(there),
        )?;
        let size = head
            .split(' ')
            .nth(1)
            .and_then(|path| path.trim_start_matches('/').parse().ok())
            .unwrap_or(0);
        stream
            .write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n").as_bytes())?;
        give(&mut stream, size)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_go_both_ways_and_connections_stay_open() {
        let address = SocketAddr::from(([127, 0, 0, 1], upstream().unwrap()));
        let mut pool = Pool::open(address).unwrap();
        let get = b"GET /100000 HTTP/1.1\r\nhost: a\r\n\r\n".to_vec();
        for _ in 0..2 {
            assert_eq!(pool.ask(&get).unwrap().status, 200);
            assert_eq!(pool.upload("/0", "", 300_000).unwrap().status, 200);
        }
        pool.send(std::slice::from_ref(&get), 7, 200).unwrap();
        let wrong = pool.send(&[get], 1, 204).unwrap_err().to_string();
        assert!(wrong.starts_with("200 instead of 204"), "{wrong}");
    }

    #[test]
    fn a_length_is_read_from_the_head() {
        assert_eq!(
            content_length("http/1.1 200 ok\r\nx: 1\r\ncontent-length: 12\r\n\r\n"),
            Some(12)
        );
        assert_eq!(content_length("http/1.1 204 no content\r\n\r\n"), None);
        assert_eq!(end_of_head(b"a\r\n\r\nb"), Some(5));
    }
}
