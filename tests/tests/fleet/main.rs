//! rate-limit with a rate limit service and Redis: the service itself, Envoy's own filter in front
//! of it, and ours.

mod filter;
mod native;
mod redis;
mod service;
