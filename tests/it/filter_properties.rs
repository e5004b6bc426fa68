//! Every kind of filter, with all that makes it fast, against the slow and obvious evaluation of each record.

use std::collections::HashMap;

use bytes::Bytes;
use cel::{Context, Env, Value};
use ktui::filter::{Filter, Kind, Subject};
use ktui::kafka::model::{Header, PartitionId};
use ktui::kafka::records::{BatchSpec, FetchedRange, Inflater, RecordSpec, Walk, Walked, encode_batch};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// One record as it was made.
#[derive(Clone, Debug)]
struct Made {
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Made {
    fn fields(&self) -> Vec<&[u8]> {
        let headers = self.headers.iter().flat_map(|(key, value)| [Some(key), value.as_ref()]);
        [self.key.as_ref(), self.value.as_ref()]
            .into_iter()
            .chain(headers)
            .flatten()
            .map(Vec::as_slice)
            .collect()
    }
}

/// What the slow evaluation says: `None` is an error.
fn slow(filter: &Filter, body: &str, record: &Made, offset: i64) -> Option<bool> {
    match filter.kind() {
        Kind::Text => Some(record.fields().into_iter().any(|field| holds(field, body))),
        Kind::Regex => {
            let regex = regex::bytes::Regex::new(body).unwrap();
            Some(record.fields().into_iter().any(|field| regex.is_match(field)))
        }
        Kind::Cel => slow_cel(body, record, offset),
    }
}

fn holds(field: &[u8], text: &str) -> bool {
    let is_exact = text.chars().any(char::is_uppercase);
    let (field, text) = if is_exact {
        (field.to_vec(), text.as_bytes().to_vec())
    } else {
        (lower(field), text.to_lowercase().into_bytes())
    };
    field.windows(text.len()).any(|window| window == text)
}

/// Lower case, letter by letter, of bytes that need not be UTF-8.
fn lower(bytes: &[u8]) -> Vec<u8> {
    let lower = |chunk: std::str::Utf8Chunk<'_>| [chunk.valid().to_lowercase().as_bytes(), chunk.invalid()].concat();
    bytes.utf8_chunks().flat_map(lower).collect()
}

/// The crate's evaluator over values made by serde_json.
fn slow_cel(body: &str, record: &Made, offset: i64) -> Option<bool> {
    let mut env = Env::stdlib();
    env.add_extension(cel::extensions::strings).unwrap();
    env.add_extension(cel::extensions::encoders).unwrap();
    let mut fields: HashMap<String, Value> = HashMap::new();
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    for (name, bytes) in [("key", &record.key), ("value", &record.value)] {
        if let Some(bytes) = bytes {
            let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text(bytes));
            let parsed = object.map_or_else(|_| text(bytes).into(), |map| value_of(&serde_json::Value::Object(map)));
            fields.insert(name.to_owned(), parsed);
            fields.insert(format!("{name}AsText"), text(bytes).into());
        }
    }
    let headers = record
        .headers
        .iter()
        .map(|(key, value)| (text(key), value.as_ref().map_or(Value::Null, |v| text(v).into())));
    fields.insert("headers".to_owned(), headers.collect::<HashMap<String, Value>>().into());
    fields.insert("partition".to_owned(), Value::Int(3));
    fields.insert("offset".to_owned(), Value::Int(offset));
    fields.insert("timestampMs".to_owned(), Value::Int(1000 + offset));
    let program = env.compile(body).unwrap();
    let mut context = Context::with_env(std::sync::Arc::new(env));
    context.add_variable_from_value("record", fields);
    match program.execute(&context) {
        Ok(Value::Bool(answer)) => Some(answer),
        _ => None,
    }
}

fn value_of(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(is) => Value::Bool(*is),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => Value::Int(int),
            (None, Some(uint)) => Value::UInt(uint),
            _ => Value::Float(number.as_f64().unwrap()),
        },
        serde_json::Value::String(text) => text.clone().into(),
        serde_json::Value::Array(list) => list.iter().map(value_of).collect::<Vec<_>>().into(),
        serde_json::Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), value_of(value)))
            .collect::<HashMap<_, _>>()
            .into(),
    }
}

