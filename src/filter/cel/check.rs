//! What an expression may name: `record` and its fields, the variables of its own macros, types and functions.

use cel::Program;
use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue};

use super::record::{FIELDS, NAME, field_of_record};
use crate::filter::FilterError;

/// Types, which are values too: `type(x) == int`.
const TYPES: &[&str] = &[
    "bool",
    "bytes",
    "double",
    "dyn",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
    "optional_type",
];

/// Functions with a name of their own.
const FUNCTIONS: &[&str] = &[
    "all",
    "bool",
    "bytes",
    "charAt",
    "contains",
    "double",
    "duration",
    "dyn",
    "endsWith",
    "exists",
    "exists_one",
    "filter",
    "format",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "has",
    "hasValue",
    "indexOf",
    "int",
    "join",
    "lastIndexOf",
    "lowerAscii",
    "map",
    "matches",
    "or",
    "orValue",
    "replace",
    "reverse",
    "size",
    "split",
    "startsWith",
    "string",
    "substring",
    "timestamp",
    "trim",
    "type",
    "uint",
    "upperAscii",
    "value",
];

/// Functions in a namespace.
const QUALIFIED: &[(&str, &str)] = &[
    ("base64", "decode"),
    ("base64", "encode"),
    ("optional", "none"),
    ("optional", "of"),
    ("optional", "ofNonZeroValue"),
    ("strings", "quote"),
];

/// The expressions right below `expression`.
pub(super) fn children(expression: &Expr) -> Vec<&IdedExpr> {
    match expression {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Vec::new(),
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::Comprehension(of) => {
            vec![&of.iter_range, &of.accu_init, &of.loop_cond, &of.loop_step, &of.result]
        }
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map.entries.iter().flat_map(|entry| parts(&entry.expr)).collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Struct(of) => of.entries.iter().flat_map(|entry| parts(&entry.expr)).collect(),
    }
}

fn parts(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

/// Refuses what can have an answer for no record.
pub(super) fn check(program: &Program) -> Result<(), FilterError> {
    let mut checker = Checker {
        program,
        variables: Vec::new(),
    };
    let root = program.expression();
    checker.expression(root)?;
    let is_condition = match &root.expr {
        Expr::Literal(literal) => matches!(literal, LiteralValue::Boolean(_)),
        Expr::List(_) | Expr::Map(_) | Expr::Struct(_) | Expr::Ident(_) => false,
        Expr::Select(select) => select.test || field_of_record(&root.expr).is_none(),
        _ => true,
    };
    if is_condition {
        Ok(())
    } else {
        Err(FilterError::new("not a condition").hint("compare it with something, such as record.key == 'a'"))
    }
}

struct Checker<'p> {
    program: &'p Program,
    /// Variables of the macros around the place, such as `x` in `list.exists(x, x > 1)`.
    variables: Vec<&'p str>,
}

impl<'p> Checker<'p> {
    fn fail(&self, at: &IdedExpr, what: String) -> FilterError {
        let info = self.program.source_info();
        let before = info
            .offset_for(at.id)
            .and_then(|(start, _)| info.source.get(..start as usize));
        let error = FilterError::new(what);
        match before {
            Some(before) => error.at(match &at.expr {
                // The place of `a.b` is that of its dot, the place of `f(a)` that of its bracket.
                Expr::Select(_) => before.chars().count() + 1,
                Expr::Call(call) => before.chars().count().saturating_sub(call.func_name.len()),
                _ => before.chars().count(),
            }),
            None => error,
        }
    }

    fn expression(&mut self, node: &'p IdedExpr) -> Result<(), FilterError> {
        if let Some(field) = field_of_record(&node.expr)
            && !FIELDS.contains(&field)
        {
            let error = self.fail(node, format!("record has no field {field}"));
            return Err(
                error.hint("its fields: key, value, keyAsText, valueAsText, headers, partition, offset, timestampMs")
            );
        }
        match &node.expr {
            Expr::Ident(name) => self.name(node, name),
            Expr::Call(call) => self.call(node, call),
            Expr::Struct(of) => Err(self.fail(node, format!("unknown type {}", of.type_name))),
            Expr::Comprehension(of) => {
                self.expression(&of.iter_range)?;
                let is_record = |name: &str| name == NAME;
                if is_record(&of.iter_var) || of.iter_var2.as_deref().is_some_and(is_record) {
                    let error = self.fail(node, format!("{NAME} is the record, not a variable"));
                    return Err(error.hint("use another name: exists(x, x == 'a')"));
                }
                let outside = self.variables.len();
                self.variables.extend([of.iter_var.as_str(), of.accu_var.as_str()]);
                self.variables.extend(of.iter_var2.as_deref());
                for part in [&of.accu_init, &of.loop_cond, &of.loop_step, &of.result] {
                    self.expression(part)?;
                }
                self.variables.truncate(outside);
                Ok(())
            }
            other => children(other).into_iter().try_for_each(|child| self.expression(child)),
        }
    }

