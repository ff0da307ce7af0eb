//! Changes to a response.

use crate::policy::{Granted, Policy};
use filter_kit::headers::{Headers, list_elements};
use filter_kit::response::Response;
use filter_kit::values::HeaderName;
use std::borrow::Cow;
use std::rc::Rc;

/// CORS headers that the upstream may have set itself, without `access-control-`.
const CORS_HEADERS: [&[u8]; 7] = [
    b"allow-origin",
    b"allow-credentials",
    b"allow-methods",
    b"allow-headers",
    b"allow-private-network",
    b"expose-headers",
    b"max-age",
];

/// The changes to a response.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// What caches have to distinguish.
    pub vary: Vary,
    /// The CORS headers of the response.
    pub cors: Cors,
}

/// The names that `vary` must contain (RFC 9110, section 12.5.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Vary {
    /// The answer is the same for every origin.
    #[default]
    Nothing,
    /// The answer depends on the origin.
    Origin,
    /// The answer depends on what a preflight requests.
    Preflight,
    /// Like `Preflight`, and also depends on whether private network access is requested.
    PrivateNetwork,
}

/// What happens to the CORS headers of a response.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cors {
    /// The upstream's headers are kept.
    #[default]
    Keep,
    /// All are removed, including the upstream's.
    Strip,
    /// The upstream's headers are replaced with these.
    Replace(Permissions),
}

/// The CORS headers of an allowed origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    /// The value of `access-control-allow-origin`.
    pub origin: Cow<'static, [u8]>,
    /// What else is granted.
    pub granted: Rc<Granted>,
}

impl Permissions {
    /// Iterates over the headers and their values.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        let granted = &*self.granted;
        let credentials = granted
            .credentials
            .then_some(("access-control-allow-credentials", &b"true"[..]));
        let expose = granted.expose.as_ref();
        let expose = expose.map(|names| ("access-control-expose-headers", names.as_bytes()));
        let timing = granted
            .timing
            .then_some(("timing-allow-origin", &*self.origin));
        let origin = ("access-control-allow-origin", &*self.origin);
        [Some(origin), credentials, expose, timing]
            .into_iter()
            .flatten()
    }
}

impl Vary {
    /// Returns the value of a new `vary` header.
    #[must_use]
    pub fn value(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Origin => "Origin",
            Self::Preflight => {
                "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
            }
            Self::PrivateNetwork => {
                "Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network"
            }
        }
    }

    /// Returns a value of `vary` that adds the missing names, including those of `chosen_by`, to
    /// the existing values `present`; `None` if no name is missing.
    #[must_use]
    pub fn added_to<'a>(
        self,
        present: impl Iterator<Item = &'a [u8]>,
        chosen_by: &[HeaderName],
    ) -> Option<Vec<u8>> {
        let mut values: Vec<&[u8]> = present.filter(|value| !value.is_empty()).collect();
        let has = |name: &&[u8]| {
            let mut elements = values.iter().flat_map(|value| list_elements(value));
            elements.any(|element| element == b"*" || element.eq_ignore_ascii_case(name))
        };
        let own = list_elements(self.value().as_bytes());
        let chosen_by = chosen_by.iter().map(|name| name.as_str().as_bytes());
        let missing: Vec<&[u8]> = own.chain(chosen_by).filter(|name| !has(name)).collect();
        if missing.is_empty() {
            return None;
        }
        values.extend(missing);
        Some(values.join(&b", "[..]))
    }
}

impl Plan {
    /// Returns the plan for a request without an origin, which may get a different answer from a
    /// request with one. If every origin is allowed, all requests get the same answer. Otherwise a
    /// cache could serve a page the response that an image request had received without permission.
    #[must_use]
    pub fn without_origin(policy: &Policy) -> Self {
        if policy.origins.any {
            Self {
                vary: Vary::Nothing,
                cors: Cors::Replace(Permissions {
                    origin: Cow::Borrowed(b"*"),
                    granted: Rc::clone(&policy.granted),
                }),
            }
        } else {
            Self {
                vary: Vary::Origin,
                cors: Cors::Keep,
            }
        }
    }

    /// Returns the plan for a request without permission: no CORS headers, not even the upstream's.
    #[must_use]
    pub fn strip(vary: Vary) -> Self {
        Self {
            vary,
            cors: Cors::Strip,
        }
    }

    /// Carries out the plan. The response also varies on `chosen_by`. If only `vary` changes, and
    /// the response has none, the other headers are not read.
    pub fn apply(&self, response: &mut Response, chosen_by: &[HeaderName]) {
        if !chosen_by.is_empty() {
            return response.edit(|headers| self.edit(headers, chosen_by));
        }
        match (&self.cors, self.vary) {
            (Cors::Keep, Vary::Nothing) => {}
            (Cors::Keep, vary) if !response.has("vary") => {
                response.set("vary", vary.value().as_bytes());
            }
            (Cors::Replace(permissions), vary) if !response.headers().iter().any(is_concerned) => {
                for (name, value) in permissions.iter() {
                    response.set_unseen(name, value);
                }
                if vary != Vary::Nothing {
                    response.set_unseen("vary", vary.value().as_bytes());
                }
            }
            _ => response.edit(|headers| self.edit(headers, &[])),
        }
    }

    #[inline(never)]
    fn edit(&self, headers: &mut Headers, chosen_by: &[HeaderName]) {
        if self.cors != Cors::Keep {
            headers.remove_if(is_cors_header);
        }
        if let Cors::Replace(permissions) = &self.cors {
            for (name, value) in permissions.iter() {
                headers.set(name, value);
            }
        }
        if let Some(value) = self.vary.added_to(headers.all("vary"), chosen_by) {
            headers.set("vary", &value);
        }
    }
}

/// Whether a plan may change this header.
fn is_concerned((name, _): (&[u8], &[u8])) -> bool {
    // The first letter rules out most headers.
    matches!(name.first(), Some(b'a' | b't' | b'v')) && is_name_concerned(name)
}

#[inline(never)]
fn is_name_concerned(name: &[u8]) -> bool {
    is_cors_header(name) || matches!(name, b"vary" | b"timing-allow-origin")
}

#[inline(never)]
fn is_cors_header(name: &[u8]) -> bool {
    name.strip_prefix(b"access-control-")
        .is_some_and(|rest| CORS_HEADERS.contains(&rest))
}

#[cfg(test)]
mod tests;
