mod bounds;
mod needs;

use super::*;
use crate::config::Env;
use crate::headers::Headers;
use crate::request::Request;
use crate::testing::request;
use proptest::prelude::*;
use std::borrow::Cow;

fn parse(text: &str) -> Result<Template, String> {
    let scope = Scope {
        response: true,
        path_groups: 1,
        groups: Some(2),
        extra: &["limit.name"],
    };
    let env = Env::from([
        ("REGION".to_owned(), "eu".to_owned()),
        ("BAD".to_owned(), "a\nb".to_owned()),
    ]);
    Template::parse(text, scope, &env)
}

fn expand(text: &str) -> Result<String, Unexpanded> {
    let head = request("GET", "/a/b?lang=e%2541n&empty=")
        .authority("example.com:8443")
        .header("x-tenant", "acme")
        .header("x-many", "1")
        .header("x-many", "2")
        .header("x-evil", "${env.REGION}$$")
        .header("x-request-id", "id-1")
        .header("cookie", "a=1; session=s%20x")
        .header("cookie", "b=2")
        .source_address("10.0.0.1")
        .build();
    let response = Headers::new(&[(":status", "503"), ("x-up", "u")]);
    let regex = regex::bytes::Regex::new("(a)(b)?").unwrap();
    let captures = regex.captures(b"a").unwrap();
    let values = Values {
        request: Some(&head),
        response: Some(&response),
        path_captures: &[Some(b"v1".to_vec())],
        captures: Some(&captures),
        extra: &[("limit.name", b"per-client")],
    };
    let template = parse(text).unwrap();
    let expanded = template.expand(&values);
    assert_eq!(
        template.expanded(&values).map(Cow::into_owned),
        expanded,
        "{text}"
    );
    expanded.map(|v| String::from_utf8(v).unwrap())
}

#[test]
fn variables_expand_to_what_they_stand_for() {
    for (text, value) in [
        ("", ""),
        ("plain", "plain"),
        ("${request.method} ${request.scheme}", "GET http"),
        ("prod-${request.host}", "prod-example.com:8443"),
        (
            "${request.path}?${request.query}",
            "/a/b?lang=e%2541n&empty=",
        ),
        ("${request.id}", "id-1"),
        ("${request.hostname}", "example.com"),
        ("${request.target}", "/a/b?lang=e%2541n&empty="),
        ("${request.header.host}", "example.com"),
        ("${request.header.X-Tenant}", "acme"),
        ("${request.header.x-many}", "1, 2"),
        ("${request.header.cookie}", "a=1; session=s%20x; b=2"),
        ("${request.query.lang}", "e%41n"),
        ("${request.query.empty}", ""),
        ("${request.cookie.session}", "s x"),
        ("${source.address}", "10.0.0.1"),
        (
            "${request.time_unix} ${request.time}",
            "0 1970-01-01T00:00:00Z",
        ),
        ("${response.status}/${response.header.x-up}", "503/u"),
        ("${match.1}", "v1"),
        ("${0}-${1}", "a-a"),
        ("${limit.name}", "per-client"),
        (
            "${url(request.target)}",
            "%2Fa%2Fb%3Flang%3De%252541n%26empty%3D",
        ),
        ("${base64(request.header.x-tenant)}", "YWNtZQ=="),
        ("${base64url(request.header.x-tenant)}", "YWNtZQ"),
        (
            "${upper(request.header.x-tenant)}${lower(request.method)}",
            "ACMEget",
        ),
        (
            "${sha256(request.header.x-tenant)}",
            "822b33ad87c148a0a20a5ba7cd5ebcaa68d36a18e7aad165554903f52ca82757",
        ),
        ("${base64(env.REGION)}", "ZXU="),
        ("${url(request.header.x-none) | a b}", "a b"),
        ("${base64(2)}", ""),
        ("${env.REGION}", "eu"),
        ("${env.NONE | us}", "us"),
        ("$", "$"),
        ("a$b $$ $${x}", "a$b $ ${x}"),
        ("${request.header.x-none | public}", "public"),
        ("${request.header.x-none|}", ""),
        ("${route.name | none}", "none"),
        ("${2 | -}", "-"),
        ("<${2}>", "<>"),
        (
            "${request.header.x-none | ${request.host}}",
            "example.com:8443",
        ),
        (
            "${request.header.x-none | a${request.query.none | ${2 | b}}c}d",
            "abcd",
        ),
        ("${request.header.x-none | $$}", "$"),
        ("${env.NONE | ${env.REGION}-${request.method}}!", "eu-GET!"),
        ("${request.header.x-none | {a}", "{a"),
    ] {
        assert_eq!(expand(text).as_deref(), Ok(value), "{text}");
    }
}

