//! Operations on the query.

use super::target::{encode, join};
use crate::reason::Skipped;
use filter_kit::request::{Request, decode, form_decode, query_pairs};
use filter_kit::template::{Template, Values};

/// An edit of the query.
#[derive(Debug, Clone)]
pub enum QueryEdit {
    /// Replaces all values of a parameter with one. If the value is not available, the parameter is
    /// left out.
    Set(String, Template),
    /// Removes all values of a parameter.
    Remove(String),
}

impl QueryEdit {
    /// Edits the query. Returns why the parameter is left out.
    pub(super) fn apply(
        &self,
        request: &mut Request,
        path_captures: &[Option<Vec<u8>>],
    ) -> Option<Skipped> {
        // Decoded like the parameters of a query, because encoded text in the path means the same
        // elsewhere.
        let decoded: Vec<_> = path_captures
            .iter()
            .map(|group| group.as_deref().map(|group| decode(group).into_owned()))
            .collect();
        let values = Values {
            request: Some(request),
            path_captures: &decoded,
            ..Values::default()
        };
        let (name, value) = match self {
            Self::Set(name, template) => (name, template.expand(&values).map(Some)),
            Self::Remove(name) => (name, Ok(None)),
        };
        let skipped = value.as_ref().err().map(|reason| Skipped::from(*reason));
        let pair = value.ok().flatten().map(|value| {
            let mut pair = encode(name.as_bytes(), is_value_byte);
            pair.push(b'=');
            pair.extend(encode(&value, is_value_byte));
            pair
        });
        let query = edited(request.query(), name, pair.as_deref());
        let target = join(request.path(), query.as_deref());
        request.edit(|headers| headers.set(":path", &target));
        skipped
    }

    /// Returns the template of its value.
    pub(super) fn template(&self) -> Option<&Template> {
        match self {
            Self::Set(_, template) => Some(template),
            Self::Remove(_) => None,
        }
    }
}

/// Returns the query with the first parameter of this name replaced with `pair`, and without the
/// others; `None` if nothing is left.
fn edited(query: Option<&[u8]>, name: &str, pair: Option<&[u8]>) -> Option<Vec<u8>> {
    let mut pairs: Vec<&[u8]> = Vec::new();
    let mut is_placed = false;
    let old = query.unwrap_or_default().split(|b| *b == b'&');
    for old in old.filter(|pair| !pair.is_empty()) {
        let is_named = query_pairs(old).any(|(n, _)| form_decode(n) == name.as_bytes());
        match pair {
            _ if !is_named => pairs.push(old),
            Some(pair) if !is_placed => {
                pairs.push(pair);
                is_placed = true;
            }
            _ => {}
        }
    }
    pairs.extend(pair.filter(|_| !is_placed));
    (!pairs.is_empty()).then(|| pairs.join(&b'&'))
}

/// Whether a byte is unreserved (RFC 3986, section 2.3). Encoding all others is the safest form of
/// a value in a query.
fn is_value_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}
