//! Where keys come from: discovery documents, TLS, headers of a fetch.

use super::*;

#[test]
fn discovery_leads_to_the_keys_of_the_issuer() {
    let document = |issuer: &str| {
        json!({"issuer": issuer, "jwks_uri": "https://keys.example/set?a=b"}).to_string()
    };
    let issuer = Arc::new(Mutex::new("https://evil.example"));
    let told = Arc::clone(&issuer);
    let idp = Upstream::with(move |request: &EchoedRequest| match request.path.as_str() {
        "/.well-known/openid-configuration" => Reply::json(document(*told.lock().unwrap())),
        "/set?a=b" if request.authority == "keys.example" => keys(&["test-es256"]),
        _ => Reply::new(404),
    })
    .unwrap();
    let config = format!(
        r#"{{"providers": {{"corp": {{"issuer": "{}", "keys": {{"discovery": {{"cluster": "idp",
            "uri": "https://idp.example/.well-known/openid-configuration"}}}}}}}}}}"#,
        token::ISSUER
    );
    let envoy = Envoy::with_filter("jwt-auth", config)
        .cluster_at("idp", idp.port(), Protocol::Http1)
        .concurrency(4)
        .start();
    wait::until("the document is refused", SOON, || {
        stat(&envoy, "fetch.failed.discovery") > 0
    });
    assert_eq!(get(&envoy, &old()).status, 503);
    *issuer.lock().unwrap() = token::ISSUER;
    wait::until("service", SECOND * 2, || get(&envoy, &old()).status == 200);
    assert_eq!(statuses(&together(20, |_| get(&envoy, &old()))), [200]);
    let paths: Vec<_> = idp.requests().iter().map(|r| r.path.clone()).collect();
    assert_eq!(
        paths.iter().filter(|path| *path == "/set?a=b").count(),
        1,
        "{paths:?}"
    );
    assert_eq!(stat(&envoy, "fetch.succeeded"), 1);
}

/// Starts the sample with a key server that has this certificate.
fn sample(certificate: &str) -> (Envoy, e2e::KeyServer) {
    let idp = e2e::KeyServer::start(certificate).unwrap();
    let envoy = Envoy::from_sample("jwt-auth-remote")
        .cluster_port("idp", idp.port())
        .concurrency(2)
        .start();
    (envoy, idp)
}

#[test]
fn the_sample_fetches_over_tls_from_a_server_whose_name_and_authority_are_right() {
    let (envoy, idp) = sample("idp");
    assert_eq!(
        get(&envoy, &old()).echo().header("x-jwt-sub"),
        Some("alice")
    );
    let partner = Token::new("EdDSA")
        .claim("iss", json!(e2e::key_server::PARTNER))
        .sign();
    assert_eq!(
        get(&envoy, &partner).echo().header("x-jwt-provider"),
        Some("partner")
    );
    assert_eq!(envoy.get("/").send().status, 401);
    assert_eq!(envoy.get("/healthz").send().status, 200);
    assert_eq!(idp.requests().len(), 3);
    assert!(
        idp.requests()
            .iter()
            .all(|request| request.authority == "idp.example")
    );
    assert!(envoy.stat("cluster.idp.ssl.handshake") > 0);
    for certificate in ["other", "foreign"] {
        let (envoy, idp) = sample(certificate);
        assert_eq!(get(&envoy, &old()).status, 503, "{certificate}");
        assert!(idp.requests().is_empty(), "{certificate}");
    }
}

#[test]
fn a_key_server_gets_the_headers_that_it_asks_for_and_a_user_agent() {
    let idp = KeyServer::new(keys(&["test-es256"]));
    let headers = r#", "headers": [{"name": "Authorization", "value": {"env": "KEYS_TOKEN"}}]"#;
    let envoy = filter(idp.upstream.port(), headers)
        .vm_env("KEYS_TOKEN", "Bearer of-the-proxy")
        .args(&["--component-log-level", "wasm:trace"])
        .start();
    until_fetched(&envoy);
    assert_eq!(get(&envoy, &old()).status, 200);
    let asked = idp.upstream.requests();
    assert_eq!(
        asked[0].header("authorization"),
        Some("Bearer of-the-proxy")
    );
    assert_eq!(asked[0].header("user-agent"), Some("jwt-auth"));
    assert!(!envoy.log().contains("of-the-proxy"));
}

// The issuer in the document must be `document_issuer`, or else `issuer`, or else an `exact` of
// `issuers`. If none of them is set, any issuer is accepted, with a warning at load.
#[test]
fn the_document_of_discovery_is_of_the_issuer_that_is_written_for_it() {
    let set = keys(&["test-es256"]).body;
    for (written, document, fetched) in [
        (json!({}), "https://any.example", true),
        (json!({"issuer": token::ISSUER}), token::ISSUER, true),
        (
            json!({"issuer": token::ISSUER}),
            "https://inside.cluster",
            false,
        ),
        (
            json!({"issuers": [{"exact": "https://x"}, {"exact": token::ISSUER}]}),
            token::ISSUER,
            true,
        ),
        (
            json!({"issuers": [{"exact": "https://x"}, {"exact": token::ISSUER}]}),
            "https://y",
            false,
        ),
        (
            json!({"issuer": token::ISSUER, "document_issuer": "https://inside.cluster"}),
            "https://inside.cluster",
            true,
        ),
        (
            json!({"issuer": token::ISSUER, "document_issuer": "https://inside.cluster"}),
            token::ISSUER,
            false,
        ),
        (
            json!({"issuers": [{"regex": "https://login\\.example/[0-9a-f-]+/v2\\.0"}], "document_issuer": "https://login.example/{tenantid}/v2.0"}),
            "https://login.example/{tenantid}/v2.0",
            true,
        ),
    ] {
        let (set, issuer) = (set.clone(), document.to_owned());
        let idp = Upstream::with(move |request| match request.path.as_str() {
            "/keys" => Reply::json(String::from_utf8(set.clone()).unwrap()),
            _ => Reply::json(
                json!({"issuer": issuer, "jwks_uri": "https://idp.example/keys"}).to_string(),
            ),
        })
        .unwrap();
        let mut discovery = json!({"cluster": "idp", "uri": "https://idp.example/.well-known/openid-configuration"});
        let mut corp = written.clone();
        if let Some(issuer) = corp.as_object_mut().unwrap().remove("document_issuer") {
            discovery["document_issuer"] = issuer;
        }
        corp["keys"] = json!({"discovery": discovery});
        let envoy =
            Envoy::with_filter("jwt-auth", json!({"providers": {"corp": corp}}).to_string())
                .cluster_at("idp", idp.port(), Protocol::Http1)
                .start();
        let expected = if fetched {
            "fetch.succeeded"
        } else {
            "fetch.failed.discovery"
        };
        wait::until("the fetch has ended", SOON, || stat(&envoy, expected) > 0);
        let is_warned = envoy.log().contains("no issuer is known");
        assert_eq!(is_warned, written == json!({}), "{written}");
    }
}
