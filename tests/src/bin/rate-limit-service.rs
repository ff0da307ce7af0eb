//! The rate limit service of the harness as a program. It replaces Limitador where that is not
//! available.
#![allow(clippy::print_stdout, reason = "a program on a terminal")]

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::mpsc,
};

use anyhow::Result;
use clap::Parser;
use e2e::RateLimitService;

/// A rate limit service (envoy.service.ratelimit.v3) that reads Limitador's limits files
#[derive(Parser)]
struct Args {
    /// The address to listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// The port to listen on; 0 means a free one
    #[arg(long, default_value_t = 8081)]
    port: u16,
    /// Limits file in Limitador's YAML; the limits of the samples by default
    #[arg(long, value_name = "FILE")]
    limits: Option<PathBuf>,
    /// Count in this Redis (redis://HOST:PORT) instead of in memory
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
    /// Add X-RateLimit-* headers to the answers
    #[arg(long)]
    headers: bool,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let (end, ended) = mpsc::channel();
    ctrlc::set_handler(move || {
        // Fails only if the program is already ending.
        let _ = end.send(());
    })?;
    let mut options = RateLimitService::options().host(args.host).port(args.port);
    if let Some(limits) = &args.limits {
        options = options.limits_file(limits)?;
    }
    if let Some(url) = &args.redis {
        options = options.redis(url);
    }
    if args.headers {
        options = options.headers();
    }
    let service = options.start()?;
    println!("rate limit service on {}", service.address());
    ended.recv()?;
    Ok(())
}
