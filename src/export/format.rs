//! How records look in a file: pure functions from borrowed bytes to lines.

mod csv;
mod delimiter;
mod jsonl;
mod kcat;
mod raw;

use crate::kafka::model::{BrokerId, TopicPartition};
use crate::kafka::records::RecordRef;

use super::out::Out;

pub use csv::HEAD as CSV_HEAD;
pub use delimiter::Delimiter;
pub use jsonl::object;

/// A format of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line, nothing lost: `docs/export.schema.json`.
    #[default]
    Jsonl,
    /// RFC 4180, with a line of names.
    Csv,
    /// The bytes as they are.
    Raw {
        /// Between key and value; without it keys are left out.
        key: Option<Delimiter>,
        /// After each value.
        record: Delimiter,
    },
    /// What `kcat -J` prints.
    Kcat,
}

/// What all records of a partition begin with, so that it is put together once.
#[derive(Clone, Debug, Default)]
pub struct Prefix(Out);

impl Format {
    /// The names, as the command line and the screen have them.
    pub const NAMES: [&'static str; 4] = ["jsonl", "csv", "raw", "kcat"];

    /// The format of this name, with its usual delimiters.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "jsonl" => Self::Jsonl,
            "csv" => Self::Csv,
            "kcat" => Self::Kcat,
            "raw" => Self::Raw {
                key: None,
                record: Delimiter::default(),
            },
            _ => return None,
        })
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Raw { .. } => "raw",
            Self::Kcat => "kcat",
        }
    }

    /// The ending of its files.
    pub fn ending(&self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Raw { .. } => "txt",
            Self::Kcat => "kcat.jsonl",
        }
    }

    /// What stands before the first record of a file.
    pub fn head(&self) -> &'static [u8] {
        match self {
            Self::Csv => CSV_HEAD,
            Self::Jsonl | Self::Raw { .. } | Self::Kcat => b"",
        }
    }

    /// Makes it the prefix of a partition's records.
    pub fn begin(&self, prefix: &mut Prefix, partition: &TopicPartition) {
        let out = &mut prefix.0;
        out.clear();
        match self {
            Self::Jsonl => jsonl::prefix(out, partition),
            Self::Csv => csv::prefix(out, partition),
            Self::Kcat => kcat::prefix(out, partition),
            Self::Raw { .. } => {}
        }
    }

    /// Writes a record. `broker` is who leads its partition.
    pub fn record(&self, out: &mut Out, prefix: &Prefix, record: &RecordRef<'_>, broker: Option<BrokerId>) {
        out.put(prefix.0.bytes());
        match self {
            Self::Jsonl => jsonl::record(out, record),
            Self::Csv => csv::record(out, record),
            Self::Raw { key, record: end } => raw::record(out, record, key.as_ref(), end),
            Self::Kcat => kcat::record(out, record, broker),
        }
    }
}

/// The text of bytes that are UTF-8; else what is no text.
fn text(bytes: &[u8]) -> Result<&str, &[u8]> {
    std::str::from_utf8(bytes).map_err(|_| bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::{Header, TimestampType};
    use crate::kafka::records::{BatchSpec, FetchedRange, RecordSpec, Stamp, Walk, Walked, encode_batch};

    #[test]
    fn every_name_is_that_of_its_format() {
        let names = Format::NAMES.map(|name| Format::named(name).map(|format| format.name()));
        assert_eq!(names, Format::NAMES.map(Some));
        assert_eq!(Format::named("json"), None);
    }

    /// The lines of one record in a format.
    pub(super) fn line(format: &Format, key: Option<&[u8]>, value: Option<&[u8]>, headers: &[Header]) -> String {
        String::from_utf8_lossy(&lines(format, key, value, headers, Stamp::Create)).into_owned()
    }

    pub(super) fn lines(
        format: &Format,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header],
        stamp: Stamp,
    ) -> Vec<u8> {
        let record = RecordSpec {
            offset: 7,
            timestamp: 1_763_460_000_000,
            key,
            value,
            headers,
        };
        let spec = BatchSpec {
            base_offset: 7,
            stamp,
            ..BatchSpec::default()
        };
        let range = FetchedRange {
            bytes: encode_batch(&spec, &[record]).unwrap().into(),
            fetch_offset: 0,
            high_watermark: 100,
            open_from: i64::MAX,
            aborted: Vec::new(),
        };
        let Some(Walked::Batch(batch)) = Walk::new(range).next() else {
            panic!("a batch")
        };
        let mut inflater = crate::kafka::records::Inflater::default();
        let payload = inflater.payload(&batch).unwrap();
        let record = batch.records(payload).next().unwrap().unwrap();
        let mut out = Out::default();
        let mut prefix = Prefix::default();
        format.begin(&mut prefix, &TopicPartition::new("or\"ders", 3));
        format.record(&mut out, &prefix, &record, Some(BrokerId(2)));
        out.bytes().to_vec()
    }

    pub(super) fn header(key: &'static [u8], value: Option<&'static [u8]>) -> Header {
        Header {
            key: key.into(),
            value: value.map(Into::into),
        }
    }

    #[test]
    fn null_empty_and_binary_differ_in_every_format_that_can_say_so() {
        for format in [Format::Jsonl, Format::Csv] {
            let of = |value| line(&format, None, value, &[]);
            let all = [of(None), of(Some(b"")), of(Some(b"\xff")), of(Some(b"/w=="))];
            for (index, one) in all.iter().enumerate() {
                assert!(all[index + 1..].iter().all(|other| other != one), "{format:?}: {all:?}");
            }
        }
    }

    #[test]
    fn a_record_without_a_timestamp_has_none_in_any_format() {
        let record = RecordRef {
            offset: 0,
            timestamp: -1,
            timestamp_type: TimestampType::Create,
            key: None,
            value: Some(b"v"),
            headers: crate::kafka::records::Headers::default(),
        };
        let of = |format: Format| {
            let mut out = Out::default();
            format.record(&mut out, &Prefix::default(), &record, None);
            String::from_utf8(out.bytes().to_vec()).unwrap()
        };
        assert!(
            of(Format::Jsonl).contains("\"timestamp\":null,"),
            "{}",
            of(Format::Jsonl)
        );
        assert!(of(Format::Csv).starts_with("0,,,"), "{}", of(Format::Csv));
        assert!(
            of(Format::Kcat).contains("\"tstype\":\"unknown\",\"ts\":-1"),
            "{}",
            of(Format::Kcat)
        );
    }
}
