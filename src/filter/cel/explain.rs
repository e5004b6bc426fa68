//! Why an expression has no answer for a record, in words: what stands there, and what it does not have.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};
use cel::{Context, ExecutionError, OverloadError, Value};

use super::check::children;
use super::record::{NAME, field_of_record, string_literal};

/// What the evaluator calls the choice of a field.
const SELECT: &str = "_._";

/// The error of `expression`, of the part of it that is to blame.
pub(super) fn explain(expression: &IdedExpr, error: &ExecutionError, context: &Context<'_, '_>) -> String {
    let blamed = blamed(expression, error, context);
    if let Expr::Comprehension(macro_of) = &blamed.expr {
        // What is wrong is wrong with an element, which has no name here.
        return format!("in {}: {}", source(&macro_of.iter_range), nameless(error));
    }
    match error {
        ExecutionError::NoSuchKey(key) => missing(blamed, key),
        ExecutionError::NoSuchOverload(overload) => mismatch(blamed, overload),
        ExecutionError::IndexOutOfBounds(_) => match indexed(&blamed.expr) {
            Some((operand, index)) => format!("{} has no element {}", source(operand), source(index)),
            None => nameless(error),
        },
        _ => nameless(error),
    }
}

/// The innermost part that fails with this error: its own parts have answers, or fail otherwise.
fn blamed<'e>(expression: &'e IdedExpr, error: &ExecutionError, context: &Context<'_, '_>) -> &'e IdedExpr {
    if matches!(expression.expr, Expr::Comprehension(_)) {
        // Its parts use variables that it alone has.
        return expression;
    }
    let fails = |part: &&IdedExpr| Value::resolve_val(part, context).is_err_and(|why| why == *error);
    match children(&expression.expr).into_iter().find(fails) {
        Some(part) => blamed(part, error, context),
        None => expression,
    }
}

/// A map without a key.
fn missing(blamed: &IdedExpr, key: &str) -> String {
    let operand = match &blamed.expr {
        Expr::Select(select) => &*select.operand,
        other => match indexed(other) {
            Some((operand, _)) => operand,
            None => return format!("there is no field {key}"),
        },
    };
    match (&operand.expr, field_of_record(&operand.expr)) {
        (Expr::Ident(name), _) if name == NAME => match key {
            "key" | "keyAsText" => "the key is null here".to_owned(),
            "value" | "valueAsText" => "the value is null here".to_owned(),
            _ => format!("the record has no {key}"),
        },
        (_, Some("headers")) => format!("the record has no header {key}"),
        _ => format!("{} has no field {key}", source(operand)),
    }
}

/// An operator or a function that does not take what it got.
fn mismatch(blamed: &IdedExpr, overload: &OverloadError) -> String {
    let types: Vec<&str> = overload.argument_types().iter().map(|name| word(name)).collect();
    let (first, rest) = match types.split_first() {
        Some((first, rest)) => (*first, rest.join(", ")),
        None => return nameless(&ExecutionError::NoSuchOverload(overload.clone())),
    };
    match &blamed.expr {
        Expr::Select(select) => {
            let field = &select.field;
            format!("{} is {first} here and has no field {field}", source(&select.operand))
        }
        Expr::Call(call) => match (indexed(&blamed.expr), arguments(call).next()) {
            (Some((operand, index)), _) => {
                let (operand, index) = (source(operand), source(index));
                format!("{operand} is {first} here and has no element {index}")
            }
            (None, Some(subject)) => {
                let (subject, name) = (source(subject), sign(&call.func_name));
                match rest.as_str() {
                    "" => format!("{subject} is {first} here: {name} does not take it"),
                    rest => format!("{subject} is {first} here: {name} does not take it with {rest}"),
                }
            }
            (None, None) => nameless(&ExecutionError::NoSuchOverload(overload.clone())),
        },
        _ => nameless(&ExecutionError::NoSuchOverload(overload.clone())),
    }
}

/// The error of a part that has no name in the line.
fn nameless(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("there is no field {key}"),
        ExecutionError::NoSuchOverload(overload) => {
            let types: Vec<&str> = overload.argument_types().iter().map(|name| word(name)).collect();
            match (overload.function(), types.first()) {
                (SELECT, Some(first)) => format!("{first} has no fields"),
                (function, _) => format!("{} does not take {}", sign(function), types.join(" with ")),
            }
        }
        other => other.to_string(),
    }
}

/// What stands before the brackets, and what in them.
fn indexed(expression: &Expr) -> Option<(&IdedExpr, &IdedExpr)> {
    match expression {
        Expr::Call(call) if call.func_name == operators::INDEX => match &call.args[..] {
            [operand, index] => Some((operand, index)),
            _ => None,
        },
        _ => None,
    }
}

fn arguments(call: &CallExpr) -> impl Iterator<Item = &IdedExpr> {
    call.target.as_deref().into_iter().chain(&call.args)
}

/// An operator as it is written: `_>_` is `>`.
fn sign(function: &str) -> &str {
    function.trim_matches(|c| c == '_' || c == '@')
}

/// The word for a type.
fn word(name: &str) -> &str {
    match name {
        "string" => "text",
        "int" | "uint" => "an integer",
        "double" => "a number",
        "bool" => "true or false",
        "list" => "a list",
        "map" => "an object",
        "null" | "null_type" => "null",
        other => other,
    }
}

/// A part of the expression about as it was written.
fn source(expression: &IdedExpr) -> String {
    match &expression.expr {
        Expr::Ident(name) => name.clone(),
        Expr::Select(select) => format!("{}.{}", source(&select.operand), select.field),
        Expr::Literal(literal) => match (literal, string_literal(&expression.expr)) {
            (_, Some(text)) => format!("'{text}'"),
            (LiteralValue::Int(int), _) => int.inner().to_string(),
            (LiteralValue::UInt(uint), _) => format!("{}u", uint.inner()),
            (LiteralValue::Double(double), _) => double.inner().to_string(),
            (LiteralValue::Boolean(is), _) => is.inner().to_string(),
            (LiteralValue::Null, _) => "null".to_owned(),
            _ => "b'…'".to_owned(),
        },
        Expr::Call(call) => match indexed(&expression.expr) {
            Some((operand, index)) => format!("{}[{}]", source(operand), source(index)),
            None => match &call.target {
                Some(target) => format!("{}.{}(…)", source(target), call.func_name),
                None if call.func_name.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                    format!("{}(…)", call.func_name)
                }
                None => {
                    let sides: Vec<String> = call.args.iter().map(source).collect();
                    format!("({})", sides.join(&format!(" {} ", sign(&call.func_name))))
                }
            },
        },
        Expr::Comprehension(of) => source(&of.iter_range),
        Expr::List(_) => "[…]".to_owned(),
        _ => "{…}".to_owned(),
    }
}
