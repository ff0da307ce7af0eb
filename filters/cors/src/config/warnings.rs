//! Warnings at load.

use super::RawPolicy;
use filter_kit::config::{Invalid, warn};

/// Logs what is valid and hardly meant: policies that no preflight matches, since browsers send few
/// headers with one and its method is not OPTIONS, and policies behind one that matches everything.
pub(super) fn log(policies: &[RawPolicy]) {
    for (at, policy) in policies.iter().enumerate() {
        let methods = policy.matches.as_ref().and_then(|m| m.methods.as_deref());
        if methods.is_some_and(|methods| methods.iter().all(|method| method == "OPTIONS")) {
            let reason = "the method of a preflight is the one that it asks for, so no preflight matches this policy; omit the key, or list those methods";
            warn(Invalid::new(reason).at(format_args!("policies[{at}].match.methods")));
        }
        if policy.matches.is_none() && at.saturating_add(1) < policies.len() {
            let reason = "matches every request, so no policy after it decides; put it last";
            warn(Invalid::new(reason).at(format_args!("policies[{at}]")));
        }
        let headers = policy.matches.iter().flat_map(|matches| &matches.headers);
        for (i, header) in headers.flatten().enumerate() {
            if header.present != Some(false) && !comes_with_preflights(header.name.as_str()) {
                let reason = format!(
                    "browsers do not send {} with preflights, so no preflight matches this policy",
                    header.name
                );
                warn(
                    Invalid::new(reason).at(format_args!("policies[{at}].match.headers[{i}].name")),
                );
            }
        }
    }
}

/// Fetch standard, "CORS-preflight fetch", and what proxies add.
fn comes_with_preflights(name: &str) -> bool {
    const NAMES: [&str; 8] = [
        "accept",
        "accept-encoding",
        "accept-language",
        "host",
        "origin",
        "referer",
        "user-agent",
        "via",
    ];
    const PREFIXES: [&str; 5] = [
        "access-control-request-",
        "sec-fetch-",
        "x-envoy-",
        "x-forwarded-",
        "x-request-id",
    ];
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
