//! Envoy's attributes as key parts
//! (<https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes>).

use filter_kit::host;

/// A property: the path of an attribute, such as `connection.requested_server_name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    name: String,
    /// Joined by NUL, as the host requires.
    path: Vec<u8>,
}

impl Property {
    /// Creates a property from a dotted name. Returns `None` if a part is empty or contains a
    /// control character.
    #[must_use]
    pub fn new(name: String) -> Option<Self> {
        let is_part = |part: &str| !part.is_empty() && !part.bytes().any(|b| b.is_ascii_control());
        if !name.split('.').all(is_part) {
            return None;
        }
        let path = name.replace('.', "\0").into_bytes();
        Some(Self { name, path })
    }

    /// Returns the name as written.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the value for the current request; `None` if it has none. The bytes are as returned
    /// by the host: text as is, a number in eight bytes.
    pub fn read(&self) -> Option<Vec<u8>> {
        host::property(&self.path)
    }
}
