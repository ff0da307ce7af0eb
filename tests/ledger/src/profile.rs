//! The functions in which a case spends its instructions.
//!
//! The module as linked contains names. Each function is wrapped in one that tells the host when it
//! begins and ends.

use crate::{Case, Instance};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use walrus::ir::{self, VisitorMut};
use walrus::{FunctionBuilder, FunctionId, Module, ModuleConfig, ValType};

/// Returns the functions of a case with the instructions that each used itself, most expensive
/// first.
///
/// # Errors
/// If the module does not exist or does not run.
pub fn profile(case: &Case) -> Result<Vec<(String, u64)>> {
    let file = format!("{}.wasm", case.filter.replace('-', "_"));
    let path = crate::target().join("wasm32-wasip1/release").join(file);
    let wasm = std::fs::read(&path)
        .with_context(|| format!("no {}: run cargo xtask build", path.display()))?;
    let (wasm, names) = instrument(&wasm)?;
    let mut instance = Instance::start(&wasm, &(case.configuration)())?;
    for exchange in (case.exchanges)() {
        instance.exchange(&exchange)?;
    }
    let name = |number: &i32| names.get(number).cloned().unwrap_or_default();
    let mut used: Vec<(String, u64)> = instance
        .used()
        .iter()
        .map(|(number, used)| (name(number), *used))
        .collect();
    used.sort_by_key(|(_, used)| std::cmp::Reverse(*used));
    Ok(used)
}

fn instrument(wasm: &[u8]) -> Result<(Vec<u8>, BTreeMap<i32, String>)> {
    let mut module: Module = ModuleConfig::new().parse(wasm)?;
    let number = module.types.add(&[ValType::I32], &[]);
    let nothing = module.types.add(&[], &[]);
    let (enter, _) = module.add_import_func("profile", "enter", number);
    let (leave, _) = module.add_import_func("profile", "leave", nothing);
    let functions: Vec<FunctionId> = module.funcs.iter_local().map(|(id, _)| id).collect();
    let mut names = BTreeMap::new();
    let mut wrapped: BTreeMap<FunctionId, FunctionId> = BTreeMap::new();
    for (n, function) in functions.iter().enumerate() {
        let n = i32::try_from(n)?;
        let name = module.funcs.get(*function).name.clone();
        names.insert(n, name.unwrap_or_else(|| format!("function {n}")));
        let ty = module.types.get(module.funcs.get(*function).ty());
        let (params, results) = (ty.params().to_vec(), ty.results().to_vec());
        let arguments: Vec<_> = params.iter().map(|ty| module.locals.add(*ty)).collect();
        let mut builder = FunctionBuilder::new(&mut module.types, &params, &results);
        let mut body = builder.func_body();
        body.i32_const(n).call(enter);
        for argument in &arguments {
            body.local_get(*argument);
        }
        body.call(*function).call(leave);
        let wrapper = builder.finish(arguments, &mut module.funcs);
        wrapped.insert(*function, wrapper);
    }
    for function in &functions {
        let body = module.funcs.get_mut(*function).kind.unwrap_local_mut();
        let start = body.entry_block();
        ir::dfs_pre_order_mut(&mut Redirect(&wrapped), body, start);
    }
    let exports: Vec<_> = module.exports.iter().map(walrus::Export::id).collect();
    for export in exports {
        if let walrus::ExportItem::Function(function) = &mut module.exports.get_mut(export).item
            && let Some(wrapper) = wrapped.get(function)
        {
            *function = *wrapper;
        }
    }
    for element in module.elements.iter_mut() {
        if let walrus::ElementItems::Functions(functions) = &mut element.items {
            for function in functions {
                *function = wrapped.get(function).copied().unwrap_or(*function);
            }
        }
    }
    Ok((module.emit_wasm(), names))
}

struct Redirect<'w>(&'w BTreeMap<FunctionId, FunctionId>);

impl VisitorMut for Redirect<'_> {
    fn visit_function_id_mut(&mut self, function: &mut FunctionId) {
        if let Some(wrapper) = self.0.get(function) {
            *function = *wrapper;
        }
    }
}
