//! What an operation changes in the headers of a message.

use super::NameSelector;
use super::name::remove_look_alikes;
use filter_kit::headers::Headers;
use filter_kit::response::Response;
use filter_kit::values::HeaderName;
use std::borrow::Cow;

/// What an operation changes in the headers of a message.
#[derive(Debug)]
pub enum Change<'o> {
    /// Nothing.
    Nothing,
    /// This value takes the place of all that the header has.
    Set(&'o HeaderName, Cow<'o, [u8]>),
    /// These values do; none: it is removed.
    Put(&'o HeaderName, Vec<Vec<u8>>),
    /// One more value.
    Add(&'o HeaderName, Cow<'o, [u8]>),
    /// All headers that the selector names are removed.
    Remove(&'o NameSelector),
    /// The first header is removed, and its values take the place of all that the second has.
    Move(&'o HeaderName, &'o HeaderName, Vec<Vec<u8>>),
}

impl Change<'_> {
    /// Makes the change.
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

    /// Makes the change in a response, whose headers are read only where the change is made of
    /// them.
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

    /// Makes the change in a request. Other spellings of the name that it writes go too; `name` is
    /// one of which they are gone.
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

/// A header that is not there is not removed, or the response would count as changed.
fn remove(response: &mut Response, name: &HeaderName) {
    if response.has(name.as_str()) {
        response.remove(name.as_str());
    }
}
