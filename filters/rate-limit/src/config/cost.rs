//! Costs as written.

use super::number_or::{InPlaceOfNumber, NumberOr};
use crate::cost::{Cost, HeaderCost};
use filter_kit::config::Invalid;
use filter_kit::values::HeaderName;
use serde::Deserialize;

/// What a request costs: a number, or what a header says.
pub(super) type RawCost = NumberOr<RawHeaderCost>;

/// The header that says what a request costs: of the request, or of its answer.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawHeaderCost {
    /// The request header's name. Clients can set headers too: use one that you set or check.
    pub header: Option<HeaderName>,
    /// The response header's name: the answer is charged, not the request.
    pub response_header: Option<HeaderName>,
    /// The cost if the header is missing or is not a number; at least `min`. Default: 1 with
    /// `header`, 0 with `response_header`, or `min` if that is more.
    pub default: Option<u32>,
    /// The minimum cost of a request, whatever the header says. Default: 1 with `header`, 0 with
    /// `response_header`. With 0, a client that can set the header is not limited.
    pub min: Option<u32>,
}

impl InPlaceOfNumber for RawHeaderCost {
    const SHAPE: &'static str = "{\"header\": NAME, \"default\": NUMBER}";
}

pub(super) fn default() -> RawCost {
    NumberOr::Number(1)
}

pub(super) fn build(raw: RawCost) -> Result<Cost, Invalid> {
    let raw = match raw {
        NumberOr::Number(cost) => return Ok(Cost::Fixed(cost)),
        NumberOr::Object(raw) => raw,
    };
    let (name, is_response, usual) = match (raw.header, raw.response_header) {
        (Some(name), None) => (name, false, 1),
        (None, Some(name)) => (name, true, 0),
        _ => {
            return Err(Invalid::new(
                "write exactly one of: header, response_header",
            ));
        }
    };
    let cost = HeaderCost {
        name,
        default: raw.default.unwrap_or(usual.max(raw.min.unwrap_or(usual))),
        min: raw.min.unwrap_or(usual),
    };
    if cost.default < cost.min {
        let reason = format!("{} is less than \"min\", {}", cost.default, cost.min);
        return Err(Invalid::new(reason).at("default"));
    }
    Ok(if is_response {
        Cost::ResponseHeader(cost)
    } else {
        Cost::Header(cost)
    })
}
