//! cors as a page sees it: Chromium loads a page from one origin, the page calls the API on
//! another, and reports what it could read.

mod allowed;
mod blocked;

use e2e::{Envoy, Reply, Upstream, browser::Browser};
use serde_json::{Value, json};

/// Pages of `localhost` are allowed, whatever their port. Those of `127.0.0.1` have another origin,
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

    /// Opens a page on this host, with a cookie. Cookies do not depend on ports.
    fn page_at(&self, host: &str) {
        let url = format!("http://{host}:{}/", self.pages.port());
        self.browser.open(&url).unwrap();
        self.browser
            .run("document.cookie = 'session=abc';", &[])
            .unwrap();
    }

    /// Returns what `fetch` gives the page: status, the headers that it may read, and the request
    /// as received by the upstream; or the error.
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
