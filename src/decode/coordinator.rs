//! What coordinators write into `__consumer_offsets` and `__transaction_state`, as JSON.
//!
//! A key begins with the number of its kind, a value with the version of its fields; the fields are Kafka's own
//! (`group-coordinator` and `transaction-coordinator`, `common/message/*.json` as of 4.3).

mod kinds;
mod read;
mod schema;

use super::site::{Part, Site};
use super::write::Json;
use read::Reader;
use schema::{Kind, find};

/// A key or value of `__consumer_offsets`.
pub(super) fn consumer_offsets(bytes: &[u8], site: &Site<'_>) -> Result<String, String> {
    entry(bytes, site, kinds::GROUPS)
}

/// A key or value of `__transaction_state`.
pub(super) fn transaction_state(bytes: &[u8], site: &Site<'_>) -> Result<String, String> {
    entry(bytes, site, kinds::TRANSACTIONS)
}

fn entry(bytes: &[u8], site: &Site<'_>, kinds: &'static [Kind]) -> Result<String, String> {
    match site.part {
        Part::Value => {
            let key = site
                .key
                .ok_or("what the value is stands in the key, and that is null")?;
            value(bytes, kind_of(key, kinds)?)
        }
        Part::Key | Part::Header => key(bytes, kind_of(bytes, kinds)?),
    }
}

/// The kind that a key says.
fn kind_of(key: &[u8], kinds: &'static [Kind]) -> Result<&'static Kind, String> {
    let number = Reader::new(key).i16()?;
    find(kinds, number).ok_or_else(|| format!("keys of kind {number} are not known"))
}

fn key(bytes: &[u8], kind: &Kind) -> Result<String, String> {
    let mut reader = Reader::new(bytes);
    let mut json = Json::default();
    json.open('{');
    json.key("type");
    json.string(kind.name);
    // The number of the kind takes the place of a version.
    reader.i16()?;
    reader.fields(kind.key, 0, false, &mut json)?;
    json.close('}');
    reader.end().map(|()| json.into_text())
}

fn value(bytes: &[u8], kind: &Kind) -> Result<String, String> {
    let mut reader = Reader::new(bytes);
    let mut json = Json::default();
    let version = reader.i16()?;
    if !(0..=kind.newest).contains(&version) {
        return Err(format!("version {version} of {} is not known", kind.name));
    }
    json.open('{');
    json.key("version");
    json.plain(version);
    reader.fields(kind.value, version, version >= kind.flexible, &mut json)?;
    json.close('}');
    reader.end().map(|()| json.into_text())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"\0\x01\0\x02g1\0\x06orders\0\0\0\x07";

    fn offsets(part: Part, bytes: &[u8], key: Option<&[u8]>) -> Result<String, String> {
        let topic = "__consumer_offsets";
        consumer_offsets(bytes, &Site { topic, part, key })
    }

    #[test]
    fn a_commit_is_read_in_every_version() {
        assert_eq!(
            offsets(Part::Key, KEY, None).unwrap(),
            r#"{"type":"offset commit","group":"g1","topic":"orders","partition":7}"#
        );
        let offset = 42i64.to_be_bytes();
        let time = 1_700_000_000_000i64.to_be_bytes();
        let id = [0x11; 16];
        for (value, fields) in [
            (
                [&b"\0\0"[..], &offset, b"\0\0", &time].concat(),
                r#""version":0,"offset":42,"metadata":"","#,
            ),
            (
                [&b"\0\x03"[..], &offset, b"\0\0\0\x05\0\x02hi", &time].concat(),
                r#""version":3,"offset":42,"leaderEpoch":5,"metadata":"hi","#,
            ),
            (
                [
                    &b"\0\x04"[..],
                    &offset,
                    b"\xff\xff\xff\xff\x01",
                    &time,
                    b"\x01\0\x10",
                    &id,
                ]
                .concat(),
                r#""version":4,"offset":42,"leaderEpoch":-1,"metadata":"","#,
            ),
        ] {
            let text = offsets(Part::Value, &value, Some(KEY)).unwrap();
            assert!(
                text.starts_with(&format!("{{{fields}\"commitTimestamp\":1700000000000")),
                "{text}"
            );
        }
    }

    #[test]
    fn a_transaction_is_read() {
        let site = |part, key| Site {
            topic: "__transaction_state",
            part,
            key,
        };
        let key = b"\0\0\0\x03txn";
        assert_eq!(
            transaction_state(key, &site(Part::Key, None)).unwrap(),
            r#"{"type":"transaction","transactionalId":"txn"}"#
        );
        let value = b"\0\0\0\0\0\0\0\0\0\x09\0\x01\0\0\xea\x60\x01\0\0\0\x01\0\x01t\0\0\0\x01\0\0\0\x02\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x06";
        assert_eq!(
            transaction_state(value, &site(Part::Value, Some(key))).unwrap(),
            r#"{"version":0,"producerId":9,"producerEpoch":1,"transactionTimeoutMs":60000,"transactionStatus":1,"transactionPartitions":[{"topic":"t","partitionIds":[2]}],"transactionLastUpdateTimestampMs":5,"transactionStartTimestampMs":6}"#
        );
    }

    #[test]
    fn what_is_not_known_or_does_not_end_is_said() {
        assert_eq!(
            offsets(Part::Key, b"\0\x63", None).unwrap_err(),
            "keys of kind 99 are not known"
        );
        assert_eq!(
            offsets(Part::Key, b"\0\x01\0\x09g", None).unwrap_err(),
            "ends at byte 5, within a field"
        );
        assert_eq!(
            offsets(Part::Key, &[KEY, b"x"].concat(), None).unwrap_err(),
            "1 byte after the last field"
        );
        assert_eq!(
            offsets(Part::Value, b"\0\x63", Some(KEY)).unwrap_err(),
            "version 99 of offset commit is not known"
        );
        assert_eq!(
            offsets(Part::Value, b"\0\0", None).unwrap_err(),
            "what the value is stands in the key, and that is null"
        );
    }

    #[test]
    fn a_count_that_is_not_there_takes_no_memory_and_no_time() {
        let key = b"\0\x02\0\x01g";
        let value = b"\0\0\0\x01c\0\0\0\x01\xff\xff\xff\xff\x7f\xff\xff\xff";
        assert!(offsets(Part::Value, value, Some(key)).is_err());
    }
}
