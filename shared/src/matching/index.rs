//! Finds the few of many rules that can match a request, by path or by host.

use super::Match;
use super::path::PathPattern;
use crate::request::Request;

/// An index of rules by the prefixes of their paths and the suffixes of their hosts. It only
/// excludes rules that cannot match; whether a candidate matches is decided by its [`Match`].
#[derive(Debug, Clone, Default)]
pub struct MatchIndex {
    rules: usize,
    /// Rules by the hash of a path that they name, in order of the hashes.
    paths: Vec<(u32, u32)>,
    /// Rules that name no path, by the hash of a host.
    hosts: Vec<(u32, u32)>,
    /// The set of rules that may match any path and host.
    others: Vec<u64>,
    /// The length of the longest path, in bytes.
    longest_path: usize,
}

/// The rules that may match a request, in order.
#[derive(Debug, Clone)]
pub struct Candidates {
    /// The remaining rules of the set, starting with the word at `at`.
    words: Vec<u64>,
    at: usize,
    /// Candidates that are not in a set.
    rest: std::ops::Range<usize>,
}

/// With at most this many rules, checking each is cheaper.
const FEW: usize = 4;

impl MatchIndex {
    /// Builds the index of rules with these matches, in this order.
    #[must_use]
    pub fn new<'m>(matches: impl IntoIterator<Item = &'m Match>) -> Self {
        let mut index = Self::default();
        for (rule, matches) in matches.into_iter().enumerate() {
            index.rules = rule.saturating_add(1);
            let number = u32::try_from(rule).unwrap_or(u32::MAX);
            let paths = matches.paths.iter().flatten().map(PathPattern::keys);
            let paths: Option<Vec<_>> = paths.collect();
            if let Some(paths) = paths.filter(|paths| !paths.is_empty()) {
                for path in paths.concat() {
                    index.longest_path = index.longest_path.max(path.len());
                    add(&mut index.paths, hash(path), number);
                }
            } else if let Some(hosts) = &matches.hosts {
                for host in hosts {
                    add(&mut index.hosts, hash_from_end(host.key()), number);
                }
            } else {
                insert(&mut index.others, rule);
            }
        }
        index.others.resize(index.rules.div_ceil(64), 0);
        index
    }

    /// Returns the rules that may match a request, in order. Returns all rules if there are few, or
    /// if the path has too many readings.
    #[must_use]
    pub fn candidates(&self, request: &Request) -> Candidates {
        if self.rules > FEW
            && let Some(words) = self.find(request)
        {
            return Candidates {
                words,
                at: 0,
                rest: 0..0,
            };
        }
        Candidates {
            words: Vec::new(),
            at: 0,
            rest: 0..self.rules,
        }
    }

    #[inline(never)]
    fn find(&self, request: &Request) -> Option<Vec<u64>> {
        let mut found = self.others.clone();
        if !self.paths.is_empty() {
            for path in request.readings().ok()?.iter(request.path()) {
                self.find_path(path, &mut found);
            }
        }
        if !self.hosts.is_empty() {
            // No pattern matches a malformed host.
            self.find_host(request.host().unwrap_or_default(), &mut found);
        }
        Some(found)
    }

    /// Looks up the path and all of its prefixes that end before a slash.
    fn find_path(&self, path: &[u8], found: &mut Vec<u64>) {
        let mut hash = HASH_OF_NOTHING;
        for &byte in path.iter().take(self.longest_path) {
            if byte == b'/' {
                look_up(&self.paths, hash, found);
            }
            hash = step(hash, byte);
        }
        // A path longer than all keys continues here with a slash, or in the middle of a segment.
        if path.get(self.longest_path).is_none_or(|byte| *byte == b'/') {
            look_up(&self.paths, hash, found);
        }
    }

    /// Looks up the host and all of its suffixes that begin with a dot.
    #[inline(never)]
    fn find_host(&self, host: &[u8], found: &mut Vec<u64>) {
        let mut hash = HASH_OF_NOTHING;
        for &byte in host.iter().rev() {
            hash = step(hash, byte);
            if byte == b'.' {
                look_up(&self.hosts, hash, found);
            }
        }
        look_up(&self.hosts, hash, found);
    }
}

/// Inserts an entry in order. Tables are short and filled once, and sorting would add more code to
/// a module.
fn add(table: &mut Vec<(u32, u32)>, hash: u32, rule: u32) {
    let at = table.partition_point(|(other, _)| *other <= hash);
    table.insert(at, (hash, rule));
}

fn look_up(table: &[(u32, u32)], hash: u32, found: &mut Vec<u64>) {
    let first = table.partition_point(|(other, _)| *other < hash);
    let same = table
        .iter()
        .skip(first)
        .take_while(|(other, _)| *other == hash);
    for (_, rule) in same {
        insert(found, usize::try_from(*rule).unwrap_or(usize::MAX));
    }
}

fn insert(set: &mut Vec<u64>, rule: usize) {
    let (word, bit) = (rule / 64, rule % 64);
    if set.len() <= word {
        set.resize(word.saturating_add(1), 0);
    }
    if let Some(word) = set.get_mut(word) {
        *word |= 1_u64.wrapping_shl(u32::try_from(bit).unwrap_or(0));
    }
}

impl Iterator for Candidates {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        while let Some(word) = self.words.get_mut(self.at) {
            if *word != 0 {
                let bit = usize::try_from(word.trailing_zeros()).unwrap_or(0);
                *word &= word.wrapping_sub(1);
                return Some(self.at.wrapping_mul(64).wrapping_add(bit));
            }
            self.at = self.at.wrapping_add(1);
        }
        self.rest.next()
    }
}

/// FNV-1a over lower-case letters, because patterns may ignore case.
const HASH_OF_NOTHING: u32 = 0x811c_9dc5;

fn step(hash: u32, byte: u8) -> u32 {
    (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
}

fn hash(text: &[u8]) -> u32 {
    text.iter()
        .fold(HASH_OF_NOTHING, |hash, byte| step(hash, *byte))
}

fn hash_from_end(text: &[u8]) -> u32 {
    let bytes = text.iter().rev();
    bytes.fold(HASH_OF_NOTHING, |hash, byte| step(hash, *byte))
}

#[cfg(test)]
mod tests;
