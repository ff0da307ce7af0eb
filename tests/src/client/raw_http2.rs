//! Requests over HTTP/2 (prior knowledge) whose fields are sent unchanged: for authorities, paths
//! and headers that other clients would not send.

use std::{
    io::{ErrorKind, Read, Result, Write},
    net::{SocketAddr, TcpStream},
};

use super::TIMEOUT;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const DATA: u8 = 0;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
/// `SETTINGS_HEADER_TABLE_SIZE` of 0, so that every status is contained in its own response.
const NO_TABLE: [u8; 6] = [0, 1, 0, 0, 0, 0];
const END_STREAM_AND_HEADERS: u8 = 1 | 4;

/// Fields of a request, pseudo-headers first.
pub type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// Returns the status of the response to a GET; `None` if the stream was reset or the connection
/// closed instead.
///
/// # Panics
/// If the server cannot be reached, or does not answer in 10 s.
#[track_caller]
pub fn status(server: SocketAddr, path: &str, authority: &str) -> Option<u16> {
    let fields = [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", path),
        (":authority", authority),
    ];
    let fields = fields.map(|(name, value)| (name.into(), value.into()));
    Connection::open(server).statuses(&[fields.to_vec()])[0]
}

/// A connection for many requests.
pub struct Connection {
    stream: TcpStream,
    next: u32,
    is_open: bool,
}

impl Connection {
    /// Connects.
    ///
    /// # Panics
    /// If the server cannot be reached.
    #[track_caller]
    pub fn open(server: SocketAddr) -> Self {
        let mut stream = TcpStream::connect_timeout(&server, TIMEOUT).expect("a server");
        let timeout = Some(TIMEOUT);
        stream
            .set_read_timeout(timeout)
            .expect("a timeout above zero");
        stream.set_nodelay(true).expect("a TCP socket");
        let hello = [PREFACE, &frame(SETTINGS, 0, 0, &NO_TABLE)].concat();
        let is_open = stream.write_all(&hello).is_ok();
        Self {
            stream,
            next: 1,
            is_open,
        }
    }

    /// Whether the server has kept the connection open.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Sends requests without bodies at once, and returns the status of each response; `None` if
    /// the stream was reset, or the connection was closed before.
    ///
    /// # Panics
    /// If a request is not answered in 10 s, or is larger than a frame.
    #[track_caller]
    pub fn statuses(&mut self, requests: &[Fields]) -> Vec<Option<u16>> {
        let first = self.next;
        let mut sent = Vec::new();
        for fields in requests {
            let block: Vec<u8> = fields.iter().flat_map(|(n, v)| literal(n, v)).collect();
            sent.extend(frame(HEADERS, END_STREAM_AND_HEADERS, self.next, &block));
            self.next += 2;
        }
        let mut answers = vec![None; requests.len()];
        self.is_open &= self.stream.write_all(&sent).is_ok();
        let mut left = requests.len();
        while left > 0 && self.is_open {
            let Some((kind, on_stream, payload)) = self.read() else {
                self.is_open = false;
                break;
            };
            let at = on_stream.checked_sub(first).map(|odd| odd as usize / 2);
            match (kind, at.and_then(|at| answers.get_mut(at))) {
                (HEADERS, Some(answer @ None)) => {
                    *answer = Some(status_of(&payload));
                    left -= 1;
                }
                // May also follow a response.
                (RST_STREAM, Some(None)) => left -= 1,
                (GOAWAY, _) => self.is_open = false,
                (DATA, _) if !payload.is_empty() => self.give_back(payload.len()),
                _ => {}
            }
        }
        answers
    }

    /// Returns the next frame; `None` if the connection is closed.
    #[track_caller]
    fn read(&mut self) -> Option<(u8, u32, Vec<u8>)> {
        read_frame(&mut self.stream).unwrap_or_else(|error| {
            let is_late = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
            assert!(!is_late, "no answer in time");
            None
        })
    }

    /// Lets the server send that much more.
    fn give_back(&mut self, size: usize) {
        let size = u32::try_from(size).expect("a frame").to_be_bytes();
        self.is_open &= self
            .stream
            .write_all(&frame(WINDOW_UPDATE, 0, 0, &size))
            .is_ok();
    }
}

