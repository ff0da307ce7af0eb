use super::*;
use filter_kit::config::load;

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
