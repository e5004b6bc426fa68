//! A number of a recording that may be missing: `17`, `null`, or `"why not"`.

use std::fmt;
use std::sync::Arc;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Beyond this no offset is believed: sums and differences of some of them stay numbers.
const LARGEST: i64 = 1 << 61;

/// An offset, none, or why it is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Figure {
    At(i64),
    #[default]
    Nothing,
    Because(Arc<str>),
}

impl Figure {
    pub(super) fn at(&self) -> Option<i64> {
        match self {
            Self::At(offset) => Some(*offset),
            Self::Nothing | Self::Because(_) => None,
        }
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::At(offset) => serializer.serialize_i64(*offset),
            Self::Nothing => serializer.serialize_unit(),
            Self::Because(why) => serializer.serialize_str(why),
        }
    }
}

impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading)
    }
}

struct Reading;

impl Visitor<'_> for Reading {
    type Value = Figure;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an offset, null, or why it is not known")
    }

    fn visit_i64<E: Error>(self, offset: i64) -> Result<Figure, E> {
        if !(0..=LARGEST).contains(&offset) {
            return Err(E::custom(format_args!("{offset} is no offset")));
        }
        Ok(Figure::At(offset))
    }

    fn visit_u64<E: Error>(self, offset: u64) -> Result<Figure, E> {
        self.visit_i64(i64::try_from(offset).unwrap_or(i64::MAX))
    }

    fn visit_unit<E: Error>(self) -> Result<Figure, E> {
        Ok(Figure::Nothing)
    }

    fn visit_str<E: Error>(self, why: &str) -> Result<Figure, E> {
        Ok(Figure::Because(why.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_a_number_null_or_a_reason() {
        let figures = [Figure::At(17), Figure::Nothing, Figure::Because("noLeader".into())];
        let text = serde_json::to_string(&figures).unwrap();
        assert_eq!(text, r#"[17,null,"noLeader"]"#);
        assert_eq!(serde_json::from_str::<[Figure; 3]>(&text).unwrap(), figures);
    }

    #[test]
    fn what_is_no_offset_is_refused() {
        for text in [
            "-1",
            "9223372036854775807",
            "18446744073709551615",
            "1.5",
            "1e3",
            "[]",
            "true",
        ] {
            assert!(serde_json::from_str::<Figure>(text).is_err(), "{text}");
        }
    }
}