/// The records of one batch that a search finds, and whether each that it judged was an error.
fn fast(filter: &Filter, records: &[Made]) -> Vec<Option<bool>> {
    let headers: Vec<Vec<Header>> = records
        .iter()
        .map(|record| {
            let header = |(key, value): &(Vec<u8>, Option<Vec<u8>>)| Header {
                key: Bytes::from(key.clone()),
                value: value.clone().map(Bytes::from),
            };
            record.headers.iter().map(header).collect()
        })
        .collect();
    let specs: Vec<RecordSpec<'_>> = records
        .iter()
        .zip(&headers)
        .enumerate()
        .map(|(at, (record, headers))| RecordSpec {
            offset: at as i64,
            timestamp: 1000 + at as i64,
            key: record.key.as_deref(),
            value: record.value.as_deref(),
            headers,
        })
        .collect();
    let range = FetchedRange {
        bytes: encode_batch(&BatchSpec::default(), &specs).unwrap().into(),
        fetch_offset: 0,
        high_watermark: 1000,
        open_from: i64::MAX,
        aborted: Vec::new(),
    };
    let Some(Walked::Batch(batch)) = Walk::new(range).next() else {
        panic!("no batch")
    };
    let mut inflater = Inflater::new(1 << 24);
    let payload = inflater.payload(&batch).unwrap().to_vec();
    let mut begin = 0;
    let mut candidates = filter.candidates(&payload);
    batch
        .records(&payload)
        .map(|record| {
            let record = record.unwrap();
            let subject = Subject::of(PartitionId(3), &record);
            let answer = filter.matches(&subject).ok();
            let end = end_of(&payload, &subject).max(begin + 1);
            // What the batch is asked first never loses a match, wherever the search stands.
            if answer == Some(true) {
                let place = candidates.next(begin);
                assert!(
                    place.is_some_and(|place| place < end),
                    "{filter:?}: {place:?} is not before {end}"
                );
            }
            begin = end;
            answer
        })
        .collect()
}

/// Where the last byte of the record stands, at least.
fn end_of(payload: &[u8], subject: &Subject<'_>) -> usize {
    let end = |bytes: Option<&[u8]>| {
        bytes.map_or(0, |bytes| {
            bytes.as_ptr() as usize + bytes.len() - payload.as_ptr() as usize
        })
    };
    let headers = subject
        .headers
        .iter()
        .map(|(key, value)| end(Some(key)).max(end(value)));
    headers.chain([end(subject.key), end(subject.value)]).max().unwrap_or(0)
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => proptest::sample::select(vec!["heidi", "Heidi", "HEIDI", "grace", "hei", "di", "é", "É", "héidi", "x\u{212a}y", ""]).prop_map(str::to_owned),
        1 => "[a-cé \\\\\"/]{0,4}",
    ]
}

/// A string in JSON, some of its letters written as escapes.
fn json_string() -> impl Strategy<Value = String> {
    (word(), vec(0..3u8, 8)).prop_map(|(word, how)| escaped(&word, &how))
}

fn escaped(word: &str, how: &[u8]) -> String {
    let letter = |(at, c): (usize, char)| match how[at % how.len()] {
        0 if (c as u32) < 0x1_0000 => format!("\\u{:04x}", c as u32),
        _ if c == '"' || c == '\\' => format!("\\{c}"),
        _ => c.to_string(),
    };
    format!("\"{}\"", word.chars().enumerate().map(letter).collect::<String>())
}

fn json_scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => json_string(),
        2 => (-20..20i32).prop_map(|int| int.to_string()),
        1 => proptest::sample::select(vec![
            "null", "true", "false", "7", "7.0", "7e0", "70E-1", "-0", "1.5", "9223372036854775807", "9223372036854775808",
            "-9223372036854775809", "18446744073709551616", "1e3", "0.1",
        ]).prop_map(str::to_owned),
    ]
}

