//! An export by the names of its options, as the checkpoint keeps it: the same whoever began it, the command line or a
//! screen, with places and times that mean the same tomorrow.

use std::collections::BTreeMap;

use super::{ExportSpec, Format};
use crate::kafka::model::{Isolation, Offset, PartitionId};
use crate::position::{Start, Until, partitions_label};

impl ExportSpec {
    /// What says which records are in the file, and how they are written.
    pub fn options(&self) -> BTreeMap<String, String> {
        let delimiters = match &self.format {
            Format::Raw { key, record } => Some((key, record)),
            Format::Jsonl | Format::Csv | Format::Kcat => None,
        };
        let newest = match self.from {
            Start::Newest(count) => Some(count.to_string()),
            _ => None,
        };
        let isolation = match self.isolation {
            Isolation::ReadCommitted => "read_committed",
            Isolation::ReadUncommitted => "read_uncommitted",
        };
        let given = [
            ("topics", Some(self.topics.join(" "))),
            ("--partitions", self.named_partitions()),
            ("--from", start(&self.from)),
            ("--to", until(&self.until)),
            ("--newest", newest),
            ("--follow", (self.until == Until::Follow).then(|| "yes".to_owned())),
            ("--limit", self.limit.map(|count| count.to_string())),
            (
                "--filter",
                self.filter.as_ref().map(|filter| filter.source().to_owned()),
            ),
            ("--isolation", Some(isolation.to_owned())),
            ("--format", Some(self.format.name().to_owned())),
            ("--delimiter", delimiters.map(|(_, record)| record.to_string())),
            (
                "--key-delimiter",
                delimiters.and_then(|(key, _)| key.as_ref()).map(ToString::to_string),
            ),
        ];
        let given = given
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        given.collect()
    }

    /// The partitions, where the places to start at do not name the same.
    fn named_partitions(&self) -> Option<String> {
        let mut partitions = self.partitions.clone();
        partitions.sort_unstable();
        partitions.dedup();
        let is_more = !partitions.is_empty() && self.from.partitions().as_ref() != Some(&partitions);
        is_more.then(|| partitions_label(&partitions))
    }
}

fn start(from: &Start) -> Option<String> {
    match from {
        Start::Begin | Start::Newest(_) => None,
        Start::End => Some("end".to_owned()),
        Start::Offset(offset) => Some(offset.to_string()),
        Start::PerPartition(list) => Some(places(list)),
        Start::Time(millis) => Some(format!("@{millis}")),
    }
}

fn until(until: &Until) -> Option<String> {
    match until {
        Until::End | Until::Follow => None,
        Until::Count(count) => Some(format!("count {count}")),
        Until::Offset(offset) => Some(offset.to_string()),
        Until::PerPartition(list) => Some(places(list)),
        Until::Time(millis) => Some(format!("@{millis}")),
    }
}

fn places(list: &[(PartitionId, Offset)]) -> String {
    let places: Vec<String> = list.iter().map(|(id, offset)| format!("{id}@{offset}")).collect();
    places.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_times_are_written_as_they_can_be_typed() {
        for from in [
            Start::End,
            Start::Offset(Offset(1_234_567)),
            Start::PerPartition(vec![(PartitionId(0), Offset(7)), (PartitionId(3), Offset(1_000))]),
            Start::Time(1_795_173_300_000),
        ] {
            let written = start(&from).unwrap();
            assert_eq!(Start::parse(&written, None), Ok(from), "{written}");
        }
        for to in [Until::Offset(Offset(9)), Until::Time(17), Until::Count(3)] {
            let written = until(&to).unwrap();
            assert_eq!(Until::parse(&written, None), Ok(to), "{written}");
        }
    }

    #[test]
    fn partitions_that_the_start_names_are_not_named_twice() {
        let mut spec = ExportSpec {
            partitions: vec![PartitionId(3), PartitionId(0)],
            ..ExportSpec::new(vec!["orders".into()])
        };
        assert!(spec.options().contains_key("--partitions"));
        spec.from = Start::PerPartition(vec![(PartitionId(0), Offset(7)), (PartitionId(3), Offset(1))]);
        assert!(!spec.options().contains_key("--partitions"));
    }
}
