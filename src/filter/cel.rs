//! Expressions in CEL over one variable, `record`, with the fields Kafka UI gives its smart filters.
//!
//! ```text
//! text -> parse -> check (names, functions) -> Plan      comparisons of fields, on the bytes of the record
//!                                          \-> Program   everything else: the evaluator of the crate
//! ```
//!
//! The plan answers yes, no, or that it does not know; then the evaluator does. Errors come from the evaluator alone.

mod check;
mod explain;
mod lexer;
mod needs;
mod plan;
mod record;

use std::sync::{Arc, OnceLock};

use cel::common::types::CelBool;
use cel::{Context, Env, Program, Value};

use super::error::{EvalError, FilterError, Unjudged};
use super::hint::{Escapes, Hint};
use super::subject::Subject;
use plan::Plan;
use record::Fields;

pub(super) use lexer::uses;

/// Bytes an expression may have.
const MAX_LENGTH: usize = 32 * 1024;
/// Levels its tree may have: the evaluator recurses, on threads with 2 MiB of stack.
const MAX_DEPTH: usize = 32;
/// Stack of the thread that parses: the parser takes up to 150 KiB for each level.
const PARSER_STACK: usize = 16 << 20;

/// A checked expression.
#[derive(Debug)]
pub(super) struct Expression {
    program: Program,
    /// What it looks at.
    fields: Fields,
    /// Answers for most records, where the expression can be planned.
    plan: Option<Plan>,
    /// What every record that fulfils it holds.
    hint: Option<Hint>,
}

impl Expression {
    pub(super) fn new(body: &str) -> Result<Self, FilterError> {
        if body.len() > MAX_LENGTH {
            return Err(FilterError::new(format!("longer than {MAX_LENGTH} bytes")));
        }
        if lexer::is_deeper(body, MAX_DEPTH) {
            return Err(
                FilterError::new(format!("nested deeper than {MAX_DEPTH} levels")).hint("split it with && or ||")
            );
        }
        let program = parse(body)?;
        check::check(&program)?;
        let fields = Fields::used(program.expression());
        let hint = needs::needs(program.expression()).as_ref().and_then(Hint::new);
        let plan = plan::plan(program.expression());
        Ok(Self {
            program,
            fields,
            plan,
            hint,
        })
    }

    /// Where in the records of a batch one that fulfils it may lie next.
    pub(super) fn find_candidate(&self, payload: &[u8], from: usize, escapes: &mut Escapes) -> Option<usize> {
        match &self.hint {
            Some(hint) => hint.find(payload, from, escapes),
            None => (from <= payload.len()).then_some(from),
        }
    }

    /// Whether the record fulfils it. A record without the bytes that are needed does not, whatever else may be wrong
    /// with it: so the number of errors does not depend on how records were packed into batches.
    pub(super) fn matches(&self, subject: &Subject<'_>) -> Result<bool, Unjudged> {
        let is_candidate = |hint: &Hint| subject.any_field(|bytes| hint.is_in(bytes));
        if self.hint.as_ref().is_some_and(|hint| !is_candidate(hint)) {
            return Ok(false);
        }
        match self.plan.as_ref().and_then(|plan| plan.answer(subject)) {
            Some(answer) => Ok(answer),
            None => self.evaluate(subject, |_| Unjudged),
        }
    }

    /// Why there is no answer for a record; `None` where there is one.
    pub(super) fn why(&self, subject: &Subject<'_>) -> Option<EvalError> {
        self.evaluate(subject, |words| EvalError::new(words())).err()
    }

    /// The evaluator's answer; where it has none, what `failed` makes of the words for that.
    fn evaluate<E>(&self, subject: &Subject<'_>, failed: impl Fn(&dyn Fn() -> String) -> E) -> Result<bool, E> {
        let texts = record::Texts::of(subject);
        let mut context = Context::with_env(Arc::clone(env()));
        context.add_variable_as_val(record::NAME, Box::new(record::value(&self.fields, subject, &texts)));
        let expression = self.program.expression();
        let answer = Value::resolve_val(expression, &context)
            .map_err(|error| failed(&|| explain::explain(expression, &error, &context)))?;
        match answer.downcast_ref::<CelBool>() {
            Some(answer) => Ok(*answer.inner()),
            None => Err(failed(&|| {
                format!("the answer is of type {}, not bool", answer.get_type().name())
            })),
        }
    }
}

