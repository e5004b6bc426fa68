//! Sending one record from a screen: the form, the editor's text, the question before anything is sent.
//!
//! ```text
//!  ┌ New record for orders ───────────────────────────────────┐
//!  │   key          order-4711                                │
//!  │ ▸ value        {"orderId":4711}▏                         │
//!  │   headers      trace-id=4bf92f35                         │
//!  │   partition                                              │
//!  │   key is       ‹ text ›                                  │
//!  │   value is     ‹ text ›                                  │
//!  │   compression  ‹ none ›                                  │
//!  └──────────────────────────────────────────────────────────┘
//! ```
//!
//! What no line of the form can hold, such as a value of several lines, is kept beside it and edited in `$EDITOR`.

pub mod template;

use bytes::Bytes;

use super::form::Form;
use crate::kafka::model::{Codec, Header, PartitionId, TopicName};
use crate::kafka::partitioner::partition_of;

/// Key, value and headers of a record to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// The key; `None` is null.
    pub key: Option<Bytes>,
    /// The value; `None` is null.
    pub value: Option<Bytes>,
    /// The headers, in this order.
    pub headers: Vec<Header>,
}

/// One record to be sent, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendOrder {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: PartitionId,
    /// Among how many partitions the key chose it; `None` where no key did.
    pub chosen_of: Option<u32>,
    /// What is sent.
    pub content: Content,
    /// How its batch is compressed.
    pub codec: Codec,
}

impl SendOrder {
    /// Puts what does not belong to the record itself into the fields of a form.
    pub fn fill(&self, form: &mut Form) {
        form.set(COMPRESSION, &self.codec.to_string());
        if self.chosen_of.is_none() {
            form.set(PARTITION, &self.partition.to_string());
        }
    }
}

/// What a form for a record starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The topic.
    pub topic: TopicName,
    /// How many partitions it has.
    pub partitions: u32,
    /// What is kept beside the form: of an existing record, or out of the editor.
    pub kept: Content,
    /// What the form is called.
    pub title: String,
}

const KEY: &str = "key";
const KEY_IS: &str = "key is";
const VALUE: &str = "value";
const VALUE_IS: &str = "value is";
const HEADERS: &str = "headers";
const HEADERS_ARE: &str = "headers are";
const PARTITION: &str = "partition";
const COMPRESSION: &str = "compression";

const TEXT: &str = "text";
const NULL: &str = "null";
const BASE64: &str = "base64";
const KEPT: &str = "as it is";

/// How a key chooses a partition, in words.
const BY_KEY: &str = "by its key";

/// Longest text that a line of a form takes whole.
const LINE: usize = 4096;

impl Draft {
    /// An empty record for a topic.
    pub fn new(topic: TopicName, partitions: u32) -> Self {
        Self {
            title: format!("New record for {topic}"),
            topic,
            partitions,
            kept: Content {
                value: Some(Bytes::new()),
                ..Content::default()
            },
        }
    }

    /// The form, with what is kept in its fields as far as lines can hold it.
    pub fn form(&self) -> Form {
        let (key, key_is) = field(self.kept.key.as_ref());
        let (value, value_is) = field(self.kept.value.as_ref());
        // A record without a key is more often the start of one with a key.
        let as_key = "text: as typed; null: no key; base64: the bytes it stands for; as it is: what ctrl-o shows";
        let as_value =
            "text: as typed; null: a tombstone; base64: the bytes it stands for; as it is: what ctrl-o shows";
        let codecs = Codec::ALL.map(|codec| codec.to_string());
        let codecs: Vec<&str> = codecs.iter().map(String::as_str).collect();
        let kinds = [TEXT, NULL, BASE64, KEPT];
        let at = |kind: &str| kinds.iter().position(|known| *known == kind).unwrap_or(0);
        let headers = headers_line(&self.kept.headers);
        // What is typed stands together: whoever goes on with Tab and types must not turn a choice.
        let form = Form::new(self.title.clone())
            .text(KEY, &key, "the key; records with the same key go to the same partition")
            .text(VALUE, &value, "the value; ctrl-o opens the whole record in $EDITOR")
            .text(
                HEADERS,
                headers.as_deref().unwrap_or_default(),
                "name=value, other=value; a name without = is a null header; ctrl-o for anything else",
            )
            .text(
                PARTITION,
                "",
                "a number; empty: by key as Java's producer does it, without a key any",
            )
            .choice(KEY_IS, &kinds, at(key_is), as_key)
            .choice(VALUE_IS, &kinds, at(value_is), as_value);
        let form = match headers {
            Some(_) => form,
            None => form.choice(
                HEADERS_ARE,
                &[KEPT, TEXT],
                0,
                "as it is: what ctrl-o shows; text: as typed",
            ),
        };
        form.choice(COMPRESSION, &codecs, 0, "of the batch on its way and in the log")
    }

