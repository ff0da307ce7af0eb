//! Common mistakes of users, and the one line that says what to write instead.

use filter_kit::pipeline::Filter;
use filter_kit::testing::check_mistakes;
use std::path::Path;

#[test]
fn natural_mistakes_have_a_line_that_can_be_acted_on() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes.txt");
    check_mistakes::<<cors::Cors as Filter>::Config>(&table);
}