/// The functions and types of every expression: CEL's own and the extensions Kafka UI adds.
fn env() -> &'static Arc<Env> {
    static ENV: OnceLock<Arc<Env>> = OnceLock::new();
    ENV.get_or_init(|| {
        let mut env = Env::stdlib();
        for extension in [cel::extensions::strings, cel::extensions::encoders] {
            if let Err(error) = env.add_extension(extension) {
                tracing::error!(%error, "an extension of CEL is missing");
            }
        }
        Arc::new(env)
    })
}

fn parse(body: &str) -> Result<Program, FilterError> {
    let failed = || FilterError::new("the expression could not be read");
    std::thread::scope(|scope| {
        let compile = || env().compile(body).map_err(|errors| syntax_error(body, &errors));
        let builder = std::thread::Builder::new().stack_size(PARSER_STACK);
        let parser = builder.spawn_scoped(scope, compile).map_err(|_| failed())?;
        parser.join().map_err(|_| failed())?
    })
}

/// How the parser begins to say that something does not belong there.
const UNEXPECTED: [&str; 4] = [
    "mismatched input ",
    "extraneous input ",
    "no viable alternative at input ",
    "token recognition error at: ",
];

/// The first error of the parser, without the list of everything it could have read instead.
fn syntax_error(body: &str, errors: &cel::ParseErrors) -> FilterError {
    let Some(first) = errors.errors.first() else {
        return FilterError::new("not an expression");
    };
    let message = first.msg.strip_prefix("Syntax error: ").unwrap_or(&first.msg);
    let message = message.split(" expecting ").next().unwrap_or(message);
    let message = UNEXPECTED
        .iter()
        .find_map(|words| message.strip_prefix(words))
        .map_or_else(|| message.to_owned(), |what| format!("unexpected {what}"));
    let message = message.lines().next().unwrap_or_default().replace("'<EOF>'", "end");
    let (line, column) = (
        usize::try_from(first.pos.0).unwrap_or(1),
        usize::try_from(first.pos.1).unwrap_or(1),
    );
    let before: usize = body
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(|line| line.chars().count())
        .sum();
    FilterError::new(message).at(before + column.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::super::subject::HeaderFields;
    use super::*;
    use crate::kafka::model::{Header, Offset, PartitionId, Timestamp};

    fn subject<'a>(key: Option<&'a str>, value: Option<&'a str>, headers: &'a [Header]) -> Subject<'a> {
        Subject {
            partition: PartitionId(1),
            offset: Offset(100),
            timestamp: Timestamp(1_700_000_000_000),
            key: key.map(str::as_bytes),
            value: value.map(str::as_bytes),
            headers: HeaderFields::Owned(headers),
        }
    }

    fn ask(expression: &str, key: Option<&str>, value: Option<&str>) -> Result<bool, String> {
        let expression = Expression::new(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
        let header = |key: &str, value: Option<&str>| Header {
            key: key.to_owned().into(),
            value: value.map(|value| value.to_owned().into()),
        };
        let headers = [header("k1", Some("old")), header("k2", None), header("k1", Some("v1"))];
        let subject = subject(key, value, &headers);
        expression
            .matches(&subject)
            .map_err(|Unjudged| expression.why(&subject).unwrap().to_string())
    }

    #[test]
    fn the_fields_are_those_of_kafka_ui() {
        let value = Some(r#"{"name":{"first":"user1"},"field":{"inner":null},"n":3,"list":[1,{"a":2.5}]}"#);
        for expression in [
            "record.partition == 1",
            "record.offset == 100 && record.timestampMs == 1700000000000",
            "record.headers.size() == 2 && record.headers['k1'] == 'v1'",
            "has(record.headers.k1) && !has(record.headers.k3) && record.headers.k2 == null",
            "record.keyAsText == 'not json' && record.key == 'not json'",
            "has(record.value.name.first) && record.value.name.first == 'user1'",
            "!has(record.value.name.second)",
            "record.value.field.inner == null",
            "record.valueAsText.contains('user1')",
            "record.value.n == 3 && record.value.n < 3.5 && record.value.list[1].a == 2.5",
            "record.value.list.exists(x, type(x) == int && x == 1)",
            "record['value']['name']['first'].startsWith('us')",
            "record.size() == 8 && 'value' in record",
        ] {
            assert_eq!(ask(expression, Some("not json"), value), Ok(true), "{expression}");
        }
        for expression in [
            "!has(record.key)",
            "!has(record.keyAsText)",
            "!has(record.value)",
            "!has(record.valueAsText)",
        ] {
            assert_eq!(ask(expression, None, None), Ok(true), "{expression}");
        }
    }

    #[test]
    fn what_is_no_json_object_is_text() {
        for text in ["[1]", "17", "null", "{\"a\":1} x", ""] {
            assert_eq!(
                ask("record.value == record.valueAsText", None, Some(text)),
                Ok(true),
                "{text}"
            );
        }
        assert_eq!(
            ask("record.value.a == 1", None, Some("{\"a\":2,\"a\":1}")),
            Ok(true),
            "the last of two"
        );
    }

    #[test]
    fn strings_encoders_and_times_are_there() {
        for expression in [
            "string(base64.decode(record.value.split('.')[1])).contains('hello')",
            "base64.encode(b'hello') == 'aGVsbG8='",
            "'TacoCat'.lowerAscii() == 'tacocat' && 'a'.upperAscii() == 'A' && 'tacocat'.charAt(3) == 'o'",
            "'tacocat'.indexOf('c') == 2 && 'tacocat'.lastIndexOf('c') == 4 && 'tacocat'.substring(4) == 'cat'",
            "'a b'.replace(' ', '') == 'ab' && ' a '.trim() == 'a' && ['a','b'].join('-') == 'a-b'",
            "'%s-%d'.format(['a', 1]) == 'a-1' && 'abc'.reverse() == 'cba'",
            "timestamp('2023-11-14T22:13:20Z').getFullYear() == 2023 && duration('60s') == duration('1m')",
            "'abc'.matches('^a.c$') && matches('abc', 'b')",
            "1 == 1.0 && 1u == 1 && int('3') == 3 && double(1) == 1.0 && size('äö') == 2",
        ] {
            assert_eq!(ask(expression, None, Some("test.aGVsbG8=")), Ok(true), "{expression}");
        }
    }

    #[test]
    fn what_cannot_be_evaluated_says_why() {
        let value = r#"{"a":1,"t":"x","o":{"f":1.5},"l":[{"n":1},"s"],"z":null,"b":true}"#;
        for (expression, key, value, why) in [
            (
                "record.value.a == 2",
                None,
                "plain",
                "record.value is text here and has no field a",
            ),
            (
                "record.value.a.b == 2",
                None,
                value,
                "record.value.a is an integer here and has no field b",
            ),
            (
                "record.value.z.b == 2",
                None,
                value,
                "record.value.z is null here and has no field b",
            ),
            ("record.value.c == 1", None, value, "record.value has no field c"),
            ("record.value.o.c == 1", None, value, "record.value.o has no field c"),
            (
                "record.value['o']['c'] == 1",
                None,
                value,
                "record.value['o'] has no field c",
            ),
            (
                "has(record.value.a.b)",
                None,
                value,
                "record.value.a is an integer here and has no field b",
            ),
            ("record.headers['id'] == ''", None, value, "the record has no header id"),
            ("record.key == 'a'", None, value, "the key is null here"),
            (
                "record.key.a == 'a'",
                Some("k"),
                value,
                "record.key is text here and has no field a",
            ),
            (
                "record.value.a > 'x'",
                None,
                value,
                "record.value.a is an integer here: > does not take it with text",
            ),
            (
                "1 > record.value.t",
                None,
                value,
                "1 is an integer here: > does not take it with text",
            ),
            (
                "record.value.o.f.startsWith('x')",
                None,
                value,
                "record.value.o.f is a number here: startsWith does not take it with text",
            ),
            (
                "size(record.value.b) > 1",
                None,
                value,
                "record.value.b is true or false here: size does not take it",
            ),
            (
                "record.value.a[0] == 1",
                None,
                value,
                "record.value.a is an integer here and has no element 0",
            ),
            ("record.value.l[7] == 1", None, value, "record.value.l has no element 7"),
            (
                "record.value.l.exists(x, x.m == 1)",
                None,
                value,
                "in record.value.l: text has no fields",
            ),
            (
                "record.value.l[0].all(x, x.m == 1)",
                None,
                value,
                "in record.value.l[0]: text has no fields",
            ),
            ("record.value.a / 0 == 1", None, value, "division by zero of Int(1)"),
            ("record.value.a", None, value, "the answer is of type int, not bool"),
            // Of two that have none the one is named that the answer failed on.
            (
                "has(record.value.c) ? record.value.c == 1 : record.value.d == 1",
                None,
                value,
                "record.value has no field d",
            ),
        ] {
            assert_eq!(ask(expression, key, Some(value)), Err(why.to_owned()), "{expression}");
        }
        assert_eq!(
            ask("record.value == 'a'", None, None),
            Err("the value is null here".to_owned())
        );
    }

    #[test]
    fn errors_name_the_place() {
        for (body, column, what) in [
            ("record.value.a ==", 18, "unexpected end"),
            ("record.value.a = 1", 16, "unexpected '= '"),
            ("record.valu == 1", 8, "record has no field valu"),
            ("'ä' == record.valu", 15, "record has no field valu"),
            ("record.value.a == heidi", 19, "unknown name heidi"),
            ("foo(record.key) == 1", 1, "unknown function foo"),
            ("record.value.a.startWith('x')", 16, "unknown function startWith"),
        ] {
            let error = Expression::new(body).unwrap_err();
            assert_eq!((error.column(), error.what()), (Some(column), what), "{body}: {error}");
        }
    }

    #[test]
    fn hostile_depth_is_an_error_and_no_overflow() {
        for body in [
            "(".repeat(10_000),
            "[".repeat(10_000),
            "!".repeat(10_000),
            "-".repeat(10_000),
            vec!["1"; 10_000].join("+"),
            format!("record{}", ".a".repeat(10_000)),
            format!("record{}", "[0]".repeat(5_000)),
            vec!["true ? 1"; 3_000].join(" : "),
            "{1:".repeat(5_000),
            "a.b(".repeat(5_000),
        ] {
            assert!(Expression::new(&body).is_err(), "{}", &body[..20]);
        }
        // Macros nest deeper than they are written.
        for (open, inner) in [
            ("[1].exists(x, ", "x == 1"),
            ("size([1].map(x, ", "x"),
            ("[1].filter(x, [1].all(y, ", "y == x"),
            ("!", "true"),
            ("(true ? 1 : ", "1"),
        ] {
            let deepest = (1..17).rev().find_map(|depth| {
                let body = format!("{}{inner}", open.repeat(depth));
                let missing = body.matches('(').count() - body.matches(')').count();
                let closed = body + &")".repeat(missing);
                Expression::new(&format!("{closed} == record.offset || true")).ok()
            });
            let deepest = deepest.unwrap_or_else(|| panic!("{open}"));
            let _judged_or_not_it_came_back = deepest.evaluate(&subject(None, None, &[]), |_| Unjudged);
        }
        let allowed = MAX_DEPTH - 4;
        for body in [
            format!("{}true{}", "(".repeat(allowed / 2), ")".repeat(allowed / 2)),
            format!("{}true", "!".repeat(allowed)),
            format!("{} == {allowed}", vec!["1"; allowed].join("+")),
            vec!["record.offset == 100"; 1000].join(" && "),
        ] {
            assert_eq!(ask(&body, None, None), Ok(true), "{}", &body[..20]);
        }
    }
}