#[test]
fn what_a_client_sends_is_never_a_template() {
    assert_eq!(
        expand("${request.header.x-evil}").unwrap(),
        "${env.REGION}$$"
    );
}

#[test]
fn a_missing_value_without_default_gives_no_value_at_all() {
    for text in [
        "a${request.header.x-none}",
        "${request.query.none}",
        "${request.query.none | ${request.query.nor}}",
        "${route.name}",
    ] {
        assert_eq!(expand(text), Err(Unexpanded::Missing), "{text}");
    }
}

#[test]
fn a_group_of_the_path_that_took_no_part_is_empty_and_one_that_is_not_there_is_missing() {
    let (plain, applied) = ("<${match.1}>", "<${url(match.1)}>");
    for (text, path_captures, expected) in [
        (plain, &[Some(b"a b".to_vec())][..], Ok("<a b>")),
        (plain, &[None], Ok("<>")),
        (plain, &[], Err(Unexpanded::Missing)),
        (applied, &[Some(b"a b".to_vec())], Ok("<a%20b>")),
        (applied, &[None], Ok("<>")),
        (applied, &[], Err(Unexpanded::Missing)),
    ] {
        let template = parse(text).unwrap();
        let values = Values {
            path_captures,
            ..Values::default()
        };
        let expected = expected.map(|text| text.as_bytes().to_vec());
        assert_eq!(template.expand(&values), expected);
    }
}

#[test]
fn mistakes_are_found_at_load() {
    for (text, needle) in [
        (
            "${request.hots}",
            "${request.hots} is not a variable; one of: request.method",
        ),
        ("${}", "is not a variable"),
        (
            "${urls(request.query)}",
            "\"urls\" is not a function; one of: url, base64",
        ),
        (
            "${url(request.query | none)}",
            "the parenthesis is not closed; a default stands outside",
        ),
        (
            "${url(request.qurey)}",
            "${request.qurey} is not a variable",
        ),
        ("${property.}", "is not a variable"),
        ("${request.header.}", "is not a variable"),
        ("${request.header.b d}", "is not a header name"),
        ("${request.host", "without its }"),
        (
            "${match.2}",
            "no path pattern of this rule has such a capture group; there are 1",
        ),
        ("${match.0}", "no path pattern"),
        ("${3}", "no such capture group; there are 2"),
        ("${env.NONE}", "is not set"),
        ("${env.BAD}", "control character"),
        ("a\nb", "control character"),
        (
            "${request.path | ${request.hots}}",
            "${request.hots} is not a variable",
        ),
        ("${request.path | ${request.host}", "without its }"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(needle), "{text}: {error}");
    }
    let no_response = Template::parse("${response.status}", Scope::default(), &Env::new());
    assert!(no_response.unwrap_err().contains("no response yet"));
}

