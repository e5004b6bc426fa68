//! A record as text for an editor, and back, without loss.
//!
//! ```text
//!   # One record for topic orders. Lines that start with # are left out.
//!   key: order-49999
//!   header: trace-id: 4bf92f35
//!   header-null: retry
//!   --- value ---
//!   {"orderId": 1999999}
//!   --- end of the value ---
//! ```
//!
//! What is no plain text stands as base64. Lines after the value keep editors from taking its ends for settings.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::Content;
use crate::kafka::model::Header;

const VALUE: &str = "--- value ---";
const END: &str = "--- end of the value ---";

/// Whether text stays itself in an editor: no control characters but line ends and tabs.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t'))
}

fn text_of(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| is_plain(text))
}

/// The text on one line that stays itself without blanks at its ends.
fn line_of(bytes: &[u8]) -> Option<&str> {
    text_of(bytes).filter(|text| !text.contains('\n') && text.trim() == *text)
}

/// Writes a record.
pub fn write(topic: &str, content: &Content) -> String {
    let topic: String = topic.chars().filter(|c| !c.is_control()).collect();
    let mut text = format!(
        "# One record for topic {topic}. Save and leave the editor to go on; nothing is sent before you confirm it.\n\
         # key: TEXT, key-base64: BASE64, or no line for a null key.\n\
         # header: NAME: TEXT, header-base64: NAME: BASE64 (name and value), header-null: NAME; order counts.\n\
         # value-null: for a null value, value-base64: BASE64; else all between the two lines below is the value.\n\
         # Lines that start with # are left out up to there.\n"
    );
    match content.key.as_deref() {
        None => {}
        Some(key) => match line_of(key) {
            Some(key) => push(&mut text, "key", key),
            None => push(&mut text, "key-base64", &STANDARD.encode(key)),
        },
    }
    for header in &content.headers {
        let name = line_of(&header.key).filter(|name| !name.contains(':'));
        match (name, header.value.as_deref()) {
            (Some(name), None) => push(&mut text, "header-null", name),
            (Some(name), Some(value)) if line_of(value).is_some() => {
                push(
                    &mut text,
                    "header",
                    &format!("{name}: {}", line_of(value).unwrap_or_default()),
                );
            }
            (_, value) => {
                let value = value.map_or_else(String::new, |value| format!(": {}", STANDARD.encode(value)));
                push(
                    &mut text,
                    "header-base64",
                    &format!("{}{value}", STANDARD.encode(&header.key)),
                );
            }
        }
    }
    let value = content.value.as_deref();
    let plain = value.and_then(text_of).filter(|text| split_at(text, END).is_none());
    match (value, plain) {
        (None, _) => text.push_str("value-null:\n"),
        (Some(value), None) => push(&mut text, "value-base64", &STANDARD.encode(value)),
        (Some(_), Some(_)) => {}
    }
    text.push_str(VALUE);
    text.push('\n');
    text.push_str(plain.unwrap_or_default());
    text.push('\n');
    text.push_str(END);
    text.push_str("\n#\n#\n#\n#\n#\n");
    text
}

/// What stands before the first line that is `mark`, and after it. Blanks at its end, such as editors leave, are no
/// other line.
fn split_at<'t>(text: &'t str, mark: &str) -> Option<(&'t str, &'t str)> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        if line.trim_end() == mark {
            return Some((&text[..start], &text[end..]));
        }
        start = end;
    }
    None
}

fn push(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    text.push_str(": ");
    text.push_str(value);
    text.push('\n');
}

/// Reads a record. The error names the line that cannot be read.
pub fn read(text: &str) -> Result<Content, String> {
    let (head, rest) = split_at(text, VALUE).ok_or_else(|| format!("the line {VALUE} is missing"))?;
    let (value, _) = split_at(rest, END).ok_or_else(|| format!("the line {END} is missing"))?;
    let value = value.strip_suffix('\n').unwrap_or(value);
    let mut content = Content {
        value: Some(Bytes::copy_from_slice(value.as_bytes())),
        ..Content::default()
    };
    let mut has_other_value = false;
    for (number, line) in head.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, rest) = line.split_once(':').unwrap_or((line, ""));
        let rest = rest.trim();
        let at = |why: &str| format!("line {}: {why}", number + 1);
        match name.trim() {
            "key" => content.key = Some(Bytes::copy_from_slice(rest.as_bytes())),
            "key-base64" => content.key = Some(decoded(rest).map_err(at)?),
            "value-null" => (content.value, has_other_value) = (None, true),
            "value-base64" => (content.value, has_other_value) = (Some(decoded(rest).map_err(at)?), true),
            kind @ ("header" | "header-null" | "header-base64") => {
                content.headers.push(header(kind, rest).map_err(at)?);
            }
            _ => return Err(at("only key, header and value lines stand here")),
        }
    }
    if has_other_value && !value.is_empty() {
        return Err("there are two values: remove the value-null or value-base64 line, or the text".to_owned());
    }
    Ok(content)
}

