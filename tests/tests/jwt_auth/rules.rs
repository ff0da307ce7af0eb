//! Which requests need which tokens: rules, requirements, conditions on claims, preflights.

use e2e::token::{self, Token, forged};
use e2e::{Client, Envoy};
use serde_json::{Value, json};

fn jwks() -> Value {
    serde_json::from_str(token::JWKS).unwrap()
}

/// Two issuers with the same keys; rules by path, and whatever else.
fn envoy(rules: &[(&str, Value)], rest: Value) -> Envoy {
    let provider = |issuer: &str| json!({"issuer": issuer, "keys": {"jwks": jwks()}, "provider_header": "x-provider"});
    let rules: Vec<Value> = rules
        .iter()
        .map(|(path, require)| json!({"match": {"paths": [{"prefix": path}]}, "require": require}))
        .collect();
    let mut config = json!({
        "providers": {"corp": provider(token::ISSUER), "partner": provider("https://partner.example")},
        "rules": rules,
    });
    e2e::yaml::merge(&mut config, rest);
    Envoy::with_filter("jwt-auth", config.to_string())
        .start()
        .unwrap()
}

fn status(envoy: &Envoy, path: &str, token: Option<&str>) -> u16 {
    let request = Client::http1().get(envoy.url(path));
    match token {
        Some(token) => {
            request
                .header("authorization", format!("Bearer {token}"))
                .send()
                .status
        }
        None => request.send().status,
    }
}

fn corp() -> Token {
    Token::new("ES256")
}

fn partner() -> Token {
    corp().claim("iss", json!("https://partner.example"))
}

fn of(provider: &str) -> Value {
    json!({"provider": {"name": provider}})
}

#[test]
fn the_first_rule_that_matches_decides_and_without_one_any_provider_will_do() {
    let config = json!({
        "rules": [
            {"match": {"paths": [{"prefix": "/api/open"}]}, "require": "nothing"},
            {"match": {"paths": [{"prefix": "/api"}], "methods": ["POST"]}, "require": of("partner")},
            {"match": {"paths": [{"prefix": "/api"}]}, "require": of("corp")},
            {"match": {"paths": [{"prefix": "/api/never"}]}, "require": "nothing"},
        ],
    });
    let envoy = envoy(&[], config);
    let (corp, partner) = (corp().sign(), partner().sign());
    let stranger = Token::new("ES256")
        .claim("iss", json!("https://stranger.example"))
        .sign();
    for (path, none, with_corp, with_partner) in [
        ("/api/open/x", 200, 200, 200),
        ("/api/x", 401, 200, 401),
        ("/api/never", 401, 200, 401),
        ("/apis", 401, 200, 200),
        ("/", 401, 200, 200),
    ] {
        assert_eq!(status(&envoy, path, None), none, "{path}");
        assert_eq!(status(&envoy, path, Some(&corp)), with_corp, "{path}");
        assert_eq!(status(&envoy, path, Some(&partner)), with_partner, "{path}");
        let of_stranger = if none == 200 { 200 } else { 401 };
        assert_eq!(status(&envoy, path, Some(&stranger)), of_stranger, "{path}");
    }
    for (token, expected) in [(&corp, 401), (&partner, 200)] {
        let request = Client::http1().post(envoy.url("/api/x"));
        let answer = request
            .header("authorization", format!("Bearer {token}"))
            .send();
        assert_eq!(answer.status, expected);
    }
    envoy.assert_vm_alive();
}