#[test]
fn a_template_knows_what_it_needs() {
    for (text, host, request, response, headers) in [
        ("x", false, false, false, &[][..]),
        ("${1}${match.1}${limit.name}", false, false, false, &[]),
        ("${request.host}${source.address}", true, true, false, &[]),
        ("${request.hostname}", true, true, false, &[]),
        ("${request.header.host}", true, true, false, &["host"]),
        ("${request.header.x}", false, true, false, &["x"]),
        ("${request.cookie.a}", false, true, false, &["cookie"]),
        ("${request.method}${request.time}", false, true, false, &[]),
        ("${response.status}${1}", false, false, true, &[]),
        ("${response.header.x}", false, false, true, &[]),
        (
            "${response.status | ${request.host}}",
            true,
            true,
            true,
            &[],
        ),
    ] {
        let template = parse(text).unwrap();
        assert_eq!(template.looks_at_host(), host, "{text}");
        assert_eq!(template.looks_at_request(), request, "{text}");
        assert_eq!(template.looks_at_response(), response, "{text}");
        let found: Vec<_> = template.request_headers().collect();
        assert_eq!(found, headers, "{text}");
    }
    assert_eq!(
        parse("x-${env.REGION}").unwrap().as_literal(),
        Some(&b"x-eu"[..])
    );
}

#[test]
fn a_template_worked_out_but_for_its_groups_gives_the_same_value() {
    let head = request("GET", "/a?q=%24%7B1%7D").build();
    let regex = regex::bytes::Regex::new("(a)(b)?").unwrap();
    let captures = regex.captures(b"a").unwrap();
    let groups = || Values {
        captures: Some(&captures),
        ..Values::default()
    };
    for text in [
        "",
        "x",
        "${1}",
        "<${1}${2 | none}>${request.path}",
        "${request.query.q}${1}$$",
        "${2}",
        "<${1}${request.query.none | ${2}}>${request.path}",
        "${2 | ${request.path}}",
        "<${url(2)}>",
        "${1 | ${request.query.none}}",
        "${2 | ${request.query.none}}",
    ] {
        let template = parse(text).unwrap();
        let values = Values {
            request: Some(&head),
            ..groups()
        };
        let worked_out = template.with_groups_only(&values).unwrap();
        assert_eq!(
            worked_out.expand(&groups()),
            template.expand(&values),
            "{text}"
        );
    }
    let missing = parse("${1}${request.query.none}").unwrap();
    let values = Values {
        request: Some(&head),
        ..Values::default()
    };
    assert_eq!(missing.with_groups_only(&values), Err(Unexpanded::Missing));
    let long = request("GET", &format!("/{}", "l".repeat(MAX_EXPANDED_BYTES))).build();
    let values = Values {
        request: Some(&long),
        ..Values::default()
    };
    let template = parse("${request.path}${1}").unwrap();
    assert_eq!(template.with_groups_only(&values), Err(Unexpanded::TooLong));
}

proptest! {
    #[test]
    fn any_text_parses_or_is_refused_without_panic(text: String) {
        let _ = parse(&text);
    }

    #[test]
    fn any_request_expands_without_panic(path: Vec<u8>, value: Vec<u8>) {
        let headers = Headers::new(&[(&b":path"[..], path), (b"cookie", value)]);
        let head = Request::of(headers, None, None);
        let values = Values { request: Some(&head), ..Values::default() };
        let template = parse("${request.path}${request.query|}${request.cookie.a|}${request.query.b|}").unwrap();
        let _ = template.expand(&values);
    }
}

#[test]
fn attributes_of_envoy_are_asked_of_the_host() {
    let host = crate::testing::ScriptedHost::install();
    host.set_property("connection\0requested_server_name", b"sni.example");
    let head = request("GET", "/").build();
    let values = Values {
        request: Some(&head),
        ..Values::default()
    };
    let expand = |text: &str| parse(text).unwrap().expand(&values);
    assert_eq!(
        expand("${property.connection.requested_server_name}"),
        Ok(b"sni.example".to_vec())
    );
    assert_eq!(expand("${property.connection.none | -}"), Ok(b"-".to_vec()));
    assert_eq!(
        expand("${request.time} ${request.time_unix_ms}"),
        Ok(b"2023-11-14T22:13:20Z 1700000000000".to_vec())
    );
}
