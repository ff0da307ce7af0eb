//! header-rewrite in a real Envoy: its sample, and in the modules every claim of its README, and
//! bytes that no client should send.

mod answers;
mod common;
mod cost;
mod headers;
mod parity;
mod paths;
mod recipes;
mod refused;
mod report;
mod responses;
mod values;

use e2e::{ConfigForm, Envoy, cases};

#[test]
fn the_sample_does_what_its_comments_say() {
    cases::header_rewrite::check(&Envoy::from_sample("header-rewrite").start());
}

#[test]
fn json_text_and_struct_behave_alike() {
    let config = r#"{"rules": [{"match": {"paths": [{"prefix": "/a"}]}, "request": [{"set": {"name": "x-a", "value": "${request.query.n | none}"}}],
        "response": [{"when": {"status": [200, "500-599"]}, "add": {"name": "x-b", "value": "c"}}]}]}"#;
    for form in [ConfigForm::Text, ConfigForm::Struct] {
        let envoy = Envoy::with_filter("header-rewrite", config)
            .form(form)
            .start();
        let answer = envoy.get("/a?n=%41").send();
        assert_eq!(answer.echo().header("x-a"), Some("A"), "{form:?}");
        assert_eq!(answer.header("x-b"), Some("c"), "{form:?}");
    }
}
