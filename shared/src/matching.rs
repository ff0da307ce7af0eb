//! `match`, the same in every filter.
//!
//! All parts that are given must match. Of a list of hosts, methods or paths, one entry has to
//! match; of headers and query parameters, all. An empty match matches every request.

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
    /// Returns the readings of the request's path that match. If the match has no path patterns, or
    /// if another part does not match, the result is all readings or none. Paths are compared last,
    /// so readings are computed only if they matter.
    ///
    /// # Errors
    /// [`TooManyReadings`] if the path has too many readings, or if regular expressions would have
    /// to search too much text.
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

    /// Whether the match has no parts, and so matches every request.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.hosts.is_none()
            && self.methods.is_none()
            && self.paths.is_none()
            && self.headers.is_empty()
            && self.query.is_empty()
            && self.more.is_none()
    }

    /// Whether all parts except the paths match.
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

    /// Returns the capture groups of the first path pattern that matches the path as sent, from
    /// group 1 on: the values of `${match.1}` and so on. Empty if that pattern is not a regular
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

    /// Returns the highest capture group number of all path patterns; 0 if there are no groups.
    #[must_use]
    pub fn path_groups(&self) -> usize {
        self.paths
            .iter()
            .flatten()
            .map(PathPattern::groups)
            .max()
            .unwrap_or(0)
    }

    /// Whether the result depends on the host. If so, a request with a malformed host has to be
    /// refused.
    #[must_use]
    pub fn looks_at_host(&self) -> bool {
        self.hosts.is_some()
            || self.headers.iter().any(|(name, _)| name.as_str() == "host")
            || self.not().is_some_and(Self::looks_at_host)
    }
}

/// Returns the readings of the request's path that match a pattern.
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
