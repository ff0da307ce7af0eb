//! The checks of a policy.

use super::{RawPolicy, RawUnsafeMethods, UnmatchedUnsafe, credentials};
use crate::policy::{Granted, Guard, Looks, Names, Origins, Policy, Unmatched};
use filter_kit::config::{At, Invalid};
use filter_kit::matching::RawMatch;
use filter_kit::values::{Duration, HeaderName, is_token};
use std::rc::Rc;

impl RawPolicy {
    pub(super) fn build(self) -> Result<Policy, Invalid> {
        let matches = self.matches.unwrap_or_default();
        let looks = looks(&matches);
        let matches = matches.build().at("match")?;
        if self.allow_origins.is_none() && self.allow_origin_regexes.is_empty() {
            return Err(Invalid::new(
                "missing key; list the origins that are allowed, or write [] to allow none",
            )
            .at("allow_origins"));
        }
        let credentials = self.allow_credentials;
        let patterns = self.allow_origins.unwrap_or_default();
        if credentials {
            credentials::check(&patterns, &self.allow_origin_regexes, &self.expose_headers)?;
        }
        let origins = Origins::new(patterns, self.allow_origin_regexes);
        let guard = match self.unsafe_methods {
            Some(raw) => guard(&raw, &origins).at("unsafe_methods")?,
            None => None,
        };
        let max_age = self.max_age.map(whole_seconds).transpose()?;
        Ok(Policy {
            matches,
            looks,
            origins,
            methods: match self.allow_methods {
                Some(methods) => Names::methods(methods)?,
                None => Names::default_methods(),
            },
            headers: Names::headers("allow_headers", self.allow_headers)?,
            granted: Rc::new(Granted {
                credentials,
                expose: match Names::headers("expose_headers", self.expose_headers)? {
                    Names::Any => Some("*".to_owned()),
                    Names::These { list, .. } => (!list.is_empty()).then_some(list),
                },
                timing: self.timing_allow_origin,
            }),
            max_age: max_age.map(|seconds| seconds.to_string()),
            private_network: self.allow_private_network,
            preflight_status: self.preflight.status.0,
            guard,
            unmatched: Unmatched {
                preflight: self.preflight.unmatched,
                origin: self.unmatched_origin,
            },
        })
    }
}

fn guard(raw: &RawUnsafeMethods, origins: &Origins) -> Result<Option<Guard>, Invalid> {
    if raw.unmatched == UnmatchedUnsafe::Pass {
        return Ok(None);
    }
    if origins.any {
        return Err(Invalid::new(
            "never refuses anything, since allow_origins has \"*\"; list the origins",
        ));
    }
    Ok(Some(Guard {
        fetch_site: raw.fetch_site,
    }))
}

/// What of a request a match looks at, in `not` too.
fn looks(matches: &RawMatch) -> Looks {
    let mut looks = matches.not.as_deref().map(looks).unwrap_or_default();
    looks.at_method |= matches.methods.is_some();
    let headers = matches.headers.iter().flatten().map(|header| &header.name);
    // Caches tell hosts apart anyway.
    let headers = headers.filter(|name| name.as_str() != "host").cloned();
    looks.at_headers.extend(headers);
    looks
}

fn whole_seconds(age: Duration) -> Result<u64, Invalid> {
    if age.get().subsec_millis() == 0 {
        Ok(age.get().as_secs())
    } else {
        Err(
            Invalid::new("a fraction of a second; whole seconds are accepted, as 10m")
                .at("max_age"),
        )
    }
}

impl Names {
    fn methods(methods: Vec<String>) -> Result<Self, Invalid> {
        Self::checked("allow_methods", methods, |method| {
            let valid =
                is_token(method.as_bytes()) && !method.bytes().any(|b| b.is_ascii_lowercase());
            valid.then_some(method.clone()).ok_or_else(|| {
                let reason = format!(
                    "\"{method}\" is not a method; a token in upper case is accepted, or \"*\""
                );
                Invalid::new(reason)
            })
        })
    }

    fn headers(key: &str, names: Vec<String>) -> Result<Self, Invalid> {
        Self::checked(key, names, |name| {
            let name = HeaderName::new(name)?;
            Ok(name.as_str().to_owned())
        })
    }

    fn checked(
        key: &str,
        names: Vec<String>,
        check: impl Fn(&String) -> Result<String, Invalid>,
    ) -> Result<Self, Invalid> {
        let mut checked = Vec::with_capacity(names.len());
        let mut any = false;
        for (i, name) in names.iter().enumerate() {
            if name == "*" {
                any = true;
            } else {
                checked.push(check(name).at_index(key, i)?);
            }
        }
        Ok(if any { Self::Any } else { Self::these(checked) })
    }
}
