//! Subscription and assignment of classic members: the bytes that consumers exchange through the coordinator.
//!
//! Any client of the cluster can write any bytes here, so nothing is trusted: a length beyond the bytes makes the whole
//! unreadable (`None`), before anything is allocated for it. Every version starts with the same fields (ConsumerProtocol
//! v0-v3 in Kafka's message definitions); what follows them is not needed and not looked at.

use crate::kafka::model::{PartitionId, TopicName, TopicPartition};

/// Topics of a `ConsumerProtocolSubscription`; `None` when the bytes are none.
pub fn subscribed(bytes: &[u8]) -> Option<Vec<TopicName>> {
    let mut bytes = after_version(bytes)?;
    let count = bytes.count(2)?;
    (0..count).map(|_| bytes.name()).collect()
}

/// Partitions of a `ConsumerProtocolAssignment`; `None` when the bytes are none. No bytes at all are an empty
/// assignment: the leader left the member out.
pub fn assigned(bytes: &[u8]) -> Option<Vec<TopicPartition>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let mut bytes = after_version(bytes)?;
    let mut all = Vec::new();
    for _ in 0..bytes.count(6)? {
        let topic = bytes.name()?;
        for _ in 0..bytes.count(4)? {
            all.push(TopicPartition {
                topic: topic.clone(),
                partition: PartitionId(bytes.i32()?),
            });
        }
    }
    Some(all)
}

fn after_version(bytes: &[u8]) -> Option<Cursor<'_>> {
    let mut cursor = Cursor(bytes);
    (cursor.i16()? >= 0).then_some(cursor)
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(len)?;
        self.0 = tail;
        Some(head)
    }

    fn i16(&mut self) -> Option<i16> {
        self.take(2)?.try_into().ok().map(i16::from_be_bytes)
    }

    fn i32(&mut self) -> Option<i32> {
        self.take(4)?.try_into().ok().map(i32::from_be_bytes)
    }

    /// Length of an array whose elements take at least `least` bytes each.
    fn count(&mut self, least: usize) -> Option<usize> {
        let count = usize::try_from(self.i32()?).ok()?;
        (count <= self.0.len() / least).then_some(count)
    }

    fn name(&mut self) -> Option<TopicName> {
        let len = usize::try_from(self.i16()?).ok()?;
        std::str::from_utf8(self.take(len)?).ok().map(TopicName::from)
    }
}

#[cfg(test)]
mod tests {
    use bytes::{BufMut, BytesMut};
    use kafka_protocol::messages::consumer_protocol_assignment::TopicPartition as Owned;
    use kafka_protocol::messages::{ConsumerProtocolAssignment, ConsumerProtocolSubscription, TopicName as WireTopic};
    use kafka_protocol::protocol::{Encodable, StrBytes};
    use proptest::prelude::*;

    use super::*;

    fn topic(name: &str) -> WireTopic {
        WireTopic(StrBytes::from_string(name.to_owned()))
    }

    fn assignment(version: i16) -> BytesMut {
        let message = ConsumerProtocolAssignment::default().with_assigned_partitions(vec![
            Owned::default().with_topic(topic("orders")).with_partitions(vec![0, 3]),
            Owned::default().with_topic(topic("payments")).with_partitions(vec![1]),
        ]);
        let mut bytes = BytesMut::new();
        bytes.put_i16(version);
        message.encode(&mut bytes, version.clamp(0, 3)).unwrap();
        bytes
    }

    fn expected() -> Vec<TopicPartition> {
        vec![
            TopicPartition::new("orders", 0),
            TopicPartition::new("orders", 3),
            TopicPartition::new("payments", 1),
        ]
    }

    #[test]
    fn every_version_of_an_assignment_is_read_also_one_from_the_future() {
        for version in [0, 1, 2, 3, 99] {
            assert_eq!(assigned(&assignment(version)), Some(expected()), "version {version}");
        }
    }

    #[test]
    fn trailing_bytes_are_ignored() {
        let mut bytes = assignment(3);
        bytes.put_slice(b"something a newer consumer adds");
        assert_eq!(assigned(&bytes), Some(expected()));
    }

    #[test]
    fn every_version_of_a_subscription_is_read() {
        for version in 0..=3 {
            let message = ConsumerProtocolSubscription::default().with_topics(vec![topic("a").0, topic("b").0]);
            let mut bytes = BytesMut::new();
            bytes.put_i16(version);
            message.encode(&mut bytes, version).unwrap();
            assert_eq!(
                subscribed(&bytes),
                Some(vec!["a".into(), "b".into()]),
                "version {version}"
            );
        }
    }

    #[test]
    fn no_bytes_are_an_empty_assignment_but_garbage_is_none() {
        assert_eq!(assigned(b""), Some(Vec::new()));
        assert_eq!(assigned(b"\x00\x01connect"), None);
        assert_eq!(assigned(&[0xff; 40]), None, "a negative version");
        assert_eq!(
            subscribed(b"\x00\x00\x00\x00\x00\x01\x00\x02\xff\xfe"),
            None,
            "a name that is not UTF-8"
        );
    }

    #[test]
    fn a_length_beyond_the_bytes_is_refused_before_it_is_allocated() {
        assert_eq!(assigned(b"\x00\x00\x7f\xff\xff\xff\x00\x01t\x00\x00\x00\x01"), None);
        assert_eq!(
            assigned(b"\x00\x00\x00\x00\x00\x01\x00\x01t\x7f\xff\xff\xff\x00\x00\x00\x01"),
            None
        );
    }

    proptest! {
        #[test]
        fn no_bytes_a_member_can_send_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (assigned(&bytes), subscribed(&bytes));
        }

        #[test]
        fn a_cut_assignment_is_never_read_as_another_one(cut in 1_usize..40) {
            let whole = assignment(1);
            // The last four bytes are the user data's length, which is not looked at.
            let cut = cut.min(whole.len() - 5);
            prop_assert_eq!(assigned(&whole[..cut]), None);
        }
    }
}