    /// Whoever types into a key, a value or the headers means text.
    pub fn follow(before: &Form, form: &mut Form) {
        for (name, kind) in [(KEY, KEY_IS), (VALUE, VALUE_IS), (HEADERS, HEADERS_ARE)] {
            let is_typed = form.value(name) != before.value(name) && !form.value(name).is_empty();
            if is_typed && [NULL, KEPT].contains(&form.value(kind)) {
                form.set(kind, TEXT);
            }
        }
    }

    /// Takes what the editor gave back.
    pub fn edited(&mut self, content: Content, form: &mut Form) {
        let (partition, codec) = (form.value(PARTITION).to_owned(), form.value(COMPRESSION).to_owned());
        self.kept = content;
        *form = self.form();
        form.set(PARTITION, &partition);
        form.set(COMPRESSION, &codec);
    }

    /// What the form says as a record. The error says which field cannot be used.
    pub fn content(&self, form: &Form) -> Result<Content, String> {
        let headers = match (form.value(HEADERS_ARE), form.value(HEADERS)) {
            (KEPT, "") => self.kept.headers.clone(),
            (KEPT, _) => return Err(both(HEADERS, KEPT)),
            (_, line) => headers(line)?,
        };
        Ok(Content {
            key: bytes(form, KEY, KEY_IS, self.kept.key.as_ref())?,
            value: bytes(form, VALUE, VALUE_IS, self.kept.value.as_ref())?,
            headers,
        })
    }

    /// The order that the form says, and how its partition was chosen. `any` chooses one for a record without a key.
    pub fn order(&self, form: &Form, any: u32) -> Result<(SendOrder, &'static str), String> {
        let content = self.content(form)?;
        let (partition, chosen) = match (form.value(PARTITION).trim(), &content.key) {
            ("", Some(key)) => (partition_of(key, self.partitions.max(1)), BY_KEY),
            ("", None) => (PartitionId((any % self.partitions.max(1)) as i32), "any: it has no key"),
            (typed, _) => {
                let number = typed.parse::<u32>().ok().filter(|number| *number < self.partitions);
                let number = number
                    .ok_or_else(|| format!("partition: {} has 0 to {}", self.topic, self.partitions.max(1) - 1))?;
                (PartitionId(number as i32), "as typed")
            }
        };
        let codec = Codec::ALL
            .into_iter()
            .find(|codec| codec.to_string() == form.value(COMPRESSION));
        let order = SendOrder {
            topic: self.topic.clone(),
            partition,
            chosen_of: (chosen == BY_KEY).then_some(self.partitions.max(1)),
            content,
            codec: codec.unwrap_or(Codec::None),
        };
        Ok((order, chosen))
    }
}

/// What a line of a form shows of bytes, and what they are there.
fn field(bytes: Option<&Bytes>) -> (String, &'static str) {
    let Some(bytes) = bytes else {
        return (String::new(), NULL);
    };
    match std::str::from_utf8(bytes) {
        Ok(text) if text.len() <= LINE && !text.chars().any(char::is_control) => (text.to_owned(), TEXT),
        _ => (String::new(), KEPT),
    }
}

fn bytes(form: &Form, name: &str, kind: &str, kept: Option<&Bytes>) -> Result<Option<Bytes>, String> {
    let typed = form.value(name);
    match form.value(kind) {
        NULL if typed.is_empty() => Ok(None),
        KEPT if typed.is_empty() => Ok(kept.cloned()),
        word @ (NULL | KEPT) => Err(both(name, word)),
        BASE64 => template::decoded(typed)
            .map(Some)
            .map_err(|why| format!("{name}: {why}")),
        _ => Ok(Some(Bytes::copy_from_slice(typed.as_bytes()))),
    }
}

fn both(name: &str, word: &str) -> String {
    format!("{name}: it is {word}, but something is typed: empty it, or make it text")
}

/// Headers on a line, where that can be read again as they are.
fn headers_line(list: &[Header]) -> Option<String> {
    let mut parts = Vec::new();
    for header in list {
        let name = std::str::from_utf8(&header.key).ok()?;
        parts.push(match &header.value {
            None => name.to_owned(),
            Some(value) => format!("{name}={}", std::str::from_utf8(value).ok()?),
        });
    }
    let line = parts.join(", ");
    let is_plain = line.len() <= LINE && !line.chars().any(char::is_control);
    (is_plain && headers(&line).as_deref() == Ok(list)).then_some(line)
}

