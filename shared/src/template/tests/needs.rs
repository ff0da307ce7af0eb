use super::*;
use crate::testing::ScriptedHost;

#[test]
fn only_a_template_without_variables_is_literal() {
    for (text, literal) in [
        ("", Some("")),
        ("a", Some("a")),
        ("$$a", Some("$a")),
        ("${request.path}", None),
        ("a${request.path}", None),
    ] {
        let template = parse(text).unwrap();
        assert_eq!(template.as_literal(), literal.map(str::as_bytes), "{text}");
    }
}

#[test]
fn what_a_template_needs_is_read_before_the_request_is_gone() {
    let host = ScriptedHost::install();
    for (text, property) in [
        ("${route.name}", "xds\0route_name"),
        ("${source.address}", "source\0address"),
    ] {
        host.begin_request(Vec::new());
        host.set_property(property, b"10.0.0.1:4711");
        let request = Request::of_host(false);
        parse(text).unwrap().read(&request);
        host.set_property(property, b"gone");
        let values = Values {
            request: Some(&request),
            ..Values::default()
        };
        let expanded = parse(text).unwrap().expand(&values).unwrap();
        assert!(expanded.starts_with(b"10.0.0.1"), "{text}: {expanded:?}");
    }
}
