use crate::common::*;

#[test]
fn origins_that_are_near_misses_are_told_from_those_that_are_allowed() {
    let envoy = with(POLICY);
    for (origin, allowed) in [
        (&b"https://example.org"[..], true),
        (b"https://a.example.org", true),
        (b"https://EXAMPLE.org", true),
        (b"https://example.org:443", true),
        (b"https://a.example.org.evil.com", false),
        (b"https://xexample.org", false),
        (b"https://example.org:8443", false),
        (b"https://example.org.", false),
        (b"http://example.org", false),
        (b"https://example.org/", false),
        (b"https://evil.com#.example.org", false),
        (b"https://example.org\xe9", false),
        (b"\xe9", false),
        (b"null", false),
        (b"*", false),
        (b"https://*.example.org", false),
    ] {
        let answer = envoy
            .get("/")
            .host("api.example.com")
            .header("origin", origin)
            .send();
        assert_eq!(answer.status, 200);
        let expected = allowed.then(|| String::from_utf8_lossy(origin).into_owned());
        assert_eq!(
            answer
                .header("access-control-allow-origin")
                .map(str::to_owned),
            expected
        );
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
}

#[test]
fn two_origins_and_a_huge_one_get_no_permission() {
    let envoy = with(POLICY);
    let huge = format!("origin: https://{}.example.org\r\n", "a".repeat(20 * 1024));
    for origins in [
        "origin: https://example.org\r\norigin: https://example.org\r\n",
        "origin: https://example.org\r\norigin: https://evil.com\r\n",
        "origin: https://example.org, https://evil.com\r\n",
        huge.as_str(),
    ] {
        for rest in ["GET", "OPTIONS"] {
            let request = format!(
                "{rest} / HTTP/1.1\r\nhost: api.example.com\r\n{origins}access-control-request-method: GET\r\n\r\n"
            );
            let answer = raw::send(envoy.address(), request).response();
            assert_eq!(answer.status, if rest == "GET" { 200 } else { 403 });
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
    }
}

#[test]
fn origins_without_a_web_scheme_are_allowed_by_name_and_whole_schemes_too() {
    let config = r#"{"policies": [{"allow_origins": ["app://.", "file://", "moz-extension://*", "chrome-extension://*", "https://*"],
        "allow_origin_regexes": ["tauri://[a-z.]+"]}]}"#;
    everywhere("cors", config, |envoy, client| {
        for (origin, allowed) in [
            ("app://.", true),
            ("app://x", false),
            ("file://", true),
            ("moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc", true),
            ("chrome-extension://abcdefghijklmnopabcdefghijklmnop", true),
            ("safari-web-extension://x", false),
            ("https://a.example", true),
            ("https://a.example:8443", true),
            ("http://a.example", false),
            ("https://.", false),
            ("tauri://.", true),
            ("tauri://9", false),
            ("null", false),
        ] {
            let request = client.get(envoy.url("/")).header("origin", origin);
            let answer = request.send();
            let expected = allowed.then_some(origin);
            assert_eq!(
                answer.header("access-control-allow-origin"),
                expected,
                "{origin}"
            );
            assert_eq!(answer.header("vary"), Some("Origin"));
        }
    });
}
