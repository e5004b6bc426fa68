//! What the bytes of every record that fulfils an expression hold.
//!
//! `record.value.customer == 'heidi' && …` can be true only where `heidi` stands in the record, or an escape that may
//! mean it. Names of fields are not needed: a record without the field is an error, and errors are counted.

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, operators};

use super::super::hint::Literals;
use super::super::pattern;
use super::record::{NAME, field_of_record, string_literal};

/// What must be in the bytes where `expression` is true; `None` where nothing can be said.
pub(super) fn needs(expression: &IdedExpr) -> Option<Literals> {
    Needs { elements: Vec::new() }.of(expression)
}

struct Needs<'e> {
    /// Variables of macros that stand for elements of something in the record, and whether it is parsed.
    elements: Vec<(&'e str, bool)>,
}

impl<'e> Needs<'e> {
    fn of(&mut self, expression: &'e IdedExpr) -> Option<Literals> {
        match &expression.expr {
            Expr::Call(call) => self.call(call),
            Expr::Select(select) if select.test && field_of_has(&select.operand) => {
                let in_json = self.source(&select.operand)?;
                Literals::new(vec![select.field.clone().into_bytes()], in_json)
            }
            Expr::Comprehension(of) => self.exists(of),
            _ => None,
        }
    }

    fn call(&mut self, call: &'e CallExpr) -> Option<Literals> {
        let (first, second) = match (call.target.as_deref(), &call.args[..]) {
            (None, [first, second]) => (first, second),
            (Some(target), [argument]) => (target, argument),
            _ => return None,
        };
        match call.func_name.as_str() {
            operators::LOGICAL_AND => match (self.of(first), self.of(second)) {
                (Some(first), Some(second)) => Some(first.and(second)),
                (first, second) => first.or(second),
            },
            operators::LOGICAL_OR => self.of(first)?.or(self.of(second)?),
            operators::EQUALS => self.holds(first, second).or_else(|| self.holds(second, first)),
            "contains" | "startsWith" | "endsWith" => self.holds(first, second),
            "matches" => {
                let in_json = self.source(first)?;
                Literals::new(pattern::literals_of(string_literal(&second.expr)?)?, in_json)
            }
            operators::IN => self.holds(second, first).or_else(|| self.is_one_of(first, second)),
            _ => None,
        }
    }

    /// A text from the record that equals or holds the literal `text`.
    fn holds(&self, source: &IdedExpr, text: &IdedExpr) -> Option<Literals> {
        let in_json = self.source(source)?;
        Literals::new(vec![string_literal(&text.expr)?.as_bytes().to_vec()], in_json)
    }

    fn is_one_of(&self, source: &IdedExpr, list: &IdedExpr) -> Option<Literals> {
        let Expr::List(list) = &list.expr else { return None };
        let in_json = self.source(source)?;
        let text = |element: &IdedExpr| string_literal(&element.expr).map(|text| text.as_bytes().to_vec());
        Literals::new(list.elements.iter().map(text).collect::<Option<_>>()?, in_json)
    }

    /// `list.exists(x, condition)`: the step of its loop is `found || condition`.
    fn exists(&mut self, of: &'e ComprehensionExpr) -> Option<Literals> {
        let in_json = self.source(&of.iter_range)?;
        let Expr::Call(step) = &of.loop_step.expr else {
            return None;
        };
        let [found, condition] = &step.args[..] else {
            return None;
        };
        let is_accumulator = |part: &IdedExpr| matches!(&part.expr, Expr::Ident(name) if *name == of.accu_var);
        let starts_false = of.accu_init.expr == Expr::Literal(cel::common::ast::LiteralValue::Boolean(false.into()));
        let is_exists = step.func_name == operators::LOGICAL_OR && is_accumulator(found) && is_accumulator(&of.result);
        if !is_exists || !starts_false || of.iter_var2.is_some() {
            return None;
        }
        self.elements.push((&of.iter_var, in_json));
        let needs = self.of(condition);
        self.elements.pop();
        needs
    }

