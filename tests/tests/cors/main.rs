//! cors in a real Envoy: its sample, and in the modules every row of its decision table, the
//! differences from Envoy's own filter, and origins that browsers do not send.

mod actual;
mod any_origin;
mod common;
mod guard;
mod origins;
mod parity;
mod paths;
mod preflights;
mod refused;
mod report;
mod vary;

use e2e::{Client, ConfigForm, Envoy, cases};

#[test]
fn the_sample_does_what_its_comments_say() {
    let envoy = Envoy::from_sample("cors").concurrency(2).start();
    cases::cors::check(&envoy);
}

#[test]
fn json_text_and_struct_behave_alike() {
    let config = r#"{"policies": [{"allow_origins": ["https://app.example.com"], "allow_methods": ["GET", "PUT"]}]}"#;
    for form in [ConfigForm::Struct, ConfigForm::Text] {
        let envoy = Envoy::with_filter("cors", config).form(form).start();
        for (method, status) in [("PUT", 204), ("POST", 403)] {
            let answer = Client::http1()
                .options(envoy.url("/"))
                .header("origin", "https://app.example.com")
                .header("access-control-request-method", method)
                .send();
            assert_eq!(answer.status, status, "{form:?} {method}");
        }
    }
}
