//! Quotas from a header, limits that allow nothing, key parts extracted from values and attributes,
//! annotations, and replies specific to a limit.

use super::{filter, get};
use e2e::{Client, Envoy, Response, tls};

fn on_both(config: &str, check: impl Fn(&Envoy, &Client)) {
    for (workers, client) in [
        (1, Client::http1()),
        (4, Client::http1()),
        (4, Client::http2()),
    ] {
        let envoy = Envoy::with_filter("rate-limit", config);
        let envoy = envoy.concurrency(workers).start();
        check(&envoy, &client);
    }
}

fn ask(client: &Client, envoy: &Envoy, path: &str, fields: &[(&str, &str)]) -> Response {
    let request = client.get(envoy.url(path));
    request.headers(fields.iter().copied()).send()
}

#[test]
fn a_header_gives_the_quota_up_to_a_maximum() {
    on_both(
        "limits: [{name: plan, key: [{header: x-user}], requests: {header: x-quota, default: 2, max: 4}, per: 1h}]",
        |envoy, client| {
            for (user, quota, passed) in [
                ("a", "3", 3),
                ("b", "?", 2),
                ("c", "1000000", 4),
                ("d", "0", 0),
            ] {
                let fields = [("x-user", user), ("x-quota", quota)];
                let answers = [(); 6].map(|()| ask(client, envoy, "/", &fields));
                let count = answers.iter().filter(|answer| answer.status == 200).count();
                assert_eq!(count, passed, "{quota}");
                let has_retry = answers[5].header("retry-after").is_some();
                assert_eq!(
                    has_retry,
                    quota != "0",
                    "waiting helps, but where none passes"
                );
            }
            let answer = ask(client, envoy, "/", &[("x-user", "e"), ("x-quota", "4")]);
            assert_eq!(
                answer.header("ratelimit-policy"),
                Some("\"plan\";q=4;w=3600")
            );
            assert_eq!(answer.header("x-ratelimit-limit"), Some("4"));
        },
    );
}

#[test]
fn a_limit_of_no_requests_refuses_all_and_may_have_a_reply_of_its_own() {
    on_both(
        "{limits: [{name: closed, match: {paths: [{prefix: /beta}]}, requests: 0, per: 1m,
            response: {status: 404, body: \"no ${limit.name}\", headers: [{name: x-limit, value: \"${limit.name}\"}]}},
            {name: open, match: {paths: [{prefix: /open}]}, requests: 1, per: 1h}]}",
        |envoy, client| {
            let closed = ask(client, envoy, "/beta", &[]);
            assert_eq!((closed.status, closed.text().as_str()), (404, "no closed"));
            assert_eq!(closed.header("x-limit"), Some("closed"));
            assert_eq!(closed.header("retry-after"), None);
            let open = [(); 2].map(|()| ask(client, envoy, "/open", &[]));
            assert_eq!(open.each_ref().map(|answer| answer.status), [200, 429]);
            assert_eq!(open[1].header("x-limit"), None);
        },
    );
    let reported = filter("{mode: report, limits: [{name: closed, requests: 0, per: 1m}]}");
    assert_eq!(get(&reported, "/", &[]).status, 200);
    assert_eq!(
        reported.stat("wasmcustom.rate_limit.reported.closed_total"),
        1
    );
}

