//! The harness of the tests, `cargo xtask demo` and `cargo xtask serve`: a real Envoy, a real
//! upstream, real clients.
//!
//! | Module | Contents |
//! |---|---|
//! | [`envoy`] | finds or fetches the binary, starts it from a sample or around one filter, reads its log, statistics and memory |
//! | [`upstream`] | an HTTP/1.1 and HTTP/2 server that echoes what it received, or answers as a test programs it |
//! | [`client`] | blocking HTTP clients, a gRPC call, and raw bytes over TCP |
//! | [`mod@load`] | many requests at once, counted by response |
//! | [`browser`] | a headless Chromium |
//! | [`compose`] | `docker-compose.yml` with real containers |
//! | [`samples`], [`cases`], [`target`] | the bootstraps that people copy, what each promises, and the Envoys it is checked on |
//! | [`headers`], [`echo`] | what clients and the upstream received |
//! | [`key_server`] | an identity provider's keys over TLS |
//! | [`prometheus`] | Envoy's metrics for Prometheus, and queries of them |
//! | `token` | tokens signed with public test keys |
//! | [`kubernetes`] | resources of Istio and Envoy Gateway, typed |
//! | `rate_limit_service`, [`redis`] | a rate limit service as used by Envoy's filters (feature `fleet`), and a Redis |
//! | [`servers`] | nginx, and servers included in Python |
//! | [`tls`] | listeners that terminate TLS, and clients that use it |
//! | [`trap`], [`wasm`] | a module that traps, and modules with modified bytes |
//! | [`paths`], [`ports`], [`yaml`], [`wait`] | paths of files, free ports, YAML as JSON values, waiting for a condition |
//!
//! ```no_run
//! use e2e::Envoy;
//!
//! let envoy = Envoy::with_filter("header-rewrite", "rules: []").start();
//! let answer = envoy.get("/hello").header("x-a", "1").send();
//! assert_eq!(answer.status, 200);
//! assert_eq!(answer.echo().header("x-a"), Some("1"));
//! ```

pub mod browser;
pub mod cases;
pub mod client;
pub mod compose;
mod each;
pub mod echo;
pub mod envoy;
mod everywhere;
pub mod headers;
pub mod key_server;
pub mod kubernetes;
pub mod load;
pub mod paths;
pub mod ports;
pub mod prometheus;
#[cfg(feature = "fleet")]
pub mod rate_limit_service;
pub mod redis;
mod runtime;
pub mod samples;
mod server;
pub mod servers;
pub mod target;
pub mod tls;
pub mod trap;
pub mod upstream;
pub mod wait;
pub mod wasm;
pub mod yaml;

pub use client::{Client, Response, grpc::GrpcResponse, raw, raw_http2};
pub use each::each;
pub use echo::EchoedRequest;
pub use envoy::{Builder, ConfigForm, DynamicDir, Envoy, Protocol};
pub use everywhere::everywhere;
pub use headers::Headers;
pub use key_server::KeyServer;
pub use load::{Load, LoadResult, load};
#[cfg(feature = "fleet")]
pub use rate_limit_service::RateLimitService;
pub use redis::Redis;
pub use target::Target;
pub use test_tokens as token;
pub use upstream::{Reply, Upstream};
