//! The module's memory: what the host reads from it and writes to it.

use wasmi::Caller;

use super::imports::OK;
use super::{Pairs, Script};

pub(super) type Host<'a> = Caller<'a, Script>;

pub(super) fn count(host: &mut Host<'_>, name: &'static str) {
    *host.data_mut().calls.entry(name).or_default() += 1;
}

pub(super) fn read(host: &Host<'_>, start: i32, size: i32) -> Vec<u8> {
    let memory = host.data().memory.expect("a memory");
    let start = start.cast_unsigned() as usize;
    memory.data(host)[start..start + size.cast_unsigned() as usize].to_vec()
}

pub(super) fn write(host: &mut Host<'_>, at: i32, bytes: &[u8]) {
    let memory = host.data().memory.expect("a memory");
    memory
        .write(host, at.cast_unsigned() as usize, bytes)
        .expect("in bounds");
}

pub(super) fn write_number(host: &mut Host<'_>, at: i32, number: u32) {
    write(host, at, &number.to_le_bytes());
}

/// Writes bytes to memory that the module allocates, and reports where.
pub(super) fn give(host: &mut Host<'_>, bytes: &[u8], data: i32, size: i32) -> i32 {
    if bytes.is_empty() {
        write_number(host, data, 0);
        write_number(host, size, 0);
        return OK;
    }
    let allocate = host.data().allocate.expect("an allocator");
    let length = u32::try_from(bytes.len()).expect("a size");
    let at = allocate
        .call(&mut *host, length.cast_signed())
        .expect("memory");
    write(host, at, bytes);
    write_number(host, data, at.cast_unsigned());
    write_number(host, size, length);
    OK
}

pub(super) fn pairs<'h>(host: &'h mut Host<'_>, map: i32) -> &'h mut Pairs {
    match map {
        0 => &mut host.data_mut().request,
        _ => &mut host.data_mut().response,
    }
}

pub(super) fn serialize(pairs: &Pairs) -> Vec<u8> {
    let number = |n: usize| u32::try_from(n).expect("a size").to_le_bytes();
    let mut bytes = number(pairs.len()).to_vec();
    for (name, value) in pairs {
        bytes.extend(number(name.len()));
        bytes.extend(number(value.len()));
    }
    for text in pairs.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend(text);
        bytes.push(0);
    }
    bytes
}
