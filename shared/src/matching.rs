//! `match`, the same in every filter.
//!
//! All given parts must hold; within a list of hosts, methods or paths one is enough, of the
//! headers and of the query all must hold. An empty match fits every request.

#[macro_use]
mod condition;
mod host;
mod index;
mod network;
mod origin;
mod path;
mod raw;
mod reading_set;
mod text;

use crate::request::{Request, TooManyReadings};
use crate::values::HeaderName;
use origin::More;

pub use host::HostPattern;
pub use index::{Candidates, MatchIndex};
pub use network::Network;
pub use path::{PathPattern, RawPath};
pub use raw::{RawHeaderMatch, RawMatch};
pub use reading_set::ReadingSet;
pub use text::{RawTextMatch, TextMatch};

/// Which requests a rule applies to.
#[derive(Debug, Clone, Default)]
pub struct Match {
    hosts: Option<Vec<HostPattern>>,
    methods: Option<Vec<Vec<u8>>>,
    paths: Option<Vec<PathPattern>>,
    headers: Vec<(HeaderName, TextMatch)>,
    query: Vec<(String, TextMatch)>,
    more: Option<Box<More>>,
}

impl Match {
    /// The readings of the request's path that match. All or none of them where the match has no
    /// path patterns, or another part does not hold; the path is looked at last, so that its
    /// readings are only made where they decide.
    ///
    /// # Errors
    /// [`TooManyReadings`] of the path, or where regular expressions have too much to look through.
    pub fn readings(&self, request: &Request) -> Result<ReadingSet, TooManyReadings> {
        let has_others = self.hosts.is_some()
            || self.methods.is_some()
            || !self.headers.is_empty()
            || !self.query.is_empty()
            || self.more.is_some();
        if has_others && !self.others_hold(request)? {
            return Ok(ReadingSet::NONE);
        }
        let readings = match &self.paths {
            None => ReadingSet::ALL,
            Some(paths) => readings_of(paths, request)?,
        };
        match self.not() {
            None => Ok(readings),
            Some(not) => Ok(readings.without(not.readings(request)?)),
        }
    }

    fn not(&self) -> Option<&Self> {
        self.more.as_ref()?.not.as_ref()
    }

    /// Whether it has no part, and matches every request.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.hosts.is_none()
            && self.methods.is_none()
            && self.paths.is_none()
            && self.headers.is_empty()
            && self.query.is_empty()
            && self.more.is_none()
    }

    /// Whether all parts but the paths hold.
    #[inline(never)]
    fn others_hold(&self, request: &Request) -> Result<bool, TooManyReadings> {
        let is_of = any(self.hosts.as_deref(), |host| {
            request.host().is_ok_and(|sent| host.fits(sent))
        }) && any(self.methods.as_deref(), |method| {
            *method == request.method()
        });
        if !is_of {
            return Ok(false);
        }
        for (name, matcher) in &self.headers {
            if !matcher.fits_in(request, request.values(name.as_str()))? {
                return Ok(false);
            }
        }
        for (name, matcher) in &self.query {
            if !matcher.fits_in(request, request.query_values(name))? {
                return Ok(false);
            }
        }
        Ok(self.more.as_ref().is_none_or(|more| more.hold(request)))
    }

    /// The capture groups of the first path pattern that matches the path as it was sent, from
    /// group 1 on: the values of `${match.1}`. Empty where that pattern is not a regular
    /// expression.
    #[must_use]
    pub fn path_captures(&self, request: &Request) -> Vec<Option<Vec<u8>>> {
        let path = request.path();
        self.paths
            .iter()
            .flatten()
            .find(|pattern| pattern.fits_as_sent(path))
            .map(|pattern| pattern.captures(path))
            .unwrap_or_default()
    }

    /// The number of the highest capture group that a path pattern has; 0 where none has one.
    #[must_use]
    pub fn path_groups(&self) -> usize {
        self.paths
            .iter()
            .flatten()
            .map(PathPattern::groups)
            .max()
            .unwrap_or(0)
    }

    /// Whether the host decides, so that a request with a malformed one has to be refused.
    #[must_use]
    pub fn looks_at_host(&self) -> bool {
        self.hosts.is_some()
            || self.headers.iter().any(|(name, _)| name.as_str() == "host")
            || self.not().is_some_and(Self::looks_at_host)
    }
}

/// The readings of the request's path that fit a pattern.
#[inline(never)]
fn readings_of(paths: &[PathPattern], request: &Request) -> Result<ReadingSet, TooManyReadings> {
    let readings = request.readings()?;
    let fits = |path| {
        for pattern in paths {
            request.search(pattern.work(path))?;
            if pattern.fits(path) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    readings.iter(request.path()).map(fits).collect()
}

fn any<T>(list: Option<&[T]>, fits: impl FnMut(&T) -> bool) -> bool {
    list.is_none_or(|items| items.iter().any(fits))
}

#[cfg(test)]
mod tests;
