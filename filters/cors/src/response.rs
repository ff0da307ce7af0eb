//! How a response is changed.

use crate::policy::{Granted, Policy};
use filter_kit::headers::{Headers, list_elements};
use filter_kit::response::Response;
use std::borrow::Cow;
use std::rc::Rc;

/// What an upstream may have said of CORS itself: these, each after `access-control-`.
const CORS_HEADERS: [&[u8]; 7] = [
    b"allow-origin",
    b"allow-credentials",
    b"allow-methods",
    b"allow-headers",
    b"allow-private-network",
    b"expose-headers",
    b"max-age",
];

/// How a response is changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// What a cache has to tell apart.
    pub vary: Vary,
    /// Its CORS headers.
    pub cors: Cors,
}

/// The names that `vary` must hold (RFC 9110, section 12.5.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Vary {
    /// The answer is the same for every origin.
    #[default]
    Nothing,
    /// The answer depends on the origin.
    Origin,
    /// The answer depends on what a preflight asks for.
    Preflight,
}

/// The CORS headers of a response.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cors {
    /// Those of the upstream stay.
    #[default]
    Keep,
    /// There are none, not even the upstream's.
    Strip,
    /// These take the place of the upstream's.
    Replace(Permissions),
}

/// The CORS headers of an allowed origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    /// The value of `access-control-allow-origin`.
    pub origin: Cow<'static, [u8]>,
    /// What else it gets.
    pub granted: Rc<Granted>,
}

impl Permissions {
    /// The headers and their values.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        let timing = self.granted.timing;
        let timing = timing.then_some(("timing-allow-origin", &*self.origin));
        self.cors_headers().chain(timing)
    }

    /// Those among them that are among [`CORS_HEADERS`].
    fn cors_headers(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        let granted = &*self.granted;
        let credentials = granted
            .credentials
            .then_some(("access-control-allow-credentials", &b"true"[..]));
        let expose = granted.expose.as_ref();
        let expose = expose.map(|names| ("access-control-expose-headers", names.as_bytes()));
        let origin = ("access-control-allow-origin", &*self.origin);
        [Some(origin), credentials, expose].into_iter().flatten()
    }
}

impl Vary {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Nothing => &[],
            Self::Origin => &["Origin"],
            Self::Preflight => &[
                "Origin",
                "Access-Control-Request-Method",
                "Access-Control-Request-Headers",
            ],
        }
    }

    /// The value of a `vary` header of its own.
    #[must_use]
    pub fn value(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Origin => "Origin",
            Self::Preflight => {
                "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
            }
        }
    }

    /// The value of `vary` that has the names which `present`, the header's values, do not have yet; `None` where they have all.
    #[must_use]
    pub fn added_to<'a>(
        self,
        present: impl Iterator<Item = &'a [u8]>,
    ) -> Option<Cow<'static, [u8]>> {
        let mut present = present.filter(|value| !value.is_empty()).peekable();
        if self == Self::Nothing {
            return None;
        }
        if present.peek().is_none() {
            return Some(Cow::Borrowed(self.value().as_bytes()));
        }
        self.appended_to(present.collect())
    }

    #[inline(never)]
    fn appended_to(self, mut values: Vec<&[u8]>) -> Option<Cow<'static, [u8]>> {
        let has = |name: &&str| {
            let mut elements = values.iter().flat_map(|value| list_elements(value));
            elements.any(|element| element == b"*" || element.eq_ignore_ascii_case(name.as_bytes()))
        };
        let missing: Vec<&str> = self.names().iter().copied().filter(|n| !has(n)).collect();
        if missing.is_empty() {
            return None;
        }
        values.extend(missing.iter().map(|name| name.as_bytes()));
        Some(Cow::Owned(values.join(&b", "[..])))
    }
}

impl Plan {
    /// For a request without an origin: another request, with one, may get another answer.
    #[must_use]
    pub fn vary(policy: &Policy) -> Self {
        Self {
            vary: if policy.origins.vary() {
                Vary::Origin
            } else {
                Vary::Nothing
            },
            cors: Cors::Keep,
        }
    }

    /// For a request that gets no permission: no CORS headers, not even the upstream's.
    #[must_use]
    pub fn strip(vary: Vary) -> Self {
        Self {
            vary,
            cors: Cors::Strip,
        }
    }