    /// Whether what `expression` yields has been parsed, where it comes out of the record as it is.
    fn source(&self, expression: &IdedExpr) -> Option<bool> {
        if let Some(field) = field_of_record(&expression.expr) {
            return match field {
                "key" | "value" => Some(true),
                "keyAsText" | "valueAsText" | "headers" => Some(false),
                _ => None,
            };
        }
        match &expression.expr {
            Expr::Ident(name) => self
                .elements
                .iter()
                .rev()
                .find(|(known, _)| known == name)
                .map(|(_, json)| *json),
            Expr::Select(select) if !select.test => self.source(&select.operand),
            Expr::Call(call) if call.func_name == operators::INDEX => self.source(call.args.first()?),
            _ => None,
        }
    }
}

/// Whether `has(…)` asks for more than a field of the record itself.
fn field_of_has(operand: &IdedExpr) -> bool {
    !matches!(&operand.expr, Expr::Ident(name) if name == NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(body: &str) -> Option<Literals> {
        needs(super::super::env().compile(body).unwrap().expression())
    }

    fn literals(any: &[&str], in_json: bool) -> Option<Literals> {
        Literals::new(any.iter().map(|text| text.as_bytes().to_vec()).collect(), in_json)
    }

    #[test]
    fn conditions_on_texts_need_the_text() {
        for (body, text, in_json) in [
            ("record.value.a.b == 'heidi'", "heidi", true),
            ("'heidi' == record.key", "heidi", true),
            ("record.valueAsText.contains('heidi')", "heidi", false),
            ("record.headers['a'].startsWith('heidi')", "heidi", false),
            ("record.value.list[0].a.endsWith('heidi')", "heidi", true),
            ("record.value.a.matches('x?heidi.*')", "heidi", true),
            ("matches(record.keyAsText, '^heidi')", "heidi", false),
            ("has(record.value.heidi)", "heidi", true),
            ("has(record.headers.heidi)", "heidi", false),
            ("'heidi' in record.value.list", "heidi", true),
            (
                "record.value.n > 3 && record.value.a == 'heidi' && record.partition == 1",
                "heidi",
                true,
            ),
            ("record.value.list.exists(x, x.a == 'heidi')", "heidi", true),
        ] {
            assert_eq!(needed(body), literals(&[text], in_json), "{body}");
        }
    }

    #[test]
    fn alternatives_need_one_of_them() {
        assert_eq!(
            needed("record.value.a in ['heidi', 'grace']"),
            literals(&["heidi", "grace"], true)
        );
        assert_eq!(
            needed("record.keyAsText == 'heidi' || record.headers.a == 'grace'"),
            literals(&["heidi", "grace"], false)
        );
        assert_eq!(
            needed("record.keyAsText == 'heidi' || record.value.a == 'grace'"),
            literals(&["heidi", "grace"], true)
        );
    }

    #[test]
    fn what_may_be_true_without_the_text_needs_nothing() {
        for body in [
            "record.value.a != 'heidi'",
            "!(record.value.a == 'heidi')",
            "record.value.a == 'heidi' || record.value.n == 1",
            "record.value.a.lowerAscii() == 'heidi'",
            "record.value.a + 'di' == 'heidi'",
            "(record.value.b ? record.value.a : 'heidi') == 'heidi'",
            "record.value.list.all(x, x == 'heidi')",
            "record.value.list.map(x, 'heidi') == ['heidi']",
            "record.value.list.exists(x, x != 'heidi')",
            "['heidi'].exists(x, x == 'heidi')",
            "record.partition == 'heidi'",
            "has(record.value)",
            "record.value.a == 17 && record.value.b == true",
            "record.?value.?a.orValue('heidi') == 'heidi'",
            "'value' in record",
        ] {
            assert_eq!(needed(body), None, "{body}");
        }
    }
}
