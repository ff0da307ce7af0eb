//! The recipes of the README, as written.

use e2e::Envoy;
use e2e::token::{self, Token};
use serde_json::{Value, json};

/// Returns the configuration under this heading.
fn recipe(title: &str) -> Value {
    let readme = e2e::paths::workspace().join("filters/jwt-auth/README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, after) = readme.split_once(&format!("\n**{title}**")).unwrap();
    let (_, block) = after.split_once("```yaml\n").unwrap();
    let (yaml, _) = block.split_once("```").unwrap();
    e2e::yaml::parse(yaml).unwrap()
}

fn keys() -> Value {
    json!({"jwks": serde_json::from_str::<Value>(token::JWKS).unwrap()})
}

#[test]
fn a_login_page_and_the_way_back() {
    let mut config = recipe("A login page, and the way back.");
    config["providers"] = json!({"corp": {"keys": keys()}});
    let envoy = Envoy::with_filter("jwt-auth", config.to_string()).start();
    for (target, back) in [
        ("/shop?a=b&c=d", "%2Fshop%3Fa%3Db%26c%3Dd"),
        ("/%2Fevil.example", "%2F%252Fevil.example"),
        ("/a'b", "%2Fa%27b"),
    ] {
        let answer = envoy.get(target).send();
        assert_eq!(answer.status, 302, "{target}");
        let location = format!("https://login.example.com/?return={back}");
        assert_eq!(answer.header("location"), Some(&*location), "{target}");
    }
}

#[test]
fn the_sample_sends_browsers_to_a_login_page_and_serves_who_comes_back() {
    let envoy = Envoy::from_sample("jwt-auth-login").start();
    let get = |target: &str, cookie: &str| envoy.get(target).header("cookie", cookie).send();
    let token = Token::new("ES256").sign();
    for cookie in ["a=b", "session=forged", &format!("session={token}x")] {
        let answer = get("/shop?page=2", cookie);
        assert_eq!(answer.status, 302, "{cookie}");
        let login = "https://login.example.com/?return=%2Fshop%3Fpage%3D2";
        assert_eq!(answer.header("location"), Some(login), "{cookie}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{cookie}");
    }
    assert_eq!(get("/shop?page=2", &format!("session={token}")).status, 200);
    assert_eq!(get("/assets/logo.svg", "a=b").status, 200);
}

#[test]
fn an_mcp_server_behind_oauth() {
    let mut config = recipe("An MCP server behind OAuth.");
    config["providers"]["mcp"]["keys"] = keys();
    let envoy = Envoy::with_filter("jwt-auth", config.to_string()).start();
    let get = |path: &str, token: Option<&Token>| {
        let request = envoy.get(path).host("mcp.example.com:8443");
        match token {
            Some(token) => request.header("authorization", token.bearer()).send(),
            None => request.send(),
        }
    };
    let refused = get("/mcp", None);
    assert_eq!(refused.status, 401);
    let challenge = refused.header("www-authenticate").unwrap();
    let metadata = "https://mcp.example.com/.well-known/oauth-protected-resource";
    assert!(
        challenge.contains(&format!("resource_metadata=\"{metadata}\"")),
        "{challenge}"
    );
    let path = "/.well-known/oauth-protected-resource/mcp";
    assert_eq!(get(path, None).status, 200);
    let token = Token::new("ES256").claim("aud", json!("https://mcp.example.com"));
    assert_eq!(get("/mcp", Some(&token)).status, 403, "without the scope");
    let token = token.claim("scope", json!("mcp"));
    assert_eq!(get("/mcp", Some(&token)).status, 200);
}
