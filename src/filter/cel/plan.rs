//! Expressions that compare fields with constants, answered on the bytes of the record: no tree of its JSON is built.
//!
//! A plan never guesses: where a field is missing, is written with escapes, or anything else is out of the ordinary, it
//! does not know, and the evaluator answers.

mod build;
mod fields;

use std::cmp::Ordering;

use cel::common::ast::LiteralValue;
use cel::common::types::{CelBool, CelDouble, CelInt, CelNull, CelString, CelUInt};
use cel::common::value::Val;
use regex::Regex;

use super::super::json::Scalar;
use super::super::subject::Subject;
pub(super) use build::plan;
use fields::{Lookup, Paths, Seen};

/// An expression as conditions on fields.
#[derive(Debug)]
pub(super) struct Plan {
    condition: Condition,
    /// What is looked up in the JSON of key and value.
    paths: Paths,
}

#[derive(Debug)]
enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Field(Field, Test),
    /// `has(…)`.
    Present(Field),
    /// What only the evaluator can answer.
    Opaque,
}

/// Something in the record.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Field {
    /// A path in the JSON of the key or the value, by its number.
    Json(usize),
    /// `record.key` or `record.value`, where it is text.
    Whole(Document),
    /// `record.keyAsText` or `record.valueAsText`.
    AsText(Document),
    Header(String),
    Partition,
    Offset,
    Timestamp,
}

/// One of the two parts of a record that can be JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Document {
    Key,
    Value,
}

