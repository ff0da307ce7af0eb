//! Filters created in a copy of the workspace. The suite `new` (`cargo xtask test new`) checks that
//! they build, lint and pass their tests.

use std::collections::BTreeMap;

use super::*;
use crate::catalog;

/// Returns the files that `create` creates and changes for a filter of the catalog, without writing
/// them.
fn made(from: &str) -> BTreeMap<String, String> {
    let names = Names::new("geo-block", from);
    let root = workspace::root();
    let mut files = copies(root, &names).unwrap();
    files.extend(register::changes(root, &names).unwrap());
    files.into_iter().collect()
}

#[test]
fn every_filter_can_be_copied_with_its_sample_its_suite_and_its_rows() {
    let filters = catalog::filters().unwrap().iter();
    for filter in filters.filter(|filter| filter.name != COMPOSED) {
        let files = made(&filter.name);
        for path in [
            "filters/geo-block/Cargo.toml",
            "filters/geo-block/README.md",
            "filters/geo-block/src/lib.rs",
            "filters/geo-block/src/reasons.md",
            "envoy-configs/geo-block.yaml",
            "tests/tests/geo_block/main.rs",
            "filters/geo-block/tests/hostile.json",
            "tests/src/cases.rs",
            "cli/Cargo.toml",
        ] {
            assert!(files.contains_key(path), "{}: no {path}", filter.name);
        }
        // The catalog finds the filter's type by this line.
        let library = &files["filters/geo-block/src/lib.rs"];
        assert!(library.contains("host::start::<crate::"), "{library}");
        for name in [filter.name.as_str(), "geo-block"] {
            let row = format!("{name} = {{ path = \"../filters/{name}\", ");
            assert!(files["cli/Cargo.toml"].contains(&row), "{row}");
        }
        assert!(
            files["filters/geo-block/Cargo.toml"].starts_with("[package]\nname = \"geo-block\"\n")
        );
        assert!(
            files["envoy-configs/geo-block.yaml"].contains("root_id: geo-block\n"),
            "the sample loads the new module"
        );
    }
}

#[test]
fn a_list_that_has_changed_its_shape_is_named() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("cli")).unwrap();
    fs::write(root.path().join("cli/Cargo.toml"), "[dependencies]\n").unwrap();
    let error = register::changes(root.path(), &Names::new("geo-block", "cors")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cli/Cargo.toml has no row of cors where one is expected; add geo-block by hand, as CONTRIBUTING.md says"
    );
}
