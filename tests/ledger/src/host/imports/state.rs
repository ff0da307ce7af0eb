//! Host functions that do not concern requests: log, properties, configuration, shared data, time,
//! metrics and foreign functions.

use anyhow::Result;
use wasmi::Linker;

use crate::host::memory::{Host, count, give, read, write, write_number};
use crate::host::{NOW, Script};

use super::{CAS_MISMATCH, NOT_FOUND, OK};

pub(super) fn link(linker: &mut Linker<Script>) -> Result<()> {
    linker
        .func_wrap(
            "env",
            "proxy_log",
            |mut host: Host<'_>, _: i32, at: i32, size: i32| {
                let text = String::from_utf8_lossy(&read(&host, at, size)).into_owned();
                host.data_mut().log.push(text);
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_get_log_level",
            |mut host: Host<'_>, at: i32| {
                write_number(&mut host, at, 2);
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_get_property",
            |mut host: Host<'_>, at: i32, len: i32, data: i32, size: i32| {
                count(&mut host, "get_property");
                let path = read(&host, at, len);
                match host.data().properties.get(&path).cloned() {
                    Some(value) => give(&mut host, &value, data, size),
                    None => NOT_FOUND,
                }
            },
        )?
        .func_wrap(
            "env",
            "proxy_set_property",
            |mut host: Host<'_>, _: i32, _: i32, _: i32, _: i32| {
                count(&mut host, "set_property");
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_get_buffer_bytes",
            |mut host: Host<'_>, _: i32, _: i32, _: i32, data: i32, size: i32| {
                let bytes = host.data().configuration.clone();
                give(&mut host, &bytes, data, size)
            },
        )?
        .func_wrap(
            "env",
            "proxy_get_shared_data",
            |mut host: Host<'_>, at: i32, len: i32, data: i32, size: i32, cas: i32| {
                count(&mut host, "get_shared_data");
                let key = read(&host, at, len);
                match host.data().shared.get(&key).cloned() {
                    Some((value, version)) => {
                        write_number(&mut host, cas, version);
                        give(&mut host, &value, data, size)
                    }
                    None => NOT_FOUND,
                }
            },
        )?
        .func_wrap(
            "env",
            "proxy_set_shared_data",
            |mut host: Host<'_>, at: i32, len: i32, value: i32, size: i32, cas: i32| {
                count(&mut host, "set_shared_data");
                let (key, value) = (read(&host, at, len), read(&host, value, size));
                let shared = &mut host.data_mut().shared;
                let version = shared.get(&key).map(|(_, version)| *version);
                let cas = cas.cast_unsigned();
                if version.is_some_and(|version| cas != 0 && cas != version) {
                    return CAS_MISMATCH;
                }
                shared.insert(key, (value, version.unwrap_or_default() + 1));
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_get_current_time_nanoseconds",
            |mut host: Host<'_>, at: i32| {
                count(&mut host, "get_current_time_nanoseconds");
                write(&mut host, at, &(NOW * 1_000_000_000).to_le_bytes());
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_define_metric",
            |mut host: Host<'_>, _: i32, _: i32, _: i32, at: i32| {
                host.data_mut().metrics += 1;
                let id = host.data().metrics.cast_unsigned();
                write_number(&mut host, at, id);
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_increment_metric",
            |mut host: Host<'_>, _: i32, _: i64| {
                count(&mut host, "increment_metric");
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_call_foreign_function",
            |mut host: Host<'_>, _: i32, _: i32, _: i32, _: i32, data: i32, size: i32| {
                count(&mut host, "call_foreign_function");
                // `VerifySignatureResult {result: true}`
                give(&mut host, &[0x08, 1], data, size)
            },
        )?;
    Ok(())
}
