//! The same requests to Envoy's own header mutation filter and to ours, in one Envoy. The README of
//! header-rewrite lists the differences.

use crate::common::*;
use e2e::{Reply, Response, Upstream};
use std::collections::BTreeSet;

/// The same settings for both, each in its own configuration, and the result of a request.
struct Case {
    what: &'static str,
    /// `mutations` of the native filter.
    native: &'static str,
    /// A rule of ours, without its `match`.
    ours: &'static str,
    headers: &'static [(&'static str, &'static str)],
    query: &'static str,
    /// What the upstream and the client get.
    seen: Seen,
    /// The first minor version of Envoy whose native filter has the option.
    since: u32,
}

enum Seen {
    Same(&'static str),
    /// The native result, ours, and the row of the README's table that explains the difference.
    Differ(&'static str, &'static str, &'static str),
}

use Seen::{Differ, Same};

const fn case(what: &'static str, native: &'static str, ours: &'static str, seen: Seen) -> Case {
    Case {
        what,
        native,
        ours,
        headers: &[],
        query: "",
        seen,
        since: 36,
    }
}

const A: &[(&str, &str)] = &[("x-a", "1"), ("x-a", "2")];

const MISSING: &str = "a value that cannot be made";
const ORDER: &str = "the order of query parameters";
const SPELLING: &str = "other spellings of a name";

const CASES: &[Case] = &[
    Case {
        headers: A,
        ..case(
            "add",
            "request_mutations: [{append: {header: {key: x-a, value: new}}}]",
            "request: [{add: {name: x-a, value: new}}]",
            Same("x-a=1 x-a=2 x-a=new"),
        )
    },
    Case {
        headers: A,
        ..case(
            "set",
            "request_mutations: [{append: {header: {key: x-a, value: new}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}}]",
            "request: [{set: {name: x-a, value: new}}]",
            Same("x-a=new"),
        )
    },
    Case {
        headers: A,
        ..case(
            "default where it is",
            "request_mutations: [{append: {header: {key: x-a, value: new}, append_action: ADD_IF_ABSENT}}]",
            "request: [{default: {name: x-a, value: new}}]",
            Same("x-a=1 x-a=2"),
        )
    },
    case(
        "default where it is not",
        "request_mutations: [{append: {header: {key: x-a, value: new}, append_action: ADD_IF_ABSENT}}]",
        "request: [{default: {name: x-a, value: new}}]",
        Same("x-a=new"),
    ),
    Case {
        headers: &[("x-a", "1")],
        ..case(
            "overwrite where it is",
            "request_mutations: [{append: {header: {key: x-a, value: new}, append_action: OVERWRITE_IF_EXISTS}}]",
            "request: [{replace: {name: x-a, regex: '^.*$', with: new}}]",
            Same("x-a=new"),
        )
    },
    case(
        "overwrite where it is not",
        "request_mutations: [{append: {header: {key: x-a, value: new}, append_action: OVERWRITE_IF_EXISTS}}]",
        "request: [{replace: {name: x-a, regex: '^.*$', with: new}}]",
        Same(""),
    ),
    Case {
        headers: A,
        ..case(
            "remove",
            "request_mutations: [{remove: x-a}]",
            "request: [{remove: {name: x-a}}]",
            Same(""),
        )
    },
    Case {
        headers: &[("x-a", "1"), ("x-a-b", "2"), ("x-c", "3")],
        ..case(
            "remove by prefix",
            "request_mutations: [{remove_on_match: {key_matcher: {prefix: x-a}}}]",
            "request: [{remove: {prefix: x-a}}]",
            Same("x-c=3"),
        )
    },
    Case {
        headers: &[("x-a", "1")],
        ..case(
            "in order",
            "request_mutations: [{append: {header: {key: x-b, value: '%REQ(x-a)%'}}}, {remove: x-a}, {append: {header: {key: x-a, value: '%REQ(x-b)%-2'}}}]",
            "request: [{copy: {from: x-a, to: x-b}}, {remove: {name: x-a}}, {copy: {from: x-b, to: x-a}}, {replace: {name: x-a, regex: '$', with: '-2'}}]",
            Same("x-a=1-2 x-b=1"),
        )
    },
    Case {
        headers: &[("x-a", "1")],
        ..case(
            "a value of the request",
            "request_mutations: [{append: {header: {key: x-b, value: '%REQ(:METHOD)%-%REQ(x-a)%'}}}]",
            "request: [{add: {name: x-b, value: '${request.method}-${request.header.x-a}'}}]",
            Same("x-a=1 x-b=GET-1"),
        )
    },
    Case {
        headers: &[("x-a", "forged")],
        ..case(
            "set to the value of a header that is missing",
            "request_mutations: [{append: {header: {key: x-a, value: '%REQ(x-b)%'}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}}]",
            "request: [{set: {name: x-a, value: '${request.header.x-b}'}}]",
            Differ("x-a=forged", "", MISSING),
        )
    },
    Case {
        headers: &[("x-a", "forged")],
        ..case(
            "set to a text around a header that is missing",
            "request_mutations: [{append: {header: {key: x-a, value: 'tenant-%REQ(x-b)%'}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}}]",
            "request: [{set: {name: x-a, value: 'tenant-${request.header.x-b}'}}]",
            Differ("x-a=tenant-", "", MISSING),
        )
    },
    Case {
        headers: &[("x_a", "forged"), ("x.a", "forged")],
        ..case(
            "set, and the client sends another spelling",
            "request_mutations: [{append: {header: {key: x-a, value: new}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}}]",
            "request: [{set: {name: x-a, value: new}}]",
            Differ("x-a=new x.a=forged x_a=forged", "x-a=new", SPELLING),
        )
    },
    Case {
        query: "?a=1&b=2&%61=3",
        ..case(
            "remove a parameter of the query",
            "query_parameter_mutations: [{remove: a}]",
            "request: [{query: {remove: {name: a}}}]",
            Same("?b=2"),
        )
    },
    Case {
        since: 38,
        query: "?b=2",
        ..case(
            "set a parameter of the query",
            "query_parameter_mutations: [{append: {record: {key: a, value: 'x y'}, action: OVERWRITE_IF_EXISTS_OR_ADD}}]",
            "request: [{query: {set: {name: a, value: 'x y'}}}]",
            Differ("?a=x%20y&b=2", "?b=2&a=x%20y", ORDER),
        )
    },
    Case {
        query: "?old",
        ..case(
            "answers",
            "response_mutations: [{append: {header: {key: x-r, value: new}}}, {remove: x-r-upstream}]",
            "response: [{add: {name: x-r, value: new}}, {remove: {name: x-r-upstream}}]",
            Same("?old > x-r=new x-r=old"),
        )
    },
    Case {
        query: "?status=404",
        ..case(
            "answers with an error",
            "response_mutations: [{append: {header: {key: x-r, value: '%RESPONSE_CODE%'}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}}]",
            "response: [{set: {name: x-r, value: '${response.status}'}}]",
            Same("?status=404 > x-r=404"),
        )
    },
];

/// Starts the native filter for one host, ours for the other; each case has its own path.
fn both(cases: &[&Case], upstream: &Upstream) -> Envoy {
    const TYPE: &str = "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3";
    let (mut rules, mut routes) = (Vec::new(), Vec::new());
    for (at, case) in cases.iter().enumerate() {
        let (native, ours) = (case.native, case.ours);
        rules.push(format!(
            "{{match: {{hosts: [ours.example.com], paths: [{{exact: /{at}}}]}}, {ours}}}"
        ));
        routes.push(format!(
            "{{match: {{path: /{at}}}, route: {{cluster: upstream}}, typed_per_filter_config: {{envoy.filters.http.header_mutation: \
             {{'@type': {TYPE}.HeaderMutationPerRoute, mutations: {{{native}}}}}}}}}"
        ));
    }
    Envoy::with_filter("header-rewrite", format!("rules: [{}]", rules.join(", ")))
        .native(format!(
            "{{name: envoy.filters.http.header_mutation, typed_config: {{'@type': {TYPE}.HeaderMutation}}}}"
        ))
        .virtual_host(format!(
            "{{name: native, domains: [native.example.com], routes: [{}]}}",
            routes.join(", ")
        ))
        .upstream(upstream)
        .start()
}

/// Returns what the upstream and the client got, as far as it is relevant to the case.
fn seen(upstream: &Upstream, path: &str, host: &str, answer: &Response) -> String {
    let joined = |mut fields: Vec<String>| {
        fields.sort_unstable();
        fields.join(" ")
    };
    let request = upstream.last_request().unwrap();
    let about = ["x-a", "x-a-b", "x_a", "x.a", "x-b", "x-c"];
    let sent = request.headers.iter();
    let mut line = joined(
        sent.filter(|(name, _)| about.contains(name))
            .map(|(name, value)| format!("{name}={value}"))
            .collect(),
    );
    if request.path_only() != path {
        line += &format!(" {}", request.path_only());
    }
    if request.authority != host {
        line += &format!(" {}", request.authority);
    }
    if !request.query().is_empty() {
        line += &format!(" ?{}", request.query());
    }
    let came = answer.headers.iter();
    let came: Vec<_> = came
        .filter(|(name, _)| ["x-r", "x-r-upstream"].contains(name))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    if !came.is_empty() {
        line += &format!(" > {}", joined(came));
    }
    line.trim_start().to_owned()
}

#[test]
fn both_edit_alike_but_for_the_differences_that_the_readme_lists() {
    let readme = e2e::paths::workspace().join("filters/header-rewrite/README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let upstream = Upstream::with(|request| {
        let status = request.query().strip_prefix("status=");
        let reply = Reply::new(status.map_or(200, |status| status.parse().unwrap()));
        match request.query() {
            "old" => reply.header("x-r", "old").header("x-r-upstream", "1"),
            _ => reply,
        }
    });
    let upstream = upstream.unwrap();
    let version = Envoy::with_no_filter().start();
    let minor: u32 = version
        .version()
        .split('.')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let cases: Vec<_> = CASES.iter().filter(|case| case.since <= minor).collect();
    let envoy = both(&cases, &upstream);
    let (mut wrong, mut reasons) = (Vec::new(), BTreeSet::new());
    for (at, case) in cases.iter().enumerate() {
        let (native, ours) = match case.seen {
            Same(both) => (both, both),
            Differ(native, ours, reason) => {
                assert_ne!(native, ours, "{}", case.what);
                reasons.insert(reason);
                (native, ours)
            }
        };
        for (side, expected) in [("native", native), ("ours", ours)] {
            let (path, host) = (format!("/{at}"), format!("{side}.example.com"));
            let request = envoy.get(&format!("{path}{}", case.query));
            let headers = case.headers.iter().copied();
            let answer = request.host(&host).headers(headers).send();
            let seen = seen(&upstream, &path, &host, &answer);
            if seen != expected {
                wrong.push(format!("{}: {side}: {seen:?}", case.what));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for reason in reasons {
        assert!(
            readme.contains(&format!("\n| {reason} | ")),
            "the README says nothing of {reason}"
        );
    }
}
