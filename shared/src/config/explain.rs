//! Serde's messages in the words of somebody who writes configurations.

use super::Invalid;

/// The path and a plain reason for what serde refused.
pub(super) fn explain(error: &serde_path_to_error::Error<serde_json::Error>) -> Invalid {
    let path = error.path().to_string();
    let invalid = Invalid::new(reword(&error.inner().to_string()));
    if path == "." {
        invalid
    } else {
        invalid.at(path)
    }
}

fn reword(message: &str) -> String {
    if let Some(rest) = message.strip_prefix("unknown field ") {
        return match rest.split_once(", expected ") {
            Some((_, expected)) => format!("unknown key; {}", accepted(expected)),
            None => "unknown key; no keys are accepted here".to_owned(),
        };
    }
    if let Some(rest) = message.strip_prefix("unknown variant ")
        && let Some((value, expected)) = rest.split_once(", expected ")
    {
        return format!(
            "\"{}\" is not accepted; {}",
            value.trim_matches('`'),
            accepted(expected)
        );
    }
    if let Some(field) = message.strip_prefix("missing field ") {
        return format!("missing key \"{}\"", field.trim_matches('`'));
    }
    for kind in ["invalid type: ", "invalid value: ", "invalid length "] {
        if let Some(rest) = message.strip_prefix(kind) {
            return format!("got {}", rest.replace('`', ""));
        }
    }
    message.to_owned()
}

/// "one of `a`, `b`" and its shorter forms as "one of: a, b".
fn accepted(expected: &str) -> String {
    let names = expected
        .trim_start_matches("one of ")
        .replace(" or ", ", ")
        .replace('`', "");
    format!("one of: {names}")
}