#[test]
fn a_key_is_taken_out_of_a_value_so_that_its_spellings_share_a_bucket() {
    on_both(
        "limits: [{name: key, match: {paths: [{prefix: /k}]}, key: [{header: {name: authorization, regex: \"(?i:apikey) +(.+)\"}}], requests: 1, per: 1h},
            {name: tenant, match: {paths: [{prefix: /t}]}, key: [{path: {regex: \"/t/([^/]+)(?:/.*)?\"}}], requests: 1, per: 1h},
            {name: user, match: {paths: [{prefix: /u}]}, key: [{query: {name: id, regex: \"u([0-9]+)\"}}, {cookie: {name: s, regex: \"([^.]*)[.].*\"}}], requests: 1, per: 1h}]",
        |envoy, client| {
            let key = |value: &str| ask(client, envoy, "/k", &[("authorization", value)]).status;
            assert_eq!(["ApiKey a", "apikey  a", "APIKEY b", "Basic a", "Basic b"].map(key), [200, 429, 200, 200, 429]);
            let path = |path: &str| ask(client, envoy, path, &[]).status;
            assert_eq!(["/t/a/1", "/t/a/2", "/t/%61", "/t/b"].map(path), [200, 429, 429, 200]);
            let user = |path: &str, cookie: &str| ask(client, envoy, path, &[("cookie", cookie)]).status;
            assert_eq!(user("/u?id=u1", "s=a.x"), 200);
            assert_eq!(user("/u?id=u1", "s=a.y"), 429, "the same session with another signature");
            assert_eq!(user("/u?id=u2", "s=a.y"), 200);
        },
    );
}

#[test]
fn an_attribute_of_envoy_is_a_key() {
    let envoy = Envoy::with_filter(
        "rate-limit",
        "limits: [{name: a, key: [{property: xds.route_name}], requests: 1, per: 1h},
            {name: b, match: {paths: [{prefix: /none}]}, key: [{property: connection.requested_server_name}], missing_key: refuse, requests: 9, per: 1h}]",
    );
    let envoy = envoy
        .route("{name: admin, match: {prefix: /admin}, route: {cluster: upstream}}")
        .concurrency(4)
        .start();
    let status = |path| get(&envoy, path, &[]).status;
    assert_eq!(
        ["/admin", "/admin/x", "/", "/x"].map(status),
        [200, 429, 200, 429]
    );
    let envoy = filter(
        "limits: [{name: b, key: [{property: connection.requested_server_name}], missing_key: refuse, requests: 9, per: 1h}]",
    );
    assert_eq!(get(&envoy, "/", &[]).status, 400, "no TLS, no server name");
}

#[test]
fn the_server_name_and_the_clients_certificate_are_keys() {
    let cases = [
        (
            "requested_server_name",
            [("a.example", "other"), ("b.example", "other")],
        ),
        (
            "subject_peer_certificate",
            [("a.example", "other"), ("a.example", "idp")],
        ),
        (
            "dns_san_peer_certificate",
            [("a.example", "other"), ("a.example", "idp")],
        ),
    ];
    for (attribute, [first, second]) in cases {
        let limit = format!(
            "limits: [{{name: tls, key: [{{property: connection.{attribute}}}], missing_key: refuse, requests: 1, per: 1h}}]"
        );
        let envoy = Envoy::with_filter("rate-limit", limit).mutual_tls("idp");
        let envoy = envoy.start();
        let status = |(name, certificate)| {
            let client = tls::client(&envoy, name, Some(certificate));
            get(&client, "/", &[]).status
        };
        assert_eq!(
            [first, first, second, second].map(status),
            [200, 429, 200, 429],
            "{attribute}"
        );
    }
}

#[test]
fn the_upstream_is_told_what_a_request_exceeds_and_never_by_the_client() {
    on_both(
        "{exempt: [{paths: [{exact: /healthz}]}], limits: [
            {name: a, match: {paths: [{prefix: /a}]}, requests: 1, per: 1h, mode: annotate},
            {name: b, match: {paths: [{prefix: /a}]}, requests: 2, per: 1h, mode: annotate},
            {name: c, match: {paths: [{prefix: /c}]}, requests: 1, per: 1h}]}",
        |envoy, client| {
            let told = |path: &str| {
                let forged = [
                    "x-ratelimit-exceeded",
                    "X-Ratelimit-Exceeded",
                    "x_ratelimit_exceeded",
                    "x-ratelimit_exceeded",
                ];
                let request = client
                    .get(envoy.url(path))
                    .headers(forged.map(|name| (name, "forged")));
                let answer = request.send();
                assert_eq!((answer.status, answer.header("ratelimit")), (200, None));
                let echo = answer.echo();
                let fields = echo
                    .headers
                    .0
                    .iter()
                    .filter(|(name, _)| name.ends_with("exceeded"));
                fields
                    .map(|(name, value)| format!("{name}: {value}"))
                    .collect::<Vec<_>>()
            };
            assert_eq!(told("/a"), Vec::<String>::new());
            assert_eq!(told("/a"), ["x-ratelimit-exceeded: a"]);
            assert_eq!(told("/a"), ["x-ratelimit-exceeded: a, b"]);
            assert_eq!(told("/healthz"), Vec::<String>::new());
            assert_eq!(told("/other"), Vec::<String>::new());
            assert_eq!(envoy.stat("wasmcustom.rate_limit.annotated.a_total"), 2);
            assert_eq!(envoy.stat("wasmcustom.rate_limit.refused.a_total"), 0);
        },
    );
}

#[test]
fn what_cannot_work_is_refused_at_load_with_one_line() {
    for (limit, line) in [
        (
            "concurrent: 5, requests: 1, per: 1s",
            "rate-limit: limits[0].requests: is not valid with \"concurrent\"",
        ),
        (
            "requests: 1, per: 1s, charge: {status: []}",
            "rate-limit: limits[0].charge.status: must not be empty; omit the key to charge every answer",
        ),
        (
            "requests: {header: x-quota, default: 5, max: 4}, per: 1s",
            "rate-limit: limits[0].requests.default: 5 exceeds the maximum of 4",
        ),
        (
            "requests: 1, per: 1s, key: [{header: {name: a, regex: \"(\"}}]",
            "rate-limit: limits[0].key[0].header.regex: \"(\" is not a regular expression: unclosed group",
        ),
    ] {
        let envoy = Envoy::with_filter("rate-limit", format!("limits: [{{name: a, {limit}}}]"));
        let log = envoy.refuses().unwrap();
        assert!(log.contains(line), "{line}\n{log}");
    }
}
