//! Starts Envoy with a sample: the file itself, or what a control plane generates from it.

use std::{any::Any, fs, path::PathBuf};

use e2e::{
    ConfigForm, Envoy, KeyServer, Upstream,
    envoy::{Builder, Chain},
    kubernetes::{
        self, ClientTrafficPolicy, Configured, Context, EnvoyExtensionPolicy, EnvoyFilter,
        WasmPlugin,
    },
    paths, ports, wasm,
};

/// Starts an Envoy with the sample of that name.
pub(crate) type Start = fn(&str) -> Running;

/// A running Envoy, and everything else it needs.
pub(crate) struct Running {
    pub(crate) envoy: Envoy,
    _beside: Option<Box<dyn Any>>,
}

impl From<Envoy> for Running {
    fn from(envoy: Envoy) -> Self {
        Self {
            envoy,
            _beside: None,
        }
    }
}

/// A bootstrap.
pub(crate) fn bootstrap(sample: &str) -> Running {
    Envoy::from_sample(sample).start().into()
}

/// The bootstrap of `dynamic/`, for any of its files.
pub(crate) fn dynamic(_: &str) -> Running {
    let builder = Envoy::from_sample("dynamic/bootstrap");
    let builder = builder.dynamic_samples("/etc/envoy/dynamic/", "dynamic");
    builder.start().into()
}

/// A bootstrap that uses a key server.
pub(crate) fn with_key_server(sample: &str) -> Running {
    let server = KeyServer::start("idp").unwrap();
    let builder = Envoy::from_sample(sample).cluster_port("idp", server.port());
    Running {
        envoy: builder.start(),
        _beside: Some(Box::new(server)),
    }
}

/// A bootstrap that loads header-rewrite by URL.
pub(crate) fn with_module_server(sample: &str) -> Running {
    let server = Upstream::files(paths::filters()).unwrap();
    let checksum = wasm::sha256_of("header-rewrite").unwrap();
    let text = read(sample).replace(wasm::CHECKSUM_PLACEHOLDER, &checksum);
    let builder = Envoy::from_bootstrap(text).cluster_port("modules", server.port());
    Running {
        envoy: builder.start(),
        _beside: Some(Box::new(server)),
    }
}

/// The bootstrap for a fleet, without a rate limit service.
pub(crate) fn without_service(sample: &str) -> Running {
    let builder = Envoy::from_sample(sample)
        .cluster_port("rate-limit-service", ports::free().unwrap())
        .path("address: limitador", "address: 127.0.0.1");
    builder.start().into()
}

/// A bootstrap that lets underscores pass, so that the filters have to handle them.
pub(crate) fn with_underscores(sample: &str) -> Running {
    let text = read(sample);
    assert_eq!(text.matches("REJECT_REQUEST").count(), 1);
    let text = text.replace("REJECT_REQUEST", "ALLOW");
    Envoy::from_bootstrap(text).start().into()
}

/// A `WasmPlugin`, with `connection-manager.yaml` at a gateway.
pub(crate) fn at_istio_gateway(sample: &str) -> Running {
    let file = file("istio/connection-manager.yaml");
    let filter: EnvoyFilter = kubernetes::load(&file).unwrap();
    istio(sample, &filter, Context::Gateway)
}

/// A `WasmPlugin`, with `connection-manager-sidecar.yaml` at a sidecar.
pub(crate) fn at_istio_sidecar(sample: &str) -> Running {
    let file = file("istio/connection-manager-sidecar.yaml");
    let filter: EnvoyFilter = kubernetes::load(&file).unwrap();
    istio(sample, &filter, Context::SidecarInbound)
}

fn istio(sample: &str, settings: &EnvoyFilter, context: Context) -> Running {
    let plugin: WasmPlugin = kubernetes::load(&file(sample)).unwrap();
    let builder = configured(&plugin.filter())
        .hcm(ISTIO)
        .hcm(settings.connection_manager(context).to_string());
    builder.start().into()
}

/// The relevant settings of Istio itself.
const ISTIO: &str = "{normalize_path: true, use_remote_address: false}";

/// An `EnvoyFilter` that contains everything.
pub(crate) fn envoy_filter(sample: &str) -> Running {
    let filter: EnvoyFilter = kubernetes::load(&file(sample)).unwrap();
    let modules = format!("{}/", paths::filters().display());
    let settings = filter.connection_manager(Context::Gateway).to_string();
    let builder = Envoy::with_no_filter().hcm(ISTIO).hcm(settings);
    let chain = filter.filters().into_iter().fold(builder, |builder, one| {
        builder.native(one.to_string().replace("/etc/envoy/filters/", &modules))
    });
    chain.start().into()
}

/// An `EnvoyExtensionPolicy`, with `client-traffic-policy.yaml`.
pub(crate) fn at_envoy_gateway(sample: &str) -> Running {
    let policy: EnvoyExtensionPolicy = kubernetes::load(&file(sample)).unwrap();
    let settings = file("envoy-gateway/client-traffic-policy.yaml");
    let settings: ClientTrafficPolicy = kubernetes::load(&settings).unwrap();
    let [wasm] = policy.wasm() else {
        panic!("{sample}: one filter each")
    };
    let builder = configured(&wasm.filter()).hcm(settings.connection_manager().to_string());
    builder.start().into()
}

fn configured(filter: &Configured) -> Builder<Chain> {
    let config = filter.config.to_string();
    let builder = Envoy::with_filter(&filter.name, config).form(ConfigForm::Text);
    let host = filter.host_env.iter().map(|name| (name.as_str(), "host"));
    let env = filter.env.iter().map(|(name, value)| (&**name, &**value));
    env.chain(host).fold(builder, |builder, (name, value)| {
        builder.vm_env(name, value)
    })
}

fn file(name: &str) -> PathBuf {
    paths::workspace().join("envoy-configs").join(name)
}

fn read(sample: &str) -> String {
    fs::read_to_string(paths::sample(sample).unwrap()).unwrap()
}
