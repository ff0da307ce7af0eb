//! From what came to what is there now: the fewest edits.

use super::{Field, Headers};

/// One change of a message's headers, as the host can carry it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit<'h> {
    /// Replace all values of the header by this one.
    Set(&'h [u8], &'h [u8]),
    /// Add one more value.
    Add(&'h [u8], &'h [u8]),
    /// Remove all values.
    Remove(&'h [u8]),
}

impl<'h> Edit<'h> {
    /// The header's name.
    #[must_use]
    pub fn name(&self) -> &'h [u8] {
        match self {
            Self::Set(name, _) | Self::Add(name, _) | Self::Remove(name) => name,
        }
    }
}

impl Headers {
    /// What the host has to do.
    #[must_use]
    pub fn difference(&self) -> Vec<Edit<'_>> {
        let mut edits = Vec::new();
        self.each_edit(|edit| edits.push(edit));
        edits
    }

    /// Whether the host has to do anything.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        let edited = || {
            let fields = self.fields.iter().enumerate();
            fields.filter(|(at, field)| self.is_edited(*at, field))
        };
        // Mostly a header is new or gone; only one that came and has other values now may be as it was after all.
        edited().any(|(_, field)| !self.is_as_it_came(field))
    }

    /// Calls `act` with each edit, in order.
    pub(crate) fn each_edit<'h>(&'h self, mut act: impl FnMut(Edit<'h>)) {
        for (at, field) in self.fields.iter().enumerate() {
            if !self.is_edited(at, field) {
                continue;
            }
            let name = self.slice(field.name);
            let is_seen = self.fields.iter().take(at).enumerate();
            let mut is_seen = is_seen
                .filter(|(at, other)| self.is_edited(*at, other) && self.is_named(other, name));
            if is_seen.next().is_none() {
                self.edits_of(field, name, &mut act);
            }
        }
    }

    /// Whether a field came and is gone, or did not come and is there.
    fn is_edited(&self, at: usize, field: &Field) -> bool {
        (at < self.received) != field.present
    }

    fn edits_of<'h>(&'h self, field: &Field, name: &'h [u8], act: &mut impl FnMut(Edit<'h>)) {
        let (came, stayed) =
            self.received(name)
                .fold((0_usize, 0_usize), |(came, stayed), field| {
                    let stayed = stayed.wrapping_add(usize::from(field.present));
                    (came.wrapping_add(1), stayed)
                });
        let mut now = self.named(name).map(|field| self.slice(field.value));
        if came > 0 && stayed == came {
            // All that came stays, and more is added.
            now.skip(came).for_each(|value| act(Edit::Add(name, value)));
            return;
        }
        if came > 0 && self.is_as_it_came(field) {
            return;
        }
        match now.next() {
            None if came > 0 => act(Edit::Remove(name)),
            None => {}
            Some(first) => {
                act(Edit::Set(name, first));
                now.for_each(|value| act(Edit::Add(name, value)));
            }
        }
    }

    /// Whether the header of this field has the values that it came with.
    fn is_as_it_came(&self, field: &Field) -> bool {
        let name = self.slice(field.name);
        let before = self.received(name).map(|field| self.slice(field.value));
        before.eq(self.named(name).map(|field| self.slice(field.value)))
    }

    fn received<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a Field> {
        let fields = self.fields.iter().take(self.received);
        fields.filter(move |field| self.is_named(field, name))
    }
}
