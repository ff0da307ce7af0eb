//! The checks of a redirect and of an answer.

use super::Context;
use super::raw::{RawRedirect, RawRespond};
use crate::answer::{Answer, Location};
use filter_kit::config::{At, Invalid};
use filter_kit::reply::RawReply;
use filter_kit::template::{Scope, Template};
use filter_kit::values::Status;

/// What a host in a location may be made of: no client chooses these, or they are the host that it
/// asked.
const HOSTS: [&str; 3] = ["request.host", "request.hostname", "request.header.host"];

impl RawRedirect {
    pub(super) fn build(self, context: Context<'_>, scope: Scope<'_>) -> Result<Answer, Invalid> {
        let status = match self.status.unwrap_or(308) {
            status @ (301 | 302 | 303 | 307 | 308) => status,
            other => {
                let reason = format!("{other} is not accepted; one of: 301, 302, 303, 307, 308");
                return Err(Invalid::new(reason).at("status"));
            }
        };
        let template = Template::parse(&self.location, scope, context.env).at("location")?;
        check_location(&self.location).at("location")?;
        let location = Location::new(template, self.location.starts_with('/'));
        Ok(Answer::Redirect { status, location })
    }
}

/// That the client cannot choose the host to which it is sent.
fn check_location(location: &str) -> Result<(), Invalid> {
    let refused = |reason: &str| Err(Invalid::new(format!("\"{location}\" {reason}")));
    if let Some(rest) = location.strip_prefix('/') {
        if rest.starts_with(['/', '\\']) {
            return refused("begins with two slashes; write the scheme before the host");
        }
        return Ok(());
    }
    if location.starts_with("${request.path}") || location.starts_with("${request.target}") {
        return Ok(());
    }
    let scheme = location.split_once("://").filter(|(scheme, _)| {
        let is_text = scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        *scheme == "${request.scheme}" || (is_text && !scheme.is_empty())
    });
    let Some((_, rest)) = scheme else {
        return refused(
            "is neither an URI nor a path; as \"https://${request.hostname}${request.target}\" or \"/login\"",
        );
    };
    let mut authority = rest;
    loop {
        if authority.is_empty() || authority.starts_with(['/', '?', '#']) {
            return Ok(());
        }
        match authority.strip_prefix("${") {
            None => {
                let end = authority
                    .find(['$', '/', '?', '#'])
                    .unwrap_or(authority.len());
                if end == 0 {
                    return refused("has an invalid host");
                }
                authority = authority.get(end..).unwrap_or_default();
            }
            Some(variable) => {
                let (name, after) = variable.split_once('}').unwrap_or((variable, ""));
                let name = name.trim();
                if ["request.path", "request.target"].contains(&name) {
                    return Ok(());
                }
                if !HOSTS.contains(&name) && !name.starts_with("env.") {
                    return refused(
                        "lets the client choose the host; before the path, use request.host, request.hostname and env.NAME only",
                    );
                }
                authority = after;
            }
        }
    }
}

impl RawRespond {
    pub(super) fn build(self, context: Context<'_>, scope: Scope<'_>) -> Result<Answer, Invalid> {
        let raw = RawReply {
            status: Some(self.status.unwrap_or(Status::constant(200))),
            body: self.body,
            headers: self.headers,
        };
        Ok(Answer::Respond(raw.build(scope, context.env)?))
    }
}
