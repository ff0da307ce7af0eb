//! Headers of requests and responses, and local replies.

use anyhow::Result;
use wasmi::Linker;

use crate::host::Script;
use crate::host::memory::{Host, count, give, pairs, read, serialize};

use super::{NOT_FOUND, OK};

pub(super) fn link(linker: &mut Linker<Script>) -> Result<()> {
    linker
        .func_wrap(
            "env",
            "proxy_get_header_map_pairs",
            |mut host: Host<'_>, map: i32, data: i32, size: i32| {
                count(&mut host, "get_header_map_pairs");
                let bytes = serialize(pairs(&mut host, map));
                give(&mut host, &bytes, data, size)
            },
        )?
        .func_wrap(
            "env",
            "proxy_get_header_map_value",
            |mut host: Host<'_>, map: i32, at: i32, len: i32, data: i32, size: i32| {
                count(&mut host, "get_header_map_value");
                let name = read(&host, at, len);
                let found = pairs(&mut host, map).iter().find(|(n, _)| *n == name);
                match found.map(|(_, value)| value.clone()) {
                    Some(value) => give(&mut host, &value, data, size),
                    None => NOT_FOUND,
                }
            },
        )?
        .func_wrap(
            "env",
            "proxy_replace_header_map_value",
            |mut host: Host<'_>, map: i32, at: i32, len: i32, value: i32, size: i32| {
                count(&mut host, "replace_header_map_value");
                let (name, value) = (read(&host, at, len), read(&host, value, size));
                let pairs = pairs(&mut host, map);
                pairs.retain(|(n, _)| *n != name);
                pairs.push((name, value));
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_add_header_map_value",
            |mut host: Host<'_>, map: i32, at: i32, len: i32, value: i32, size: i32| {
                count(&mut host, "add_header_map_value");
                let (name, value) = (read(&host, at, len), read(&host, value, size));
                pairs(&mut host, map).push((name, value));
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_remove_header_map_value",
            |mut host: Host<'_>, map: i32, at: i32, len: i32| {
                count(&mut host, "remove_header_map_value");
                let name = read(&host, at, len);
                pairs(&mut host, map).retain(|(n, _)| *n != name);
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_send_local_response",
            |mut host: Host<'_>,
             status: i32,
             _: i32,
             _: i32,
             _: i32,
             _: i32,
             _: i32,
             _: i32,
             _: i32| {
                count(&mut host, "send_local_response");
                host.data_mut().local_reply = Some(status);
                OK
            },
        )?;
    Ok(())
}
