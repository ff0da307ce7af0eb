//! What becomes of a response.

use crate::policy::Policy;
use filter_kit::headers::{Edit, Headers, list_elements};

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

    /// The edit that adds the names that `present`, the header's values, do not hold yet.
    #[must_use]
    pub fn edit<'a>(self, present: impl Iterator<Item = &'a [u8]>) -> Option<Edit> {
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
        (!missing.is_empty()).then(|| {
            Edit::Set(
                "vary".to_owned(),
                [present, missing].concat().join(&b", "[..]),
            )
        })
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

    /// Whether there is anything to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The edits of a response with these headers.
    #[must_use]
    pub fn edits(&self, response: &Headers) -> Vec<Edit> {
        let mut edits = Vec::new();
        if let Cors::Replace(headers) = &self.cors {
            let replaced = |name: &str| headers.iter().any(|(n, _)| *n == name);
            edits.extend(
                CORS_HEADERS
                    .iter()
                    .filter(|name| response.contains(name) && !replaced(name))
                    .map(|name| Edit::Remove((*name).to_owned())),
            );
            edits.extend(
                headers
                    .iter()
                    .map(|(name, value)| Edit::Set((*name).to_owned(), value.clone())),
            );
        }
        edits.extend(self.vary.edit(response.all("vary")));
        edits
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
            let edit = plan.edit(present.iter().map(|value| value.as_bytes()));
            let expected = expected.map(|value| Edit::Set("vary".to_owned(), value.into()));
            assert_eq!(edit, expected, "{present:?}");
        }
    }

    #[test]
    fn the_upstreams_own_headers_are_replaced() {
        let mut response = headers(&[
            ("access-control-allow-origin", "*"),
            ("access-control-allow-origin", "https://evil.example"),
            ("access-control-allow-credentials", "true"),
            ("access-control-max-age", "9"),
            ("x-other", "stays"),
        ]);
        let plan = Plan {
            vary: Vary::Origin,
            cors: Cors::Replace(vec![(
                "access-control-allow-origin",
                b"https://app.example".to_vec(),
            )]),
        };
        response.apply(&plan.edits(&response));
        let expected = headers(&[
            ("access-control-allow-origin", "https://app.example"),
            ("x-other", "stays"),
            ("vary", "Origin"),
        ]);
        assert_eq!(response, expected);
    }

    #[test]
    fn a_plan_that_keeps_them_adds_nothing_but_vary() {
        let response = headers(&[("access-control-allow-origin", "*"), ("vary", "Origin")]);
        let plan = Plan {
            vary: Vary::Origin,
            cors: Cors::Keep,
        };
        assert_eq!(plan.edits(&response), []);
    }
}