#[test]
fn requirements_combine_as_the_readme_says() {
    let both = json!([of("corp"), of("partner")]);
    let rules = [
        ("/nothing", json!("nothing")),
        ("/any", json!({"any": both})),
        ("/all", json!({"all": both})),
        ("/optional", json!({"optional": of("corp")})),
        ("/ignore", json!({"ignore_failure": of("corp")})),
        (
            "/some",
            json!({"any": [of("corp"), {"all": [of("partner"), {"provider": {"name": "partner", "scopes": {"any": ["a"]}}}]}]}),
        ),
    ];
    let envoy = envoy(&rules, json!({}));
    let (good, other, bad) = (corp().sign(), partner().sign(), forged(&corp().sign()));
    let scoped = partner().claim("scope", json!("a")).sign();
    let seen = |path: &str, token: Option<&str>| {
        let mut request = Client::http1().get(envoy.url(path));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = request.send();
        match answer.status {
            200 => answer.echo().header("x-provider").unwrap_or("-").to_owned(),
            refused => refused.to_string(),
        }
    };
    for (path, none, with_good, with_other, with_bad) in [
        ("/nothing", "-", "-", "-", "-"),
        ("/any", "401", "corp", "partner", "401"),
        ("/all", "401", "401", "401", "401"),
        ("/optional", "-", "corp", "401", "401"),
        ("/ignore", "-", "corp", "-", "-"),
        ("/some", "401", "corp", "403", "401"),
    ] {
        assert_eq!(seen(path, None), none, "{path}, none");
        assert_eq!(seen(path, Some(&good)), with_good, "{path}, good");
        assert_eq!(seen(path, Some(&other)), with_other, "{path}, other");
        assert_eq!(seen(path, Some(&bad)), with_bad, "{path}, bad");
    }
    assert_eq!(seen("/some", Some(&scoped)), "partner");
    envoy.assert_vm_alive();
}

#[test]
fn all_tokens_of_a_provider_must_be_good_and_each_place_may_hold_one() {
    let sources = json!({"token_sources": [{"header": {"name": "authorization", "prefix": "Bearer "}}, {"header": {"name": "x-token"}},
        {"query": {"name": "jwt"}}, {"cookie": {"name": "session"}}]});
    let envoy = envoy(
        &[("/", of("corp"))],
        json!({"providers": {"corp": sources}}),
    );
    let (good, other) = (corp().sign(), corp().claim("sub", json!("bob")).sign());
    let bad = forged(&good);
    let (bearer, cookie, two_cookies) = (
        format!("Bearer {good}"),
        format!("session={other}"),
        format!("session={good}; session={good}"),
    );
    let bad_cookie = format!("session={bad}");
    for (what, path, headers, expected) in [
        ("one", "/".to_owned(), vec![("x-token", good.as_str())], 200),
        ("none", "/".to_owned(), vec![], 401),
        (
            "undeclared",
            format!("/?access_token={good}"),
            vec![("x-other", good.as_str())],
            401,
        ),
        (
            "two good ones",
            "/".to_owned(),
            vec![("authorization", &bearer), ("cookie", &cookie)],
            200,
        ),
        (
            "good and bad",
            "/".to_owned(),
            vec![("authorization", &bearer), ("cookie", &bad_cookie)],
            401,
        ),
        (
            "bad in the query",
            format!("/?jwt={bad}"),
            vec![("authorization", &bearer)],
            401,
        ),
        (
            "a header twice",
            "/".to_owned(),
            vec![("x-token", &good), ("x-token", &good)],
            400,
        ),
        (
            "a header twice, one empty",
            "/".to_owned(),
            vec![("x-token", &good), ("x-token", "")],
            400,
        ),
        // two values of one place are refused with 400 `jwt_repeated`,
        // joined by Envoy or not. Envoy joins these.
        (
            "authorization twice",
            "/".to_owned(),
            vec![("authorization", &bearer), ("authorization", &bearer)],
            400,
        ),
        (
            "another scheme beside a good one",
            "/".to_owned(),
            vec![("authorization", "Basic YTpi"), ("authorization", &bearer)],
            400,
        ),
        (
            "one value with commas, and a good one elsewhere",
            "/".to_owned(),
            vec![
                ("authorization", "Digest realm=\"a, b\", qop=auth, nc=1"),
                ("x-token", &good),
            ],
            200,
        ),
        (
            "a parameter twice",
            format!("/?jwt={good}&jwt={good}"),
            vec![],
            400,
        ),
        (
            "a parameter twice, once encoded",
            format!("/?jwt={good}&%6Awt={bad}"),
            vec![],
            400,
        ),
        (
            "a cookie twice",
            "/".to_owned(),
            vec![("cookie", &two_cookies)],
            400,
        ),
        (
            "two cookie headers",
            "/".to_owned(),
            vec![("cookie", &cookie), ("cookie", &cookie)],
            400,
        ),
        (
            "another scheme",
            "/".to_owned(),
            vec![("authorization", "Basic YTpi")],
            401,
        ),
        (
            "another scheme, and a good one",
            "/".to_owned(),
            vec![("authorization", "Basic YTpi"), ("x-token", &good)],
            200,
        ),
    ] {
        let request = Client::http1().get(envoy.url(&path));
        let answer = request.headers(headers).send();
        assert_eq!(answer.status, expected, "{what}");
    }
    envoy.assert_vm_alive();
}