fn headers(line: &str) -> Result<Vec<Header>, String> {
    let parts = line.split(',').map(str::trim).filter(|part| !part.is_empty());
    let header = |part: &str| {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (part, None),
        };
        if name.is_empty() {
            return Err(format!("headers: {part:.40} has no name"));
        }
        Ok(Header {
            key: Bytes::copy_from_slice(name.as_bytes()),
            value: value.map(|value| Bytes::copy_from_slice(value.as_bytes())),
        })
    };
    parts.map(header).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(set: &[(&str, &str)]) -> (Draft, Form) {
        let draft = Draft::new("orders".into(), 12);
        let mut form = draft.form();
        for (name, value) in set {
            form.set(name, value);
        }
        (draft, form)
    }

    fn order(set: &[(&str, &str)]) -> Result<SendOrder, String> {
        let (draft, form) = filled(set);
        draft.order(&form, 29).map(|(order, _)| order)
    }

    #[test]
    fn a_form_becomes_a_record() {
        let set = [
            (KEY_IS, TEXT),
            (KEY, "order-1"),
            (VALUE, "{}"),
            (HEADERS, "a=1, b=, c, a=x=y"),
            (COMPRESSION, "zstd"),
        ];
        let order = order(&set).unwrap();
        assert_eq!(order.partition, partition_of(b"order-1", 12));
        assert_eq!(order.chosen_of, Some(12));
        assert_eq!(order.content.value.as_deref(), Some(&b"{}"[..]));
        assert_eq!(order.codec, Codec::Zstd);
        let headers = order.content.headers.iter();
        let headers: Vec<_> = headers
            .map(|header| (&header.key[..], header.value.as_deref()))
            .collect();
        let expected: [(&[u8], Option<&[u8]>); 4] = [
            (b"a", Some(b"1")),
            (b"b", Some(b"")),
            (b"c", None),
            (b"a", Some(b"x=y")),
        ];
        assert_eq!(headers, expected);
    }

    #[test]
    fn null_empty_and_binary_differ() {
        let value = |set: &[(&str, &str)]| order(set).unwrap().content.value;
        assert_eq!(value(&[(VALUE_IS, NULL)]), None);
        assert_eq!(value(&[]), Some(Bytes::new()));
        assert_eq!(
            value(&[(VALUE, "/w=="), (VALUE_IS, BASE64)]),
            Some(Bytes::from_static(b"\xff"))
        );
        assert_eq!(value(&[(VALUE, "/w==")]), Some(Bytes::from_static(b"/w==")));
        assert_eq!(
            order(&[]).unwrap().content.key,
            None,
            "no key unless somebody types one"
        );
        assert_eq!(order(&[]).unwrap().partition, PartitionId(5), "any: 29 of 12");
        assert_eq!(order(&[]).unwrap().chosen_of, None);
    }

    #[test]
    fn what_cannot_be_used_is_told_by_its_field() {
        for (field, value, kind, why) in [
            (
                VALUE,
                "x",
                (VALUE_IS, NULL),
                "value: it is null, but something is typed",
            ),
            (VALUE, "*", (VALUE_IS, BASE64), "value: this is no base64"),
            (HEADERS, "=x", (VALUE_IS, TEXT), "headers: =x has no name"),
            (PARTITION, "12", (VALUE_IS, TEXT), "partition: orders has 0 to 11"),
            (PARTITION, "-1", (VALUE_IS, TEXT), "partition: orders has"),
        ] {
            let error = order(&[(field, value), kind]).unwrap_err();
            assert!(error.starts_with(why), "{error}");
        }
    }

    #[test]
    fn what_no_line_can_hold_is_kept_whole() {
        let content = Content {
            key: Some(Bytes::from_static(b"\x00\xff")),
            value: Some(Bytes::from_static(b"a\nb")),
            headers: vec![Header {
                key: Bytes::from_static(b"a,b"),
                value: None,
            }],
        };
        let (mut draft, mut form) = filled(&[(PARTITION, "3"), (COMPRESSION, "lz4")]);
        draft.edited(content.clone(), &mut form);
        assert_eq!(draft.content(&form), Ok(content));
        let (order, chosen) = draft.order(&form, 0).unwrap();
        assert_eq!(
            (order.partition, order.codec, chosen),
            (PartitionId(3), Codec::Lz4, "as typed")
        );
        form.set(VALUE, "c");
        assert!(draft.content(&form).is_err(), "nobody knows which of the two is meant");
        form.set(VALUE_IS, TEXT);
        assert_eq!(draft.content(&form).unwrap().value.as_deref(), Some(&b"c"[..]));
    }

    #[test]
    fn kept_headers_are_sent_whole_or_not_at_all() {
        let kept = Header {
            key: Bytes::from_static(b"a,b"),
            value: Some(Bytes::from_static(b"\xff")),
        };
        let content = Content {
            headers: vec![kept.clone()],
            ..Content::default()
        };
        let (mut draft, mut form) = filled(&[]);
        assert_eq!(form.value(HEADERS_ARE), "", "asked only where it means something");
        draft.edited(content, &mut form);
        assert_eq!((form.value(HEADERS), form.value(HEADERS_ARE)), ("", KEPT));
        let before = form.clone();
        form.set(HEADERS, "a=1");
        assert!(
            draft
                .content(&form)
                .unwrap_err()
                .starts_with("headers: it is as it is, but")
        );
        Draft::follow(&before, &mut form);
        let headers = draft.content(&form).unwrap().headers;
        assert_eq!(headers.iter().map(|header| &header.key[..]).collect::<Vec<_>>(), [b"a"]);
        form.set(HEADERS, "");
        form.set(HEADERS_ARE, KEPT);
        assert_eq!(draft.content(&form).unwrap().headers, [kept]);
    }
}
