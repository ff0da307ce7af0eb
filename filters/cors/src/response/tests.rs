use super::*;
use filter_kit::testing::headers;

#[test]
fn vary_is_appended_and_never_doubled() {
    for (plan, present, expected) in [
        (Vary::Origin, &[][..], Some("Origin")),
        (
            Vary::Origin,
            &["accept-encoding"],
            Some("accept-encoding, Origin"),
        ),
        (Vary::Origin, &["a", "b"], Some("a, b, Origin")),
        (Vary::Origin, &["a, ORIGIN"], None),
        (Vary::Origin, &["a", "origin"], None),
        (Vary::Origin, &["*"], None),
        (Vary::Origin, &[""], Some("Origin")),
        (Vary::Origin, &["x-origin"], Some("x-origin, Origin")),
        (
            Vary::Preflight,
            &["origin"],
            Some("origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
        ),
        (Vary::Nothing, &["a"], None),
    ] {
        let value = plan.added_to(present.iter().map(|value| value.as_bytes()), &[]);
        assert_eq!(value.as_deref(), expected.map(str::as_bytes), "{present:?}");
    }
}

#[test]
fn headers_that_choose_a_policy_are_in_vary_whatever_the_plan() {
    let chosen_by = [HeaderName::from_static("x-tier")];
    for (vary, before, expected) in [
        (Vary::Nothing, &[][..], Some("x-tier")),
        (
            Vary::Origin,
            &[("vary", "accept")],
            Some("accept, Origin, x-tier"),
        ),
        (Vary::Origin, &[("vary", "X-Tier")], Some("X-Tier, Origin")),
        (Vary::Nothing, &[("vary", "*")], Some("*")),
    ] {
        let plan = Plan {
            vary,
            cors: Cors::Keep,
        };
        let mut response = Response::of(headers(before));
        plan.apply(&mut response, &chosen_by);
        let value = response.headers().only("vary");
        assert_eq!(value, expected.map(str::as_bytes));
    }
}

fn after(plan: &Plan, before: &[(&str, &str)]) -> Vec<String> {
    let mut response = Response::of(headers(before));
    plan.apply(&mut response, &[]);
    let line = |(name, value): (&[u8], &[u8])| {
        format!(
            "{}: {}",
            String::from_utf8_lossy(name),
            String::from_utf8_lossy(value)
        )
    };
    response.headers().iter().map(line).collect()
}

#[test]
fn the_upstreams_own_headers_are_replaced() {
    let upstream = [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-origin", "https://evil.example"),
        ("access-control-allow-credentials", "true"),
        ("access-control-max-age", "9"),
        ("x-other", "stays"),
    ];
    let plan = Plan {
        vary: Vary::Origin,
        cors: Cors::Replace(Permissions {
            origin: b"https://app.example".into(),
            granted: Rc::default(),
        }),
    };
    let expected = [
        "x-other: stays",
        "access-control-allow-origin: https://app.example",
        "vary: Origin",
    ];
    assert_eq!(after(&plan, &upstream), expected);
    let expected = ["x-other: stays", "vary: Origin"];
    assert_eq!(after(&Plan::strip(Vary::Origin), &upstream), expected);
}

#[test]
fn a_plan_that_keeps_them_adds_nothing_but_vary() {
    let plan = Plan {
        vary: Vary::Origin,
        cors: Cors::Keep,
    };
    let own = "access-control-allow-origin: *";
    for (vary, expected) in [
        (&[("vary", "Origin")][..], "vary: Origin"),
        (&[("vary", "accept")], "vary: accept, Origin"),
        (&[], "vary: Origin"),
    ] {
        let upstream = [&[("access-control-allow-origin", "*")], vary].concat();
        assert_eq!(after(&plan, &upstream), [own, expected], "{vary:?}");
    }
    assert_eq!(after(&Plan::default(), &[]), [""; 0]);
}

#[test]
fn what_every_origin_may_read_does_not_vary() {
    let plan = Plan {
        vary: Vary::Nothing,
        cors: Cors::Replace(Permissions {
            origin: b"*".into(),
            granted: Rc::default(),
        }),
    };
    let star = "access-control-allow-origin: *";
    assert_eq!(after(&plan, &[]), [star]);
    assert_eq!(after(&plan, &[("vary", "accept")]), ["vary: accept", star]);
}
