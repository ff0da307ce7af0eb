//! Claims of every type and form.

use super::*;

/// Creates a token with these claims, as written.
fn with(claims: &Value) -> Token {
    let mut token = corp();
    // Not with `claim`, which removes null values.
    token.claims.extend(claims.as_object().unwrap().clone());
    token
}

#[test]
fn present_asks_whether_a_claim_is_there_whatever_its_type() {
    let claim = |claim: Value, present: bool| json!({"provider": {"name": "a", "claims": [{"claim": claim, "present": present}]}});
    let envoy = envoy(
        &[("a", json!([bearer()]))],
        &[
            ("/act", claim(json!("act"), true)),
            ("/no-act", claim(json!("act"), false)),
            ("/act-sub", claim(json!(["act", "sub"]), true)),
            ("/no-act-sub", claim(json!(["act", "sub"]), false)),
        ],
        json!({}),
    );
    for (claims, act, act_sub) in [
        (json!({}), false, false),
        (json!({"acts": 1}), false, false),
        (json!({"act": {"sub": "svc"}}), true, true),
        (json!({"act": {"sub": {}}}), true, true),
        (json!({"act": {"sub": null}}), true, true),
        (json!({"act": {}}), true, false),
        (json!({"act": []}), true, false),
        (json!({"act": [{"sub": "svc"}]}), true, false),
        (json!({"act": [null]}), true, false),
        (json!({"act": null}), true, false),
        (json!({"act": ""}), true, false),
        (json!({"act": 0}), true, false),
        (json!({"act": false}), true, false),
    ] {
        let token = with(&claims).bearer();
        for (path, is_there, present) in [
            ("/act", act, true),
            ("/no-act", act, false),
            ("/act-sub", act_sub, true),
            ("/no-act-sub", act_sub, false),
        ] {
            let request = Client::http1().get(envoy.url(path));
            let status = request.header("authorization", &token).send().status;
            let expected = if is_there == present { 200 } else { 403 };
            assert_eq!(status, expected, "{path} {claims}");
        }
    }
    envoy.assert_vm_alive();
}

#[test]
fn a_time_that_has_not_come_makes_no_token_live_longer() {
    let envoy = envoy(
        &[("a", json!([bearer()]))],
        &[("/", of("a"))],
        json!({"providers": {"a": {"max_lifetime": "1h"}}}),
    );
    let now = token::now();
    let in_ten_years = now + 315_360_000;
    for (issued, expires, expected) in [
        (json!(now), now + 3600, 200),
        (json!(now - 1800), now + 1800, 200),
        (json!(now - 1800), now + 3600, 401),
        (json!(in_ten_years), in_ten_years + 3600, 401),
        (json!(in_ten_years), now + 7200, 401),
        (json!(in_ten_years), now + 1800, 200),
        (json!(1e300), in_ten_years, 401),
        (json!(now - 1800).clone(), in_ten_years, 401),
        (json!(-1), now + 1800, 401),
        (json!("0"), now + 1800, 401),
        (Value::Null, now + 1800, 200),
        (Value::Null, now + 7200, 401),
    ] {
        let token = corp()
            .claim("iat", issued.clone())
            .claim("exp", json!(expires));
        let request = Client::http1().get(envoy.url("/"));
        let status = request
            .header("authorization", token.bearer())
            .send()
            .status;
        assert_eq!(status, expected, "{issued} {expires}");
    }
    envoy.assert_vm_alive();
}

#[test]
fn white_space_at_an_end_of_a_claim_makes_it_nobody_else() {
    let mapped =
        json!([{"claim": "sub", "header": "x-sub"}, {"claim": "groups", "header": "x-groups"}]);
    let envoy = envoy(
        &[("a", json!([bearer()]))],
        &[("/", of("a"))],
        json!({"providers": {"a": {"claims_to_headers": mapped, "export": {"claims": ["sub"]}}}}),
    );
    for (sub, is_told) in [
        ("alice", true),
        ("al ice", true),
        (" alice", false),
        ("alice ", false),
        ("\talice", false),
        ("alice\t", false),
        ("\u{a0}alice", false),
        ("alice\u{a0}", false),
        ("alice\u{85}", false),
        ("\u{2003}alice", false),
        ("alice\u{3000}", false),
        ("\u{feff}alice", false),
        ("alice\u{200b}", false),
    ] {
        for (claims, header, value) in [
            (json!({"sub": sub}), "x-sub", sub.to_owned()),
            (
                json!({"groups": ["a", sub, "b"]}),
                "x-groups",
                format!("a,{sub},b"),
            ),
            (json!({"groups": [sub]}), "x-groups", sub.to_owned()),
        ] {
            let request = Client::http1().get(envoy.url("/")).header(header, "root");
            let echo = request
                .header("authorization", with(&claims).bearer())
                .send()
                .echo();
            let expected = is_told.then_some(value.as_str());
            assert_eq!(echo.header(header), expected, "{claims}");
        }
    }
    envoy.assert_vm_alive();
}
