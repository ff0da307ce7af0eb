//! The same tokens to Envoy's own `jwt_authn` and to jwt-auth, in one Envoy. The README of jwt-auth
//! lists the differences.

mod ask;
mod requests;
mod scenarios;
mod tokens;

use ask::{Case, ask, good};
use e2e::Response;
use e2e::token::forged;
use scenarios::both;
use std::collections::BTreeSet;

/// Returns the result of a request, in one line: what the client was told, or what the upstream got
/// in addition to what every request has.
fn seen(answer: &Response, tokens: &[String]) -> String {
    if answer.status != 200 {
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        let error = challenge
            .split_once("error=\"")
            .and_then(|(_, rest)| rest.split('"').next());
        return format!("{} {}", answer.status, error.unwrap_or("-"));
    }
    let echo = answer.echo();
    let mut fields: Vec<String> = echo
        .headers
        .iter()
        .filter_map(|(name, value)| {
            let name = name.to_ascii_lowercase();
            let ours = name.strip_prefix("n-").or(name.strip_prefix("o-"));
            let shown = ours.or([
                "authorization",
                "cookie",
                "x-token",
                "sec-websocket-protocol",
            ]
            .contains(&name.as_str())
            .then_some(name.as_str()));
            shown.map(|shown| format!("{shown}={value}"))
        })
        .collect();
    if !echo.query().is_empty() {
        fields.push(format!("?{}", echo.query()));
    }
    fields.sort_unstable();
    let line = ["200".to_owned()]
        .into_iter()
        .chain(fields)
        .collect::<Vec<_>>()
        .join(" ");
    tokens
        .iter()
        .fold(line, |line, token| line.replace(token, "TOKEN"))
}

#[test]
fn both_decide_alike_but_for_the_differences_that_the_readme_lists() {
    let readme =
        std::fs::read_to_string(e2e::paths::workspace().join("filters/jwt-auth/README.md"))
            .unwrap();
    let (_, differences) = readme.split_once("## Differences from").unwrap();
    let envoy = both();
    let minor = envoy.version().split('.').nth(1).unwrap();
    let is_before_1_40 = minor.parse::<u32>().unwrap() < 40;
    let (mut wrong, mut told) = (Vec::new(), BTreeSet::new());
    let cases = [
        tokens::tokens(),
        tokens::claims(),
        tokens::time(),
        requests::places(),
        requests::headers(),
        requests::requirements(),
    ];
    for case in cases.into_iter().flatten() {
        let Case {
            what,
            ask,
            native,
            ours,
            native_before_1_40,
            differences: reasons,
        } = case;
        let native_now = match native_before_1_40 {
            Some(before) if is_before_1_40 => before,
            _ => native,
        };
        let tokens: Vec<String> = ask
            .headers
            .iter()
            .map(|(_, value)| value.as_str())
            .chain([ask.path.as_str()])
            .flat_map(|text| text.split([' ', '=', ';', '&']))
            .filter(|word| word.starts_with("eyJ"))
            .map(str::to_owned)
            .collect();
        for (side, expected) in [("native", native_now), ("ours", ours)] {
            let seen = seen(&ask.send(&envoy, side), &tokens);
            if seen != expected {
                wrong.push(format!("{what}: {side}: {seen}"));
            }
        }
        let is_same = native == ours && native_before_1_40.is_none();
        assert_eq!(is_same, reasons.is_empty(), "{what}");
        told.extend(reasons.iter().copied());
    }
    let rows: BTreeSet<&str> = differences
        .lines()
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next())
        .filter(|row| !row.is_empty() && !row.starts_with('|'))
        .collect();
    assert_eq!(told, rows, "the rows of the README, and what was seen");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The complete responses, because the table above leaves out what always differs.
#[test]
fn both_refuse_in_their_own_words() {
    let envoy = both();
    for (ask, native, ours) in [
        (
            ask("/basic"),
            (
                "Jwt is missing",
                "Bearer realm=\"http://native.example.com/basic\"",
            ),
            ("A token is needed.\n", "Bearer realm=\"ours.example.com\""),
        ),
        (
            ask("/basic").bearer(&forged(&good().sign())),
            (
                "Jwt verification fails",
                "Bearer realm=\"http://native.example.com/basic\", error=\"invalid_token\"",
            ),
            (
                "The signature of the token is not valid.\n",
                "Bearer realm=\"ours.example.com\", error=\"invalid_token\", error_description=\"The signature of the token is not valid.\"",
            ),
        ),
    ] {
        for (side, (body, challenge)) in [("native", native), ("ours", ours)] {
            let answer = ask.send(&envoy, side);
            assert_eq!(
                (answer.text().as_str(), answer.header("www-authenticate")),
                (body, Some(challenge)),
                "{side}"
            );
        }
    }
}
