//! Combined requirements.

use super::*;

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
        let mut request = envoy.get(path);
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
        // Two values in one place are refused with 400 `jwt_repeated`, whether or not Envoy joins
        // them. It joins these.
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
        let request = envoy.get(&path);
        let answer = request.headers(headers).send();
        assert_eq!(answer.status, expected, "{what}");
    }
}
