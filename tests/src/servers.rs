//! Real third-party servers on loopback, to see which resource they serve for a path.
//!
//! Each answers `guarded` or `open`, and the path: `/admin` and everything below it is guarded, in
//! nginx also all of the host `admin.example.com`.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, TcpStream},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::{ports, wait};

/// How long a server may take to start.
const DEADLINE: Duration = Duration::from_secs(20);

/// Servers in one process. Stopped on drop.
#[derive(Debug)]
pub struct Servers {
    ports: Vec<(&'static str, u16)>,
    process: Child,
    _folder: TempDir,
    _output: Option<ChildStdout>,
}

impl Servers {
    /// Starts nginx from `PATH`, as `nginx` and, with `merge_slashes off`, as `nginx-unmerged`.
    ///
    /// # Errors
    /// If it is missing or does not start.
    pub fn nginx() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let ports = [
            ("nginx", ports::free()?),
            ("nginx-unmerged", ports::free()?),
        ];
        let [(_, merging), (_, unmerging)] = ports;
        let [merging, unmerging] =
            [(merging, "on"), (unmerging, "off")].map(|(port, merge)| nginx_servers(port, merge));
        let configuration = format!(
            "daemon off; master_process off; pid nginx.pid; error_log stderr error;
            events {{ worker_connections 512; }}
            http {{
                access_log off; default_type text/plain; keepalive_requests 1000000; large_client_header_buffers 4 128k;
                client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
                {merging} {unmerging}
            }}"
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, configuration)?;
        let process = Command::new("nginx")
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(&file)
            .args(["-e", "stderr"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start nginx; on Debian: apt-get install nginx-light")?;
        let mut servers = Self {
            ports: ports.to_vec(),
            process,
            _folder: folder,
            _output: None,
        };
        servers.wait_for_ports()?;
        Ok(servers)
    }

    /// Starts Python's own servers: `wsgi` decodes once, `files` (`http.server`) resolves dots too,
    /// `twice` decodes twice, and `params` drops `;params` first.
    ///
    /// # Errors
    /// If `python3` is missing or does not start.
    pub fn python() -> Result<Self> {
        let mut process = Command::new("python3")
            .args(["-I", "-c", include_str!("servers/python.py")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start python3")?;
        let mut output = BufReader::new(process.stdout.take().context("its output is a pipe")?);
        let mut line = String::new();
        let read = output.read_line(&mut line);
        let mut servers = Self {
            ports: Vec::new(),
            process,
            _folder: tempfile::tempdir()?,
            _output: Some(output.into_inner()),
        };
        read?;
        let ports: [u16; 4] = serde_json::from_str(&line).context("python3 names its ports")?;
        let names = ["wsgi", "files", "twice", "params"];
        servers.ports = names.into_iter().zip(ports).collect();
        servers.wait_for_ports()?;
        Ok(servers)
    }

    /// Returns the servers by name, and their ports.
    pub fn ports(&self) -> &[(&'static str, u16)] {
        &self.ports
    }

    fn wait_for_ports(&mut self) -> Result<()> {
        for (name, port) in &self.ports {
            let process = &mut self.process;
            let started = wait::poll(DEADLINE, || match process.try_wait() {
                Ok(None) => TcpStream::connect((Ipv4Addr::LOCALHOST, *port))
                    .is_ok()
                    .then_some(Ok(())),
                ended => Some(Err(ended)),
            });
            match started {
                Some(Ok(())) => {}
                Some(Err(ended)) => bail!("{name} ended: {ended:?}"),
                None => bail!("{name} does not listen in {DEADLINE:?}"),
            }
        }
        Ok(())
    }
}

fn nginx_servers(port: u16, merge_slashes: &str) -> String {
    format!(
        "server {{
            listen 127.0.0.1:{port} default_server; server_name open.example.com; merge_slashes {merge_slashes};
            location / {{ return 200 \"open $uri\"; }}
            location = /admin {{ return 200 \"guarded $uri\"; }}
            location /admin/ {{ return 200 \"guarded $uri\"; }}
        }}
        server {{
            listen 127.0.0.1:{port}; server_name admin.example.com; merge_slashes {merge_slashes};
            location / {{ return 200 \"guarded $host\"; }}
        }}"
    )
}

impl Drop for Servers {
    fn drop(&mut self) {
        // Both fail only if the process has already ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