fn json() -> impl Strategy<Value = String> {
    let key = || {
        prop_oneof![
            6 => proptest::sample::select(vec!["a", "b", "c", "heidi"]).prop_map(|key| format!("\"{key}\"")),
            1 => Just("\"\\u0061\"".to_owned()),
        ]
    };
    let tree = json_scalar().prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            3 => vec((key(), inner.clone()), 0..4).prop_map(|members| object(&members)),
            1 => vec(inner, 0..3).prop_map(|items| format!("[{}]", items.join(", "))),
        ]
    });
    let key = || prop_oneof![9 => proptest::sample::select(vec!["\"a\"", "\"b\"", "\"c\""]).prop_map(str::to_owned), 1 => Just("\"\\u0061\"".to_owned())];
    vec((key(), tree), 0..5).prop_map(|members| object(&members))
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(key, value)| format!("{key}:{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => json().prop_map(String::into_bytes),
        1 => (json(), any::<u8>(), any::<prop::sample::Index>()).prop_map(|(json, byte, at)| {
            let mut bytes = json.into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes
        }),
        1 => (json(), proptest::sample::select(vec![" x", ",", "}", " ", "\n"])).prop_map(|(json, end)| (json + end).into_bytes()),
        2 => word().prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..12),
    ]
}

fn made() -> impl Strategy<Value = Made> {
    let header = (
        proptest::sample::select(vec!["a", "trace", "heidi"]),
        option::of(bytes()),
    );
    let headers = vec(header.prop_map(|(key, value)| (key.as_bytes().to_vec(), value)), 0..3);
    (option::weighted(0.9, bytes()), option::weighted(0.9, bytes()), headers).prop_map(|(key, value, headers)| Made {
        key,
        value,
        headers,
    })
}

fn cel_literal() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => word().prop_map(|word| format!("{word:?}")).prop_filter("escapes of CEL", |text| !text.contains("\\u")),
        3 => proptest::sample::select(vec!["7", "-3", "7.0", "1.5", "null", "true", "9223372036854775807", "9223372036854775808u"]).prop_map(str::to_owned),
    ]
}

fn cel_operand() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "record.value.a",
        "record.value.a",
        "record.value.b",
        "record.value.a.b",
        "record.value['a'].heidi",
        "record.value.a.b.c",
        "record.key",
        "record.value",
        "record.key.a",
        "record.keyAsText",
        "record.valueAsText",
        "record.headers.a",
        "record.headers['trace']",
        "record.offset",
        "record.partition",
        "record.timestampMs",
        "record.value.a[0]",
    ])
}

