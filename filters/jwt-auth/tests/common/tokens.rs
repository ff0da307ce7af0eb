//! A filter without Envoy, which checks tokens with a configuration.

#[path = "../../src/testing.rs"]
#[allow(dead_code, reason = "shared with the unit tests, which use all of it")]
pub(crate) mod testing;

use filter_kit::config::{Env, load};
use filter_kit::testing::request;
use jwt_auth::Config;
use jwt_auth::decision::{Authenticator, KeyState, Moment};
use jwt_auth::provider::Keys;
use jwt_auth::reason::Reason;
use serde_json::{Value, json};
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Returns the time in seconds since the Unix epoch.
#[expect(
    clippy::disallowed_methods,
    reason = "the library reads the clock itself, and both are to see the same time"
)]
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// Returns why the filter refuses a token of this provider; `None` if it accepts it.
pub(crate) fn refused(provider: &Value, token: &str) -> Option<Reason> {
    let config = json!({"providers": {"p": provider}});
    let config: Config = load(config.to_string().as_bytes(), &Env::new()).unwrap();
    let head = request("GET", "/")
        .header("authorization", format!("Bearer {token}"))
        .build();
    let requirements = config.rules.requirements(&head).unwrap();
    let requirement = requirements.iter().next().unwrap().clone();
    let authenticator = Authenticator::new(
        config.providers,
        config.cache,
        config.verification_time,
        config.denied,
        [7; 16],
    );
    let set = match &authenticator.providers()[0].keys {
        Keys::Fixed(set) => set,
        #[allow(
            unreachable_patterns,
            reason = "only keys in the configuration are known by now"
        )]
        _ => panic!("keys that are not in the configuration"),
    };
    let now = Duration::from_secs(now());
    let moment = Moment {
        now,
        clock: &|| now,
        keys: &|_| KeyState::Here {
            set: Rc::clone(set),
            may_change: false,
        },
        patient: false,
    };
    let verdict = authenticator.decide(&(&requirement).into(), &head, &moment);
    verdict.err().map(|refusal| refusal.reason)
}

/// Returns why the filter rejects a provider when it is loaded.
pub(crate) fn refused_at_load(provider: &Value) -> Option<String> {
    let config = json!({"providers": {"p": provider}});
    let loaded: Result<Config, _> = load(config.to_string().as_bytes(), &Env::new());
    loaded.err().map(|error| error.to_string())
}
