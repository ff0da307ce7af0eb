//! Internal redirects: Envoy itself follows a redirect of the upstream, and runs all filters again
//! on the request as they have edited it.

use e2e::{Envoy, Reply, Response, Upstream, token::Token};

/// Sends a request to `/old`, which the upstream redirects to `/new`, on a route that follows
/// redirects.
fn ask(filter: (&str, &str), headers: &[(&str, &str)]) -> (Response, Upstream) {
    let upstream = Upstream::with(|request| match request.path.as_str() {
        "/old" => Reply::new(302).header("location", &format!("http://{}/new", request.authority)),
        _ => Reply::new(200),
    })
    .unwrap();
    let envoy = Envoy::with_filters(&[filter])
        .route("{match: {path: /old}, route: {cluster: upstream, internal_redirect_policy: {}}}")
        .upstream(&upstream)
        .start();
    let request = envoy.get("/old");
    let answer = request.headers(headers.iter().copied()).send();
    (answer, upstream)
}

#[test]
fn operations_run_again_and_what_is_added_is_added_twice() {
    let config = "rules: [{request: [{set: {name: x-set, value: a}}, {add: {name: x-add, value: b}}, {remove: {name: x-gone}}]}]";
    let (answer, upstream) = ask(("header-rewrite", config), &[("x-gone", "c")]);
    let last = upstream.last_request().unwrap();
    assert_eq!((answer.status, last.path.as_str()), (200, "/new"));
    assert_eq!(last.headers_all("x-set"), ["a"]);
    assert_eq!(last.headers_all("x-add"), ["b", "b"]);
    assert_eq!(last.header("x-gone"), None);
}

#[test]
fn a_request_is_counted_twice() {
    let config = "limits: [{name: all, requests: 1, per: 1h}]";
    let (answer, upstream) = ask(("rate-limit", config), &[]);
    assert_eq!((answer.status, upstream.count()), (429, 1));
}

#[test]
fn a_token_must_be_forwarded_for_the_new_request_to_have_it() {
    let token = Token::new("HS256").bearer();
    for (forward, status) in [(false, 401), (true, 200)] {
        let config = format!(
            "providers: {{corp: {{forward_token: {forward}, keys: {{secret: {{value: \"{}\", algorithm: HS256}}}}}}}}",
            e2e::token::SECRET
        );
        let (answer, _) = ask(("jwt-auth", &config), &[("authorization", &token)]);
        assert_eq!(answer.status, status, "{forward}");
    }
}

#[test]
fn an_answer_has_its_permission_once() {
    let config = "policies: [{allow_origins: [\"https://app.example\"]}]";
    let (answer, _) = ask(("cors", config), &[("origin", "https://app.example")]);
    assert_eq!(
        answer.headers_all("access-control-allow-origin"),
        ["https://app.example"]
    );
    assert_eq!(answer.headers_all("vary"), ["Origin"]);
}
