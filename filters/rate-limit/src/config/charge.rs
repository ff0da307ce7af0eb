//! When a request is charged, as written.

use crate::cost::Cost;
use crate::limit::Charge;
use filter_kit::config::Invalid;
use filter_kit::values::StatusRange;
use serde::Deserialize;

/// When a request is charged.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "an object, as {on: response, status: [401]}"
)]
pub struct RawCharge {
    /// `request` or `response`. Default: `response` with `status` or `cost: {response_header: …}`,
    /// else `request`.
    pub on: Option<ChargeOn>,
    /// The statuses of answers that are charged, any of, such as `401` or `"500-599"`. Default:
    /// all. Only with `on: response`.
    pub status: Option<Vec<StatusRange>>,
}

/// When a request is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChargeOn {
    /// When it arrives.
    Request,
    /// When its answer arrives. The request passes while anything is left; if the answer costs more
    /// than that, the rest is owed, at most one `burst`.
    Response,
}

pub(super) fn build(raw: Option<RawCharge>, cost: &Cost) -> Result<Charge, Invalid> {
    let is_of_answer = matches!(cost, Cost::ResponseHeader(_));
    let (on, status) = raw.map_or((None, None), |raw| (raw.on, raw.status));
    match (on, &status) {
        (Some(ChargeOn::Request), Some(_)) => {
            return Err(Invalid::new("is only valid with on: response").at("status"));
        }
        (Some(ChargeOn::Request), None) if is_of_answer => {
            let reason = "request is not valid with cost.response_header";
            return Err(Invalid::new(reason).at("on"));
        }
        (Some(ChargeOn::Request), None) => return Ok(Charge::OnRequest),
        (None, None) if !is_of_answer => return Ok(Charge::OnRequest),
        _ => {}
    }
    if status.as_ref().is_some_and(Vec::is_empty) {
        let reason = "must not be empty; omit the key to charge every answer";
        return Err(Invalid::new(reason).at("status"));
    }
    let ranges = status.into_iter().flatten().map(|range| range.0);
    Ok(Charge::OnResponse(ranges.collect()))
}
