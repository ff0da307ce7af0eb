//! What a page of another origin, a sandboxed frame or another site does not get.

use super::{World, blocked};
use serde_json::{Value, json};

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

/// Returns what a sandboxed frame of the page gets: its origin, and whether it could read this.
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

/// Posts a form, which a page of any origin may do without a preflight, and returns what the
/// browser shows then.
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
    // Another site: a form, and a fetch that does not read the response, both with cookies.
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
    // An allowed origin.
    world.page_at("localhost");
    let answer = world.fetch(
        "/transfer",
        &json!({"method": "POST", "credentials": "include"}),
    );
    assert_eq!((answer["status"].clone(), posted()), (json!(200), 1));
    // The site itself, even if its pages hide their origin.
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
