//! Lua scripts with the same function, as a user would write them.

use serde_json::{Value, json};

use super::filter;

/// Sets and removes a request header, sets a response header. `COPY` is the number of the copy.
pub(crate) const HEADERS: &str = r#"
function envoy_on_request(handle)
  local headers = handle:headers()
  headers:replace("x-env", "prod")
  headers:remove("x-internal-COPY")
end
function envoy_on_response(handle)
  handle:headers():replace("x-frame-options", "DENY")
end
"#;

/// CORS for the same origins as [`super::ours`]'s.
pub(crate) const CORS: &str = r#"
local origins = {["https://app.example.com"] = true}
local methods = {GET = true, POST = true, PUT = true, DELETE = true}
local function allowed(origin)
  return origins[origin] or string.find(origin, "^https://[%w%.%-]+%.example%.org$") ~= nil
end
function envoy_on_request(handle)
  local headers = handle:headers()
  local origin = headers:get("origin")
  if not origin or not allowed(origin) then return end
  local method = headers:get("access-control-request-method")
  if method and headers:get(":method") == "OPTIONS" then
    local answer = {[":status"] = "204", ["vary"] = "origin, access-control-request-method, access-control-request-headers"}
    if methods[method] then
      answer["access-control-allow-origin"] = origin
      answer["access-control-allow-credentials"] = "true"
      answer["access-control-allow-methods"] = "GET, POST, PUT, DELETE"
      answer["access-control-allow-headers"] = "content-type, authorization"
      answer["access-control-max-age"] = "600"
    end
    handle:respond(answer, "")
    return
  end
  handle:streamInfo():dynamicMetadata():set("cors", "origin", origin)
end
function envoy_on_response(handle)
  local headers = handle:headers()
  local vary = headers:get("vary")
  if not vary then
    headers:replace("vary", "origin")
  elseif not string.find(string.lower(vary), "origin", 1, true) then
    headers:replace("vary", vary .. ", origin")
  end
  local kept = handle:streamInfo():dynamicMetadata():get("cors")
  if kept then
    headers:replace("access-control-allow-origin", kept["origin"])
    headers:replace("access-control-allow-credentials", "true")
    headers:replace("access-control-expose-headers", "x-request-id")
  end
end
"#;

/// A limit for each value of a header, as one worker can implement it: GCRA in a table, without
/// header fields in the response.
pub(crate) const RATE_LIMIT: &str = r#"
local interval = 60000 / 1000000
local tolerance = 60000
local arrivals = {}
function envoy_on_request(handle)
  local key = handle:headers():get("x-tenant") or ""
  local now = tonumber(handle:timestamp())
  local due = arrivals[key] or now
  if due < now then due = now end
  if due - now > tolerance then
    handle:respond({[":status"] = "429"}, "rate limited")
    return
  end
  arrivals[key] = due + interval
end
"#;

/// Creates the filter for a chain.
pub(crate) fn lua(copy: usize, script: &str) -> Value {
    let script = script.replace("COPY", &copy.to_string());
    filter(
        &format!("lua-{copy}"),
        "lua.v3.Lua",
        json!({"default_source_code": {"inline_string": script}}),
    )
}
