//! The part of Redis' protocol (RESP2,
//! <https://redis.io/docs/latest/develop/reference/protocol-spec/>) that one script needs: a
//! command out, integers back. A client library would replace this file, but adds three dozen
//! packages, one of them under a licence that `deny.toml` does not list.

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// A connection to Redis without a command in progress.
pub(super) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub(super) async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("cannot reach Redis at {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Runs a command that returns a list of integers. After an error the connection is unusable.
    pub(super) async fn integers(&mut self, command: &[Vec<u8>]) -> Result<Vec<i64>> {
        self.stream.get_mut().write_all(&encode(command)).await?;
        read(&mut self.stream).await
    }
}

/// Encodes a list of byte strings, each with its length.
fn encode(command: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", command.len()).into_bytes();
    for part in command {
        bytes.extend(format!("${}\r\n", part.len()).into_bytes());
        bytes.extend(part);
        bytes.extend(b"\r\n");
    }
    bytes
}

async fn read(stream: &mut (impl AsyncBufRead + Unpin)) -> Result<Vec<i64>> {
    let count: usize = line(stream, '*').await?.parse()?;
    let mut integers = Vec::new();
    for _ in 0..count {
        integers.push(line(stream, ':').await?.parse()?);
    }
    Ok(integers)
}

/// Reads a line of this type, without its prefix.
async fn line(stream: &mut (impl AsyncBufRead + Unpin), kind: char) -> Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        bail!("Redis has closed the connection");
    }
    let line = line.trim_end();
    match line.strip_prefix(kind) {
        Some(rest) => Ok(rest.to_owned()),
        None => bail!("Redis answered \"{line}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime;

    #[test]
    fn a_command_is_a_list_of_byte_strings() {
        let command = [b"GET".to_vec(), b"a\r\nb".to_vec()];
        assert_eq!(encode(&command), b"*2\r\n$3\r\nGET\r\n$4\r\na\r\nb\r\n");
    }

    #[test]
    fn an_answer_is_integers_or_an_error() {
        for (bytes, expected) in [
            ("*3\r\n:1\r\n:-2\r\n:30\r\n", "[1, -2, 30]"),
            ("*0\r\n", "[]"),
            ("-ERR no\r\n", "Redis answered \"-ERR no\""),
            ("*1\r\n$1\r\na\r\n", "Redis answered \"$1\""),
            ("*2\r\n:1\r\n", "Redis has closed the connection"),
            ("", "Redis has closed the connection"),
        ] {
            let answer = match runtime::block_on(read(&mut bytes.as_bytes())) {
                Ok(integers) => format!("{integers:?}"),
                Err(error) => error.to_string(),
            };
            assert_eq!(answer, expected, "{bytes:?}");
        }
    }
}
