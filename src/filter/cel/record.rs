//! The variable `record`: a map with what the expression looks at.

use std::borrow::Cow;
use std::collections::HashMap;

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};
use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt};
use cel::common::value::Val;

use super::super::json::{Scalar, Scanner, Start};
use super::super::subject::Subject;
use super::check::children;

/// The variable's name.
pub(in crate::filter) const NAME: &str = "record";

/// Its fields.
pub(super) const FIELDS: [&str; 8] = [
    "key",
    "value",
    "keyAsText",
    "valueAsText",
    "headers",
    "partition",
    "offset",
    "timestampMs",
];

/// Which fields an expression looks at; those alone are made for each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fields([bool; FIELDS.len()]);

impl Fields {
    const ALL: Self = Self([true; FIELDS.len()]);

    /// What `expression` looks at: everything, where it uses the record as a whole.
    pub(super) fn used(expression: &IdedExpr) -> Self {
        let mut used = Self([false; FIELDS.len()]);
        used.add(expression);
        used
    }

    fn add(&mut self, expression: &IdedExpr) {
        if let Some(field) = field_of_record(&expression.expr) {
            match FIELDS.iter().position(|name| *name == field) {
                Some(at) => self.0[at] = true,
                None => *self = Self::ALL,
            }
            return;
        }
        if is_record(&expression.expr) {
            *self = Self::ALL;
        }
        for child in children(&expression.expr) {
            self.add(child);
        }
    }

    fn has(self, name: &str) -> bool {
        FIELDS
            .iter()
            .zip(self.0)
            .any(|(field, is_used)| is_used && *field == name)
    }
}

fn is_record(expression: &Expr) -> bool {
    matches!(expression, Expr::Ident(name) if name == NAME)
}

/// The field, where the expression is `record.field` or `record['field']`.
pub(super) fn field_of_record(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Select(select) if is_record(&select.operand.expr) => Some(&select.field),
        Expr::Call(call) if call.func_name == operators::INDEX => match &call.args[..] {
            [operand, index] if is_record(&operand.expr) => string_literal(&index.expr),
            _ => None,
        },
        _ => None,
    }
}

/// The text of a string literal.
pub(super) fn string_literal(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

/// Key and value as text: bytes that are no UTF-8 are replaced, as Kafka UI does it.
#[derive(Debug)]
pub(super) struct Texts<'a> {
    key: Option<Cow<'a, str>>,
    value: Option<Cow<'a, str>>,
}

impl<'a> Texts<'a> {
    pub(super) fn of(subject: &Subject<'a>) -> Self {
        Self {
            key: subject.key.map(String::from_utf8_lossy),
            value: subject.value.map(String::from_utf8_lossy),
        }
    }
}

/// The record as a map: of `fields`, what the record has.
pub(super) fn value<'v>(fields: &Fields, subject: &Subject<'v>, texts: &'v Texts<'_>) -> CelMap<'v> {
    let mut map: HashMap<CelMapKey<'v>, Box<dyn Val + 'v>> = HashMap::new();
    let mut add = |name: &'static str, value: &dyn Fn() -> Option<Box<dyn Val + 'v>>| {
        if fields.has(name)
            && let Some(value) = value()
        {
            map.insert(name.into(), value);
        }
    };
    let int = |value: i64| -> Option<Box<dyn Val + 'v>> { Some(Box::new(CelInt::from(value))) };
    add("key", &|| texts.key.as_deref().map(parsed));
    add("value", &|| texts.value.as_deref().map(parsed));
    add("keyAsText", &|| texts.key.as_deref().map(text));
    add("valueAsText", &|| texts.value.as_deref().map(text));
    add("headers", &|| Some(headers(subject)));
    add("partition", &|| int(i64::from(subject.partition.0)));
    add("offset", &|| int(subject.offset.0));
    add("timestampMs", &|| subject.timestamp.millis().and_then(int));
    map.into()
}

fn text<'v>(text: &'v str) -> Box<dyn Val + 'v> {
    Box::new(CelString::from(text))
}

/// Of two headers with the same key, the last.
fn headers<'v>(subject: &Subject<'v>) -> Box<dyn Val + 'v> {
    let mut map: HashMap<CelMapKey<'v>, Box<dyn Val + 'v>> = HashMap::new();
    for (key, value) in subject.headers.iter() {
        let value: Box<dyn Val + 'v> = match value {
            Some(value) => Box::new(CelString::from(String::from_utf8_lossy(value))),
            None => Box::new(CelNull),
        };
        map.insert(key_of(String::from_utf8_lossy(key)), value);
    }
    Box::new(CelMap::from(map))
}

fn key_of(key: Cow<'_, str>) -> CelMapKey<'_> {
    match key {
        Cow::Borrowed(key) => key.into(),
        Cow::Owned(key) => key.into(),
    }
}

/// A JSON object as a map, all else as text.
fn parsed(source: &str) -> Box<dyn Val + '_> {
    object(source).unwrap_or_else(|| text(source))
}

fn object<'v>(source: &'v str) -> Option<Box<dyn Val + 'v>> {
    let mut scanner = Scanner::object(source)?;
    let value = json_value(&mut scanner)?;
    scanner.is_at_end().then_some(value)
}

/// The next value. Of two members with the same key, the last.
fn json_value<'v>(scanner: &mut Scanner<'v>) -> Option<Box<dyn Val + 'v>> {
    Some(match scanner.start()? {
        Start::Object => {
            let mut map: HashMap<CelMapKey<'v>, Box<dyn Val + 'v>> = HashMap::new();
            scanner.members(|scanner, key| {
                map.insert(key_of(key.unescaped()), json_value(scanner)?);
                Some(())
            })?;
            Box::new(CelMap::from(map))
        }
        Start::List => {
            let mut list: Vec<Box<dyn Val + 'v>> = Vec::new();
            scanner.elements(|scanner| {
                list.push(json_value(scanner)?);
                Some(())
            })?;
            Box::new(CelList::from(list))
        }
        Start::Scalar(scalar) => match scalar {
            Scalar::Null => Box::new(CelNull),
            Scalar::Bool(is) => Box::new(CelBool::from(is)),
            Scalar::Int(int) => Box::new(CelInt::from(int)),
            Scalar::UInt(uint) => Box::new(CelUInt::from(uint)),
            Scalar::Double(double) => Box::new(CelDouble::from(double)),
            Scalar::Text(text) => Box::new(CelString::from(text.unescaped())),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(expression: &str) -> Vec<&'static str> {
        let program = cel::Env::stdlib().compile(expression).unwrap();
        let fields = Fields::used(program.expression());
        FIELDS.into_iter().filter(|name| fields.has(name)).collect()
    }

    #[test]
    fn only_what_is_looked_at_is_made() {
        assert_eq!(used("record.value.key == record.offset"), ["value", "offset"]);
        assert_eq!(
            used("has(record.key) && record['headers'].exists(h, h == 'a')"),
            ["key", "headers"]
        );
        assert_eq!(used("size(record) == 2"), FIELDS);
        assert_eq!(used("record[record.keyAsText] == 2"), FIELDS);
        assert_eq!(used("1 == 1"), [""; 0]);
    }
}
