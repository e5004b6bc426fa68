//! Log offsets of partitions.

use super::{Offset, PartitionId};

/// Log start offset and high watermark of one partition. Unknown is `None`, never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionOffsets {
    /// The partition.
    pub partition: PartitionId,
    /// Log start offset: the first offset that can still be read.
    pub log_start: Option<Offset>,
    /// High watermark: the offset after the last record a consumer can read.
    pub end: Option<Offset>,
}

impl PartitionOffsets {
    /// `end - log start`: the offset range, which on compacted or transactional topics is more than the records.
    pub fn range(&self) -> Option<i64> {
        Some((self.end?.0 - self.log_start?.0).max(0))
    }
}

/// A sum of which some parts may be unknown: `1,204 + ?2`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Sum of the known parts.
    pub known: i64,
    /// Number of known parts.
    pub parts: usize,
    /// Number of unknown parts.
    pub unknown: usize,
}

impl Total {
    /// Adds one part, which may be unknown.
    pub fn add(&mut self, part: Option<i64>) {
        match part {
            Some(value) => {
                self.known = self.known.saturating_add(value);
                self.parts += 1;
            }
            None => self.unknown += 1,
        }
    }

    /// The sum when every part is known.
    pub fn exact(&self) -> Option<i64> {
        (self.unknown == 0).then_some(self.known)
    }
}

impl FromIterator<Option<i64>> for Total {
    fn from_iter<I: IntoIterator<Item = Option<i64>>>(parts: I) -> Self {
        let mut total = Self::default();
        parts.into_iter().for_each(|part| total.add(part));
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_with_an_unknown_part_is_not_exact() {
        let total: Total = [Some(3), None, Some(4)].into_iter().collect();
        assert_eq!(
            (total.known, total.parts, total.unknown, total.exact()),
            (7, 2, 1, None)
        );
    }

    #[test]
    fn an_offset_range_needs_both_ends() {
        let mut offsets = PartitionOffsets {
            partition: PartitionId(0),
            log_start: Some(Offset(5)),
            end: Some(Offset(9)),
        };
        assert_eq!(offsets.range(), Some(4));
        offsets.log_start = None;
        assert_eq!(offsets.range(), None);
    }
}
