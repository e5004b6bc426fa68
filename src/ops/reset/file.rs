//! Offsets in Kafka's CSV: `topic,partition,offset` for one group, `group,topic,partition,offset` for several. No header.

use std::collections::BTreeMap;
use std::io::{self, Read};

use crate::kafka::model::{GroupId, Offset, TopicPartition};

/// The longest file of offsets that is read: 100,000 partitions with long names fit.
const LONGEST: u64 = 32 << 20;

/// The text of a file of offsets.
///
/// # Errors
/// When it cannot be read, or is too large to be one.
pub fn text(input: impl Read) -> io::Result<String> {
    let mut text = String::new();
    let read = input.take(LONGEST + 1).read_to_string(&mut text)?;
    if read as u64 > LONGEST {
        return Err(io::Error::other("it is too large for a file of offsets"));
    }
    Ok(text)
}

/// Reads the offsets that a file names for `group`. Rows of other groups are for other groups.
///
/// # Errors
/// Which line is wrong and how, or that the file has nothing for the group.
pub fn read(text: &str, group: &GroupId) -> Result<BTreeMap<TopicPartition, Offset>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut found = BTreeMap::new();
    let (mut width, mut others) = (None, 0_usize);
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        let line = row.position().map_or(0, csv::Position::line);
        let wrong = |why: &str| format!("line {line}: {why}");
        let is_alike = *width.get_or_insert(row.len()) == row.len() && matches!(row.len(), 3 | 4);
        if !is_alike {
            return Err(wrong(
                "write each as topic,partition,offset or each as group,topic,partition,offset",
            ));
        }
        let fields: Vec<&str> = row.iter().collect();
        let (of, topic, partition, offset) = match fields[..] {
            [topic, partition, offset] => (group.as_str(), topic, partition, offset),
            [of, topic, partition, offset] => (of, topic, partition, offset),
            _ => continue,
        };
        if of != group.as_str() {
            others += 1;
            continue;
        }
        let partition = partition.trim().parse::<i32>().ok().filter(|id| *id >= 0);
        let partition = TopicPartition::new(topic, partition.ok_or_else(|| wrong("the partition is no number"))?);
        let offset = offset.trim().parse().map_err(|_| wrong("the offset is no number"))?;
        if found
            .insert(partition.clone(), Offset(offset))
            .is_some_and(|before| before.0 != offset)
        {
            return Err(wrong(&format!("{partition} has another offset further up")));
        }
    }
    match (found.is_empty(), others) {
        (false, _) => Ok(found),
        (true, 0) => Err("the file is empty".to_owned()),
        (true, _) => Err(format!("the file names other groups, but not {group}")),
    }
}

/// Writes offsets of one group as Kafka's tool does.
pub fn write<'a>(offsets: impl Iterator<Item = (&'a TopicPartition, Offset)>) -> String {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::Any(b'\n'))
        .from_writer(Vec::new());
    for (partition, offset) in offsets {
        let (id, offset) = (partition.partition.to_string(), offset.to_string());
        // Writing to memory cannot fail.
        let _ = writer.write_record([partition.topic.as_str(), &id, &offset]);
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> Result<Vec<(String, i64)>, String> {
        let found = read(text, &"billing".into())?;
        Ok(found
            .into_iter()
            .map(|(partition, offset)| (partition.to_string(), offset.0))
            .collect())
    }

    fn row(partition: &str, offset: i64) -> (String, i64) {
        (partition.to_owned(), offset)
    }

    #[test]
    fn both_forms_are_read_with_kafkas_quotes_and_any_line_end() {
        let expected = Ok(vec![row("orders-0", 12), row("orders-11", 5)]);
        assert_eq!(parsed("orders,0,12\norders,11,5\n"), expected);
        assert_eq!(parsed("\"orders\",0,12\r\n\norders,11,5"), expected);
        let several = "billing,orders,0,12\nother,orders,0,99\nbilling,orders,11,5\n";
        assert_eq!(parsed(several), expected);
    }

    #[test]
    fn what_never_ends_is_not_read_to_its_end() {
        assert_eq!(text(&b"orders,0,12"[..]).unwrap(), "orders,0,12");
        assert!(text(io::repeat(b'1')).unwrap_err().to_string().contains("too large"));
        assert!(text(&[0xff][..]).is_err());
    }

    #[test]
    fn what_is_wrong_names_its_line() {
        let complaint = |text: &str| parsed(text).unwrap_err();
        assert_eq!(complaint(""), "the file is empty");
        assert_eq!(
            complaint("other,orders,0,1\n"),
            "the file names other groups, but not billing"
        );
        assert_eq!(
            complaint("orders,0,1\norders,x,1\n"),
            "line 2: the partition is no number"
        );
        assert_eq!(complaint("orders,0,1\norders,1,\n"), "line 2: the offset is no number");
        assert_eq!(
            complaint("topic,partition,offset\n"),
            "line 1: the partition is no number"
        );
        assert_eq!(
            complaint("orders,0,1\norders,0,2\n"),
            "line 2: orders-0 has another offset further up"
        );
        for text in ["orders,0\n", "orders,0,1\nbilling,orders,1,1\n", "a,b,0,1,2\n"] {
            assert!(
                complaint(text).contains("write each as topic,partition,offset"),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(rows in prop::collection::btree_map(("[a-zA-Z0-9._-]{1,40}", 0..i32::MAX), any::<i64>(), 1..20)) {
            let rows: BTreeMap<_, _> = rows
                .into_iter()
                .map(|((topic, id), offset)| (TopicPartition::new(topic, id), Offset(offset)))
                .collect();
            let text = write(rows.iter().map(|(partition, offset)| (partition, *offset)));
            prop_assert_eq!(read(&text, &"billing".into()), Ok(rows));
        }

        #[test]
        fn no_text_is_too_odd(text in ".{0,200}") {
            let _ = read(&text, &"billing".into());
        }
    }
}
