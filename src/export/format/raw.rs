//! The bytes as they are, with delimiters. A null is written as nothing.

use super::super::out::Out;
use super::Delimiter;
use crate::kafka::records::RecordRef;

pub(super) fn record(out: &mut Out, record: &RecordRef<'_>, key: Option<&Delimiter>, end: &Delimiter) {
    if let Some(delimiter) = key {
        out.put(record.key.unwrap_or_default());
        out.put(delimiter.bytes());
    }
    out.put(record.value.unwrap_or_default());
    out.put(end.bytes());
}

#[cfg(test)]
mod tests {
    use super::super::tests::lines;
    use super::super::{Delimiter, Format};
    use crate::kafka::records::Stamp;

    #[test]
    fn delimiters_stand_between_key_and_value_and_after_each_record() {
        let delimiter = |text: &str| text.parse::<Delimiter>().unwrap();
        let of = |format: &Format| lines(format, Some(b"k"), Some(b"v\xff"), &[], Stamp::Create);
        let plain = Format::Raw {
            key: None,
            record: Delimiter::default(),
        };
        assert_eq!(of(&plain), b"v\xff\n");
        let both = Format::Raw {
            key: Some(delimiter(r"\t")),
            record: delimiter(r"\0"),
        };
        assert_eq!(of(&both), b"k\tv\xff\0");
        assert_eq!(lines(&both, None, None, &[], Stamp::Create), b"\t\0");
    }
}
