//! The newest of something, a few of them, in one piece of memory.

use std::ops::Deref;

/// At most `N` values, oldest first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Newest<T, const N: usize> {
    values: [T; N],
    len: u8,
}

impl<T: Copy + Default, const N: usize> Default for Newest<T, N> {
    fn default() -> Self {
        Self {
            values: [T::default(); N],
            len: 0,
        }
    }
}

impl<T, const N: usize> Deref for Newest<T, N> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.values.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl<T: Copy, const N: usize> Newest<T, N> {
    /// Adds one; where there is no room, the oldest goes.
    pub(super) fn push(&mut self, value: T) {
        if usize::from(self.len) >= N {
            self.drop_oldest();
        }
        if let Some(free) = self.values.get_mut(usize::from(self.len)) {
            *free = value;
            self.len += 1;
        }
    }

    /// Takes the newest away.
    pub(super) fn drop_newest(&mut self) {
        self.len = self.len.saturating_sub(1);
    }

    /// Takes the oldest away.
    pub(super) fn drop_oldest(&mut self) {
        self.values.rotate_left(1);
        self.len = self.len.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_gives_way() {
        let mut newest = Newest::<u32, 3>::default();
        assert!(newest.is_empty());
        (1..=5).for_each(|value| newest.push(value));
        assert_eq!(*newest, [3, 4, 5]);
        newest.drop_newest();
        newest.drop_oldest();
        assert_eq!(*newest, [4]);
        newest.push(9);
        assert_eq!(*newest, [4, 9]);
    }
}
