//! Floors: the host calls without which a filter cannot do its job.

use anyhow::Result;

use super::prices;
use super::requests::{ORIGIN, bearer};
use crate::chain::{Call, Floor, Map};

fn text(text: &str) -> String {
    text.to_owned()
}

fn set(map: Map, name: &str, value: &str) -> Call {
    Call::Set(map, text(name), text(value))
}

/// The floors, by what they do.
pub(crate) struct Floors {
    pub(super) idle: Floor,
    pub(super) headers: Floor,
    pub(super) cors: Floor,
    pub(super) no_origin: Floor,
    pub(super) preflight: Floor,
    pub(super) limit: Floor,
    pub(super) limit_with_fields: Floor,
    pub(super) cached: Floor,
    pub(super) rs256: Floor,
    pub(super) es256: Floor,
    pub(super) one_module: Floor,
    pub(super) prices: Vec<(&'static str, Floor)>,
}

impl Floors {
    /// Creates all floors. The calls for signatures use real tokens.
    pub(crate) fn new() -> Result<Self> {
        let floor = |name: &str, request: Vec<Call>, response: Vec<Call>| Floor {
            name: text(name),
            request,
            response: (!response.is_empty()).then_some(response),
            end: false,
        };
        let token = |argument: Option<Vec<u8>>| {
            let verify = argument.map(Call::Verify);
            let before = [Call::All(Map::Request), Call::Time]
                .into_iter()
                .chain(verify);
            before
                .chain([set(Map::Request, "x-jwt-sub", "alice")])
                .collect::<Vec<_>>()
        };
        let limit = vec![
            Call::All(Map::Request),
            Call::Time,
            Call::Shared(text("kit1/bench-floor/")),
        ];
        let add =
            |name: &str| Call::Add(Map::Response, text(name), text("\"tenant\";r=999999;t=1"));
        let fields = [
            add("ratelimit"),
            add("ratelimit-policy"),
            set(Map::Response, "x-ratelimit-limit", "1000000"),
            set(Map::Response, "x-ratelimit-remaining", "999999"),
            set(Map::Response, "x-ratelimit-reset", "1"),
        ];
        // The upstream's CORS headers are replaced, and `vary` is extended.
        let cors = [
            Call::All(Map::Response),
            set(Map::Response, "access-control-allow-origin", ORIGIN.1),
            set(Map::Response, "access-control-allow-credentials", "true"),
            set(
                Map::Response,
                "access-control-expose-headers",
                "x-request-id",
            ),
            set(Map::Response, "vary", "origin"),
        ];
        let edits = [
            set(Map::Request, "x-env", "prod"),
            Call::RemoveNumbered(text("x-internal-")),
        ];
        let frame = set(Map::Response, "x-frame-options", "DENY");
        Ok(Self {
            idle: floor("idle", vec![], vec![]),
            headers: floor(
                "headers",
                // A name to remove has other spellings that servers read as the same name, so all
                // names are examined.
                [&[Call::All(Map::Request)], &edits[..]].concat(),
                vec![frame.clone()],
            ),
            cors: floor(
                "cors",
                vec![Call::Get(Map::Request, text("origin"))],
                cors.to_vec(),
            ),
            no_origin: floor(
                "no-origin",
                vec![Call::Get(Map::Request, text("origin"))],
                vec![Call::Get(Map::Response, text("vary")), set(Map::Response, "vary", "origin")],
            ),
            preflight: floor(
                "preflight",
                vec![
                    Call::All(Map::Request),
                    Call::Reply(
                        [
                            ("access-control-allow-origin", ORIGIN.1),
                            ("access-control-allow-credentials", "true"),
                            ("access-control-allow-methods", "GET, POST, PUT, DELETE"),
                            ("access-control-allow-headers", "content-type, authorization"),
                            ("access-control-max-age", "600"),
                            ("vary", "origin, access-control-request-method, access-control-request-headers"),
                        ]
                        .map(|(name, value)| (text(name), text(value)))
                        .to_vec(),
                    ),
                ],
                vec![],
            ),
            limit_with_fields: floor(
                "limit-with-fields",
                limit.clone(),
                [&[Call::Get(Map::Response, text("ratelimit"))], &fields[..]].concat(),
            ),
            // The headers of the request are read once, and so are those of the response.
            one_module: floor(
                "one-module",
                [&limit[..], &[set(Map::Request, "x-jwt-sub", "alice")], &edits].concat(),
                [&cors[..], &fields, &[frame]].concat(),
            ),
            limit: floor("limit", limit, vec![]),
            cached: floor("cached", token(None), vec![]),
            rs256: floor("rs256", token(Some(signature("RS256", "test-rs256")?)), vec![]),
            es256: floor("es256", token(Some(signature("ES256", "test-es256")?)), vec![]),
            prices: prices::floors(),
        })
    }

    /// Returns the floor of a job.
    #[cfg(test)]
    pub(crate) fn of(&self, job: &str) -> Option<&Floor> {
        Some(match job {
            "header-rewrite" => &self.headers,
            "cors" => &self.cors,
            "cors-no-origin" => &self.no_origin,
            "cors-preflight" => &self.preflight,
            "rate-limit-both" => &self.limit_with_fields,
            "rate-limit-none" => &self.limit,
            "jwt-cached" => &self.cached,
            "jwt-rs256" => &self.rs256,
            "jwt-es256" => &self.es256,
            _ => return None,
        })
    }

    /// Returns all floors, to be compiled.
    pub(crate) fn all(&self) -> Vec<Floor> {
        let all = [
            &self.idle,
            &self.headers,
            &self.cors,
            &self.no_origin,
            &self.preflight,
            &self.limit,
            &self.limit_with_fields,
            &self.cached,
            &self.rs256,
            &self.es256,
            &self.one_module,
        ];
        let prices = self.prices.iter().map(|(_, floor)| floor);
        all.into_iter().chain(prices).cloned().collect()
    }
}

/// Returns a filter's argument of `verify_signature` for a token of this algorithm.
fn signature(algorithm: &str, kid: &str) -> Result<Vec<u8>> {
    crate::signature::argument(&bearer(algorithm, 0), kid)
}
