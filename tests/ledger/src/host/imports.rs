//! The host functions. Those that no case calls return an error.

mod messages;
mod state;
mod wasi;

use anyhow::Result;
use wasmi::{Engine, Linker, Module, Val};

use super::Script;
use super::memory::Host;

pub(super) const OK: i32 = 0;
const NOT_FOUND: i32 = 1;
const CAS_MISMATCH: i32 = 8;
const UNIMPLEMENTED: i32 = 12;

pub(super) fn link(engine: &Engine, module: &Module) -> Result<Linker<Script>> {
    let mut linker = Linker::new(engine);
    messages::link(&mut linker)?;
    state::link(&mut linker)?;
    wasi::link(&mut linker)?;
    profile(&mut linker)?;
    for import in module.imports() {
        let Some(ty) = import.ty().func().cloned() else {
            continue;
        };
        // Functions defined above are kept.
        let _ = linker.func_new(import.module(), import.name(), ty, |_, _, results| {
            if let Some(result) = results.first_mut() {
                *result = Val::I32(UNIMPLEMENTED);
            }
            Ok(())
        });
    }
    Ok(linker)
}

/// The functions that an instrumented module calls; see `profile`.
fn profile(linker: &mut Linker<Script>) -> Result<()> {
    linker
        .func_wrap("profile", "enter", |mut host: Host<'_>, function: i32| {
            let left = host.get_fuel().unwrap_or_default();
            host.data_mut().running.push((function, left, 0));
        })?
        .func_wrap("profile", "leave", |mut host: Host<'_>| {
            let left = host.get_fuel().unwrap_or_default();
            let script = host.data_mut();
            let Some((function, before, of_others)) = script.running.pop() else {
                return;
            };
            let all = before - left;
            *script.used.entry(function).or_default() += all - of_others;
            if let Some((_, _, of_others)) = script.running.last_mut() {
                *of_others += all;
            }
        })?;
    Ok(())
}