    /// Carries it out. Where only `vary` changes, and the response has none, the other headers are not read.
    pub fn apply(&self, response: &mut Response) {
        match (&self.cors, self.vary) {
            (Cors::Keep, Vary::Nothing) => {}
            (Cors::Keep, vary) if !response.has("vary") => {
                response.set("vary", vary.value().as_bytes());
            }
            _ => response.edit(|headers| self.edit(headers)),
        }
    }

    #[inline(never)]
    fn edit(&self, headers: &mut Headers) {
        if self.cors != Cors::Keep {
            headers.remove_if(is_cors_header);
        }
        if let Cors::Replace(permissions) = &self.cors {
            // All of these are gone.
            for (name, value) in permissions.cors_headers() {
                headers.add(name, value);
            }
            if permissions.granted.timing {
                headers.set("timing-allow-origin", &permissions.origin);
            }
        }
        if let Some(value) = self.vary.added_to(headers.all("vary")) {
            headers.set("vary", &value);
        }
    }
}

fn is_cors_header(name: &[u8]) -> bool {
    // Most names are told apart by their first bytes.
    name.starts_with(b"acc")
        && name
            .strip_prefix(b"access-control-")
            .is_some_and(|rest| CORS_HEADERS.contains(&rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use filter_kit::testing::headers;

    #[test]
    fn vary_is_appended_and_never_doubled() {
        for (plan, present, expected) in [
            (Vary::Origin, &[][..], Some("Origin")),
            (
                Vary::Origin,
                &["accept-encoding"],
                Some("accept-encoding, Origin"),
            ),
            (Vary::Origin, &["a", "b"], Some("a, b, Origin")),
            (Vary::Origin, &["a, ORIGIN"], None),
            (Vary::Origin, &["a", "origin"], None),
            (Vary::Origin, &["*"], None),
            (Vary::Origin, &[""], Some("Origin")),
            (Vary::Origin, &["x-origin"], Some("x-origin, Origin")),
            (
                Vary::Preflight,
                &["origin"],
                Some("origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
            ),
            (Vary::Nothing, &["a"], None),
        ] {
            let value = plan.added_to(present.iter().map(|value| value.as_bytes()));
            assert_eq!(value.as_deref(), expected.map(str::as_bytes), "{present:?}");
        }
    }

    fn after(plan: &Plan, before: &[(&str, &str)]) -> Vec<String> {
        let mut response = Response::of(headers(before));
        plan.apply(&mut response);
        let line = |(name, value): (&[u8], &[u8])| {
            format!(
                "{}: {}",
                String::from_utf8_lossy(name),
                String::from_utf8_lossy(value)
            )
        };
        response.headers().iter().map(line).collect()
    }

    #[test]
    fn the_upstreams_own_headers_are_replaced() {
        let upstream = [
            ("access-control-allow-origin", "*"),
            ("access-control-allow-origin", "https://evil.example"),
            ("access-control-allow-credentials", "true"),
            ("access-control-max-age", "9"),
            ("x-other", "stays"),
        ];
        let plan = Plan {
            vary: Vary::Origin,
            cors: Cors::Replace(Permissions {
                origin: b"https://app.example".into(),
                granted: Rc::default(),
            }),
        };
        let expected = [
            "x-other: stays",
            "access-control-allow-origin: https://app.example",
            "vary: Origin",
        ];
        assert_eq!(after(&plan, &upstream), expected);
        let expected = ["x-other: stays", "vary: Origin"];
        assert_eq!(after(&Plan::strip(Vary::Origin), &upstream), expected);
    }

    #[test]
    fn a_plan_that_keeps_them_adds_nothing_but_vary() {
        let plan = Plan {
            vary: Vary::Origin,
            cors: Cors::Keep,
        };
        let own = "access-control-allow-origin: *";
        for (vary, expected) in [
            (&[("vary", "Origin")][..], "vary: Origin"),
            (&[("vary", "accept")], "vary: accept, Origin"),
            (&[], "vary: Origin"),
        ] {
            let upstream = [&[("access-control-allow-origin", "*")], vary].concat();
            assert_eq!(after(&plan, &upstream), [own, expected], "{vary:?}");
        }
        assert_eq!(after(&Plan::default(), &[]), [""; 0]);
    }
}
