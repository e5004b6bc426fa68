//! The record a filter is asked about, borrowed.

use crate::kafka::model::{Header, Offset, PartitionId, Record, Timestamp};
use crate::kafka::records::{Headers, RecordRef};

/// What a filter can see of a record. Nothing is copied.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// The partition it lies in.
    pub partition: PartitionId,
    /// Its offset.
    pub offset: Offset,
    /// Its timestamp.
    pub timestamp: Timestamp,
    /// The key; `None` is Kafka's null.
    pub key: Option<&'a [u8]>,
    /// The value; `None` is Kafka's null.
    pub value: Option<&'a [u8]>,
    /// The headers.
    pub headers: HeaderFields<'a>,
}

/// Headers of a record, wherever they lie.
#[derive(Clone, Debug)]
pub enum HeaderFields<'a> {
    /// In the bytes of a batch.
    Borrowed(Headers<'a>),
    /// In a record that has been cut out.
    Owned(&'a [Header]),
}

impl<'a> HeaderFields<'a> {
    /// The headers in the order they were written.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> + use<'a> {
        let (borrowed, owned) = match self {
            Self::Borrowed(headers) => (headers.clone(), &[][..]),
            Self::Owned(headers) => (Headers::default(), *headers),
        };
        borrowed.chain(owned.iter().map(|header| (&*header.key, header.value.as_deref())))
    }
}

impl<'a> Subject<'a> {
    /// A record of `partition`, borrowed from its batch.
    pub fn of(partition: PartitionId, record: &RecordRef<'a>) -> Self {
        Self {
            partition,
            offset: Offset(record.offset),
            timestamp: Timestamp(record.timestamp),
            key: record.key,
            value: record.value,
            headers: HeaderFields::Borrowed(record.headers.clone()),
        }
    }

    /// Whether the key, the value, a header's key or a header's value fulfils `test`.
    pub(super) fn any_field(&self, test: impl Fn(&[u8]) -> bool) -> bool {
        self.value.is_some_and(&test)
            || self.key.is_some_and(&test)
            || self
                .headers
                .iter()
                .any(|(key, value)| test(key) || value.is_some_and(&test))
    }
}

impl<'a> From<&'a Record> for Subject<'a> {
    fn from(record: &'a Record) -> Self {
        Self {
            partition: record.partition,
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key.as_deref(),
            value: record.value.as_deref(),
            headers: HeaderFields::Owned(&record.headers),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::kafka::records::{
        BatchSpec, FetchedRange, Inflater, RecordSpec, Walk, Walked, append_rows, encode_batch,
    };

    #[test]
    fn a_record_is_the_same_subject_in_its_batch_and_cut_out_of_it() {
        let header = |value| Header {
            key: Bytes::from_static(b"trace"),
            value,
        };
        let headers = [header(Some(Bytes::from_static(b"abc"))), header(None)];
        let record = RecordSpec {
            offset: 4,
            timestamp: 9,
            key: Some(b"k"),
            value: None,
            headers: &headers,
        };
        let range = FetchedRange {
            bytes: Bytes::from(encode_batch(&BatchSpec::default(), &[record]).unwrap()),
            fetch_offset: 0,
            high_watermark: 100,
            open_from: i64::MAX,
            aborted: Vec::new(),
        };
        let (mut rows, mut inflater) = (Vec::new(), Inflater::new(1000));
        let step = Walk::new(range).next().unwrap();
        append_rows(PartitionId(2), &step, &mut inflater, &mut rows);
        let Walked::Batch(batch) = &step else {
            panic!("{step:?}")
        };
        let payload = inflater.payload(batch).unwrap().to_vec();
        let borrowed = batch.records(&payload).next().unwrap().unwrap();

        let all = |subject: &Subject<'_>| {
            let headers: Vec<_> = subject
                .headers
                .iter()
                .map(|(k, v)| (k.to_vec(), v.map(<[u8]>::to_vec)))
                .collect();
            let fields = (subject.key.map(<[u8]>::to_vec), subject.value.map(<[u8]>::to_vec));
            (subject.partition, subject.offset, subject.timestamp, fields, headers)
        };
        let of_batch = Subject::of(PartitionId(2), &borrowed);
        let of_row = Subject::from(rows[0].record().unwrap());
        assert_eq!(all(&of_batch), all(&of_row));
        assert_eq!(all(&of_row).4.len(), 2);
        assert!(of_batch.any_field(|bytes| bytes == b"abc") && !of_row.any_field(|bytes| bytes == b"abd"));
    }
}
