//! From the tree of an expression to a plan.

use std::cmp::Ordering;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};
use memchr::memmem;
use regex::Regex;

use super::super::record::{NAME, string_literal};
use super::fields::Paths;
use super::{Condition, Document, Field, Plan, Test};

/// The plan of an expression; `None` where it would answer nothing.
pub(in crate::filter::cel) fn plan(expression: &IdedExpr) -> Option<Plan> {
    let mut builder = Builder::default();
    let condition = builder.condition(expression);
    let is_of_use = !matches!(condition, Condition::Opaque);
    is_of_use.then_some(Plan {
        condition,
        paths: builder.paths,
    })
}

#[derive(Debug, Default)]
struct Builder {
    paths: Paths,
}

impl Builder {
    fn condition(&mut self, expression: &IdedExpr) -> Condition {
        let built = match &expression.expr {
            Expr::Call(call) => self.call(call),
            Expr::Select(select) if select.test => {
                let mut path = vec![select.field.as_str()];
                path_to(&select.operand, &mut path)
                    .and_then(|()| self.field(path))
                    .map(Condition::Present)
            }
            Expr::Select(_) => self
                .field_of(expression)
                .map(|field| Condition::Field(field, Test::IsTrue)),
            _ => None,
        };
        built.unwrap_or(Condition::Opaque)
    }

    fn call(&mut self, call: &CallExpr) -> Option<Condition> {
        let (first, second) = match (call.target.as_deref(), &call.args[..]) {
            (None, [only]) if call.func_name == operators::LOGICAL_NOT => {
                return match self.condition(only) {
                    Condition::Opaque => None,
                    condition => Some(Condition::Not(Box::new(condition))),
                };
            }
            (None, [first, second]) => (first, second),
            (Some(target), [argument]) => (target, argument),
            _ => return None,
        };
        match call.func_name.as_str() {
            operators::LOGICAL_AND => self.several(first, second).map(Condition::All),
            operators::LOGICAL_OR => self.several(first, second).map(Condition::Any),
            operators::NOT_EQUALS => {
                let equals = self.comparison(operators::EQUALS, first, second)?;
                Some(Condition::Not(Box::new(equals)))
            }
            operators::IN => {
                let Expr::List(list) = &second.expr else { return None };
                let literals = list.elements.iter().map(literal).collect::<Option<_>>()?;
                Some(Condition::Field(self.field_of(first)?, Test::OneOf(literals)))
            }
            "startsWith" | "endsWith" | "contains" | "matches" => {
                let test = text_test(&call.func_name, string_literal(&second.expr)?)?;
                Some(Condition::Field(self.field_of(first)?, test))
            }
            operator => self.comparison(operator, first, second),
        }
    }

    /// Both sides of `&&` or `||`, where at least one of them can be planned.
    fn several(&mut self, first: &IdedExpr, second: &IdedExpr) -> Option<Vec<Condition>> {
        let parts = vec![self.condition(first), self.condition(second)];
        let is_of_use = parts.iter().any(|part| !matches!(part, Condition::Opaque));
        is_of_use.then_some(parts)
    }

    fn comparison(&mut self, operator: &str, first: &IdedExpr, second: &IdedExpr) -> Option<Condition> {
        let (field, literal, is_turned) = match (literal(first), literal(second)) {
            (None, Some(literal)) => (first, literal, false),
            (Some(literal), None) => (second, literal, true),
            _ => return None,
        };
        let test = match (operator, is_turned) {
            (operators::EQUALS, _) => Test::Equals(literal),
            (operators::LESS, false) | (operators::GREATER, true) => Test::Order(&[Ordering::Less], literal),
            (operators::GREATER, false) | (operators::LESS, true) => Test::Order(&[Ordering::Greater], literal),
            (operators::LESS_EQUALS, false) | (operators::GREATER_EQUALS, true) => {
                Test::Order(&[Ordering::Less, Ordering::Equal], literal)
            }
            (operators::GREATER_EQUALS, false) | (operators::LESS_EQUALS, true) => {
                Test::Order(&[Ordering::Greater, Ordering::Equal], literal)
            }
            _ => return None,
        };
        Some(Condition::Field(self.field_of(field)?, test))
    }

