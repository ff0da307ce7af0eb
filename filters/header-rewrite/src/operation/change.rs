//! The change that an operation makes to the headers of a message.

use super::NameSelector;
use super::name::remove_look_alikes;
use filter_kit::headers::Headers;
use filter_kit::response::Response;
use filter_kit::values::HeaderName;
use std::borrow::Cow;

/// The change that an operation makes to the headers of a message.
#[derive(Debug)]
pub enum Change<'o> {
    /// No change.
    Nothing,
    /// Replace all values of the header with this one.
    Set(&'o HeaderName, Cow<'o, [u8]>),
    /// Replace all values of the header with these. An empty list removes it.
    Put(&'o HeaderName, Vec<Vec<u8>>),
    /// Add a value.
    Add(&'o HeaderName, Cow<'o, [u8]>),
    /// Remove all headers that the selector matches.
    Remove(&'o NameSelector),
    /// Remove the first header, and replace all values of the second with its values.
    Move(&'o HeaderName, &'o HeaderName, Vec<Vec<u8>>),
}

impl Change<'_> {
    /// Applies the change.
    fn make(self, headers: &mut Headers) {
        match self {
            Self::Nothing => {}
            Self::Set(name, value) => headers.set(name.as_str(), &value),
            Self::Put(name, values) => headers.replace(name.as_str(), &values),
            Self::Add(name, value) => headers.add(name.as_str(), &value),
            Self::Remove(selector) => headers.remove_if(|name| selector.selects(name)),
            Self::Move(from, to, values) => {
                headers.remove(from.as_str());
                headers.replace(to.as_str(), &values);
            }
        }
    }

    /// Applies the change to a response. Its headers are read only if the change depends on them.
    pub fn make_in_response(self, response: &mut Response) {
        match self {
            Self::Nothing => {}
            Self::Set(name, value) => response.set(name.as_str(), &value),
            Self::Add(name, value) => response.add(name.as_str(), &value),
            Self::Remove(NameSelector::Name(name)) => remove(response, name),
            Self::Put(name, values) if values.is_empty() => remove(response, name),
            change => response.edit(|headers| change.make(headers)),
        }
    }

    /// Applies the change to a request, and removes other spellings of the name that it writes.
    /// `name` is a name whose other spellings have already been removed.
    pub fn make_in_request(self, name: Option<&HeaderName>, headers: &mut Headers) {
        if let Self::Move(_, to, _) | Self::Put(to, _) = &self
            && name != Some(*to)
        {
            remove_look_alikes(headers, to);
        }
        match self {
            Self::Remove(selector) => headers.remove_if(|name| selector.selects_spelling(name)),
            change => change.make(headers),
        }
    }
}

/// Removes the header only if it exists. Otherwise the response would count as changed.
fn remove(response: &mut Response, name: &HeaderName) {
    if response.has(name.as_str()) {
        response.remove(name.as_str());
    }
}
