//! A headless Chromium, driven by the WebDriver protocol (<https://www.w3.org/TR/webdriver2/>).

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Client, ports, wait};

/// Timeout of a page, or of a script in it. A cold start of the browser takes seconds.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A browser with one window. Closed on drop.
pub struct Browser {
    driver: Child,
    session: String,
    client: Client,
    _profile: TempDir,
}

impl Browser {
    /// Starts `chromedriver`, which starts `chromium`, both from `PATH`, with an empty profile.
    ///
    /// # Errors
    /// If one of them is missing or does not start.
    pub fn start() -> Result<Self> {
        let port = ports::free()?;
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start chromedriver; on Debian: apt-get install chromium-driver")?;
        let profile = tempfile::tempdir()?;
        let mut browser = Self {
            driver,
            session: format!("http://127.0.0.1:{port}/session"),
            client: Client::http1().new_connections().timeout(TIMEOUT),
            _profile: profile,
        };
        let status = format!("http://127.0.0.1:{port}/status");
        wait::poll(TIMEOUT, || browser.client.get(&status).try_send().ok())
            .context("chromedriver does not answer")?;
        let profile = browser._profile.path().display();
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &format!("--user-data-dir={profile}"),
        ];
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "timeouts": {"script": 30_000},
            "goog:chromeOptions": {"args": arguments}}}});
        let created = browser.command("", &capabilities)?;
        let id = created["sessionId"]
            .as_str()
            .context("no session in the answer of chromedriver")?;
        browser.session = format!("{}/{id}", browser.session);
        Ok(browser)
    }

    /// Opens a page.
    ///
    /// # Errors
    /// If it does not load.
    pub fn open(&self, url: &str) -> Result<()> {
        self.command("/url", &json!({"url": url})).map(drop)
    }

    /// Runs the body of an `async` function in the page and returns its result.
    ///
    /// # Errors
    /// If it throws.
    pub fn run(&self, body: &str, arguments: &[Value]) -> Result<Value> {
        let script = format!(
            "const done = arguments[arguments.length - 1]; const given = Array.from(arguments).slice(0, -1);
             (async (...args) => {{ {body} }})(...given).then(value => done({{value}}), error => done({{error: String(error)}}));"
        );
        let result = self.command(
            "/execute/async",
            &json!({"script": script, "args": arguments}),
        )?;
        match result["error"].as_str() {
            Some(error) => bail!("{error}"),
            None => Ok(result["value"].clone()),
        }
    }

    fn command(&self, path: &str, parameters: &Value) -> Result<Value> {
        let answer = self
            .client
            .post(format!("{}{path}", self.session))
            .header("content-type", "application/json")
            .body(parameters.to_string())
            .try_send()?;
        let value = answer.json()["value"].clone();
        if answer.status != 200 {
            bail!("{path}: {value}");
        }
        Ok(value)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Closes the browser. The driver is ended after it, whatever it answered.
        let _ = self.client.request("DELETE", &self.session).try_send();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
