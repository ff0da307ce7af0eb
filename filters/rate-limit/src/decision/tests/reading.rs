//! Readings of paths, and malformed hosts.

use super::*;

/// Returns a path with more readings than are examined.
fn endless() -> String {
    let path = "/a%2F%252F%25252F%2525252F%255C/;%3B%253B/..%2e/%252e.//x\\".repeat(4);
    assert!(request("GET", &path).build().readings().is_err());
    path
}

#[test]
fn a_limit_counts_any_reading_and_an_exemption_covers_all() {
    let world = World::new(
        r#"{"limits": [{"name": "login", "match": {"paths": [{"prefix": "/login"}]}, "requests": 1000, "per": "1h"}],
            "exempt": [{"paths": [{"exact": "/login/health"}]}, {"paths": [{"exact": "/login/ready"}]}, {"methods": ["OPTIONS"]}]}"#,
    );
    for (method, path, is_counted, is_exempt) in [
        ("GET", "/login", true, false),
        ("GET", "/login;jsessionid=A", true, false),
        ("GET", "//login", true, false),
        ("GET", "/%6cogin", true, false),
        ("GET", "/x/../login", true, false),
        ("GET", "/x%2f..%2flogin", true, false),
        ("GET", "/public", false, false),
        ("GET", "/public;jsessionid=A", false, false),
        ("GET", "/login/health", false, true),
        ("GET", "/login/%68ealth", false, true),
        ("GET", "/login/health;v=1", true, false),
        ("GET", "/login/ready/../health", true, false),
        ("OPTIONS", "/login;v=1", false, true),
    ] {
        let decision = world.decide(&request(method, path).build());
        assert_eq!(refused(&decision), None, "{path}");
        assert_eq!(decision.outcomes.len(), usize::from(is_counted), "{path}");
        assert_eq!(decision.verdict == Verdict::Exempt, is_exempt, "{path}");
    }
}

// A path with more than 64 readings is refused with 400 if the configuration looks at paths.
#[test]
fn a_path_with_too_many_readings_is_refused_where_it_decides() {
    let path = endless();
    for (method, limit, exempt, is_refused) in [
        ("GET", r#""match": {"paths": [{"prefix": "/a"}]}"#, "", true),
        ("GET", r#""key": [{"path": {}}]"#, "", true),
        (
            "GET",
            r#""cost": 1"#,
            r#"{"paths": [{"exact": "/h"}]}"#,
            true,
        ),
        (
            "GET",
            r#""match": {"methods": ["PUT"], "paths": [{"prefix": "/a"}]}"#,
            "",
            false,
        ),
        (
            "GET",
            r#""match": {"methods": ["PUT"]}, "key": [{"path": {}}]"#,
            "",
            false,
        ),
        ("GET", r#""key": [{"method": {}}]"#, "", false),
        (
            "OPTIONS",
            r#""key": [{"path": {}}]"#,
            r#"{"paths": [{"exact": "/h"}]}, {"methods": ["OPTIONS"]}"#,
            false,
        ),
    ] {
        let decide = |mode: &str| {
            // The mode is that of the filter, because this concerns no limit.
            let json = format!(
                r#"{{"mode": "{mode}", "limits": [{{"name": "a", "requests": 1, "per": "1h", "mode": "report", {limit}}}], "exempt": [{exempt}]}}"#
            );
            World::new(&json).decide(&request(method, &path).build())
        };
        let expected = is_refused.then_some((None, &Reason::AmbiguousPath));
        assert_eq!(refused(&decide("enforce")), expected, "{limit}");
        let reported = decide("report");
        assert_eq!(refused(&reported), None, "{limit}");
        assert_eq!(reported.incidents.ambiguous_path, is_refused, "{limit}");
    }
}

#[test]
fn in_report_mode_no_path_passes_a_limit_that_is_enforced_all_the_same() {
    let world = World::new(
        r#"{"mode": "report", "limits": [{"name": "a", "match": {"paths": [{"prefix": "/a"}]}, "key": [{"path": {}}],
            "requests": 1, "per": "1h", "mode": "enforce"}], "exempt": [{"paths": [{"exact": "/h"}]}]}"#,
    );
    let endless = request("GET", &endless()).build();
    assert_eq!(world.decide(&endless).verdict, Verdict::Pass);
    let second = world.decide(&endless);
    assert!(matches!(
        refused(&second),
        Some((Some(0), Reason::UsedUp { .. }))
    ));
}

// The configuration looks at hosts if a `match`, a key or a template uses one.
#[test]
fn a_malformed_host_is_refused_where_the_configuration_looks_at_hosts() {
    let limit = |rest: &str| format!(r#"{{"name": "a", "requests": 9, "per": "1h", {rest}}}"#);
    for (limit, exempt, is_refused) in [
        (limit(r#""match": {"hosts": ["a.example"]}"#), "", true),
        (
            limit(r#""match": {"headers": [{"name": "host", "exact": "a.example"}]}"#),
            "",
            true,
        ),
        (limit(r#""key": [{"host": {}}]"#), "", true),
        (limit(r#""key": [{"header": "host"}]"#), "", true),
        (limit(r#""cost": 1"#), r#"{"hosts": ["a.example"]}"#, true),
        (limit(r#""key": [{"header": "x-host"}]"#), "", false),
    ] {
        let decide = |mode: &str, host: &str| {
            let json =
                format!(r#"{{"mode": "{mode}", "limits": [{limit}], "exempt": [{exempt}]}}"#);
            World::new(&json).decide(&request("GET", "/").authority(host).build())
        };
        for host in ["a.example:x", "x@a.example", "a.example..", "a:80:80"] {
            let expected = is_refused.then_some((None, &Reason::MalformedHost));
            assert_eq!(refused(&decide("enforce", host)), expected, "{limit}");
            let reported = decide("report", host);
            assert_eq!(refused(&reported), None, "{limit}");
            assert_eq!(reported.incidents.malformed_host, is_refused, "{limit}");
        }
        assert_eq!(refused(&decide("enforce", "A.example.:80")), None);
    }
}
