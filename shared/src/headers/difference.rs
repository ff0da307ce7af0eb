//! Computes the fewest edits that turn the received headers into the current ones.

use super::{Field, Headers, Span, is_same_name};

/// One change to the headers of a message, in a form that the host can apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit<'h> {
    /// Replace all values of the header with this one.
    Set(&'h [u8], &'h [u8]),
    /// Add a value.
    Add(&'h [u8], &'h [u8]),
    /// Remove all values.
    Remove(&'h [u8]),
}

impl<'h> Edit<'h> {
    /// Returns the header's name.
    #[must_use]
    pub fn name(&self) -> &'h [u8] {
        match self {
            Self::Set(name, _) | Self::Add(name, _) | Self::Remove(name) => name,
        }
    }
}

impl Headers {
    /// Returns the edits that the host has to apply.
    #[must_use]
    pub fn difference(&self) -> Vec<Edit<'_>> {
        let mut edits = Vec::new();
        self.each_edit(|edit| edits.push(edit));
        edits
    }

    /// Whether the host has to apply any edit.
    #[must_use]
    pub(crate) fn is_changed(&self) -> bool {
        if self.edits == 0 {
            return false;
        }
        let mut edited = self.edited(self.received);
        while let Some((at, field)) = edited {
            let is_new = !self.received_sizes.may_have(field.name.size);
            if is_new || self.is_different(field, &self.tally(field)) {
                return true;
            }
            edited = self.edited(at.wrapping_add(1));
        }
        // Any added field is gone, or equals one that was removed. Check the removed ones.
        let mut removed = self.edited(0);
        while let Some((at, field)) = removed
            && at < self.received
        {
            if self.is_different(field, &self.tally(field)) {
                return true;
            }
            removed = self.edited(at.wrapping_add(1));
        }
        false
    }

    /// Calls `act` with each edit, in order.
    pub(crate) fn each_edit<'h>(&'h self, mut act: impl FnMut(Edit<'h>)) {
        if self.edits == 0 {
            return;
        }
        let mut edited = self.edited(0);
        while let Some((at, field)) = edited {
            self.edits_of(at, field, &mut act);
            edited = self.edited(at.wrapping_add(1));
        }
    }

    /// Returns the next field, at or after `from`, that was received and removed, or that was added
    /// and still exists.
    #[inline(never)]
    fn edited(&self, from: usize) -> Option<(usize, &Field)> {
        let (came, added) = self.fields.split_at_checked(self.received)?;
        let at = came.get(from..).and_then(|came| {
            let skipped = came.iter().position(|field| !field.present)?;
            Some(from.wrapping_add(skipped))
        });
        let at = at.or_else(|| {
            let from = from.saturating_sub(self.received);
            let skipped = added.get(from..)?.iter().position(|field| field.present)?;
            Some(self.received.wrapping_add(from).wrapping_add(skipped))
        })?;
        Some((at, self.fields.get(at)?))
    }

    /// Reports the edits of the header that this edited field belongs to.
    #[inline(never)]
    fn edits_of<'h>(&'h self, at: usize, field: &Field, act: &mut dyn FnMut(Edit<'h>)) {
        let tally = self.tally(field);
        // If several fields with the same name were edited, the first one reports the edits of all.
        if tally.first_edited != at || !self.is_different(field, &tally) {
            return;
        }
        let name = self.slice(field.name);
        match tally.now {
            0 => act(Edit::Remove(name)),
            1 => act(Edit::Set(name, self.slice(tally.last))),
            _ => self.edits_of_many(field, &tally, act),
        }
    }

    /// Counts the fields that have the name of this field, in one pass.
    #[inline(never)]
    fn tally(&self, field: &Field) -> Tally {
        let mut tally = Tally {
            first_edited: usize::MAX,
            ..Tally::default()
        };
        // If the name was not among those received, only added fields can have it.
        let from = match self.received_sizes.may_have(field.name.size) {
            true => 0,
            false => self.received,
        };
        let mut next = self.of_size(field.name.size, from);
        while let Some(at) = next {
            if let Some(other) = self.fields.get(at) {
                self.count(&mut tally, at, other, field.name);
            }
            next = self.of_size(field.name.size, at.wrapping_add(1));
        }
        tally
    }

    #[inline(never)]
    fn count(&self, tally: &mut Tally, at: usize, field: &Field, name: Span) {
        if field.name != name && !is_same_name(self.slice(field.name), self.slice(name)) {
            return;
        }
        let has_come = at < self.received;
        tally.came = tally.came.wrapping_add(usize::from(has_come));
        if field.present {
            tally.now = tally.now.wrapping_add(1);
            tally.stayed = tally.stayed.wrapping_add(usize::from(has_come));
            tally.last = field.value;
        }
        if has_come != field.present {
            tally.first_edited = tally.first_edited.min(at);
        }
    }

    /// Whether the header of this field has values other than the received ones.
    fn is_different(&self, field: &Field, tally: &Tally) -> bool {
        tally.came != tally.now || (tally.now > 0 && self.has_other_values(field))
    }

    #[inline(never)]
    fn has_other_values(&self, field: &Field) -> bool {
        let name = self.slice(field.name);
        let before = self.fields.iter().take(self.received);
        let before = before.filter(|other| self.is_named(other, name));
        let now = self.named(name).map(|field| self.slice(field.value));
        !before.map(|field| self.slice(field.value)).eq(now)
    }

    /// Reports the edits of a header that now has several values.
    #[inline(never)]
    fn edits_of_many<'h>(&'h self, field: &Field, tally: &Tally, act: &mut dyn FnMut(Edit<'h>)) {
        let name = self.slice(field.name);
        let mut now = self.named(name).map(|field| self.slice(field.value));
        if tally.came > 0 && tally.stayed == tally.came {
            // All received values remain, and more were added.
            now.skip(tally.came)
                .for_each(|value| act(Edit::Add(name, value)));
            return;
        }
        act(Edit::Set(name, now.next().unwrap_or_default()));
        now.for_each(|value| act(Edit::Add(name, value)));
    }
}

/// What one pass over all fields finds out about a name.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    /// Number of fields received with the name.
    came: usize,
    /// How many of these still exist.
    stayed: usize,
    /// How many fields have the name now.
    now: usize,
    /// Index of the first field that was edited.
    first_edited: usize,
    /// The last value that exists.
    last: Span,
}
