//! Numbers of a fixed width, as serializers write them.

/// A reading of the bytes and what it is.
fn line(number: impl std::fmt::Display, what: &str) -> String {
    format!("{number}   {what}\n")
}

macro_rules! readings {
    ($bytes:expr, $($type:ty: $what:literal),*) => {{
        let mut text = String::new();
        $(
            if let Ok(bytes) = <[u8; size_of::<$type>()]>::try_from($bytes) {
                text.push_str(&line(<$type>::from_be_bytes(bytes), concat!($what, ", big-endian")));
                if bytes.len() > 1 {
                    text.push_str(&line(<$type>::from_le_bytes(bytes), concat!($what, ", little-endian")));
                }
            }
        )*
        text
    }};
}

/// Every reading of the bytes as an integer, the usual one first.
pub(super) fn integers(bytes: &[u8]) -> Result<String, String> {
    let text = readings!(bytes, i8: "signed", u8: "unsigned", i16: "signed", u16: "unsigned", i32: "signed",
        u32: "unsigned", i64: "signed", u64: "unsigned");
    if text.is_empty() {
        return Err(format!("an integer has 1, 2, 4 or 8 bytes, not {}", bytes.len()));
    }
    Ok(text)
}

/// Every reading of the bytes as a floating-point number.
pub(super) fn floats(bytes: &[u8]) -> Result<String, String> {
    let text = readings!(bytes, f32: "IEEE 754", f64: "IEEE 754");
    if text.is_empty() {
        return Err(format!("a float has 4 or 8 bytes, not {}", bytes.len()));
    }
    Ok(text)
}

/// Why binary bytes are probably an integer: its first byte is only a sign. Negative ones are rare, so more must be.
pub(super) fn looks_like_integer(bytes: &[u8]) -> Option<&'static str> {
    let fits =
        matches!(bytes.len(), 4 | 8) && (bytes[0] == 0 || bytes[..bytes.len() - 2].iter().all(|byte| *byte == 0xff));
    fits.then_some("looks like a small integer, big-endian")
}

/// Why 8 binary bytes are probably a double: neither tiny nor huge.
pub(super) fn looks_like_float(bytes: &[u8]) -> Option<&'static str> {
    let size = f64::from_be_bytes(bytes.try_into().ok()?).abs();
    (1e-6..1e12)
        .contains(&size)
        .then_some("looks like a float of ordinary size, big-endian")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_readings_are_told_the_usual_one_first() {
        assert_eq!(
            integers(&[0xff, 0xfe]).unwrap(),
            "-2   signed, big-endian\n-257   signed, little-endian\n65534   unsigned, big-endian\n65279   unsigned, \
             little-endian\n"
        );
        assert_eq!(
            integers(&[0x80]).unwrap(),
            "-128   signed, big-endian\n128   unsigned, big-endian\n"
        );
        assert!(
            floats(&12.5f64.to_be_bytes())
                .unwrap()
                .starts_with("12.5   IEEE 754, big-endian\n")
        );
        assert!(floats(&f32::NAN.to_be_bytes()).unwrap().starts_with("NaN   "));
        assert!(floats(&[0; 3]).is_err());
    }

    #[test]
    fn only_plain_numbers_are_guessed() {
        assert!(looks_like_integer(&[0, 0, 1, 2]).is_some());
        assert!(looks_like_integer(&[0xff; 8]).is_some());
        assert!(looks_like_integer(&[0xff, 0xfe, 0, 1]).is_none());
        assert!(looks_like_integer(&[1, 0, 1, 2]).is_none());
        assert!(looks_like_integer(&[0, 0]).is_none(), "two bytes can be anything");
        assert!(looks_like_float(&1e300f64.to_be_bytes()).is_none());
        assert!(looks_like_float(&[1, 2, 3, 4]).is_none());
    }
}
