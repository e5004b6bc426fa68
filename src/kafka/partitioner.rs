//! Which partition a key belongs to, as Java's producer has it: murmur2 of the key's bytes.

use crate::kafka::model::PartitionId;

const SEED: u32 = 0x9747_b28c;
const M: u32 = 0x5bd1_e995;

/// The partition of a key among `partitions`, of which there is at least one.
pub fn partition_of(key: &[u8], partitions: u32) -> PartitionId {
    PartitionId(((murmur2(key) & 0x7fff_ffff) % partitions.max(1)) as i32)
}

/// The 32-bit hash of Kafka's `Utils.murmur2`, as its bits.
pub fn murmur2(data: &[u8]) -> u32 {
    let mut hash = SEED ^ data.len() as u32;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
        k = k.wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        for (at, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * at);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_kafka_s_own_tests() {
        // UtilsTest.testMurmur2
        for (key, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()) as i32, hash, "{key}");
        }
    }

    #[test]
    fn a_partition_is_one_of_those_there_are() {
        for key in [&b""[..], b"a", b"ab", b"\xff\xfe\xfd", b"abcdefg"] {
            for partitions in [1, 3, 12] {
                assert!((0..partitions as i32).contains(&partition_of(key, partitions).0));
            }
        }
    }
}