#[test]
fn scopes_audiences_and_claims_are_asked_for_by_each_rule() {
    let requires = |what: Value| {
        let mut provider = json!({"name": "corp"});
        e2e::yaml::merge(&mut provider, what);
        json!({"provider": provider})
    };
    let claim = |condition: Value| requires(json!({"claims": [condition]}));
    let rules = [
        (
            "/all",
            requires(json!({"scopes": {"all": ["read", "write"]}})),
        ),
        (
            "/any",
            requires(json!({"scopes": {"any": ["read", "write"]}})),
        ),
        ("/aud", requires(json!({"audiences": ["admin-api"]}))),
        (
            "/in",
            claim(json!({"claim": "groups", "any_of": ["ops", "sre"]})),
        ),
        (
            "/exact",
            claim(json!({"claim": ["org", "id"], "exact": "42"})),
        ),
        ("/prefix", claim(json!({"claim": "mail", "prefix": "a@"}))),
        (
            "/suffix",
            claim(json!({"claim": "mail", "suffix": "@example.com"})),
        ),
        (
            "/contains",
            claim(json!({"claim": "mail", "contains": "@ex"})),
        ),
        (
            "/regex",
            claim(json!({"claim": "mail", "regex": "[a-z]+@example\\.com"})),
        ),
        ("/present", claim(json!({"claim": "mail", "present": true}))),
        ("/absent", claim(json!({"claim": "mail", "present": false}))),
    ];
    let envoy = envoy(
        &rules,
        json!({"providers": {"corp": {"audiences": ["api"]}}}),
    );
    let with = |claims: Value| {
        let mut token = corp();
        token.claims.extend(claims.as_object().unwrap().clone());
        token.sign()
    };
    let mail = |mail: &str| json!({"mail": mail});
    for (path, claims, expected) in [
        ("/all", json!({"scope": "write read"}), 200),
        ("/all", json!({"scp": ["read", "write"]}), 200),
        ("/all", json!({"scope": "read", "scp": "write"}), 200),
        ("/all", json!({"scope": "read"}), 403),
        ("/all", json!({"scope": "readwrite"}), 403),
        ("/any", json!({"scope": "read"}), 200),
        ("/any", json!({"scope": "reader"}), 403),
        ("/any", json!({}), 403),
        ("/aud", json!({"aud": "admin-api"}), 200),
        ("/aud", json!({"aud": ["x", "admin-api"]}), 200),
        ("/aud", json!({"aud": "api"}), 403),
        ("/in", json!({"groups": ["dev", "sre"]}), 200),
        ("/in", json!({"groups": "ops"}), 200),
        ("/in", json!({"groups": ["opsy"]}), 403),
        ("/exact", json!({"org": {"id": "42"}}), 200),
        ("/exact", json!({"org": {"id": 42}}), 200),
        ("/exact", json!({"org": {"id": [41, 42]}}), 200),
        ("/exact", json!({"org": {"id": 421}}), 403),
        ("/exact", json!({"org": "42"}), 403),
        ("/prefix", mail("a@example.com"), 200),
        ("/prefix", mail("b@example.com"), 403),
        ("/suffix", mail("a@example.com"), 200),
        ("/suffix", mail("a@example.com.evil"), 403),
        ("/contains", mail("a@example.com"), 200),
        ("/contains", mail("a@other.com"), 403),
        ("/regex", mail("abc@example.com"), 200),
        ("/regex", mail("abc@example.com.evil"), 403),
        ("/present", mail(""), 200),
        ("/present", json!({}), 403),
        ("/absent", json!({}), 200),
        ("/absent", mail("a"), 403),
    ] {
        assert_eq!(
            status(&envoy, path, Some(&with(claims.clone()))),
            expected,
            "{path} {claims}"
        );
    }
    envoy.assert_vm_alive();
}

