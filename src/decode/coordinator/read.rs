//! Reads described fields from bytes.

use super::schema::{Field, Type};
use crate::decode::uuid;
use crate::decode::write::Json;

/// A position in the bytes.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let end = self.at.checked_add(count);
        let Some(taken) = end.and_then(|end| self.bytes.get(self.at..end)) else {
            return Err(format!("ends at byte {}, within a field", self.bytes.len()));
        };
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// A big-endian number of two bytes.
    pub(super) fn i16(&mut self) -> Result<i16, String> {
        self.array().map(i16::from_be_bytes)
    }

    /// Nothing is left.
    pub(super) fn end(&self) -> Result<(), String> {
        match self.bytes.len() - self.at {
            0 => Ok(()),
            1 => Err("1 byte after the last field".to_owned()),
            left => Err(format!("{left} bytes after the last field")),
        }
    }

    /// An unsigned varint of at most 5 bytes.
    fn varint(&mut self) -> Result<u32, String> {
        let mut value = 0u64;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return u32::try_from(value).map_err(|_| "a length beyond 32 bits".to_owned());
            }
        }
        Err("a length without an end".to_owned())
    }

    /// The count of a list or a length; `None` is null.
    fn count(&mut self, is_flexible: bool, width: Width) -> Result<Option<usize>, String> {
        let count = match (is_flexible, width) {
            (true, _) => i64::from(self.varint()?) - 1,
            (false, Width::Two) => self.i16()?.into(),
            (false, Width::Four) => i32::from_be_bytes(self.array()?).into(),
        };
        Ok(usize::try_from(count).ok())
    }

    /// Writes the fields of a struct as members of the open object.
    pub(super) fn fields(
        &mut self,
        fields: &'static [Field],
        version: i16,
        is_flexible: bool,
        json: &mut Json,
    ) -> Result<(), String> {
        for field in fields
            .iter()
            .filter(|field| field.tag.is_none() && field.is_in(version))
        {
            json.key(field.name);
            self.value(&field.kind, version, is_flexible, json)?;
        }
        if is_flexible {
            self.tagged(fields, version, json)?;
        }
        Ok(())
    }

    fn tagged(&mut self, fields: &'static [Field], version: i16, json: &mut Json) -> Result<(), String> {
        for _ in 0..self.varint()? {
            let tag = self.varint()?;
            let length = self.varint()?;
            let bytes = self.take(length as usize)?;
            let known = fields
                .iter()
                .find(|field| field.tag == Some(tag) && field.is_in(version));
            if let Some(field) = known {
                let mut reader = Reader::new(bytes);
                json.key(field.name);
                reader.value(&field.kind, version, true, json)?;
                reader.end()?;
            } else {
                json.key(&format!("tag {tag}"));
                json.bytes(bytes);
            }
        }
        Ok(())
    }

    fn value(&mut self, kind: &'static Type, version: i16, is_flexible: bool, json: &mut Json) -> Result<(), String> {
        match kind {
            Type::I8 => json.plain(i8::from_be_bytes(self.array()?)),
            Type::I16 => json.plain(self.i16()?),
            Type::U16 => json.plain(u16::from_be_bytes(self.array()?)),
            Type::I32 => json.plain(i32::from_be_bytes(self.array()?)),
            Type::I64 => json.plain(i64::from_be_bytes(self.array()?)),
            Type::Uuid => json.string(&uuid::read(self.take(16)?)?),
            Type::Text => match self.count(is_flexible, Width::Two)? {
                None => json.plain("null"),
                Some(length) => {
                    let bytes = self.take(length)?;
                    match std::str::from_utf8(bytes) {
                        Ok(text) => json.string(text),
                        Err(_) => json.bytes(bytes),
                    }
                }
            },
            Type::Bytes => match self.count(is_flexible, Width::Four)? {
                None => json.plain("null"),
                Some(length) => json.bytes(self.take(length)?),
            },
            Type::List(item) => match self.count(is_flexible, Width::Four)? {
                None => json.plain("null"),
                Some(count) => {
                    json.open('[');
                    // Every item takes bytes, so a false count ends at the end of them.
                    for _ in 0..count {
                        self.value(item, version, is_flexible, json)?;
                    }
                    json.close(']');
                }
            },
            Type::Struct(fields) => {
                json.open('{');
                self.fields(fields, version, is_flexible, json)?;
                json.close('}');
            }
            Type::Perhaps(fields) => match i8::from_be_bytes(self.array()?) {
                // A tagged one says so with 0.
                -1 | 0 => json.plain("null"),
                _ => {
                    json.open('{');
                    self.fields(fields, version, is_flexible, json)?;
                    json.close('}');
                }
            },
        }
        Ok(())
    }
}

/// Bytes of a length outside flexible versions.
#[derive(Clone, Copy)]
enum Width {
    Two,
    Four,
}
