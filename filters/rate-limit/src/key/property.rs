//! Properties of Envoy's as key parts
//! (<https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes>).

use filter_kit::host;

/// A property: the path of an attribute, as `connection.requested_server_name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    name: String,
    /// Joined by NUL, as the host takes it.
    path: Vec<u8>,
}

impl Property {
    /// The property of this name, whose parts are separated by dots. `None` where a part is empty
    /// or holds a control character.
    #[must_use]
    pub fn new(name: String) -> Option<Self> {
        let is_part = |part: &str| !part.is_empty() && !part.bytes().any(|b| b.is_ascii_control());
        if !name.split('.').all(is_part) {
            return None;
        }
        let path = name.replace('.', "\0").into_bytes();
        Some(Self { name, path })
    }

    /// As it was written.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value for the request under way; `None` where it has none. Bytes as the host gives them:
    /// a text as it is, a number in eight bytes.
    pub fn read(&self) -> Option<Vec<u8>> {
        host::property(&self.path)
    }
}