    fn name(&self, at: &IdedExpr, name: &str) -> Result<(), FilterError> {
        if name == NAME || TYPES.contains(&name) || self.variables.contains(&name) {
            return Ok(());
        }
        Err(self
            .fail(at, format!("unknown name {name}"))
            .hint("write a text in quotes, a field as record.value.field"))
    }

    fn call(&mut self, node: &'p IdedExpr, call: &'p CallExpr) -> Result<(), FilterError> {
        let is_operator = !call.func_name.starts_with(|c: char| c.is_ascii_alphabetic());
        let qualified = call.target.as_ref().is_some_and(|target| {
            matches!(&target.expr, Expr::Ident(space) if QUALIFIED.contains(&(space.as_str(), call.func_name.as_str())))
        });
        if !is_operator && !qualified && !FUNCTIONS.contains(&call.func_name.as_str()) {
            return Err(self.fail(node, format!("unknown function {}", call.func_name)));
        }
        if let Some(target) = call.target.as_deref().filter(|_| !qualified) {
            self.expression(target)?;
        }
        call.args.iter().try_for_each(|argument| self.expression(argument))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(body: &str) -> Result<(), String> {
        let program = super::super::env().compile(body).unwrap();
        check(&program).map_err(|error| error.what().to_owned())
    }

    #[test]
    fn variables_of_macros_are_known_where_they_are() {
        assert_eq!(verdict("record.value.list.exists(x, x.all(y, y == x))"), Ok(()));
        assert_eq!(
            verdict("record.value.list.map(x, x).filter(y, x == 1).size() > 0"),
            Err("unknown name x".to_owned())
        );
        assert_eq!(verdict("type(record.key) == string"), Ok(()));
    }

    #[test]
    fn a_variable_does_not_take_the_name_of_the_record() {
        let why = Err("record is the record, not a variable".to_owned());
        assert_eq!(verdict("record.value.l.exists(record, record.keyAsText == 'abc')"), why);
        assert_eq!(verdict("[1].all(x, [2].all(record, record == x))"), why);
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for body in ["1", "'a'", "record", "record.value", "[1]", "{1: 2}", "int"] {
            assert_eq!(verdict(body), Err("not a condition".to_owned()), "{body}");
        }
        for body in [
            "true",
            "has(record.key)",
            "record.value.flag",
            "1 == 1",
            "record.value[0]",
        ] {
            assert_eq!(verdict(body), Ok(()), "{body}");
        }
    }

    #[test]
    fn unknown_functions_and_types_are_refused() {
        assert_eq!(verdict("record.key.foo()"), Err("unknown function foo".to_owned()));
        assert_eq!(
            verdict("base64.encod(b'a') == ''"),
            Err("unknown function encod".to_owned())
        );
        assert_eq!(verdict("Foo{a: 1} == 1"), Err("unknown type Foo".to_owned()));
        assert_eq!(verdict("a.b == 1"), Err("unknown name a".to_owned()));
    }

    #[test]
    fn every_function_of_the_table_is_one_of_the_evaluator() {
        for name in FUNCTIONS
            .iter()
            .filter(|name| !["all", "exists", "exists_one", "filter", "map", "has"].contains(name))
        {
            let body = format!("'a'.{name}()");
            let program = super::super::env().compile(&body).unwrap();
            let context = cel::Context::with_env(std::sync::Arc::clone(super::super::env()));
            let global = super::super::env().compile(&format!("{name}()")).unwrap();
            let unknown = |program: &Program| {
                matches!(
                    program.execute(&context),
                    Err(cel::ExecutionError::UndeclaredReference(_))
                )
            };
            assert!(!unknown(&program) || !unknown(&global), "{name}");
        }
    }
}
