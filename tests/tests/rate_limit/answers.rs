//! Limits that count responses: failed logins, costs in a response, responses that are not the
//! server's fault.

use super::get;
use e2e::{Client, Envoy, Load, Response};

/// The protocols and numbers of workers with which each claim is tested.
fn settings() -> [(u32, fn() -> Client); 3] {
    [(1, Client::http1), (4, Client::http1), (4, Client::http2)]
}

fn filter(workers: u32, config: &str) -> Envoy {
    let envoy = Envoy::with_filter("rate-limit", config);
    envoy.concurrency(workers).start()
}

fn ask(client: &Client, envoy: &Envoy, fields: &[(&str, &str)]) -> Response {
    let request = client.post(envoy.url("/login"));
    request.headers(fields.iter().copied()).send()
}

const FAILED_LOGINS: &str = "limits: [{name: failed-login, match: {paths: [{prefix: /login}]}, key: [{client_ip: {}}], requests: 5, per: 1m, \
     charge: {on: response, status: [401, 403]}}]";

#[test]
fn five_failed_logins_lock_the_sixth_try_and_successful_ones_never_do() {
    for (workers, client) in settings() {
        let envoy = filter(workers, FAILED_LOGINS);
        let load = Load::new(envoy.url("/login")).client(client());
        let result = load.total(2000).connections(16).run();
        assert_eq!(result.count(200), 2000, "{:?}", result.statuses);
        let client = client();
        for status in ["302", "404", "500", "503"] {
            let answer = ask(&client, &envoy, &[("x-echo-status", status)]);
            assert_eq!(answer.status.to_string(), status);
            assert_eq!(answer.header("x-ratelimit-remaining"), Some("5"));
        }
        for (status, left) in [
            ("401", "4"),
            ("403", "3"),
            ("401", "2"),
            ("401", "1"),
            ("401", "0"),
        ] {
            let answer = ask(&client, &envoy, &[("x-echo-status", status)]);
            assert_eq!(answer.status.to_string(), status, "{workers}");
            assert_eq!(answer.header("x-ratelimit-remaining"), Some(left));
        }
        let before = envoy.upstream().count();
        let locked = ask(&client, &envoy, &[]);
        assert_eq!((locked.status, envoy.upstream().count()), (429, before));
        let wait: u64 = locked.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=12).contains(&wait), "{wait}");
        assert_eq!(get(&envoy, "/other", &[]).status, 200);
    }
}

#[test]
fn the_refusal_of_a_filter_behind_it_is_a_failed_login() {
    let jwt = "providers: {a: {keys: {secret: {value: 0123456789abcdef0123456789abcdef, algorithm: HS256}}}}";
    let envoy = Envoy::with_filters(&[("rate-limit", FAILED_LOGINS), ("jwt-auth", jwt)]);
    let envoy = envoy.concurrency(4).start();
    let statuses = [(); 6].map(|()| ask(&Client::http1(), &envoy, &[]).status);
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429]);
}

#[test]
fn an_answer_says_what_it_cost_and_what_is_beyond_the_quota_is_owed() {
    for (workers, client) in settings() {
        let envoy = filter(
            workers,
            "limits: [{name: tokens, key: [{header: x-user}], requests: 1000, per: 1h, cost: {response_header: x-tokens}}]",
        );
        let client = client();
        let left = |user: &str, tokens: &str| {
            let set = format!("x-tokens: {tokens}");
            let answer = ask(&client, &envoy, &[("x-user", user), ("x-echo-set", &set)]);
            let left = answer.header("x-ratelimit-remaining").map(str::to_owned);
            (answer.status, left.unwrap_or_default())
        };
        assert_eq!(left("a", "900"), (200, "100".into()));
        assert_eq!(left("a", "none"), (200, "100".into()));
        assert_eq!(left("a", "600"), (200, "0".into()));
        assert_eq!(left("a", "1").0, 429);
        let refused = ask(&client, &envoy, &[("x-user", "a")]);
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        // 500 are owed, and then one has to be available: 501 of 3.6 s each.
        assert!((1795..=1804).contains(&wait), "{wait}");
        assert_eq!(left("b", "99999999999999999999"), (200, "0".into()));
        let refused = ask(&client, &envoy, &[("x-user", "b")]);
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!(
            (3595..=3604).contains(&wait),
            "at most a burst is owed: {wait}"
        );
    }
}

#[test]
fn answers_that_are_faults_of_the_server_may_be_left_out() {
    let envoy = filter(
        4,
        "limits: [{name: served, requests: 3, per: 1h, charge: {on: response, status: ['100-499']}}]",
    );
    let client = Client::http1();
    let with = |status| ask(&client, &envoy, &[("x-echo-status", status)]).status;
    assert_eq!([(); 10].map(|()| with("503")), [503; 10]);
    assert_eq!(["200", "404", "200", "200"].map(with), [200, 404, 200, 429]);
}

#[test]
fn in_report_mode_answers_are_charged_and_nobody_is_locked() {
    let envoy = filter(4, &format!("{{mode: report, {FAILED_LOGINS}}}"));
    let client = Client::http1();
    for _ in 0..8 {
        let answer = ask(&client, &envoy, &[("x-echo-status", "401")]);
        assert_eq!((answer.status, answer.header("ratelimit")), (401, None));
    }
    let stat = |name: &str| envoy.stat(&format!("wasmcustom.rate_limit.{name}.failed-login_total"));
    assert_eq!(
        [stat("passed"), stat("reported"), stat("refused")],
        [5, 3, 0]
    );
}

#[test]
fn the_sample_does_what_its_comments_say() {
    let envoy = Envoy::from_sample("rate-limit-answers").start();
    let client = Client::http1();
    let wrong = [("x-echo-status", "401")];
    let statuses = [(); 6].map(|()| ask(&client, &envoy, &wrong).status);
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429]);
    let chat = || {
        let request = client.get(envoy.url("/v1/chat/completions"));
        request.header("x-echo-set", "x-tokens-used: 6000").send()
    };
    let answers = [chat(), chat(), chat()];
    assert_eq!(
        answers.each_ref().map(|answer| answer.status),
        [200, 200, 429]
    );
    assert_eq!(answers[0].header("x-ratelimit-remaining"), Some("4000"));
    let policy = answers[0].header("ratelimit-policy").unwrap();
    assert_eq!(
        policy,
        "\"tokens\";q=10000;w=3600, \"chats-at-once\";q=5;qu=\"concurrent-requests\""
    );
}
