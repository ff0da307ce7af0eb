//! Lists that mostly have one element, which then needs no allocation.

use std::ops::{Deref, DerefMut};

/// A list that mostly has one element.
#[derive(Debug, Clone, Default)]
pub enum Few<T> {
    /// No element.
    #[default]
    None,
    /// One element.
    One(T),
    /// Any number of elements.
    Many(Vec<T>),
}

impl<T> Few<T> {
    /// Adds an element at the end.
    pub fn push(&mut self, element: T) {
        match self {
            Self::None => *self = Self::One(element),
            Self::One(_) => {
                if let Self::One(first) = std::mem::take(self) {
                    *self = Self::Many(vec![first, element]);
                }
            }
            Self::Many(elements) => elements.push(element),
        }
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::None => &[],
            Self::One(element) => std::slice::from_ref(element),
            Self::Many(elements) => elements,
        }
    }
}

impl<T> DerefMut for Few<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::None => &mut [],
            Self::One(element) => std::slice::from_mut(element),
            Self::Many(elements) => elements,
        }
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut few = Self::None;
        elements.into_iter().for_each(|element| few.push(element));
        few
    }
}

impl<T: PartialEq> PartialEq for Few<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for Few<T> {}

impl<T: PartialEq, const N: usize> PartialEq<[T; N]> for Few<T> {
    fn eq(&self, other: &[T; N]) -> bool {
        **self == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_stand_in_the_order_in_which_they_came() {
        for count in 0..4_u32 {
            let mut few: Few<u32> = (0..count).collect();
            let elements: Vec<u32> = (0..count).collect();
            assert_eq!(*few, *elements);
            assert_eq!(few, elements.iter().copied().collect::<Few<u32>>());
            few.iter_mut().for_each(|element| *element += 1);
            assert_eq!(few.last(), (count > 0).then_some(&count));
        }
    }
}
