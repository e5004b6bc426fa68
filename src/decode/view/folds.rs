//! Folded objects and arrays: which rows are hidden, and where the others stand.

use std::collections::BTreeMap;

/// One folded object or array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fold {
    /// The byte at which its first line begins: where it stands at any width.
    pub(super) at: usize,
    /// The first hidden row.
    pub(super) start: usize,
    /// The row after the last hidden one.
    pub(super) end: usize,
    /// Its members or elements.
    pub(super) members: usize,
}

/// All folds of a value. Rows are counted from 0: *whole* rows as if nothing were folded, *shown* rows without the
/// hidden ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Folds {
    /// By the whole row on which the object or array begins; one inside another is kept for when that is opened.
    by_head: BTreeMap<usize, Fold>,
    /// Those that are in no other, with the rows hidden up to their end.
    outermost: Vec<(Fold, usize)>,
}

impl Folds {
    pub(super) fn is_empty(&self) -> bool {
        self.by_head.is_empty()
    }

    /// The bytes at which they begin, in order.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> {
        self.by_head.values().map(|fold| fold.at)
    }

    /// Folds what begins at `head`.
    pub(super) fn insert(&mut self, folds: impl IntoIterator<Item = (usize, Fold)>) {
        self.by_head.extend(folds);
        self.arrange();
    }

    /// Opens what begins at `head`; `false` when that is not folded.
    pub(super) fn remove(&mut self, head: usize) -> bool {
        let was_folded = self.by_head.remove(&head).is_some();
        self.arrange();
        was_folded
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn arrange(&mut self) {
        self.outermost.clear();
        let mut hidden = 0;
        for fold in self.by_head.values() {
            if self.outermost.last().is_some_and(|(last, _)| fold.start < last.end) {
                continue;
            }
            hidden += fold.end - fold.start;
            self.outermost.push((*fold, hidden));
        }
    }

    /// How many rows are hidden.
    pub(super) fn hidden(&self) -> usize {
        self.outermost.last().map_or(0, |(_, hidden)| *hidden)
    }

    /// The whole row that stands at a shown row.
    pub(super) fn whole(&self, shown: usize) -> usize {
        let begins_by = |(fold, hidden): &(Fold, usize)| fold.end - hidden <= shown;
        let before = self.outermost.partition_point(begins_by);
        shown + before.checked_sub(1).map_or(0, |last| self.outermost[last].1)
    }

    /// The shown row of a whole one; of a hidden one, the row that its fold stands on.
    pub(super) fn shown(&self, whole: usize) -> usize {
        let before = self.outermost.partition_point(|(fold, _)| fold.end <= whole);
        let hidden = before.checked_sub(1).map_or(0, |last| self.outermost[last].1);
        match self.outermost.get(before) {
            Some((fold, _)) if fold.start <= whole => fold.start - 1 - hidden,
            _ => whole - hidden,
        }
    }

    /// The fold after this whole row, if that is the last row before one.
    pub(super) fn after(&self, whole: usize) -> Option<Fold> {
        let at = self
            .outermost
            .binary_search_by_key(&(whole + 1), |(fold, _)| fold.start)
            .ok()?;
        Some(self.outermost[at].0)
    }

    /// Opens every fold that hides a row.
    pub(super) fn reveal(&mut self, whole: usize) {
        let hides = |fold: &Fold| (fold.start..fold.end).contains(&whole);
        self.by_head.retain(|_, fold| !hides(fold));
        self.arrange();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fold(start: usize, end: usize) -> (usize, Fold) {
        let fold = Fold {
            at: start - 1,
            start,
            end,
            members: 0,
        };
        (start - 1, fold)
    }

    #[test]
    fn rows_move_up_by_what_is_hidden_above() {
        let mut folds = Folds::default();
        folds.insert([fold(2, 5), fold(3, 4), fold(7, 8)]);
        assert_eq!(folds.hidden(), 4);
        let whole: Vec<_> = (0..6).map(|row| folds.whole(row)).collect();
        assert_eq!(whole, [0, 1, 5, 6, 8, 9]);
        assert_eq!(folds.shown(3), 1, "the row of the fold it is in");
        assert!(folds.remove(1));
        assert_eq!(folds.hidden(), 2, "the one inside is still folded");
        folds.reveal(3);
        assert_eq!(folds.hidden(), 1);
    }

    proptest! {
        #[test]
        fn shown_rows_are_those_that_nothing_hides(spans in proptest::collection::vec((1usize..40, 1usize..9), 0..8)) {
            // Only spans within one another or apart occur.
            let fits = |a: &(usize, usize), b: &(usize, usize)| {
                let (a, b) = (a.min(b), a.max(b));
                a.0 + a.1 < b.0 || (a.0 < b.0 && b.0 + b.1 <= a.0 + a.1)
            };
            let spans = spans.into_iter().fold(Vec::new(), |mut spans, span| {
                if spans.iter().all(|other| fits(other, &span)) {
                    spans.push(span);
                }
                spans
            });
            let mut folds = Folds::default();
            folds.insert(spans.iter().map(|(start, length)| fold(*start, start + length)));
            let hidden = |row: usize| spans.iter().any(|(start, length)| (*start..start + length).contains(&row));
            let visible: Vec<usize> = (0..60).filter(|row| !hidden(*row)).collect();
            for (shown, whole) in visible.iter().enumerate() {
                prop_assert_eq!(folds.whole(shown), *whole);
                prop_assert_eq!(folds.shown(*whole), shown);
            }
        }
    }
}