#[test]
fn a_preflight_passes_and_nothing_that_only_looks_like_one() {
    let origin = ("origin", "https://a.example");
    let method = ("access-control-request-method", "PUT");
    for (bypass, preflight) in [
        (json!({}), 401),
        (json!({"bypass_cors_preflight": true}), 200),
    ] {
        let envoy = envoy(&[], bypass);
        for (verb, headers, expected) in [
            ("OPTIONS", vec![origin, method], preflight),
            ("OPTIONS", vec![origin], 401),
            ("OPTIONS", vec![method], 401),
            (
                "OPTIONS",
                vec![origin, ("access-control-request-method", "")],
                401,
            ),
            ("OPTIONS", vec![("origin", ""), method], 401),
            (
                "OPTIONS",
                vec![origin, ("access-control-request-method", "PUT, DELETE")],
                401,
            ),
            (
                "OPTIONS",
                vec![origin, method, ("access-control-request-method", "GET")],
                401,
            ),
            (
                "OPTIONS",
                vec![origin, ("access-control-request-method", "a/b")],
                401,
            ),
            ("GET", vec![origin, method], 401),
        ] {
            let answer = Client::http1()
                .request(verb, envoy.url("/"))
                .headers(headers.iter().copied())
                .send();
            assert_eq!(answer.status, expected, "{verb} {headers:?}");
        }
        // With a body it is a call in disguise.
        for client in [Client::http1(), Client::http2()] {
            let request = client.request("OPTIONS", envoy.url("/")).body("{}");
            let request = request.headers([origin, method, ("x-http-method-override", "DELETE")]);
            assert_eq!(request.send().status, 401);
        }
        let chunked = "OPTIONS / HTTP/1.1\r\nhost: a\r\norigin: https://a.example\r\naccess-control-request-method: PUT\r\n\
            transfer-encoding: chunked\r\n\r\n0\r\n\r\n";
        let answer = e2e::raw::send(envoy.address(), chunked).response();
        assert_eq!(answer.status, 401);
        let allowed = envoy.stat("wasmcustom.jwt_auth.allowed.preflight_total");
        assert_eq!(allowed, u64::from(preflight == 200));
        envoy.assert_vm_alive();
    }
}

#[test]
fn what_passed_is_counted_by_how_it_passed() {
    let rules = [
        ("/open", json!("nothing")),
        ("/optional", json!({"optional": of("corp")})),
        ("/needed", of("corp")),
    ];
    let envoy = envoy(&rules, json!({}));
    let token = corp().sign();
    for path in ["/open", "/optional", "/needed"] {
        assert_eq!(status(&envoy, path, Some(&token)), 200);
    }
    assert_eq!(status(&envoy, "/optional", None), 200);
    for (counter, expected) in [
        ("allowed.nothing_required_total", 1),
        ("allowed.token_total", 2),
        ("allowed.without_token_total", 1),
        ("provider.corp.allowed_total", 2),
        ("provider.partner.allowed_total", 0),
    ] {
        assert_eq!(
            envoy.stat(&format!("wasmcustom.jwt_auth.{counter}")),
            expected,
            "{counter}"
        );
    }
}

