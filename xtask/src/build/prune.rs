//! Turns the module that cargo links into the one that is shipped: removes exports, dead code and
//! names.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use walrus::{ExportId, ImportKind, Module, ModuleConfig, RawCustomSection};

use super::{callbacks, imports};

/// The custom section that identifies the module.
pub(crate) const SECTION: &str = "filter-catalog";

/// Removes from `wasm` every callback not in `wanted`, the code that only they used, and all custom
/// sections. Then checks the remaining interface, and adds the section that identifies the module.
///
/// The result depends only on the arguments.
pub(crate) fn prune(wasm: &[u8], wanted: &BTreeSet<&str>, identity: &str) -> Result<Vec<u8>> {
    let mut module = ModuleConfig::new()
        .generate_name_section(false)
        .generate_producers_section(false)
        .generate_dwarf(false)
        .parse(wasm)
        .context("cargo linked a module that does not parse")?;
    remove_exports(&mut module, wanted)?;
    for section in module.customs.iter().map(|(id, _)| id).collect::<Vec<_>>() {
        module.customs.delete(section);
    }
    walrus::passes::gc::run(&mut module);
    check_imports(&module)?;
    module.customs.add(RawCustomSection {
        name: SECTION.to_owned(),
        data: identity.as_bytes().to_vec(),
    });
    Ok(module.emit_wasm())
}

fn remove_exports(module: &mut Module, wanted: &BTreeSet<&str>) -> Result<()> {
    let mut unused: Vec<ExportId> = Vec::new();
    let mut missing = wanted.clone();
    for export in module.exports.iter() {
        let name = export.name.as_str();
        if missing.remove(name) {
            continue;
        }
        if !callbacks::is_known(name) {
            bail!(
                "the module exports `{name}`, which is no callback of Proxy-Wasm; \
                 drop the #[no_mangle], or name it in xtask/src/build/callbacks.rs"
            );
        }
        unused.push(export.id());
    }
    if !missing.is_empty() {
        let names = missing.into_iter().collect::<Vec<_>>().join(", ");
        bail!(
            "the module does not export {names}; does its lib.rs have the `mod entry` with proxy_wasm::main!?"
        );
    }
    for export in unused {
        module.exports.delete(export);
    }
    Ok(())
}

fn check_imports(module: &Module) -> Result<()> {
    for import in module.imports.iter() {
        let is_function = matches!(import.kind, ImportKind::Function(_));
        if !is_function || !imports::is_allowed(&import.module, &import.name) {
            bail!(
                "the module imports {}.{}, which is not in xtask/src/build/imports.rs; \
                 find the dependency that brings it, or add it there with its reason",
                import.module,
                import.name
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use walrus::FunctionBuilder;

    use super::*;

    /// Creates a module that exports empty functions with these names and imports `module.name`.
    fn module(exports: &[&str], import: (&str, &str)) -> Vec<u8> {
        let mut module = Module::default();
        let nothing = module.types.add(&[], &[]);
        let (imported, _) = module.add_import_func(import.0, import.1, nothing);
        for name in exports {
            let mut function = FunctionBuilder::new(&mut module.types, &[], &[]);
            if *name == "proxy_on_tick" {
                function.func_body().call(imported);
            }
            let function = function.finish(vec![], &mut module.funcs);
            module.exports.add(name, function);
        }
        module.emit_wasm()
    }

    fn exports(wasm: &[u8]) -> Vec<String> {
        let module = Module::from_buffer(wasm).unwrap();
        module
            .exports
            .iter()
            .map(|export| export.name.clone())
            .collect()
    }

    #[test]
    fn a_callback_nobody_implements_goes_with_the_code_behind_it() {
        let linked = module(
            &["_initialize", "proxy_on_tick", "proxy_on_log"],
            ("env", "nonsense"),
        );
        let pruned = prune(
            &linked,
            &BTreeSet::from(["_initialize", "proxy_on_log"]),
            "",
        )
        .unwrap();
        assert_eq!(exports(&pruned), ["_initialize", "proxy_on_log"]);
        assert_eq!(
            Module::from_buffer(&pruned).unwrap().imports.iter().count(),
            0
        );
    }

    #[test]
    fn interfaces_that_envoy_or_the_catalog_would_refuse_fail_the_build() {
        let cases = [
            (
                "proxy_on_tick",
                "nonsense",
                "proxy_on_tick",
                "imports env.nonsense",
            ),
            (
                "proxy_on_tick",
                "proxy_log",
                "memory",
                "does not export memory",
            ),
            ("main", "proxy_log", "main_of_another", "exports `main`"),
        ];
        for (export, import, wanted, expected) in cases {
            let linked = module(&[export], ("env", import));
            let error = prune(&linked, &BTreeSet::from([wanted]), "")
                .expect_err(expected)
                .to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn of_custom_sections_only_the_identity_is_left() {
        let mut linked = Module::from_buffer(&module(&["_initialize"], ("env", "x"))).unwrap();
        linked.customs.add(RawCustomSection {
            name: "build-path".to_owned(),
            data: b"/home/somebody".to_vec(),
        });
        let pruned = prune(
            &linked.emit_wasm(),
            &BTreeSet::from(["_initialize"]),
            "cors 1",
        )
        .unwrap();
        assert!(!pruned.windows(4).any(|bytes| bytes == b"/hom"));
        let module = Module::from_buffer(&pruned).unwrap();
        let names: Vec<_> = module
            .customs
            .iter()
            .map(|(_, section)| section.name())
            .collect();
        assert_eq!(names, [SECTION]);
        assert!(pruned.ends_with(b"cors 1"));
    }
}
