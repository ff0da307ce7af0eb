//! cors as a page sees it: Chromium loads a page from one origin, the page calls the API on
//! another, and tells what it could read.

use e2e::{Envoy, Reply, Upstream, browser::Browser};
use serde_json::{Value, json};

/// Pages of `localhost` are allowed, whatever their port; those of `127.0.0.1` are another origin,
/// and are not.
const POLICY: &str = r#"{"policies": [
    {"match": {"paths": [{"prefix": "/public"}]}, "allow_origins": ["*"], "expose_headers": ["*"]},
    {"allow_origins": ["http://localhost:*"], "allow_methods": ["GET", "POST", "DELETE"], "allow_headers": ["x-token", "content-type"],
     "expose_headers": ["x-request-id"], "allow_credentials": true, "max_age": "10m"}]}"#;

struct World {
    browser: Browser,
    api: Envoy,
    upstream: Upstream,
    pages: Upstream,
}

impl World {
    fn new() -> Self {
        Self::with(POLICY)
    }

    fn with(policies: &str) -> Self {
        Self::of(policies, Upstream::echo().unwrap())
    }

    fn of(policies: &str, upstream: Upstream) -> Self {
        let page = |_: &_| {
            Reply::new(200)
                .header("content-type", "text/html")
                .body("<!doctype html><title>page</title>")
        };
        Self {
            browser: Browser::start().unwrap(),
            api: Envoy::with_filter("cors", policies)
                .upstream(&upstream)
                .start(),
            upstream,
            pages: Upstream::with(page).unwrap(),
        }
    }

    /// Opens a page on this host, with a cookie; cookies know no ports.
    fn page_at(&self, host: &str) {
        let url = format!("http://{host}:{}/", self.pages.port());
        self.browser.open(&url).unwrap();
        self.browser
            .run("document.cookie = 'session=abc';", &[])
            .unwrap();
    }

    /// What `fetch` gives the page: status, the headers that it may read, and the request as the
    /// upstream saw it; or the error.
    fn fetch(&self, path: &str, options: &Value) -> Value {
        let url = format!("http://localhost:{}{path}", self.api.address().port());
        let body = "try {
                const answer = await fetch(args[0], args[1]);
                const text = await answer.text();
                return {status: answer.status, headers: Object.fromEntries(answer.headers), body: text};
            } catch (error) { return {error: error.name}; }";
        self.browser
            .run(body, &[json!(url), options.clone()])
            .unwrap()
    }
}

fn blocked() -> Value {
    json!({"error": "TypeError"})
}

#[test]
fn a_page_reads_what_its_origin_may_read() {
    let world = World::new();
    world.page_at("localhost");

    let simple = world.fetch(
        "/simple",
        &json!({"headers": {"x-echo-set": "x-request-id: 7"}}),
    );
    assert_eq!(
        simple,
        blocked(),
        "x-echo-set is a header that needs permission"
    );

    let simple = world.fetch("/simple", &json!({}));
    assert_eq!(simple["status"], 200);
    let seen: Value = serde_json::from_str(simple["body"].as_str().unwrap()).unwrap();
    assert_eq!(seen["method"], "GET");
    assert!(!simple["body"].as_str().unwrap().contains("session=abc"));

    let custom = json!({"method": "POST", "headers": {"x-token": "1", "content-type": "application/json"}, "body": "{}"});
    let preflighted = world.fetch("/custom", &custom);
    assert_eq!(preflighted["status"], 200);
    assert!(preflighted["body"].as_str().unwrap().contains("x-token"));

    let deleted = world.fetch("/item", &json!({"method": "DELETE"}));
    assert_eq!(deleted["status"], 200);

    let put = world.fetch("/item", &json!({"method": "PUT"}));
    assert_eq!(put, blocked(), "a method that is not allowed");
    let header = world.fetch("/item", &json!({"headers": {"x-other": "1"}}));
    assert_eq!(header, blocked(), "a header that is not allowed");

    let paths: Vec<String> = world
        .upstream
        .requests()
        .iter()
        .map(|request| format!("{} {}", request.method, request.path))
        .collect();
    assert_eq!(
        paths,
        ["GET /simple", "POST /custom", "DELETE /item"],
        "no preflight and nothing refused reached the upstream"
    );
    for (counter, count) in [
        ("preflight.allowed", 2),
        ("preflight.refused.header", 2),
        ("preflight.refused.method", 1),
        ("request.allowed", 3),
    ] {
        assert_eq!(
            world.api.stat(&format!("wasmcustom.cors.{counter}_total")),
            count,
            "{counter}"
        );
    }
}

