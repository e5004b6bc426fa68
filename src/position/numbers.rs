//! Numbers, places and lists of partitions as a person writes them.

use std::fmt::Write as _;

use crate::kafka::model::{Offset, PartitionId};

/// The most partitions a list may name: a range of billions is a slip.
const MOST_PARTITIONS: usize = 100_000;

/// Whether a text is a number: `1234`, `1,234`, `1_234`.
pub(super) fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '_'))
}

/// The number a text is.
pub(super) fn number(text: &str) -> Option<i64> {
    let digits: String = text.chars().filter(|c| !matches!(c, ',' | '_')).collect();
    is_number(text).then(|| digits.parse().ok()).flatten()
}

/// An offset.
pub(super) fn offset(text: &str) -> Result<Offset, String> {
    number(text.trim())
        .map(Offset)
        .ok_or_else(|| "an offset is a whole number: offset 1234".to_owned())
}

/// `7@1234` or `0@100,3@250`: partitions with offsets, ascending. `None` when the text is something else.
pub(super) fn places(text: &str) -> Option<Result<Vec<(PartitionId, Offset)>, String>> {
    let (first, _) = text.split_once('@')?;
    is_number(first.trim()).then(|| read_places(text))
}

fn read_places(text: &str) -> Result<Vec<(PartitionId, Offset)>, String> {
    let mut written: Vec<String> = Vec::new();
    for part in text.split([',', ' ']).filter(|part| !part.is_empty()) {
        let is_group = part.len() == 3 && part.chars().all(|c| c.is_ascii_digit());
        match written.last_mut() {
            // Three digits behind a comma go on with the number before: `7@166,666`.
            Some(last) if is_group => last.push_str(part),
            _ => written.push(part.to_owned()),
        }
    }
    let mut places = Vec::new();
    for part in written {
        let place = part.split_once('@').and_then(|(id, offset)| {
            let offset = number(offset).map(Offset)?;
            Some((PartitionId(partition(id)?), offset))
        });
        places.push(place.ok_or_else(|| format!("{part:.20} is not PARTITION@OFFSET: 0@100,3@250"))?);
    }
    places.sort_unstable();
    match places.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(format!("partition {} has two offsets", pair[0].0)),
        None => Ok(places),
    }
}

fn partition(text: &str) -> Option<i32> {
    let is_plain = text.starts_with(|c: char| c.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

/// Reads `0,3-5`: partitions, ascending, each once. The error says how to write it.
pub fn parse_partitions(text: &str) -> Result<Vec<PartitionId>, String> {
    let mut found = Vec::new();
    for part in text.split([',', ' ']).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let range = partition(first)
            .zip(partition(last))
            .filter(|(first, last)| first <= last);
        let (first, last) = range.ok_or_else(|| format!("{part:.20} is no partition: write them as 0,3-5"))?;
        if (last - first) as usize + found.len() >= MOST_PARTITIONS {
            return Err(format!("{part:.20} is more than {MOST_PARTITIONS} partitions"));
        }
        found.extend((first..=last).map(PartitionId));
    }
    if found.is_empty() {
        return Err("which partitions? write them as 0,3-5".to_owned());
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Partitions as [`parse_partitions`] reads them: `0,3-5`.
pub fn partitions_label(partitions: &[PartitionId]) -> String {
    let mut label = String::new();
    for run in partitions.chunk_by(|a, b| b.0 == a.0 + 1) {
        let (first, last) = (run[0], run[run.len() - 1]);
        let comma = if label.is_empty() { "" } else { "," };
        let _writing_to_a_string_cannot_fail = match run.len() {
            1 => write!(label, "{comma}{first}"),
            2 => write!(label, "{comma}{first},{last}"),
            _ => write!(label, "{comma}{first}-{last}"),
        };
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<i32> {
        parse_partitions(text).unwrap().into_iter().map(|id| id.0).collect()
    }

    #[test]
    fn partitions_are_single_or_ranges_each_once() {
        assert_eq!(ids("0,3-5"), [0, 3, 4, 5]);
        assert_eq!(ids("5 3-4, 4"), [3, 4, 5]);
        assert_eq!(ids("7"), [7]);
    }

    #[test]
    fn what_is_no_list_of_partitions_is_said() {
        for (text, complaint) in [
            ("", "which partitions? write them as 0,3-5"),
            ("a", "a is no partition: write them as 0,3-5"),
            ("5-3", "5-3 is no partition: write them as 0,3-5"),
            ("-3", "-3 is no partition: write them as 0,3-5"),
            ("+3", "+3 is no partition: write them as 0,3-5"),
            ("0-2000000000", "0-2000000000 is more than 100000 partitions"),
        ] {
            assert_eq!(parse_partitions(text).unwrap_err(), complaint, "{text}");
        }
    }

    #[test]
    fn a_label_is_read_back_as_the_same_partitions() {
        for text in ["0", "0,1", "0-2", "0,3-5,9", "1,3,5"] {
            assert_eq!(partitions_label(&parse_partitions(text).unwrap()), text);
        }
    }

    #[test]
    fn places_are_sorted_and_a_partition_has_one() {
        let at = |text| places(text).unwrap();
        let expected = vec![(PartitionId(0), Offset(100)), (PartitionId(3), Offset(250))];
        assert_eq!(at("3@250,0@100"), Ok(expected));
        assert_eq!(at("7@1_234"), Ok(vec![(PartitionId(7), Offset(1234))]));
        assert_eq!(at("7@166,666"), Ok(vec![(PartitionId(7), Offset(166_666))]));
        assert_eq!(at("7@1,7@2"), Err("partition 7 has two offsets".to_owned()));
        assert_eq!(at("7@1,8"), Err("8 is not PARTITION@OFFSET: 0@100,3@250".to_owned()));
        assert!(places("@123").is_none() && places("x@1").is_none() && places("12").is_none());
    }
}