    fn field_of(&mut self, expression: &IdedExpr) -> Option<Field> {
        let mut path = Vec::new();
        path_to(expression, &mut path)?;
        self.field(path)
    }

    /// The field at `path`, which stands in reverse.
    fn field(&mut self, mut path: Vec<&str>) -> Option<Field> {
        path.reverse();
        match &path[..] {
            ["key"] => Some(Field::Whole(Document::Key)),
            ["value"] => Some(Field::Whole(Document::Value)),
            ["keyAsText"] => Some(Field::AsText(Document::Key)),
            ["valueAsText"] => Some(Field::AsText(Document::Value)),
            ["partition"] => Some(Field::Partition),
            ["offset"] => Some(Field::Offset),
            ["timestampMs"] => Some(Field::Timestamp),
            // A key that is no UTF-8 is read with replacement characters: it is left to the evaluator.
            ["headers", name] if !name.contains('\u{fffd}') => Some(Field::Header((*name).to_owned())),
            [document @ ("key" | "value"), names @ ..] => {
                let document = if *document == "key" {
                    Document::Key
                } else {
                    Document::Value
                };
                let names = names.iter().map(|name| (*name).to_owned()).collect();
                self.paths.number(document, names).map(Field::Json)
            }
            _ => None,
        }
    }
}

/// The names from the record to `expression`, last first: `record.value['a'].b` is b, a, value.
fn path_to<'e>(expression: &'e IdedExpr, path: &mut Vec<&'e str>) -> Option<()> {
    match &expression.expr {
        Expr::Ident(name) => (name == NAME).then_some(()),
        Expr::Select(select) if !select.test => {
            path.push(&select.field);
            path_to(&select.operand, path)
        }
        Expr::Call(call) if call.func_name == operators::INDEX => {
            let [operand, index] = &call.args[..] else { return None };
            path.push(string_literal(&index.expr)?);
            path_to(operand, path)
        }
        _ => None,
    }
}

fn literal(expression: &IdedExpr) -> Option<LiteralValue> {
    match &expression.expr {
        Expr::Literal(literal) => Some(literal.clone()),
        _ => None,
    }
}

fn text_test(function: &str, text: &str) -> Option<Test> {
    Some(match function {
        "startsWith" => Test::StartsWith(text.to_owned()),
        "endsWith" => Test::EndsWith(text.to_owned()),
        "contains" => Test::Contains(Box::new(memmem::Finder::new(text).into_owned())),
        _ => Test::Matches(Box::new(Regex::new(text).ok()?)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(body: &str) -> Option<Condition> {
        let program = super::super::super::env().compile(body).unwrap();
        plan(program.expression()).map(|plan| plan.condition)
    }

    #[test]
    fn a_field_is_found_however_it_is_written() {
        for (body, expected) in [
            ("record.key == 'a'", Field::Whole(Document::Key)),
            ("record['valueAsText'] == 'a'", Field::AsText(Document::Value)),
            ("record.headers['x-id'] == 'a'", Field::Header("x-id".to_owned())),
            ("record.value.a.b == 'a'", Field::Json(0)),
            ("record.timestampMs == 'a'", Field::Timestamp),
        ] {
            let Some(Condition::Field(field, Test::Equals(_))) = condition(body) else {
                panic!("{body}")
            };
            assert_eq!(field, expected, "{body}");
        }
    }

    #[test]
    fn what_cannot_be_planned_has_no_plan_and_may_stand_beside_what_can() {
        for body in [
            "record.value.list[0] == 1",
            "record.value.a == record.value.b",
            "record.value.a.lowerAscii() == 'x'",
            "record.value.list.exists(x, x == 1)",
            "size(record.value.a) == 1",
            "!(record.value.list[0] == 1)",
            "record.value.?a == 1",
            "record.value.a.matches('[')",
            "1 == 1",
        ] {
            assert!(condition(body).is_none(), "{body}");
        }
        let Some(Condition::All(parts)) = condition("record.value.list[0] == 1 && record.value.a == 1") else {
            panic!()
        };
        assert!(matches!(parts[..], [Condition::Opaque, Condition::Field(..)]));
    }
}
