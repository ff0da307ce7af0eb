use super::*;
use filter_kit::config::{load, load_with_warnings};

fn error(json: &str) -> String {
    match load::<Config>(json.as_bytes(), &Env::default()) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn an_error_names_the_item_its_filter_and_the_place_in_it() {
    for (json, message) in [
        ("{}", "chain: missing key \"chain\""),
        (r#"{"chain": []}"#, "chain: chain: must not be empty"),
        (
            r#"{"chain": [{"cors": {}}, {"jwt-auth": {"providers": {}}}]}"#,
            "chain: chain[1].jwt-auth.providers: ",
        ),
        (
            r#"{"chain": [{"cors": {"policy": []}}]}"#,
            "chain: chain[0].cors.policy: ",
        ),
        (
            r#"{"chain": [{"header-rewrite": {"rules": [{"request": [{"set": {"name": ":path", "value": "/"}}]}]}}]}"#,
            "chain: chain[0].header-rewrite.rules[0].request[0].set.name: ",
        ),
        (r#"{"chain": [{"lua": {}}]}"#, "chain: chain[0]"),
        (r#"{"chain": [{}]}"#, "chain: chain[0]"),
        (
            r#"{"chain": [{"cors": {}, "jwt-auth": {}}]}"#,
            "chain: chain[0]",
        ),
        (r#"{"chain": {"cors": {}}}"#, "chain: chain: "),
    ] {
        let error = error(json);
        assert!(error.starts_with(message), "{json}: {error}");
    }
}

#[test]
fn the_same_filter_may_occur_more_than_once() {
    assert_eq!(
        error(r#"{"chain": [{"cors": {}}, {"rate-limit": {}}, {"cors": {}}]}"#),
        ""
    );
}

#[test]
fn a_warning_names_the_item_too() {
    let json = r#"{"chain": [{"rate-limit": {}}, {"cors": {"policies": [
        {"match": {"headers": [{"name": "x-tier", "exact": "gold"}]}, "allow_origins": ["*"]}]}}]}"#;
    let (_, warnings) = load_with_warnings::<Config>(json.as_bytes(), &Env::default()).unwrap();
    let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    let [warning] = &warnings[..] else {
        panic!("{warnings:?}")
    };
    let place = "chain: chain[1].cors.policies[0].match.headers[0].name: ";
    assert!(warning.starts_with(place), "{warning}");
}
