//! One request over HTTP/2 (prior knowledge) whose pseudo-headers are taken as they stand: for
//! authorities and paths that no client would write.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use super::TIMEOUT;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM_AND_HEADERS: u8 = 1 | 4;

/// The status of the answer to a GET; none if the stream was reset or the connection closed
/// instead.
///
/// # Panics
/// If the server cannot be reached, or answers nothing in 10 s, or a value is longer than 126
/// bytes.
#[track_caller]
pub fn status(server: SocketAddr, path: &str, authority: &str) -> Option<u16> {
    let mut stream = TcpStream::connect_timeout(&server, TIMEOUT).expect("a server");
    stream
        .set_read_timeout(Some(TIMEOUT))
        .expect("a timeout above zero");
    let fields = [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", path),
        (":authority", authority),
    ];
    let block: Vec<u8> = fields
        .into_iter()
        .flat_map(|(name, value)| literal(name, value))
        .collect();
    let request = [
        PREFACE,
        &frame(SETTINGS, 0, 0, &[]),
        &frame(HEADERS, END_STREAM_AND_HEADERS, 1, &block),
    ]
    .concat();
    stream.write_all(&request).expect("a server that reads");
    loop {
        let (kind, on_stream, payload) = read_frame(&mut stream)?;
        match kind {
            HEADERS if on_stream == 1 => return Some(status_of(&payload)),
            RST_STREAM if on_stream == 1 => return None,
            GOAWAY => return None,
            _ => {}
        }
    }
}

/// A field that is in no table (RFC 7541, section 6.2.2), without Huffman coding.
fn literal(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| {
        let length = u8::try_from(text.len()).expect("a short text");
        assert!(length < 127, "a short text");
        [&[length], text.as_bytes()].concat()
    };
    [vec![0], text(name), text(value)].concat()
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

/// The next frame: its kind, its stream and what it holds.
fn read_frame(stream: &mut TcpStream) -> Option<(u8, u32, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).ok()?;
    let [a, b, c, kind, _, s, t, u, v] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    stream.read_exact(&mut payload).ok()?;
    Some((kind, u32::from_be_bytes([s & 0x7f, t, u, v]), payload))
}

/// `:status`, which comes first (RFC 9113, section 8.3): from the static table, or a literal with
/// or without Huffman coding.
fn status_of(block: &[u8]) -> u16 {
    // Changes of the table's size come before all fields (RFC 7541, section 4.2).
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

/// Digits as RFC 7541, appendix B, has them: 0 to 2 in five bits, 3 to 9 in six.
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
