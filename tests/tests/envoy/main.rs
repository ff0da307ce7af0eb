//! Filters over the lifetime of an Envoy: how it loads, rejects, replaces and restarts them; and
//! the harness that runs it.

mod clients;
mod configuration;
mod dynamic;
mod dynamic_refusals;
mod echo;
mod harness;
mod remote_module;
mod remote_module_xds;
mod restart;
mod samples;
