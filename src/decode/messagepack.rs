//! MessagePack as JSON: every number exact, duplicate keys kept; what JSON lacks becomes an object that names it.

use rmpv::ValueRef;
use rmpv::decode::read_value_ref_with_max_depth;

use super::write::Json;

/// Deepest nesting: reading it recurses.
const DEEPEST: usize = 100;

/// The bytes as JSON, if all of them are one MessagePack value.
pub(super) fn read(bytes: &[u8]) -> Result<String, String> {
    let mut rest = bytes;
    let value =
        read_value_ref_with_max_depth(&mut rest, DEEPEST).map_err(|error| format!("not MessagePack: {error}"))?;
    if !rest.is_empty() {
        return Err(format!(
            "MessagePack ends at byte {} of {}",
            bytes.len() - rest.len(),
            bytes.len()
        ));
    }
    let mut json = Json::default();
    write(&value, &mut json);
    Ok(json.into_text())
}

/// Whether the first byte opens a map or an array: single numbers and strings are anything's beginning.
pub(super) fn looks_like_it(bytes: &[u8]) -> bool {
    bytes.len() > 2 && matches!(bytes[0], 0x81..=0x8f | 0x91..=0x9f | 0xdc..=0xdf)
}

fn write(value: &ValueRef<'_>, json: &mut Json) {
    match value {
        ValueRef::Nil => json.plain("null"),
        ValueRef::Boolean(value) => json.plain(value),
        ValueRef::Integer(value) => json.plain(value),
        ValueRef::F32(value) if value.is_finite() => json.plain(value),
        ValueRef::F32(value) => json.float((*value).into()),
        ValueRef::F64(value) => json.float(*value),
        ValueRef::String(string) => match string.as_str() {
            Some(string) => json.string(string),
            None => json.bytes(string.as_bytes()),
        },
        ValueRef::Binary(bytes) => json.bytes(bytes),
        ValueRef::Array(items) => {
            json.open('[');
            for item in items {
                write(item, json);
            }
            json.close(']');
        }
        ValueRef::Map(entries) => {
            json.open('{');
            for (key, value) in entries {
                json.key(&key_text(key));
                write(value, json);
            }
            json.close('}');
        }
        ValueRef::Ext(kind, bytes) => {
            json.open('{');
            json.key("ext");
            json.plain(kind);
            json.key("data");
            json.bytes(bytes);
            json.close('}');
        }
    }
}

/// A key that is no string becomes the JSON it would be.
fn key_text(key: &ValueRef<'_>) -> String {
    if let ValueRef::String(string) = key
        && let Some(string) = string.as_str()
    {
        return string.to_owned();
    }
    let mut json = Json::default();
    write(key, &mut json);
    json.into_text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_is_kept() {
        let bytes = b"\x87\xa1a\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xa1a\xd3\x80\0\0\0\0\0\0\0\x01\xc0\xa1b\x93\xc3\xcb\x3f\xe0\0\0\0\0\0\0\xca\x3d\xcc\xcc\xcd\xa1c\xc4\x01\xff\xa1d\xd4\x05\x07\xa1e\xa1\xff";
        assert_eq!(
            read(bytes).unwrap(),
            "{\"a\":18446744073709551615,\"a\":-9223372036854775808,\"1\":null,\"b\":[true,0.5,0.1],\"c\":{\"base64\":\"/w==\"},\
             \"d\":{\"ext\":5,\"data\":{\"base64\":\"Bw==\"}},\"e\":{\"base64\":\"/w==\"}}"
        );
    }

    #[test]
    fn what_follows_the_value_is_no_messagepack() {
        assert_eq!(read(b"\x91\x01\x02").unwrap_err(), "MessagePack ends at byte 2 of 3");
        assert!(read(b"\x92\x01").unwrap_err().starts_with("not MessagePack: "));
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(read(&vec![0x91; 100_000]).is_err());
    }

    #[test]
    fn a_length_that_is_not_there_takes_no_memory() {
        assert!(read(b"\xdd\xff\xff\xff\xff\x01").is_err());
        assert!(read(b"\xdf\xff\xff\xff\xff\x01").is_err());
    }
}
