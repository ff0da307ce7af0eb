//! How tokens are removed from a request or forwarded.

use super::*;

fn with_sources(forward: bool) -> Envoy {
    let config = json!({"providers": {"corp": {
        "keys": {"jwks": jwks()},
        "forward_token": forward,
        "token_sources": [
            {"header": {"name": "authorization", "prefix": "Bearer "}},
            {"header": {"name": "x-token"}},
            {"query": {"name": "access_token"}},
            {"cookie": {"name": "session"}},
        ],
    }}});
    Envoy::with_filter("jwt-auth", config.to_string()).start()
}

/// A token in each source, and what is left of the request: path, cookie, `authorization`,
/// `x-token`.
#[test]
fn the_token_is_taken_out_of_where_it_stood_and_nothing_else() {
    let (takes_out, leaves_in) = (with_sources(false), with_sources(true));
    let t = Token::new("ES256").sign();
    let bearer = format!("Bearer {t}");
    for (what, path, headers, left) in [
        (
            "header",
            "/a?b=%20&c".to_owned(),
            vec![("authorization", bearer.clone())],
            ["/a?b=%20&c", "", "", ""],
        ),
        (
            "scheme in lower case",
            "/a".to_owned(),
            vec![("authorization", format!("bearer {t}"))],
            ["/a", "", "", ""],
        ),
        (
            "spaces",
            "/a".to_owned(),
            vec![("authorization", format!("Bearer   {t}"))],
            ["/a", "", "", ""],
        ),
        (
            "header without prefix",
            "/a".to_owned(),
            vec![
                ("x-token", t.clone()),
                ("authorization", "Basic YTpi".to_owned()),
            ],
            ["/a", "", "Basic YTpi", ""],
        ),
        (
            "query",
            format!("/a?b=%20&access_token={t}&&c"),
            vec![],
            ["/a?b=%20&&c", "", "", ""],
        ),
        (
            "query alone",
            format!("/a?access_token={t}"),
            vec![],
            ["/a", "", "", ""],
        ),
        (
            "query, its name encoded",
            format!("/a?access%5Ftoken={t}"),
            vec![],
            ["/a", "", "", ""],
        ),
        (
            "cookie",
            "/a".to_owned(),
            vec![("cookie", format!("a=1; session={t}; b=\"2\""))],
            ["/a", "a=1; b=\"2\"", "", ""],
        ),
        (
            "cookie alone",
            "/a".to_owned(),
            vec![("cookie", format!("session={t}"))],
            ["/a", "", "", ""],
        ),
        (
            "the same in every place",
            format!("/a?access_token={t}&x=y"),
            vec![
                ("authorization", bearer.clone()),
                ("x-token", t.clone()),
                ("cookie", format!("session={t}; a=1")),
            ],
            ["/a?x=y", "a=1", "", ""],
        ),
    ] {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        for (envoy, kept) in [(&takes_out, false), (&leaves_in, true)] {
            let request = envoy.get(&path);
            let echo = request.headers(headers.iter().copied()).send().echo();
            let sent = |name: &str| {
                headers
                    .iter()
                    .find(|(n, _)| *n == name)
                    .map_or("", |(_, v)| *v)
            };
            let expected = if kept {
                [
                    path.as_str(),
                    sent("cookie"),
                    sent("authorization"),
                    sent("x-token"),
                ]
            } else {
                left
            };
            let [cookie, authorization, x_token] = ["cookie", "authorization", "x-token"]
                .map(|name| echo.header(name).unwrap_or_default());
            assert_eq!(
                [echo.path.as_str(), cookie, authorization, x_token],
                expected,
                "{what}, kept: {kept}"
            );
        }
    }
}

// With `ignore_failure`, a token that could not be verified is removed from the request. If a rule
// requires nothing, no provider decides, and the request stays as it is.
#[test]
fn what_could_not_be_verified_is_taken_out_where_it_was_looked_at() {
    let envoy = promising();
    let good = Token::new("ES256");
    for (path, sent, received) in [
        ("/open", "Bearer of bad news", Some("Bearer of bad news")),
        ("/ignored", "Bearer of bad news", None),
        ("/ignored", &forged(&good.sign()), None),
        (
            "/ignored",
            &good.clone().claim("exp", json!(1)).bearer(),
            None,
        ),
        // Not a token for the provider's source.
        ("/ignored", "Basic YTpi", Some("Basic YTpi")),
    ] {
        let sent = if sent.starts_with("eyJ") {
            &format!("Bearer {sent}")
        } else {
            sent
        };
        let request = envoy.get(path);
        let echo = request.header("authorization", sent).send().echo();
        assert_eq!(echo.header("authorization"), received, "{path}: {sent}");
    }
}