/// Encodes a field that is in no table (RFC 7541, section 6.2.2), without Huffman coding.
fn literal(name: &[u8], value: &[u8]) -> Vec<u8> {
    let text = |text: &[u8]| [&length(text.len()), text].concat();
    [vec![0], text(name), text(value)].concat()
}

/// Encodes a number after a flag bit (RFC 7541, section 5.1).
fn length(number: usize) -> Vec<u8> {
    let Some(mut rest) = number.checked_sub(127) else {
        return vec![u8::try_from(number).expect("below 127")];
    };
    let mut bytes = vec![127];
    while rest >= 128 {
        bytes.push(0x80 | (rest & 0x7f) as u8);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}

fn frame(kind: u8, flags: u8, on_stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame");
    let head = [
        &length.to_be_bytes()[1..],
        &[kind, flags],
        &on_stream.to_be_bytes(),
    ];
    [&head.concat(), payload].concat()
}

/// Returns the next frame: its type, its stream and its content; `None` at the end of the
/// connection.
fn read_frame(stream: &mut TcpStream) -> Result<Option<(u8, u32, Vec<u8>)>> {
    let mut head = [0; 9];
    match stream.read_exact(&mut head) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let [a, b, c, kind, _, s, t, u, v] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    stream.read_exact(&mut payload)?;
    let on_stream = u32::from_be_bytes([s & 0x7f, t, u, v]);
    Ok(Some((kind, on_stream, payload)))
}

/// Returns `:status`, which comes first (RFC 9113, section 8.3): from the static table, or a
/// literal with or without Huffman coding.
fn status_of(block: &[u8]) -> u16 {
    // Changes of the table's size precede all fields (RFC 7541, section 4.2).
    let sizes = block.iter().take_while(|b| *b & 0xe0 == 0x20).count();
    match &block[sizes..] {
        [indexed @ 0x88..=0x8e, ..] => {
            [200, 204, 206, 304, 400, 404, 500][usize::from(indexed - 0x88)]
        }
        [0x08 | 0x18 | 0x48, length, text @ ..] => {
            let text = &text[..usize::from(length & 0x7f)];
            let digits = if length & 0x80 == 0 {
                text.to_vec()
            } else {
                huffman_digits(text)
            };
            let digits = String::from_utf8(digits).expect("digits");
            digits.parse().expect("a status")
        }
        other => panic!("no status in {other:02x?}"),
    }
}

/// Encodes digits according to RFC 7541, appendix B: 0 to 2 in five bits, 3 to 9 in six.
fn huffman_digits(text: &[u8]) -> Vec<u8> {
    let bits: Vec<u8> = text
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |at| (byte >> at) & 1))
        .collect();
    let number = |bits: &[u8]| bits.iter().fold(0, |number, bit| (number << 1) | bit);
    let mut rest = &bits[..];
    let mut digits = Vec::new();
    while rest.len() >= 5 {
        let short = number(&rest[..5]);
        let (digit, size) = if short <= 2 {
            (short, 5)
        } else if rest.len() > 5 {
            (number(&rest[..6]).wrapping_sub(0x19 - 3), 6)
        } else {
            break;
        };
        if digit > 9 {
            break;
        }
        digits.push(b'0' + digit);
        rest = &rest[size..];
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_any_size_is_written() {
        for (number, bytes) in [
            (0, &[0][..]),
            (126, &[126]),
            (127, &[127, 0]),
            (254, &[127, 127]),
            (1337 + 96, &[127, 0x9a, 0x0a]),
        ] {
            assert_eq!(length(number), bytes, "{number}");
        }
    }

    #[test]
    fn a_status_is_read_in_each_form() {
        for (block, status) in [
            (&[0x88][..], 200),
            (&[0x3f, 0x20, 0x8c, 0xff][1..], 400),
            (&[0x48, 3, b'4', b'0', b'1', 0x40], 401),
            // 4, 0, 1 and 4, 2, 9: 011010 00000 00001, 011010 00010 011111.
            (&[0x48, 0x82, 0x68, 0x01], 401),
            (&[0x48, 0x83, 0x68, 0x4f, 0xff], 429),
        ] {
            assert_eq!(status_of(block), status, "{block:02x?}");
        }
    }
}
