//! UUIDs of 16 bytes (RFC 9562).

use uuid::{Uuid, Variant};

/// The UUID in its usual form.
pub(super) fn read(bytes: &[u8]) -> Result<String, String> {
    let id = Uuid::from_slice(bytes).map_err(|_| format!("a UUID has 16 bytes, not {}", bytes.len()))?;
    Ok(id.hyphenated().to_string())
}

/// Whether binary bytes have the marks of a UUID.
pub(super) fn looks_like_one(bytes: &[u8]) -> bool {
    Uuid::from_slice(bytes)
        .is_ok_and(|id| id.get_variant() == Variant::RFC4122 && (1..=8).contains(&id.get_version_num()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bytes_are_a_uuid_only_with_version_and_variant() {
        let id = b"\x6b\xa7\xb8\x10\x9d\xad\x41\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8";
        assert_eq!(read(id).unwrap(), "6ba7b810-9dad-41d1-80b4-00c04fd430c8");
        assert!(looks_like_one(id));
        assert!(!looks_like_one(&[0xff; 16]));
        assert!(!looks_like_one(&id[1..]));
    }
}
