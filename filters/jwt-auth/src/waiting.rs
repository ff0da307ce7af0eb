//! Requests that wait. Each is taken out once: whoever takes it answers it, lets it go on, or puts it back.
//!
//! The request owns its place. When its stream goes away, and with it the request, the place is empty, and nobody is answered.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Duration;

/// Requests that wait; at most so many.
#[derive(Debug)]
pub struct Waiting {
    places: RefCell<Vec<Weak<Place>>>,
    max: usize,
}

/// The place of a request. Dropped, it waits no more.
#[derive(Debug, PartialEq, Eq)]
pub struct Place {
    /// The context of its stream.
    pub stream: u32,
    /// Until when it waits.
    pub until: Duration,
}

impl Waiting {
    /// Room for so many.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self {
            places: RefCell::default(),
            max,
        }
    }

    /// Gives a request its place; `None` where there is no room.
    #[must_use]
    pub fn admit(&self, place: Place) -> Option<Rc<Place>> {
        let mut places = self.places.borrow_mut();
        if places.len() >= self.max {
            places.retain(|place| place.strong_count() > 0);
        }
        if places.len() >= self.max {
            return None;
        }
        let place = Rc::new(place);
        places.push(Rc::downgrade(&place));
        Some(place)
    }

    /// Takes all out that still wait, in the order in which they came.
    #[must_use]
    pub fn take(&self) -> Vec<Rc<Place>> {
        let places = self.places.take();
        places.iter().filter_map(Weak::upgrade).collect()
    }

    /// Puts one back that was taken out.
    pub fn put_back(&self, place: &Rc<Place>) {
        self.places.borrow_mut().push(Rc::downgrade(place));
    }

    /// Whether nobody waits. One whose stream went away counts until it is taken out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.borrow().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn place(stream: u32) -> Place {
        Place {
            stream,
            until: Duration::ZERO,
        }
    }

    #[test]
    fn there_is_room_for_so_many_and_who_goes_away_makes_room() {
        let waiting = Waiting::new(2);
        let first = waiting.admit(place(1)).unwrap();
        let second = waiting.admit(place(2)).unwrap();
        assert_eq!(waiting.admit(place(3)), None);
        drop(first);
        let third = waiting.admit(place(3)).unwrap();
        assert_eq!(waiting.take(), [second, third]);
        assert!(waiting.is_empty());
        assert!(Waiting::new(0).admit(place(1)).is_none());
    }

    proptest! {
        /// Streams come, go away, are taken out and put back in any order: none is answered twice, none after it went away, none forgotten.
        #[test]
        fn each_request_is_answered_once(steps in prop::collection::vec((0..4_u8, 0..20_u32), 0..200)) {
            let waiting = Waiting::new(10);
            let mut streams: Vec<Rc<Place>> = Vec::new();
            let mut answered = BTreeSet::new();
            for (next, (step, number)) in (0_u32..).zip(steps) {
                match step {
                    0 | 1 => streams.extend(waiting.admit(place(next))),
                    2 => streams.retain(|stream| stream.stream % 20 != number),
                    _ => for taken in waiting.take() {
                        prop_assert!(streams.contains(&taken));
                        if taken.stream % 2 == number % 2 {
                            waiting.put_back(&taken);
                        } else {
                            prop_assert!(answered.insert(taken.stream));
                        }
                    }
                }
            }
            answered.extend(waiting.take().iter().map(|place| place.stream));
            for stream in streams {
                prop_assert!(answered.contains(&stream.stream));
            }
        }
    }
}
