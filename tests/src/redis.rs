//! A real Redis on loopback.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::{ports, wait};

/// How long Redis may take to start.
const DEADLINE: Duration = Duration::from_secs(20);

/// A Redis that keeps everything in memory. Stopped on drop.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    folder: TempDir,
    process: Option<Child>,
}

impl Redis {
    /// Starts `redis-server` from `PATH`, on a free port.
    ///
    /// # Errors
    /// If it is missing or does not start.
    pub fn spawn() -> Result<Self> {
        let mut redis = Self {
            port: ports::free()?,
            folder: tempfile::tempdir()?,
            process: None,
        };
        redis.start()?;
        Ok(redis)
    }

    /// `redis://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Stops the process, which loses all data.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // Both fail only if the process has already ended.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Starts it again, empty, on the same port.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(&mut self) -> Result<()> {
        if self.process.is_some() {
            return Ok(());
        }
        let process = Command::new("redis-server")
            .args(["--port", &self.port.to_string()])
            .args(["--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start redis-server; on Debian: apt-get install redis-server")?;
        let process = self.process.insert(process);
        let answer = wait::poll(DEADLINE, || match process.try_wait() {
            Ok(None) => ping(self.port).then_some(Ok(())),
            ended => Some(Err(ended)),
        });
        match answer {
            Some(Ok(())) => Ok(()),
            Some(Err(ended)) => bail!("redis-server ended: {ended:?}"),
            None => bail!("redis-server does not answer in {DEADLINE:?}"),
        }
    }
}

/// Whether the server answers, and is a Redis.
fn ping(port: u16) -> bool {
    let ask = || -> std::io::Result<[u8; 5]> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer == *b"+PONG")
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}
