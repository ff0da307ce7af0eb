//! The checks of a policy.

use super::RawPolicy;
use crate::policy::{Granted, Names, Origins, Policy, Unmatched};
use filter_kit::config::{At, Invalid};
use filter_kit::values::{Duration, HeaderName, is_token};
use std::rc::Rc;

impl RawPolicy {
    pub(super) fn build(self) -> Result<Policy, Invalid> {
        let matches = self.matches.unwrap_or_default().build().at("match")?;
        if self.allow_origins.is_none() && self.allow_origin_regexes.is_empty() {
            return Err(Invalid::new(
                "missing; name the origins that are allowed, or write [] to allow none",
            )
            .at("allow_origins"));
        }
        let credentials = self.allow_credentials;
        let origins = Origins::new(
            self.allow_origins.unwrap_or_default(),
            self.allow_origin_regexes,
        );
        if credentials {
            check_credentials(&origins, &self.expose_headers)?;
        }
        let max_age = self.max_age.map(whole_seconds).transpose()?;
        Ok(Policy {
            matches,
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
            unmatched: Unmatched {
                preflight: self.preflight.unmatched,
                origin: self.unmatched_origin,
            },
        })
    }
}

/// With credentials, a policy that allows every origin lets every page act for its visitor (Fetch, "CORS protocol and credentials").
fn check_credentials(origins: &Origins, expose: &[String]) -> Result<(), Invalid> {
    let place = "allow_credentials";
    if origins.any {
        return Err(Invalid::new(
            "true, while allow_origins has \"*\": every page could act for its visitor; name the origins",
        )
        .at(place));
    }
    if let Some(at) = origins
        .regexes
        .iter()
        .position(|regex| regex.fits_anything())
    {
        return Err(Invalid::new(format!(
            "true, while allow_origin_regexes[{at}] fits any origin: every page could act for its visitor; narrow it down"
        ))
        .at(place));
    }
    if let Some(at) = expose.iter().position(|name| name == "*") {
        return Err(Invalid::new(
            "with allow_credentials \"*\" would be the name of a header; list the headers",
        )
        .at_index("expose_headers", at));
    }
    Ok(())
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
