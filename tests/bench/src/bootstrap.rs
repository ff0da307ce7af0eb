//! Envoy's bootstrap, with a listener for each chain.

use serde_json::{Map, Value, json};

/// A listener and its chain.
#[derive(Clone, Default)]
pub(crate) struct Listener {
    /// Its name.
    pub(crate) name: String,
    /// The filters, without the router.
    pub(crate) filters: Vec<Value>,
    /// Settings of the route for filters, by their names.
    pub(crate) policies: Map<String, Value>,
    /// Whether requests are forwarded to the upstream. Otherwise Envoy itself answers with 204, so
    /// that little besides the filters takes time.
    pub(crate) upstream: bool,
}

/// The cluster of the upstream, whose port is filled in at start.
pub(crate) const UPSTREAM: &str = "bodies";

/// Creates the bootstrap with these listeners.
pub(crate) fn bootstrap(listeners: &[Listener]) -> String {
    let listeners: Vec<Value> = (10_000..)
        .zip(listeners)
        .map(|(port, listener)| render(listener, port))
        .collect();
    json!({
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 9901}}},
        // Flushing takes time that is not part of a request.
        "stats_flush_interval": "299s",
        "static_resources": {
            "listeners": listeners,
            "clusters": [{
                "name": UPSTREAM,
                "connect_timeout": "5s",
                "load_assignment": {"cluster_name": UPSTREAM, "endpoints": [{"lb_endpoints": [{"endpoint": {
                    "address": {"socket_address": {"address": "127.0.0.1", "port_value": 9000}}}}]}]},
            }],
        },
    })
    .to_string()
}

fn render(listener: &Listener, port: u16) -> Value {
    let mut filters = listener.filters.clone();
    filters.push(json!({"name": "router", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}));
    let route = |prefix: &str| {
        let mut route = json!({"match": {"prefix": prefix}});
        if listener.upstream {
            route["route"] = json!({"cluster": UPSTREAM, "timeout": "0s"});
        } else {
            route["direct_response"] = json!({"status": 204});
        }
        if !listener.policies.is_empty() {
            route["typed_per_filter_config"] = listener.policies.clone().into();
        }
        route
    };
    let mut proof = route("/proof");
    proof["response_headers_to_add"] =
        json!([{"header": {"key": "x-proof", "value": "env=%REQ(x-env)% sub=%REQ(x-jwt-sub)%"}}]);
    json!({
        "name": listener.name,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "bench",
            "http_filters": filters,
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [proof, route("/")]}]},
        }}]}],
    })
}
