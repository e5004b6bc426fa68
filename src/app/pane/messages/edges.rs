//! From where to where each partition's records are kept: where paging goes on in either direction.

use std::collections::BTreeMap;

use crate::kafka::model::record::Row;
use crate::kafka::model::{Offset, PartitionId};
use crate::kafka::query::Began;

/// A partition of one of the topics that are read.
pub type Place = (u16, PartitionId);

/// What is kept of one partition: everything from `low` to before `high`, as far as the log holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Records before this offset are not kept.
    pub low: Offset,
    /// Records from this offset on are not kept.
    pub high: Offset,
    /// Records from this offset on were never read, kept or not.
    pub read: Offset,
}

/// The edges of all partitions.
#[derive(Clone, Debug, Default)]
pub struct Edges {
    of: BTreeMap<Place, Edge>,
}

fn place(topic: u16, row: &Row) -> Place {
    (topic, row.partition())
}

/// The offset after a row.
fn after(row: &Row) -> Offset {
    match row {
        Row::Record(record) => Offset(record.offset.0.saturating_add(1)),
        Row::Unreadable(stretch) => Offset(stretch.last.0.saturating_add(1)),
    }
}

impl Edges {
    /// A partition begins to be read. One that is known goes on where it was.
    pub fn began(&mut self, began: &Began) {
        let nothing = Edge {
            low: began.offset,
            high: began.offset,
            read: began.offset,
        };
        self.of.entry((began.topic, began.partition)).or_insert(nothing);
    }

    /// A row came at the end, or before the first.
    pub fn came(&mut self, topic: u16, row: &Row) {
        let nothing = Edge {
            low: row.offset(),
            high: row.offset(),
            read: row.offset(),
        };
        let edge = self.of.entry(place(topic, row)).or_insert(nothing);
        edge.low = edge.low.min(row.offset());
        edge.high = edge.high.max(after(row));
        edge.read = edge.read.max(edge.high);
    }

    /// The first row left.
    pub fn left_front(&mut self, topic: u16, row: &Row) {
        if let Some(edge) = self.of.get_mut(&place(topic, row)) {
            edge.low = edge.low.max(after(row));
        }
    }

    /// The last row left.
    pub fn left_back(&mut self, topic: u16, row: &Row) {
        if let Some(edge) = self.of.get_mut(&place(topic, row)) {
            edge.high = edge.high.min(row.offset());
        }
    }

    /// Whether nothing is known of any partition.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// The edges, by topic and partition.
    pub fn iter(&self) -> impl Iterator<Item = (Place, Edge)> {
        self.of.iter().map(|(place, edge)| (*place, *edge))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::{Damage, Unreadable};

    fn stretch(first: i64, last: i64) -> Row {
        Row::Unreadable(Unreadable {
            partition: PartitionId(3),
            first: Offset(first),
            last: Offset(last),
            damage: Damage::UnknownFormat { magic: 9 },
            bytes: bytes::Bytes::new(),
        })
    }

    fn only(edges: &Edges) -> (i64, i64) {
        let all: Vec<_> = edges.iter().collect();
        assert_eq!(all.len(), 1);
        (all[0].1.low.0, all[0].1.high.0)
    }

    #[test]
    fn edges_follow_rows_that_come_and_leave_on_either_side() {
        let mut edges = Edges::default();
        let began = Began {
            topic: 0,
            partition: PartitionId(3),
            offset: Offset(10),
        };
        edges.began(&began);
        assert_eq!(only(&edges), (10, 10));
        edges.came(0, &stretch(5, 7));
        assert_eq!(only(&edges), (5, 10), "the newest before the place where it began");
        edges.came(0, &stretch(12, 14));
        assert_eq!(only(&edges), (5, 15));
        edges.came(0, &stretch(1, 1));
        edges.left_back(0, &stretch(12, 14));
        assert_eq!(only(&edges), (1, 12));
        edges.left_front(0, &stretch(1, 1));
        edges.left_front(0, &stretch(5, 7));
        assert_eq!(only(&edges), (8, 12));
        edges.began(&Began {
            offset: Offset(99),
            ..began
        });
        assert_eq!(only(&edges), (8, 12), "it goes on");
    }
}
