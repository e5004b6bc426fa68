//! Plain lines as records: a value each, or key and value.

use std::borrow::Cow;

use memchr::memmem;

use crate::kafka::records::{NewHeader, NewRecord};

/// How a line is a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineFormat {
    /// What stands between key and value; without it, and on lines that lack it, the line is the value.
    pub delimiter: Option<Vec<u8>>,
    /// Whether an empty key or value is null.
    pub empty_is_null: bool,
    /// Headers of every record.
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl LineFormat {
    /// The record of a line without its newline.
    pub fn record<'a>(&'a self, line: &'a [u8], now: i64) -> NewRecord<'a> {
        let delimiter = self.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
        let cut = delimiter.and_then(|delimiter| Some((memmem::find(line, delimiter)?, delimiter.len())));
        let (key, value) = match cut {
            Some((at, length)) => (Some(&line[..at]), &line[at + length..]),
            None => (None, line),
        };
        let is_null = |bytes: &&[u8]| self.empty_is_null && bytes.is_empty();
        NewRecord {
            timestamp: now,
            key: key.filter(|key| !is_null(key)).map(Cow::Borrowed),
            value: Some(value).filter(|value| !is_null(value)).map(Cow::Borrowed),
            headers: self.headers().collect(),
        }
    }

    fn headers(&self) -> impl Iterator<Item = NewHeader<'_>> {
        self.headers
            .iter()
            .map(|(key, value)| (Cow::Borrowed(&key[..]), value.as_deref().map(Cow::Borrowed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_value_or_key_and_value() {
        let plain = LineFormat::default();
        let record = plain.record(b"a:b", 5);
        assert_eq!(
            (record.key, record.value.as_deref(), record.timestamp),
            (None, Some(&b"a:b"[..]), 5)
        );
        let keyed = LineFormat {
            delimiter: Some(b"::".to_vec()),
            headers: vec![(b"h".to_vec(), None)],
            ..LineFormat::default()
        };
        let record = keyed.record(b"k::v::w", 0);
        assert_eq!(record.key.as_deref(), Some(&b"k"[..]));
        assert_eq!(record.value.as_deref(), Some(&b"v::w"[..]));
        assert_eq!(record.headers, [(b"h"[..].into(), None)]);
        assert_eq!(keyed.record(b"no key", 0).key, None);
    }

    #[test]
    fn empty_is_null_where_that_is_asked_for() {
        for (empty_is_null, expected) in [(false, Some(&b""[..])), (true, None)] {
            let format = LineFormat {
                delimiter: Some(b",".to_vec()),
                empty_is_null,
                headers: Vec::new(),
            };
            let record = format.record(b",", 0);
            assert_eq!((record.key.as_deref(), record.value.as_deref()), (expected, expected));
        }
    }
}