fn header(kind: &str, rest: &str) -> Result<Header, &'static str> {
    let (name, value) = match rest.split_once(':') {
        Some((name, value)) => (name.trim(), Some(value.trim())),
        None => (rest, None),
    };
    match (kind, value) {
        ("header", Some(value)) => Ok(Header {
            key: Bytes::copy_from_slice(name.as_bytes()),
            value: Some(Bytes::copy_from_slice(value.as_bytes())),
        }),
        ("header", None) => Err("a header is written as header: NAME: VALUE"),
        ("header-null", None) => Ok(Header {
            key: Bytes::copy_from_slice(name.as_bytes()),
            value: None,
        }),
        ("header-null", Some(_)) => Err("a header-null has no value"),
        (_, value) => Ok(Header {
            key: decoded(name)?,
            value: value.map(decoded).transpose()?,
        }),
    }
}

/// The bytes of base64.
pub fn decoded(text: &str) -> Result<Bytes, &'static str> {
    STANDARD
        .decode(text.trim())
        .map(Bytes::from)
        .map_err(|_| "this is no base64")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(text: &str) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn an_ordinary_record_is_readable() {
        let content = Content {
            key: bytes("order-1"),
            value: bytes("{\n  \"orderId\": 1\n}"),
            headers: vec![
                Header {
                    key: "trace".into(),
                    value: bytes("4b"),
                },
                Header {
                    key: "retry".into(),
                    value: None,
                },
            ],
        };
        let text = write("orders", &content);
        let body: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let expected = [
            "key: order-1",
            "header: trace: 4b",
            "header-null: retry",
            VALUE,
            "{",
            "  \"orderId\": 1",
            "}",
            END,
        ];
        assert_eq!(body, expected);
        assert_eq!(read(&text), Ok(content));
    }

    #[test]
    fn an_editor_finds_no_settings_at_the_ends_of_the_file() {
        let content = Content {
            value: bytes("vim: set ft=x:"),
            ..Content::default()
        };
        let text = write("t\nvim: x", &content);
        let lines: Vec<&str> = text.lines().collect();
        let ends = lines[..5].iter().chain(&lines[lines.len() - 5..]);
        assert!(ends.clone().all(|line| line.starts_with('#')), "{text}");
        assert!(lines[lines.len() - 5..].iter().all(|line| *line == "#"));
    }

    #[test]
    fn only_a_whole_line_ends_the_head_or_the_value() {
        for line in [
            format!("{END}x"),
            format!("x{END}"),
            format!("{END} x"),
            format!("{END} "),
        ] {
            let content = Content {
                key: bytes(&format!("order {VALUE}")),
                value: bytes(&format!("a\n{line}\nb")),
                headers: vec![Header {
                    key: "a".into(),
                    value: bytes(VALUE),
                }],
            };
            assert_eq!(read(&write("orders", &content)), Ok(content), "{line:?}");
        }
        let content = read(&format!("key: a\n{VALUE} \nv\n{END}\t\n#\n")).unwrap();
        assert_eq!(content.value, bytes("v"), "editors may leave blanks");
    }

    #[test]
    fn a_slip_is_told_with_its_line() {
        let text = |head: &str| format!("{head}\n{VALUE}\nv\n{END}\n");
        for (head, why) in [
            ("kye: x", "line 1: only key, header and value lines"),
            ("key: a\nheader: x", "line 2: a header is written as"),
            ("header-null: x: y", "line 1: a header-null has no value"),
            ("key-base64: ***", "line 1: this is no base64"),
            ("value-null:", "there are two values"),
        ] {
            let error = read(&text(head)).unwrap_err();
            assert!(error.starts_with(why), "{error}");
        }
        assert!(read("key: a\n").unwrap_err().contains("--- value ---"));
        assert!(read(&format!("{VALUE}\nabc")).unwrap_err().contains("--- end"));
    }

    fn some_bytes() -> impl Strategy<Value = Bytes> {
        let texts = prop_oneof![
            "[a-z:#\\- \\n\\t\\r]{0,12}",
            Just(format!("x\n{END}\ny")),
            Just(format!("{VALUE}\n{END}")),
            Just(format!("x\n{END}y")),
            Just(format!("a {VALUE}")),
            Just("\n\n".to_owned()),
        ];
        prop_oneof![
            texts.prop_map(Bytes::from),
            proptest::collection::vec(any::<u8>(), 0..12).prop_map(Bytes::from),
        ]
    }

    proptest! {
        #[test]
        fn every_record_survives_the_editor(
            key in proptest::option::of(some_bytes()),
            value in proptest::option::of(some_bytes()),
            headers in proptest::collection::vec((some_bytes(), proptest::option::of(some_bytes())), 0..4),
        ) {
            let headers = headers.into_iter().map(|(key, value)| Header { key, value }).collect();
            let content = Content { key, value, headers };
            prop_assert_eq!(read(&write("orders", &content)), Ok(content));
        }
    }
}
