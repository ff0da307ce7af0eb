use crate::reason::Refused;
use crate::testing::rules;
use filter_kit::reply::{Body, GrpcStatus, LocalReply};
use filter_kit::testing::{RequestBuilder, request};

fn reply(rule: &str, request: RequestBuilder) -> Result<Option<LocalReply>, Refused> {
    let rules = rules(&format!(r#"{{"rules": [{rule}]}}"#));
    let mut request = request.build();
    let decision = crate::decision::decide(&rules, &request);
    if let Some(refused) = decision.refused {
        return Err(refused);
    }
    let edited = rules.edit_request(&decision.applied, &mut request)?;
    Ok(edited.answer.map(|answer| answer.1))
}

fn location(template: &str, request: RequestBuilder) -> Result<String, Refused> {
    let rule = format!(r#"{{"redirect": {{"location": "{template}"}}}}"#);
    let reply = reply(&rule, request)?.unwrap();
    let (_, value) = reply.headers.first().unwrap();
    Ok(String::from_utf8_lossy(value).into_owned())
}

#[test]
fn a_redirect_goes_to_the_host_that_is_written() {
    let https = "https://${request.hostname}${request.target}";
    let fixed = "https://example.com${request.path}";
    for (template, method, target, authority, expected) in [
        (
            https,
            "GET",
            "/a?b=c",
            "Example.com:8080",
            Ok("https://example.com/a?b=c"),
        ),
        (
            https,
            "GET",
            "//evil.example",
            "a.example",
            Ok("https://a.example//evil.example"),
        ),
        (
            https,
            "GET",
            "/",
            "a.example:x",
            Err(Refused::MalformedHost),
        ),
        (https, "GET", "/", "", Err(Refused::MissingValue)),
        (
            fixed,
            "GET",
            "/a%0d%0ab",
            "a",
            Ok("https://example.com/a%0d%0ab"),
        ),
        (fixed, "OPTIONS", "*", "a", Err(Refused::InvalidLocation)),
        ("${request.path}", "GET", "/a", "a", Ok("/a")),
        (
            "${request.path}",
            "GET",
            "//evil.example",
            "a",
            Err(Refused::InvalidLocation),
        ),
        (
            "${request.path}",
            "GET",
            "/\\\\evil.example",
            "a",
            Err(Refused::InvalidLocation),
        ),
        ("/${request.query.to}", "GET", "/?to=a", "a", Ok("/a")),
        (
            "/${request.query.to}",
            "GET",
            "/?to=/evil.example",
            "a",
            Err(Refused::InvalidLocation),
        ),
        (
            "/${request.query.to}",
            "GET",
            "/?to=%5cevil.example",
            "a",
            Err(Refused::InvalidLocation),
        ),
        (
            "/${request.query.to}",
            "GET",
            "/?to=%09/evil.example",
            "a",
            Err(Refused::InvalidLocation),
        ),
        (
            "/${request.query.to}",
            "GET",
            "/",
            "a",
            Err(Refused::MissingValue),
        ),
        (
            "/x?to=${request.query.to}",
            "GET",
            "/?to=a%0d%0ab",
            "a",
            Err(Refused::InvalidLocation),
        ),
    ] {
        let got = location(template, request(method, target).authority(authority));
        assert_eq!(
            got.as_deref(),
            expected.as_ref().map(|text| *text),
            "{template} {target} {authority}"
        );
    }
}

#[test]
fn an_answer_is_made_of_the_groups_of_the_path() {
    let rule = r#"{"match": {"paths": [{"regex": "/old/(.*)"}]}, "redirect": {"location": "/new/${match.1}"}}"#;
    let reply = reply(rule, request("GET", "/old/a")).unwrap().unwrap();
    assert_eq!(reply.headers.first().unwrap().1, b"/new/a");
}

#[test]
fn only_what_depends_on_the_host_refuses_a_malformed_one() {
    for (rule, is_refused) in [
        (r#"{"respond": {"status": 404}}"#, false),
        (
            r#"{"respond": {"status": 404, "body": "${request.hostname}"}}"#,
            true,
        ),
        (r#"{"redirect": {"location": "/a"}}"#, false),
        (
            r#"{"request": [{"query": {"set": {"name": "h", "value": "${request.hostname}"}}}]}"#,
            true,
        ),
        (
            r#"{"request": [{"query": {"remove": {"name": "h"}}}]}"#,
            false,
        ),
    ] {
        let reply = reply(rule, request("GET", "/").authority("a.example:x"));
        let refused = reply == Err(Refused::MalformedHost);
        assert_eq!(refused, is_refused, "{rule}: {reply:?}");
    }
}

#[test]
fn a_grpc_client_gets_the_status_that_stands_for_the_answer() {
    for (status, grpc) in [
        (400, GrpcStatus::InvalidArgument),
        (401, GrpcStatus::Unauthenticated),
        (403, GrpcStatus::PermissionDenied),
        (429, GrpcStatus::ResourceExhausted),
        (500, GrpcStatus::Internal),
        (502, GrpcStatus::Unavailable),
        (504, GrpcStatus::Unavailable),
        (505, GrpcStatus::Internal),
    ] {
        let rule = format!(r#"{{"respond": {{"status": {status}}}}}"#);
        let reply = reply(&rule, request("GET", "/")).unwrap().unwrap();
        assert_eq!(reply.grpc, grpc, "{status}");
    }
}

#[test]
fn a_long_value_of_a_client_is_not_redirected_to() {
    let long = format!("/{}", "l".repeat(9_000));
    let got = location("https://a.example${request.path}", request("GET", &long));
    assert_eq!(got, Err(Refused::TooLong));
}

#[test]
fn the_first_answer_ends_the_request_after_the_operations_so_far() {
    let rule = r#"{"match": {"paths": [{"prefix": "/old"}]}, "request": [{"path": {"prefix": "/old", "with": "/new"}}],
            "redirect": {"status": 302, "location": "${request.path}"}},
        {"respond": {"status": 404}}"#;
    let got = reply(rule, request("GET", "/old/x")).unwrap().unwrap();
    assert_eq!(
        (got.status, got.details.as_str()),
        (302, "rewrite_redirect")
    );
    assert_eq!(got.headers.first().unwrap().1, b"/new/x");
    let got = reply(rule, request("GET", "/x")).unwrap().unwrap();
    assert_eq!((got.status, got.details.as_str()), (404, "rewrite_respond"));
    assert_eq!(got.body, Body::Raw(Vec::new()));
}

#[test]
fn where_readings_differ_in_whether_a_rule_answers_the_request_is_refused_but_not_after_an_answer()
{
    let first = r#"{"match": {"paths": [{"prefix": "/a"}]}, "respond": {"status": 404}}"#;
    let got = reply(first, request("GET", "/a/../b"));
    assert_eq!(got, Err(Refused::AmbiguousPath));
    let after = format!(r#"{{"respond": {{"status": 503}}}}, {first}"#);
    let got = reply(&after, request("GET", "/a/../b")).unwrap().unwrap();
    assert_eq!(got.status, 503);
}
