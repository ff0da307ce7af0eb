//! Filters in the life of an Envoy: how it loads, refuses, replaces and restarts them; and the
//! harness that runs it.

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
