//! The WASI functions that the standard library needs: no environment, no real randomness, and
//! always the same time.

use anyhow::Result;
use wasmi::Linker;

use crate::host::memory::{Host, write, write_number};
use crate::host::{NOW, Script};

use super::OK;

pub(super) fn link(linker: &mut Linker<Script>) -> Result<()> {
    linker
        .func_wrap(
            "wasi_snapshot_preview1",
            "environ_sizes_get",
            |mut host: Host<'_>, count: i32, size: i32| {
                write_number(&mut host, count, 0);
                write_number(&mut host, size, 0);
                OK
            },
        )?
        .func_wrap("wasi_snapshot_preview1", "environ_get", |_: i32, _: i32| OK)?
        .func_wrap(
            "wasi_snapshot_preview1",
            "random_get",
            |mut host: Host<'_>, at: i32, size: i32| {
                let bytes = vec![7; size.cast_unsigned() as usize];
                write(&mut host, at, &bytes);
                OK
            },
        )?
        .func_wrap(
            "wasi_snapshot_preview1",
            "clock_time_get",
            |mut host: Host<'_>, _: i32, _: i64, at: i32| {
                write(&mut host, at, &(NOW * 1_000_000_000).to_le_bytes());
                OK
            },
        )?;
    Ok(())
}
