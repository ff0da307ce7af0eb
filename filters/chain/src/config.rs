//! What a user writes, and its checks. A [`Config`] that exists is valid.

use filter_kit::config::{Env, FilterConfig, Invalid};
use filter_kit::values::Mode;
use serde::Deserialize;

/// The configuration of chain.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawConfig {
    /// `report` puts every item into report mode, whatever its own `mode`. `enforce` does not
    /// change the items' own modes.
    #[serde(default)]
    pub mode: Mode,
    /// The filters, in the order in which a request passes them. A response passes them in reverse.
    /// A filter may occur more than once.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub chain: Vec<RawItem>,
}

/// A filter with its own configuration.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RawItem {
    /// A configuration of cors.
    Cors(cors::RawConfig),
    /// A configuration of header-rewrite.
    HeaderRewrite(header_rewrite::RawConfig),
    /// A configuration of jwt-auth.
    JwtAuth(Box<jwt_auth::RawConfig>),
    /// A configuration of rate-limit.
    RateLimit(Box<rate_limit::RawConfig>),
}

/// What the filter runs on.
#[derive(Debug)]
pub struct Config {
    pub(crate) items: Vec<ItemConfig>,
}

/// What an item runs on.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are a few of them, and only while a configuration is loaded"
)]
pub(crate) enum ItemConfig {
    Cors(cors::Config),
    HeaderRewrite(header_rewrite::Config),
    JwtAuth(jwt_auth::Config),
    RateLimit(rate_limit::Config),
}

impl FilterConfig for Config {
    const FILTER: &'static str = "chain";
    type Raw = RawConfig;

    fn build(raw: RawConfig, env: &Env) -> Result<Self, Invalid> {
        if raw.chain.is_empty() {
            return Err(Invalid::new("must not be empty").at("chain"));
        }
        let items = raw.chain.into_iter().enumerate();
        let items = items.map(|(at, item)| {
            let item = if raw.mode == Mode::Report {
                item.in_report_mode()
            } else {
                item
            };
            item.build(at, env)
        });
        Ok(Self {
            items: items.collect::<Result<_, _>>()?,
        })
    }
}

impl RawItem {
    fn in_report_mode(mut self) -> Self {
        let mode = match &mut self {
            Self::Cors(raw) => &mut raw.mode,
            Self::HeaderRewrite(raw) => &mut raw.mode,
            Self::JwtAuth(raw) => &mut raw.mode,
            Self::RateLimit(raw) => {
                for limit in &mut raw.limits {
                    limit.mode = Some(Mode::Report.into());
                }
                &mut raw.mode
            }
        };
        *mode = Mode::Report;
        self
    }

    fn build(self, at: usize, env: &Env) -> Result<ItemConfig, Invalid> {
        fn of<C: FilterConfig>(raw: C::Raw, at: usize, env: &Env) -> Result<C, Invalid> {
            let place = format!("chain[{at}].{}", C::FILTER);
            filter_kit::config::build(raw, env, &place)
        }
        Ok(match self {
            Self::Cors(raw) => ItemConfig::Cors(of(raw, at, env)?),
            Self::HeaderRewrite(raw) => ItemConfig::HeaderRewrite(of(raw, at, env)?),
            Self::JwtAuth(raw) => ItemConfig::JwtAuth(of(*raw, at, env)?),
            Self::RateLimit(raw) => ItemConfig::RateLimit(of(*raw, at, env)?),
        })
    }
}

#[cfg(test)]
mod tests;
