//! How a response is changed.

use crate::policy::Policy;
use filter_kit::headers::{Headers, list_elements};
use filter_kit::response::Response;

/// What an upstream may have said of CORS itself.
const CORS_HEADERS: [&str; 7] = [
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-allow-private-network",
    "access-control-expose-headers",
    "access-control-max-age",
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
    /// These take the place of the upstream's.
    Replace(Vec<(&'static str, Vec<u8>)>),
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
    pub fn value(self) -> String {
        self.names().join(", ")
    }

    /// The value of `vary` that has the names which `present`, the header's values, do not have yet; `None` where they have all.
    #[must_use]
    pub fn added_to<'a>(self, present: impl Iterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
        let present: Vec<&[u8]> = present.filter(|value| !value.is_empty()).collect();
        let has = |name: &str| {
            present
                .iter()
                .flat_map(|value| list_elements(value))
                .any(|element| element == b"*" || element.eq_ignore_ascii_case(name.as_bytes()))
        };
        let missing: Vec<&[u8]> = self
            .names()
            .iter()
            .filter(|name| !has(name))
            .map(|name| name.as_bytes())
            .collect();
        (!missing.is_empty()).then(|| [present, missing].concat().join(&b", "[..]))
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
            cors: Cors::Replace(Vec::new()),
        }
    }

    /// Carries it out. Where only `vary` changes, and the response has none, the other headers are not read.
    pub fn apply(&self, response: &mut Response) {
        if *self == Self::default() {
            return;
        }
        if self.cors == Cors::Keep && !response.has("vary") {
            response.set("vary", self.vary.value().as_bytes());
        } else {
            response.edit(|headers| self.edit(headers));
        }
    }

    fn edit(&self, headers: &mut Headers) {
        if let Cors::Replace(permissions) = &self.cors {
            headers.remove_if(|name| CORS_HEADERS.iter().any(|cors| cors.as_bytes() == name));
            for (name, value) in permissions {
                headers.set(name, value);
            }
        }
        if let Some(value) = self.vary.added_to(headers.all("vary")) {
            headers.set("vary", &value);
        }
    }
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
            cors: Cors::Replace(vec![(
                "access-control-allow-origin",
                b"https://app.example".to_vec(),
            )]),
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
