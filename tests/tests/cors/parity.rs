//! The same requests to Envoy's own CORS filter and to ours, in one Envoy. The README of cors lists
//! the differences.

use crate::common::APP;
use e2e::{Envoy, Response};

/// Starts native CORS for one host and ours for the other, with the same settings.
fn both() -> Envoy {
    let native = |name: &str, origins: &str, credentials: bool| {
        format!(
            r#"{{name: {name}, domains: [{name}.example.com], typed_per_filter_config: {{envoy.filters.http.cors: {{
                "@type": type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy,
                allow_origin_string_match: {origins}, allow_methods: "GET, PUT", allow_headers: "x-token", expose_headers: "x-request-id",
                max_age: "600", allow_credentials: {credentials}, allow_private_network_access: true, forward_not_matching_preflights: false}}}},
              routes: [{{match: {{path: /direct}}, direct_response: {{status: 204}}}}, {{match: {{path: /moved}}, redirect: {{path_redirect: /x}}}},
                {{match: {{prefix: /up}}, route: {{cluster: upstream}}}}]}}"#
        )
    };
    let ours = |name: &str| {
        format!(
            r#"{{name: {name}, domains: [{name}.example.com], routes: [{{match: {{path: /direct}}, direct_response: {{status: 204}}}},
                {{match: {{path: /moved}}, redirect: {{path_redirect: /x}}}}, {{match: {{prefix: /up}}, route: {{cluster: upstream}}}}]}}"#
        )
    };
    Envoy::with_no_filter()
        .native("{name: envoy.filters.http.cors, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors}}")
        .filter(
            "cors",
            r#"{"policies": [
                {"match": {"hosts": ["ours.example.com"]}, "allow_origins": ["https://app.example.com"], "allow_methods": ["GET", "PUT"],
                 "allow_headers": ["x-token"], "expose_headers": ["x-request-id"], "max_age": "600s", "allow_credentials": true,
                 "allow_private_network": true, "preflight": {"status": 200}},
                {"match": {"hosts": ["ours-any.example.com"]}, "allow_origins": ["*"], "allow_methods": ["GET", "PUT"],
                 "allow_headers": ["x-token"], "expose_headers": ["x-request-id"], "max_age": "600s",
                 "allow_private_network": true, "preflight": {"status": 200}}]}"#,
        )
        .virtual_host(native("native", r#"[{exact: "https://app.example.com"}]"#, true))
        .virtual_host(native("native-any", r#"[{exact: "*"}]"#, false))
        .virtual_host(ours("ours"))
        .virtual_host(ours("ours-any"))
        .start()
}

/// Returns what a browser looks at, in one line.
fn seen(answer: &Response) -> String {
    let mut fields: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| name.starts_with("access-control-") || *name == "vary")
        .map(|(name, value)| format!("{}={value}", name.trim_start_matches("access-control-")))
        .collect();
    fields.sort_unstable();
    format!("{} {}", answer.status, fields.join("; "))
}

struct Case {
    host: &'static str,
    method: &'static str,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    native: &'static str,
    ours: &'static str,
    /// The rows of the README's table of differences.
    differences: &'static [&'static str],
}

const VARY: &str = "`Vary`";
const CHECKED: &str = "method and headers of a preflight";
const STATUS: &str = "a preflight that is not allowed";
const NO_ROUTE: &str = "404, redirects, direct responses";
const UPSTREAM: &str = "the upstream's own CORS headers, origin not allowed";
const STAR: &str = "`*`";
const CASE: &str = "letter case and default port";
const EXPOSED: &str = "exposed headers in the answer to a preflight";

/// A simple request from the allowed origin.
const UP: Case = Case {
    host: "",
    method: "GET",
    path: "/up",
    headers: &[("origin", APP)],
    native: "200 allow-credentials=true; allow-origin=https://app.example.com; expose-headers=x-request-id",
    ours: "200 allow-credentials=true; allow-origin=https://app.example.com; expose-headers=x-request-id; vary=Origin",
    differences: &[VARY],
};

const CASES: &[Case] = &[
    Case {
        headers: &[],
        native: "200 ",
        ours: "200 vary=Origin",
        ..UP
    },
    UP,
    Case {
        method: "DELETE",
        ..UP
    },
    Case {
        headers: &[
            ("origin", APP),
            (
                "x-echo-set",
                "access-control-allow-origin: https://other.example",
            ),
        ],
        ..UP
    },
    Case {
        headers: &[
            ("origin", "https://evil.example"),
            ("x-echo-set", "access-control-allow-origin: *"),
        ],
        native: "200 allow-origin=*",
        ours: "200 vary=Origin",
        differences: &[UPSTREAM],
        ..UP
    },
    Case {
        headers: &[("origin", "https://APP.example.com:443")],
        native: "200 ",
        ours: "200 allow-credentials=true; allow-origin=https://APP.example.com:443; expose-headers=x-request-id; vary=Origin",
        differences: &[CASE],
        ..UP
    },
    Case {
        method: "OPTIONS",
        headers: &[
            ("origin", APP),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "x-token"),
        ],
        native: "200 allow-credentials=true; allow-headers=x-token; allow-methods=GET, PUT; allow-origin=https://app.example.com; expose-headers=x-request-id; max-age=600",
        ours: "200 allow-credentials=true; allow-headers=x-token; allow-methods=GET, PUT; allow-origin=https://app.example.com; max-age=600; vary=Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network",
        differences: &[VARY, EXPOSED],
        ..UP
    },
    Case {
        method: "OPTIONS",
        headers: &[
            ("origin", APP),
            ("access-control-request-method", "GET"),
            ("access-control-request-private-network", "true"),
        ],
        native: "200 allow-credentials=true; allow-headers=x-token; allow-methods=GET, PUT; allow-origin=https://app.example.com; allow-private-network=true; expose-headers=x-request-id; max-age=600",
        ours: "200 allow-credentials=true; allow-headers=x-token; allow-methods=GET, PUT; allow-origin=https://app.example.com; allow-private-network=true; max-age=600; vary=Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network",
        differences: &[VARY, EXPOSED],
        ..UP
    },
    Case {
        method: "OPTIONS",
        headers: &[("origin", APP), ("access-control-request-method", "DELETE")],
        native: "200 allow-credentials=true; allow-headers=x-token; allow-methods=GET, PUT; allow-origin=https://app.example.com; expose-headers=x-request-id; max-age=600",
        ours: "403 vary=Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network",
        differences: &[CHECKED],
        ..UP
    },
    Case {
        method: "OPTIONS",
        headers: &[
            ("origin", "https://evil.example"),
            ("access-control-request-method", "GET"),
        ],
        native: "200 allow-credentials=true; allow-headers=x-token; allow-methods=GET, PUT; max-age=600",
        ours: "403 vary=Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network",
        differences: &[STATUS],
        ..UP
    },
    Case {
        method: "OPTIONS",
        headers: &[("origin", APP), ("access-control-request-method", "")],
        ..UP
    },
    Case {
        path: "/none",
        native: "404 ",
        ours: "404 allow-credentials=true; allow-origin=https://app.example.com; expose-headers=x-request-id; vary=Origin",
        differences: &[NO_ROUTE],
        ..UP
    },
    Case {
        path: "/direct",
        native: "204 ",
        ours: "204 allow-credentials=true; allow-origin=https://app.example.com; expose-headers=x-request-id; vary=Origin",
        differences: &[NO_ROUTE],
        ..UP
    },
    Case {
        path: "/moved",
        native: "301 ",
        ours: "301 allow-credentials=true; allow-origin=https://app.example.com; expose-headers=x-request-id; vary=Origin",
        differences: &[NO_ROUTE],
        ..UP
    },
    Case {
        host: "-any",
        headers: &[],
        native: "200 ",
        ours: "200 allow-origin=*; expose-headers=x-request-id",
        differences: &[STAR],
        ..UP
    },
    Case {
        host: "-any",
        native: "200 allow-origin=https://app.example.com; expose-headers=x-request-id",
        ours: "200 allow-origin=*; expose-headers=x-request-id",
        differences: &[STAR],
        ..UP
    },
    Case {
        host: "-any",
        headers: &[("origin", "null")],
        native: "200 allow-origin=null; expose-headers=x-request-id",
        ours: "200 allow-origin=*; expose-headers=x-request-id",
        differences: &[STAR],
        ..UP
    },
];

#[test]
fn both_answer_alike_but_for_the_differences_that_the_readme_lists() {
    let readme =
        std::fs::read_to_string(e2e::paths::workspace().join("filters/cors/README.md")).unwrap();
    let (_, differences) = readme.split_once("## Differences from").unwrap();
    let envoy = both();
    for case in CASES {
        let ask = |side: &str| {
            let request = envoy
                .request(case.method, case.path)
                .host(&format!("{side}{}.example.com", case.host));
            seen(&request.headers(case.headers.iter().copied()).send())
        };
        let what = format!("{} {} {:?}", case.method, case.path, case.headers);
        assert_eq!(ask("native"), case.native, "native: {what}");
        assert_eq!(ask("ours"), case.ours, "ours: {what}");
        assert_eq!(
            case.native == case.ours,
            case.differences.is_empty(),
            "{what}"
        );
        for difference in case.differences {
            assert!(
                differences.contains(&format!("\n| {difference} |")),
                "the README does not list: {difference}"
            );
        }
    }
}
