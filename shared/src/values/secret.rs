//! Secrets, given in the configuration or by the environment.

use crate::config::{Env, Invalid};
use serde::Deserialize;
use serde::de::Unexpected;
use std::fmt;

/// A secret as written: the text itself or, better, `{"env": "NAME"}`, a variable of Envoy's
/// `vm_config.environment_variables`. Never logged: its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The secret itself.
    Text(String),
    /// The name of the environment variable that holds it.
    Env(String),
}

impl Secret {
    /// Returns the secret's text.
    ///
    /// # Errors
    /// If the environment variable is missing or empty.
    pub fn resolve(&self, env: &Env) -> Result<String, Invalid> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Env(name) => match env.get(name) {
                Some(text) if !text.is_empty() => Ok(text.clone()),
                // Does not show the name, which may be the secret in the wrong place.
                _ => Err(Invalid::new(
                    "the environment variable is not set; add it to vm_config.environment_variables",
                )
                .at("env")),
            },
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Secret(…)"),
            Self::Env(name) => write!(f, "Secret(env {name:?})"),
        }
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

struct SecretVisitor;

impl<'de> serde::de::Visitor<'de> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string (in quotes) or {env: NAME}")
    }

    fn visit_str<E>(self, text: &str) -> Result<Secret, E> {
        Ok(Secret::Text(text.to_owned()))
    }

    // A value that is not a string may still be a secret: `value: 12345678`.
    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Secret, E> {
        Err(E::invalid_type(Unexpected::Other("a number"), &self))
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Secret, E> {
        self.visit_u64(0)
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Secret, E> {
        self.visit_u64(0)
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Secret, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct FromEnv {
            env: String,
        }
        FromEnv::deserialize(serde::de::value::MapAccessDeserializer::new(map))
            .map(|from| Secret::Env(from.env))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "a secret: the text, or the environment variable that holds it",
            "oneOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {"env": {"type": "string"}},
                    "required": ["env"],
                    "additionalProperties": false
                }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_from_the_environment_must_be_there() {
        let env = Env::from([
            ("KEY".to_owned(), "s3cret".to_owned()),
            ("EMPTY".to_owned(), String::new()),
        ]);
        let read = |json: &str| serde_json::from_str::<Secret>(json).unwrap().resolve(&env);
        assert_eq!(read(r#""inline""#).unwrap(), "inline");
        assert_eq!(read(r#"{"env": "KEY"}"#).unwrap(), "s3cret");
        for name in ["EMPTY", "NONE"] {
            let error = read(&format!(r#"{{"env": "{name}"}}"#)).unwrap_err();
            assert!(error.to_string().contains("is not set"), "{error}");
        }
    }

    #[test]
    fn a_secret_does_not_show_in_debug_output() {
        assert!(!format!("{:?}", Secret::Text("s3cret".into())).contains("s3cret"));
    }
}