fn cel_condition() -> impl Strategy<Value = String> {
    let comparison = (
        cel_operand(),
        proptest::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]),
        cel_literal(),
        any::<bool>(),
    );
    let comparison = comparison.prop_map(|(operand, operator, literal, is_turned)| {
        if is_turned {
            format!("{literal} {operator} {operand}")
        } else {
            format!("{operand} {operator} {literal}")
        }
    });
    let texts = (
        cel_operand(),
        proptest::sample::select(vec!["contains", "startsWith", "endsWith"]),
        word(),
    );
    let texts = texts.prop_map(|(operand, function, word)| format!("{operand}.{function}({word:?})"));
    let matching = (
        cel_operand(),
        proptest::sample::select(vec!["^hei", "(?i)HEIDI$", "h.*i|grace", "di", ""]),
    );
    let matching = matching.prop_map(|(operand, regex)| format!("{operand}.matches('{regex}')"));
    let one_of = (cel_operand(), vec(cel_literal(), 0..3));
    let one_of = one_of.prop_map(|(operand, list)| format!("{operand} in [{}]", list.join(", ")));
    let others = proptest::sample::select(vec![
        "has(record.value.a)",
        "has(record.value.a.b)",
        "has(record.key)",
        "has(record.headers.heidi)",
        "record.value.a",
        "'heidi' in record.value.a",
        "record.value.a.exists(x, x == 'heidi')",
        "record.value.a.all(x, x == 'heidi')",
        "record.value.a.lowerAscii() == 'heidi'",
        "record.value.a == record.value.b",
        "record.value.size() > 1",
        "record.value.a.?b.orValue('heidi') == 'heidi'",
        "record.headers.size() == 2",
    ]);
    let condition =
        prop_oneof![6 => comparison, 2 => texts, 1 => matching, 2 => one_of, 3 => others.prop_map(str::to_owned)];
    condition
        .prop_filter("escapes of CEL", |text| !text.contains("\\u"))
        .prop_recursive(2, 4, 2, |inner| {
            prop_oneof![
                (inner.clone(), proptest::sample::select(vec!["&&", "||"]), inner.clone())
                    .prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
                inner.prop_map(|a| format!("!({a})")),
            ]
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn text_is_found_where_it_stands(records in vec(made(), 1..6), word in word()) {
        prop_assume!(!word.is_empty());
        let filter = Filter::parse(&format!("text:{word}")).unwrap();
        let expected: Vec<_> = records.iter().map(|record| slow(&filter, &word, record, 0)).collect();
        prop_assert_eq!(fast(&filter, &records), expected, "{}", word);
    }

    #[test]
    fn a_regex_matches_in_each_field(
        records in vec(made(), 1..6),
        body in proptest::sample::select(vec![
            "heidi", "^heidi$", "(?i)heidi", "hei.*di", "h(ei|é)di", r"\bdi", "^$", "[a-c]+$", r"(?-u)\xff", "gra|hei", r"\\u00", "(?m)^a", "x?",
        ]),
    ) {
        let filter = Filter::parse(&format!("re:{body}")).unwrap();
        let expected: Vec<_> = records.iter().map(|record| slow(&filter, body, record, 0)).collect();
        prop_assert_eq!(fast(&filter, &records), expected);
    }

    #[test]
    fn a_condition_holds_where_the_evaluator_says_so(records in vec(made(), 1..6), body in cel_condition()) {
        let filter = Filter::parse(&format!("cel:{body}"));
        prop_assume!(filter.is_ok());
        let filter = filter.unwrap();
        for (at, (fast, record)) in fast(&filter, &records).into_iter().zip(&records).enumerate() {
            let slow = slow(&filter, &body, record, at as i64);
            prop_assert_eq!(fast == Some(true), slow == Some(true), "{} of {:?}: {:?}, slowly {:?}", body, record, fast, slow);
            // Only a record that cannot match is spared its error.
            prop_assert!(fast.is_some() || slow.is_none(), "{} of {:?}", body, record);
            prop_assert!(slow.is_some() || fast != Some(true), "{} of {:?}", body, record);
        }
    }

    #[test]
    fn a_text_is_found_however_json_writes_it(
        word in "[a-z\u{e0}-\u{ff}\"\\\\/]{2,6}",
        how in vec(0..3u8, 8),
        condition in proptest::sample::select(vec![
            "record.value.a == W", "W == record.value['a']", "record.value.a in ['x', W]", "record.value.a.contains(W)",
            "record.value.a.startsWith(W) && record.offset == 0", "record.value.b.exists(x, x == W)", "W in record.value.b",
            "record.value.b[0].endsWith(W)", "record.value.a == 'x' || record.value.a == W",
        ]),
    ) {
        let written = escaped(&word, &how);
        let value = format!("{{\"a\":{written},\"b\":[{written}]}}").into_bytes();
        let record = Made { key: None, value: Some(value), headers: Vec::new() };
        let filter = Filter::parse(&condition.replace('W', &format!("{word:?}")));
        prop_assume!(filter.is_ok());
        prop_assert_eq!(fast(&filter.unwrap(), &[record]), [Some(true)], "{} in {}", word, written);
    }

    #[test]
    fn no_line_is_too_hostile_to_read(line in prop_oneof![
        "\\PC{0,40}", "[(){}\\[\\]?:.!&|'\"a-c0-9 ,=<>+-]{0,60}", "record[(){}\\[\\]?:.!&|'\"a-c0-9 ,=<>+-]{0,30}",
    ]) {
        let _ = Filter::parse(&line);
        let _ = Filter::parse(&format!("cel:{line}"));
        let _ = Filter::parse(&format!("re:{line}"));
    }
}
