//! Base64, both ways (RFC 4648).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// The bytes in base64.
pub(super) fn write(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// What a base64 text holds, of either alphabet, with or without padding and line feeds.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let text: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let is_url = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let alphabet = if is_url {
        &alphabet::URL_SAFE
    } else {
        &alphabet::STANDARD
    };
    let held = GeneralPurpose::new(alphabet, LENIENT).decode(text);
    held.map_err(|error| format!("not base64: {}", error.to_string().to_lowercase().trim_end_matches('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_alphabets_are_read_and_padding_does_not_matter() {
        for text in ["+/+/YQ==", "-_-_YQ", "+/+/\n YQ\n"] {
            assert_eq!(read(text.as_bytes()).unwrap(), [0xfb, 0xff, 0xbf, b'a'], "{text}");
        }
        assert_eq!(write(&[0xfb, 0xff, 0xbf, b'a']), "+/+/YQ==");
        assert!(read(b"no, this is text").unwrap_err().starts_with("not base64: "));
    }
}
