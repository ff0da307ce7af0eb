//! With credentials, a page that an attacker owns must not be allowed: it would act for whoever
//! visits it (Fetch standard, "CORS protocol and credentials").

use crate::origin::{ForeignOrigin, OriginPattern, OriginRegex};
use filter_kit::config::Invalid;

pub(super) fn check(
    patterns: &[OriginPattern],
    regexes: &[OriginRegex],
    expose: &[String],
) -> Result<(), Invalid> {
    for (at, pattern) in patterns.iter().enumerate() {
        if let Some(foreign) = pattern.foreign_origin() {
            return Err(refused(&foreign).at_index("allow_origins", at));
        }
    }
    for (at, regex) in regexes.iter().enumerate() {
        if let Some(foreign) = regex.foreign_origin() {
            return Err(refused(&foreign).at_index("allow_origin_regexes", at));
        }
    }
    match expose.iter().position(|name| name == "*") {
        Some(at) => Err(Invalid::new(
            "with allow_credentials, browsers take \"*\" for the name of a header; list the headers",
        )
        .at_index("expose_headers", at)),
        None => Ok(()),
    }
}

fn refused(foreign: &ForeignOrigin) -> Invalid {
    let reason = match foreign {
        ForeignOrigin::Null => "any page can make its origin null, in a sandboxed frame".to_owned(),
        ForeignOrigin::Example(origin) => {
            format!("it matches {origin}, an origin that anyone can have")
        }
        ForeignOrigin::Unknown => "the expression has too many alternatives to check".to_owned(),
    };
    Invalid::new(format!(
        "not valid with allow_credentials: {reason}; name the origins, or leave no choice in their domain"
    ))
}