// claim: NAME chooses another, "templates".
#[test]
fn scopes_come_from_the_claim_that_is_named_and_conditions_may_look_at_the_request() {
    let condition = |claims: Value| json!({"provider": {"name": "corp", "claims": [claims]}});
    let rules = [
        (
            "/roles",
            json!({"provider": {"name": "corp", "scopes": {"any": ["ops", "dev"], "claim": ["realm_access", "roles"]}}}),
        ),
        (
            "/permissions",
            json!({"provider": {"name": "corp", "scopes": {"all": ["read", "write"], "claim": "permissions"}}}),
        ),
        (
            "/tenant",
            condition(json!({"claim": "tenant", "exact": "${request.header.x-tenant}"})),
        ),
        (
            "/case",
            condition(
                json!({"claim": "tenant", "exact": "${request.header.x-tenant}", "ignore_case": true}),
            ),
        ),
        (
            "/either",
            condition(json!({"claim": "tenant", "any_of": ["root", "${request.query.tenant}"]})),
        ),
        (
            "/price",
            condition(json!({"claim": "price", "exact": "$$5"})),
        ),
    ];
    let envoy = envoy(&rules, json!({}));
    let token = corp()
        .claim("realm_access", json!({"roles": ["ops"]}))
        .claim("permissions", json!("write read"))
        .claim("scope", json!("read"))
        .claim("tenant", json!("acme"))
        .claim("price", json!("$5"));
    for (path, tenants, claim, expected) in [
        ("/roles", &[][..], Value::Null, 200),
        (
            "/roles",
            &[],
            json!({"realm_access": {"roles": ["opss"]}, "scope": "ops"}),
            403,
        ),
        ("/permissions", &[], Value::Null, 200),
        (
            "/permissions",
            &[],
            json!({"permissions": "read", "scope": "write"}),
            403,
        ),
        ("/tenant", &["acme"], Value::Null, 200),
        ("/tenant", &["ACME"], Value::Null, 403),
        ("/tenant", &["other"], Value::Null, 403),
        ("/tenant", &["acme", "acme"], Value::Null, 403),
        ("/tenant", &[], Value::Null, 403),
        ("/tenant", &[], json!({"tenant": ""}), 403),
        ("/tenant", &[""], json!({"tenant": ""}), 403),
        ("/tenant", &["a"], json!({"tenant": ["b", "a"]}), 200),
        (
            "/tenant",
            &["12345678901234567890123"],
            json!({"tenant": 42}),
            403,
        ),
        ("/case", &["ACME"], Value::Null, 200),
        ("/either?tenant=acme", &[], Value::Null, 200),
        ("/either?tenant=other", &[], Value::Null, 403),
        ("/either", &[], json!({"tenant": "root"}), 200),
        ("/price", &[], Value::Null, 200),
    ] {
        let mut token = token.clone();
        for (name, value) in claim.as_object().into_iter().flatten() {
            token = token.claim(name, value.clone());
        }
        let mut request = Client::http1().get(envoy.url(path));
        for tenant in tenants {
            request = request.header("x-tenant", tenant);
        }
        let answer = request.header("authorization", token.bearer()).send();
        assert_eq!(answer.status, expected, "{path} {tenants:?} {claim}");
    }
    envoy.assert_vm_alive();
}

#[test]
fn an_issuer_is_one_of_a_list_or_matches_a_pattern_as_a_whole() {
    let issuers = json!({"providers": {"corp": {"keys": {"jwks": jwks()}, "issuers": [
        {"exact": "https://one.example"}, {"regex": "https://sts\\.example/[0-9a-f-]{36}/"}]}}});
    let envoy = Envoy::with_filter("jwt-auth", issuers.to_string())
        .start()
        .unwrap();
    let tenant = "https://sts.example/11111111-2222-3333-4444-555555555555/";
    for (issuer, expected) in [
        (json!("https://one.example"), 200),
        (json!(tenant), 200),
        (json!("https://one.example/"), 401),
        (json!(format!("{tenant}x")), 401),
        (json!(format!("https://evil.example/{tenant}")), 401),
        (
            json!("https://stsxexample/11111111-2222-3333-4444-555555555555/"),
            401,
        ),
        (Value::Null, 401),
    ] {
        let token = corp().claim("iss", issuer.clone()).sign();
        assert_eq!(status(&envoy, "/", Some(&token)), expected, "{issuer}");
    }
    envoy.assert_vm_alive();
}
