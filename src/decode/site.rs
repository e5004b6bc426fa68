//! Where bytes stand: what a decoder may need to know beside the bytes.

/// A part of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The key.
    Key,
    /// The value.
    Value,
    /// The value of a header.
    Header,
}

/// Where bytes stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The part of the record.
    pub part: Part,
    /// The record's key: in some topics it tells what the value is.
    pub key: Option<&'a [u8]>,
}

impl Site<'_> {
    /// Nothing is known but the bytes.
    pub const UNKNOWN: Site<'static> = Site {
        topic: "",
        part: Part::Header,
        key: None,
    };
}