#[test]
fn credentials_go_along_and_exposed_headers_come_back() {
    let world = World::new();
    world.page_at("localhost");
    let answer = world.fetch("/mine", &json!({"credentials": "include"}));
    assert_eq!(answer["status"], 200);
    assert!(answer["body"].as_str().unwrap().contains("session=abc"));

    // `*` permits nothing to a request with credentials.
    let public = world.fetch("/public", &json!({"credentials": "include"}));
    assert_eq!(public, blocked());
    let public = world.fetch("/public", &json!({}));
    assert_eq!(public["status"], 200);
}

#[test]
fn a_page_reads_the_headers_that_are_exposed_and_no_others() {
    let upstream = Upstream::with(|_| {
        Reply::new(200)
            .header("x-request-id", "7")
            .header("x-secret", "hidden")
            .header("access-control-expose-headers", "x-secret")
    })
    .unwrap();
    let world = World::of(POLICY, upstream);
    world.page_at("localhost");
    let answer = world.fetch("/mine", &json!({}));
    assert_eq!(answer["headers"]["x-request-id"], "7");
    assert_eq!(answer["headers"].get("x-secret"), None);
    let answer = world.fetch("/public", &json!({}));
    assert_eq!(answer["headers"]["x-secret"], "hidden");
}

#[test]
fn a_page_of_another_origin_reads_nothing_but_what_is_public() {
    let world = World::new();
    world.page_at("127.0.0.1");
    for options in [
        json!({}),
        json!({"credentials": "include"}),
        json!({"method": "DELETE"}),
        json!({"headers": {"x-token": "1"}}),
    ] {
        assert_eq!(world.fetch("/mine", &options), blocked(), "{options}");
    }
    let requests = world.upstream.requests();
    assert!(
        requests.iter().all(|request| request.method == "GET"),
        "no DELETE got through"
    );
    assert_eq!(world.fetch("/public", &json!({}))["status"], 200);
}

#[test]
fn a_sandboxed_frame_has_the_origin_null_which_only_a_star_allows() {
    let world = World::new();
    world.page_at("localhost");
    for (path, expected) in [("/mine", "blocked"), ("/public", "read")] {
        assert_eq!(
            from_frame(&world, path),
            json!(["null", expected]),
            "{path}"
        );
    }
}

/// What a sandboxed frame of the page gets: its origin, and whether it could read this.
fn from_frame(world: &World, path: &str) -> Value {
    let url = format!("http://localhost:{}{path}", world.api.address().port());
    let frame = "const frame = document.createElement('iframe');
        frame.sandbox = 'allow-scripts';
        frame.srcdoc = `<script>fetch('${args[0]}').then(() => parent.postMessage('read', '*'), () => parent.postMessage('blocked', '*'))</script>`;
        const told = new Promise(resolve => addEventListener('message', event => resolve([event.origin, event.data]), {once: true}));
        document.body.append(frame);
        return await told;";
    world.browser.run(frame, &[json!(url)]).unwrap()
}

#[test]
fn a_page_reads_what_an_image_without_an_origin_brought_into_the_cache() {
    let upstream = Upstream::with(|_| {
        Reply::new(200)
            .header("content-type", "image/gif")
            .header("cache-control", "max-age=600")
            .body("GIF89a\u{1}\u{0}\u{1}\u{0}\u{0}\u{0}\u{0};")
    })
    .unwrap();
    let world = World::of(POLICY, upstream);
    world.page_at("localhost");
    let url = format!(
        "http://localhost:{}/public/image",
        world.api.address().port()
    );
    let load = "const image = new Image();
        const loaded = new Promise(resolve => { image.onload = image.onerror = resolve; });
        image.src = args[0];
        document.body.append(image);
        await loaded;
        return true;";
    world.browser.run(load, &[json!(url)]).unwrap();
    assert_eq!(
        world.fetch("/public/image", &json!({"cache": "force-cache"}))["status"],
        200
    );
    let origins: Vec<bool> = world
        .upstream
        .requests()
        .iter()
        .map(|request| request.header("origin").is_some())
        .collect();
    assert_eq!(origins, [false], "the fetch came from the cache");
}

