//! Headers as bytes, and the edits that a host can make of them.

/// The header fields of a message in the order received. Names are in lower case, values are bytes, and a repeated
/// header is as many entries: a decision that looks at one value only can be fooled by a second one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers(Vec<(String, Vec<u8>)>);

/// One change of a message's headers, as the host can carry it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Replace all values of the header by this one.
    Set(String, Vec<u8>),
    /// Add one more value.
    Add(String, Vec<u8>),
    /// Remove all values.
    Remove(String),
}

impl Edit {
    /// The header's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Set(name, _) | Self::Add(name, _) | Self::Remove(name) => name,
        }
    }
}

impl Headers {
    /// Headers from pairs whose names are already in lower case, as Envoy keeps them.
    #[must_use]
    pub fn new(pairs: Vec<(String, Vec<u8>)>) -> Self {
        Self(pairs)
    }

    /// All values of a header, in order. `name` is in lower case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, v)| v.as_slice())
    }

    /// The first value of a header.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_slice())
    }

    /// The one value of a header; `None` where it is absent or repeated.
    #[must_use]
    pub fn only(&self, name: &str) -> Option<&[u8]> {
        let mut values = self.0.iter().filter(|(n, _)| n == name);
        let (_, value) = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// All values joined by `separator` (RFC 9110, section 5.3); `None` where the header is absent.
    #[must_use]
    pub fn joined(&self, name: &str, separator: &[u8]) -> Option<Vec<u8>> {
        let values: Vec<&[u8]> = self
            .0
            .iter()
            .filter(|(n, _)| n == name)
            .map(|(_, v)| v.as_slice())
            .collect();
        (!values.is_empty()).then(|| values.join(separator))
    }

    /// Whether the header is there.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// All entries.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_slice()))
    }

    /// Replaces all values of a header by one, in the place of the first.
    pub fn set(&mut self, name: &str, value: Vec<u8>) {
        match self.0.iter().position(|(n, _)| n == name) {
            Some(at) => {
                let mut index = 0_usize;
                self.0.retain(|(n, _)| {
                    let keep = n != name || index == at;
                    index = index.saturating_add(1);
                    keep
                });
                if let Some((_, v)) = self.0.get_mut(at) {
                    *v = value;
                }
            }
            None => self.add(name, value),
        }
    }

    /// Adds one more value of a header.
    pub fn add(&mut self, name: &str, value: Vec<u8>) {
        self.0.push((name.to_owned(), value));
    }

    /// Removes all values of the headers whose name fits, and says whether there was one.
    pub fn remove_if(&mut self, mut fits: impl FnMut(&str) -> bool) -> bool {
        let before = self.0.len();
        self.0.retain(|(n, _)| !fits(n));
        self.0.len() != before
    }

    /// Removes all values of a header and returns them.
    pub fn take(&mut self, name: &str) -> Vec<Vec<u8>> {
        let mut taken = Vec::new();
        self.0.retain_mut(|(n, v)| {
            let take = n == name;
            if take {
                taken.push(std::mem::take(v));
            }
            !take
        });
        taken
    }

    /// Changes every value of a header in place.
    pub fn update(&mut self, name: &str, mut change: impl FnMut(&mut Vec<u8>)) {
        self.0
            .iter_mut()
            .filter(|(n, _)| n == name)
            .for_each(|(_, v)| change(v));
    }

    /// Carries out edits, as the host would.
    pub fn apply(&mut self, edits: &[Edit]) {
        for edit in edits {
            match edit {
                Edit::Set(name, value) => self.set(name, value.clone()),
                Edit::Add(name, value) => self.add(name, value.clone()),
                Edit::Remove(name) => {
                    self.remove_if(|n| n == name);
                }
            }
        }
    }
}

/// The elements of a comma-separated field (RFC 9110, section 5.6.1), without surrounding white space; empty elements
/// are left out. A comma inside a quoted string does not separate.
pub fn list_elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let mut escaped = false;
    value
        .split(move |b| {
            let was_escaped = std::mem::take(&mut escaped);
            match b {
                b'\\' if quoted && !was_escaped => escaped = true,
                b'"' if !was_escaped => quoted = !quoted,
                b',' => return !quoted,
                _ => {}
            }
            false
        })
        .map(<[u8]>::trim_ascii)
        .filter(|element| !element.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        Headers::new(
            pairs
                .iter()
                .map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec()))
                .collect(),
        )
    }

    #[test]
    fn only_is_none_for_a_repeated_header() {
        let h = headers(&[("a", "1"), ("b", "2"), ("a", "3")]);
        assert_eq!(h.only("a"), None);
        assert_eq!(h.only("b"), Some(&b"2"[..]));
        assert_eq!(h.joined("a", b", ").unwrap(), b"1, 3");
    }

    #[test]
    fn set_keeps_the_place_of_the_first_value() {
        let mut h = headers(&[("a", "1"), ("b", "2"), ("a", "3")]);
        h.set("a", b"x".to_vec());
        assert_eq!(h, headers(&[("a", "x"), ("b", "2")]));
    }

    #[test]
    fn list_elements_respect_quotes() {
        let elements = |v: &'static str| {
            list_elements(v.as_bytes())
                .map(|e| std::str::from_utf8(e).unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(elements("a, b ,,c"), ["a", "b", "c"]);
        assert_eq!(elements(r#""a,b", c"#), [r#""a,b""#, "c"]);
        assert_eq!(elements(r#""a\",b", c"#), [r#""a\",b""#, "c"]);
        assert_eq!(elements(""), Vec::<&str>::new());
    }
}
