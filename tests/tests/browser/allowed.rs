//! What a page of an allowed origin can read.

use super::{POLICY, World, blocked};
use e2e::{Reply, Upstream};
use serde_json::{Value, json};

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

    // `*` gives no permission to a request with credentials.
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