#[test]
fn a_page_reads_the_answer_to_a_method_that_needs_no_preflight() {
    let world = World::with(
        r#"{"policies": [{"allow_origins": ["http://localhost:*"], "allow_methods": ["PUT"]}]}"#,
    );
    world.page_at("localhost");
    for (method, expected) in [
        ("GET", true),
        ("HEAD", true),
        ("POST", true),
        ("PUT", true),
        ("DELETE", false),
    ] {
        let answer = world.fetch("/", &json!({"method": method}));
        assert_eq!(answer["status"] == 200, expected, "{method}: {answer}");
    }
}

#[test]
fn the_policy_of_a_preflight_is_that_of_the_method_it_asks_for() {
    let world = World::with(
        r#"{"policies": [
            {"match": {"methods": ["PUT"]}, "allow_origins": ["http://localhost:*"], "allow_methods": ["PUT"]},
            {"match": {"methods": ["DELETE"]}, "allow_origins": ["http://127.0.0.1:*"], "allow_methods": ["DELETE"]}]}"#,
    );
    for (host, method, expected) in [
        ("localhost", "PUT", true),
        ("localhost", "DELETE", false),
        ("127.0.0.1", "DELETE", true),
    ] {
        world.page_at(host);
        let answer = world.fetch("/", &json!({"method": method}));
        assert_eq!(
            answer["status"] == 200,
            expected,
            "{host} {method}: {answer}"
        );
    }
}

/// Posts a form, as a page of any origin may without asking, and tells what the browser shows then.
const FORM: &str = "const form = document.createElement('form');
    form.method = 'POST';
    form.action = args[0];
    form.target = 'answer';
    const frame = document.createElement('iframe');
    frame.name = 'answer';
    const loaded = new Promise(resolve => { frame.onload = resolve; });
    document.body.append(frame, form);
    await loaded.catch(() => {});
    const answered = new Promise(resolve => { frame.onload = resolve; });
    form.submit();
    await answered;
    return true;";

#[test]
fn a_guard_refuses_what_another_site_makes_the_browser_send() {
    let world = World::with(
        r#"{"policies": [{"allow_origins": ["http://localhost:*"], "allow_credentials": true,
            "unsafe_methods": {"unmatched": "refuse", "fetch_site": true}}]}"#,
    );
    let port = world.api.address().port();
    let posted = || {
        let requests = world.upstream.requests();
        requests
            .iter()
            .filter(|request| request.method == "POST")
            .count()
    };
    // Another site: a form, and a fetch that asks for no answer, both with cookies.
    world.page_at("127.0.0.1");
    let url = json!(format!("http://localhost:{port}/transfer"));
    world.browser.run(FORM, std::slice::from_ref(&url)).unwrap();
    let no_cors =
        json!({"method": "POST", "mode": "no-cors", "credentials": "include", "body": "to=evil"});
    let _ = world.fetch("/transfer", &no_cors);
    assert_eq!(posted(), 0);
    assert_eq!(
        world
            .api
            .stat("wasmcustom.cors.request.refused.unsafe_origin_total"),
        2
    );
    // An origin that is allowed.
    world.page_at("localhost");
    let answer = world.fetch(
        "/transfer",
        &json!({"method": "POST", "credentials": "include"}),
    );
    assert_eq!((answer["status"].clone(), posted()), (json!(200), 1));
    // The site itself, also where its pages hide their origin.
    for policy in ["same-origin", "no-referrer"] {
        world
            .browser
            .open(&format!("http://localhost:{port}/page"))
            .unwrap();
        let options = json!({"method": "POST", "referrerPolicy": policy});
        assert_eq!(
            world.fetch("/transfer", &options)["status"],
            200,
            "{policy}"
        );
    }
    assert_eq!(posted(), 3);
}
