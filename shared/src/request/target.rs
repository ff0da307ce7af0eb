//! The target of a request: its path and its query.

use super::Request;

/// The positions in `:path` at which path and query end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    path: usize,
    /// `None` if there is no question mark.
    query: Option<usize>,
}

impl Request {
    /// Returns `:path`: path and query as the client sent them. `None` for CONNECT.
    #[must_use]
    pub fn target(&self) -> Option<&[u8]> {
        self.headers().first(":path")
    }

    /// Returns the path without the query: empty for CONNECT, `*` for `OPTIONS *`.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        let target = self.target().unwrap_or_default();
        target.get(..self.split().path).unwrap_or_default()
    }

    /// Returns the query without its question mark; `None` if there is no question mark.
    #[must_use]
    pub fn query(&self) -> Option<&[u8]> {
        let split = self.split();
        self.target()?.get(split.path..split.query?)?.get(1..)
    }

    fn split(&self) -> Target {
        *self.target.get_or_init(|| {
            let (path, query) = split_target(self.target().unwrap_or_default());
            Target {
                path: path.len(),
                query: query.map(|query| path.len().saturating_add(1).saturating_add(query.len())),
            }
        })
    }
}

/// Splits a `:path` into path and query. A fragment, which Envoy rejects by default, belongs to
/// neither.
#[must_use]
pub fn split_target(target: &[u8]) -> (&[u8], Option<&[u8]>) {
    let target = target.split(|b| *b == b'#').next().unwrap_or_default();
    match target.iter().position(|b| *b == b'?') {
        None => (target, None),
        Some(at) => {
            let (path, query) = target.split_at_checked(at).unwrap_or((target, b""));
            (path, query.get(1..))
        }
    }
}
