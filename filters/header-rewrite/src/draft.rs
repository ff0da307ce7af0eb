//! Headers under edit.

use filter_kit::headers::{Edit, Headers};

/// Headers under edit. Remembers what each header held before its first change, so that the host gets the fewest edits: a header that
/// ends as it began is not written, and Envoy does not choose the route again for it.
#[derive(Debug)]
pub struct Draft {
    headers: Headers,
    before: Vec<(String, Vec<Vec<u8>>)>,
}

impl Draft {
    /// Begins with these headers.
    #[must_use]
    pub fn new(headers: Headers) -> Self {
        Self {
            headers,
            before: Vec::new(),
        }
    }

    /// The headers as they stand now.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The headers, to change `name`.
    pub fn change(&mut self, name: &str) -> &mut Headers {
        if !self.before.iter().any(|(n, _)| n == name) {
            let values = self.headers.all(name).map(<[u8]>::to_vec).collect();
            self.before.push((name.to_owned(), values));
        }
        &mut self.headers
    }

    /// What the host has to do.
    #[must_use]
    pub fn edits(&self) -> Vec<Edit> {
        let mut edits = Vec::new();
        for (name, before) in &self.before {
            if self.headers.all(name).eq(before.iter().map(Vec::as_slice)) {
                continue;
            }
            let mut values = self.headers.all(name).map(<[u8]>::to_vec);
            match values.next() {
                None => edits.push(Edit::Remove(name.clone())),
                Some(first) => {
                    edits.push(Edit::Set(name.clone(), first));
                    edits.extend(values.map(|value| Edit::Add(name.clone(), value)));
                }
            }
        }
        edits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use filter_kit::testing::headers;

    #[test]
    fn a_header_that_ends_as_it_began_is_not_written() {
        let mut draft = Draft::new(headers(&[("a", "1"), ("b", "2"), ("b", "3"), ("c", "4")]));
        draft.change("a").set("a", b"x".to_vec());
        draft.change("a").set("a", b"1".to_vec());
        draft.change("b").set("b", b"2".to_vec());
        draft.change("c").remove_if(|n| n == "c");
        draft.change("d").add("d", b"5".to_vec());
        draft.change("d").add("d", b"6".to_vec());
        draft.change("e").remove_if(|n| n == "e");
        assert_eq!(
            draft.edits(),
            [
                Edit::Set("b".into(), b"2".to_vec()),
                Edit::Remove("c".into()),
                Edit::Set("d".into(), b"5".to_vec()),
                Edit::Add("d".into(), b"6".to_vec()),
            ]
        );
    }
}