/// What is asked of a field.
#[derive(Debug)]
enum Test {
    /// A field that is a condition by itself.
    IsTrue,
    /// `==`
    Equals(LiteralValue),
    /// `<`, `<=`, `>`, `>=`: which orders fulfil it.
    Order(&'static [Ordering], LiteralValue),
    /// `in [...]`
    OneOf(Vec<LiteralValue>),
    StartsWith(String),
    EndsWith(String),
    Contains(Box<memchr::memmem::Finder<'static>>),
    Matches(Box<Regex>),
}

impl Plan {
    /// Whether the record fulfils the expression; `None` where the evaluator must say.
    pub(super) fn answer(&self, subject: &Subject<'_>) -> Option<bool> {
        self.condition.answer(&mut Lookup::new(&self.paths, subject))
    }
}

impl Condition {
    /// As CEL has it: one false is enough for `&&` and one true for `||`, whatever is wrong with the rest.
    fn answer(&self, lookup: &mut Lookup<'_, '_>) -> Option<bool> {
        match self {
            Self::All(parts) => decided(parts, lookup, false),
            Self::Any(parts) => decided(parts, lookup, true),
            Self::Not(part) => part.answer(lookup).map(|answer| !answer),
            Self::Field(field, test) => test.answer(lookup.see(field)),
            Self::Present(field) => match lookup.see(field) {
                Seen::Scalar(_) | Seen::Text(_) | Seen::Nested => Some(true),
                Seen::Lacking => Some(false),
                Seen::Unknown => None,
            },
            Self::Opaque => None,
        }
    }
}

/// `by`, where one of the parts says so; its opposite, where all parts say that.
fn decided(parts: &[Condition], lookup: &mut Lookup<'_, '_>, by: bool) -> Option<bool> {
    let mut all_known = true;
    for part in parts {
        match part.answer(lookup) {
            Some(answer) if answer == by => return Some(by),
            Some(_) => {}
            None => all_known = false,
        }
    }
    all_known.then_some(!by)
}

impl Test {
    fn answer(&self, seen: Seen<'_>) -> Option<bool> {
        match seen {
            Seen::Text(text) => self.of_text(text),
            Seen::Scalar(Scalar::Null) => self.of_value(&CelNull),
            Seen::Scalar(Scalar::Bool(is)) => self.of_value(&CelBool::from(is)),
            Seen::Scalar(Scalar::Int(int)) => self.of_value(&CelInt::from(int)),
            Seen::Scalar(Scalar::UInt(uint)) => self.of_value(&CelUInt::from(uint)),
            Seen::Scalar(Scalar::Double(double)) => self.of_value(&CelDouble::from(double)),
            Seen::Scalar(Scalar::Text(text)) if !text.is_escaped => self.of_text(text.raw),
            Seen::Scalar(Scalar::Text(_)) | Seen::Nested | Seen::Lacking | Seen::Unknown => None,
        }
    }

    fn of_text(&self, text: &str) -> Option<bool> {
        match self {
            Self::StartsWith(start) => Some(text.starts_with(start)),
            Self::EndsWith(end) => Some(text.ends_with(end)),
            Self::Contains(part) => Some(part.find(text.as_bytes()).is_some()),
            Self::Matches(regex) => Some(regex.is_match(text)),
            Self::Equals(LiteralValue::String(literal)) => Some(text == literal.inner()),
            Self::IsTrue | Self::Equals(_) | Self::Order(..) | Self::OneOf(_) => self.of_value(&CelString::from(text)),
        }
    }

    /// By the comparisons of the evaluator itself.
    fn of_value(&self, value: &dyn Val) -> Option<bool> {
        match self {
            Self::IsTrue => value.downcast_ref::<CelBool>().map(|is| *is.inner()),
            Self::Equals(literal) => Some(value.equals(literal.to_val().as_ref())),
            Self::Order(orders, literal) => {
                let order = value.as_comparer()?.compare(literal.to_val().as_ref()).ok()?;
                Some(orders.contains(&order))
            }
            Self::OneOf(literals) => Some(literals.iter().any(|literal| literal.to_val().equals(value))),
            Self::StartsWith(_) | Self::EndsWith(_) | Self::Contains(_) | Self::Matches(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::subject::HeaderFields;
    use super::*;
    use crate::kafka::model::{Offset, PartitionId, Timestamp};

    fn answer(body: &str, value: &str) -> Option<bool> {
        let program = super::super::env().compile(body).unwrap();
        let plan = plan(program.expression()).unwrap_or_else(|| panic!("no plan for {body}"));
        plan.answer(&Subject {
            partition: PartitionId(1),
            offset: Offset(100),
            timestamp: Timestamp(5),
            key: Some(b"order-7"),
            value: Some(value.as_bytes()),
            headers: HeaderFields::Owned(&[]),
        })
    }

    #[test]
    fn comparisons_of_fields_are_answered() {
        let value = r#"{"a":{"b":"x","n":2.5},"n":7,"t":true,"z":null,"l":[1],"a2":"y"}"#;
        for (body, expected) in [
            ("record.value.a.b == 'x'", true),
            ("record.value['a'].b != 'x'", false),
            ("'x' == record.value.a.b", true),
            (
                "record.value.n > 6.5 && record.value.n <= 7 && 8 > record.value.n",
                true,
            ),
            ("record.value.a.n < 2 || record.value.n == 8", false),
            ("record.value.n in [1, 7] && record.value.a.b in ['y', 'x']", true),
            ("record.value.t == true && record.value.z == null", true),
            ("has(record.value.a.b) && !has(record.value.a.c)", true),
            (
                "record.value.a.b.startsWith('x') && record.value.a2.matches('^y$')",
                true,
            ),
            ("record.valueAsText.contains('a2') && record.key.endsWith('-7')", true),
            (
                "record.keyAsText > 'order' && record.offset == 100 && record.partition < 2",
                true,
            ),
            ("record.value.missing == 1 && record.value.n == 8", false),
            ("record.value.n == 7 || record.value.missing == 1", true),
            ("record.value.n == 'x'", false),
            (
                "record.value.t && record.value.list.size() > record.value.n || record.value.t",
                true,
            ),
            ("!record.value.t && record.value.n.foo", false),
        ] {
            assert_eq!(answer(body, value), Some(expected), "{body}");
        }
    }

    #[test]
    fn what_is_out_of_the_ordinary_is_left_to_the_evaluator() {
        for (body, value) in [
            ("record.value.a == 'x'", r#"{"b":1}"#),
            ("record.value.a == 'x'", r#"{"a":"\u0078"}"#),
            ("record.value.a == 'x'", r#"{"\u0061":"y"}"#),
            ("record.value.a == 'x'", r#"{"a":"x"} y"#),
            ("record.value.a == 'x'", r#"{"a":"x",}"#),
            ("record.value.a == 'x'", "text"),
            ("record.value.a > 'x'", r#"{"a":1}"#),
            ("record.value.a == 'x'", r#"{"a":{"b":1}}"#),
            ("record.value.a.b == 'x'", r#"{"a":{"b":"x"},"a":1}"#),
            ("has(record.value.a.b)", r#"{"a":1}"#),
            ("record.value == 'x'", r#"{"a":1}"#),
            ("record.headers.a == 'x'", "{}"),
        ] {
            assert_eq!(answer(body, value), None, "{body} of {value}");
        }
    }

    #[test]
    fn of_two_members_with_the_same_key_the_last_counts() {
        assert_eq!(answer("record.value.a == 2", r#"{"a":1,"a":2}"#), Some(true));
        assert_eq!(
            answer("record.value.a.b == 1", r#"{"a":{"b":1},"a":{"b":2}}"#),
            Some(false)
        );
        assert_eq!(answer("record.value.a.b == 1", r#"{"a":{"b":1},"a":{}}"#), None);
        assert_eq!(answer("has(record.value.a.b)", r#"{"a":{"b":1},"a":{}}"#), Some(false));
    }
}
